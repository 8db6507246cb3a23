package web

import (
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/static"
)

// route is one line of the table of routes.
type route struct {
	method, path string
	right        access.Action // needed to see it; empty: signed in is enough
	handle       func(*visit) error
}

// table is every page and action for people who are signed in. What changes something is admitted once more by the part that does it.
func (s *Server) table() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/", "", s.home},
		{get, "/search", access.SiteRead, s.search},

		{get, "/sites", access.SiteRead, s.sites},
		{get, "/sites/new", access.SiteAdd, s.newSite},
		{post, "/sites", access.SiteAdd, s.addSite},
		{get, "/sites/import", access.SiteImport, s.importForm},
		{post, "/sites/import", access.SiteImport, s.importSites},
		{get, "/sites/import/bad.csv", access.SiteImport, s.badLines},
		{post, "/sites/check", access.SiteCheck, s.checkSites},
		{post, "/sites/tag", access.SiteTag, s.tagSites},
		{post, "/sites/retire", access.SiteRetire, s.retireSites},
		{post, "/sites/restore", access.SiteRestore, s.restoreSites},
		{get, "/sites/:id", access.SiteRead, s.site},
		{post, "/sites/:id", access.SiteEdit, s.editSite},
		{get, "/sites/:id/edit", access.SiteEdit, s.siteForm},
		{post, "/sites/:id/credential", access.SiteCredential, s.replaceCredential},
		{post, "/sites/:id/url", access.SiteEdit, s.moveSite},
		{post, "/sites/:id/check", access.SiteCheck, s.checkSite},
		{post, "/sites/:id/retire", access.SiteRetire, s.retireSite},
		{post, "/sites/:id/restore", access.SiteRestore, s.restoreSite},

		{get, "/run", access.RunStart, s.compose},
		{post, "/run/preview", access.RunStart, s.preview},
		{get, "/endpoints", access.RunStart, s.explorer},
		{get, "/endpoints/form", access.RunStart, s.endpointForm},
		{post, "/endpoints/form", access.RunStart, s.fillEndpoint},
		{get, "/operations", access.RunStart, s.saved},
		{post, "/operations", access.OperationSave, s.saveOperation},
		{post, "/operations/new", access.OperationSave, s.newSaved},
		{get, "/operations/export", access.OperationSave, s.exportSaved},
		{post, "/operations/import", access.OperationSave, s.importSaved},
		{get, "/operations/:id/use", access.RunStart, s.useSaved},
		{get, "/operations/:id/edit", access.OperationSave, s.savedForm},
		{post, "/operations/:id", access.OperationSave, s.editSaved},
		{post, "/operations/:id/remove", access.OperationRemove, s.removeSaved},

		{get, "/runs", access.RunRead, s.runs},
		{post, "/runs", access.RunStart, s.startRun},
		{get, "/runs/:id", access.RunRead, s.run},
		{get, "/runs/:id/stream", access.RunRead, s.streamRun},
		{get, "/runs/:id/targets", access.RunRead, s.targets},
		{get, "/runs/:id/targets/:target", access.RunRead, s.exchange},
		{get, "/runs/:id/export.csv", access.RunRead, s.exportCSV},
		{get, "/runs/:id/export.json", access.RunRead, s.exportJSON},
		{get, "/runs/:id/answers", access.RunRead, s.answers},
		{get, "/runs/:id/answers.csv", access.RunRead, s.exportAnswers},
		{get, "/runs/:id/answers.json", access.RunRead, s.exportAnswers},
		{get, "/runs/:id/answers.jsonl", access.RunRead, s.exportAnswers},
		{get, "/runs/:id/compare", access.RunRead, s.compareRuns},
		{post, "/runs/:id/cancel", access.RunCancel, s.cancelRun},
		{post, "/runs/:id/approve", access.RunApprove, s.approveRun},
		{post, "/runs/:id/decline", access.RunDecline, s.declineRun},
		{post, "/runs/:id/redirects", access.SiteEdit, s.acceptMoves},
		{post, "/runs/:id/rerun", access.RunStart, s.runAgain},

		{get, "/audit", access.AuditRead, s.audit},
		{get, "/audit/export.csv", access.AuditExport, s.exportRecord},
		{get, "/audit/export.jsonl", access.AuditExport, s.exportRecord},
		{get, "/audit/print", access.AuditExport, s.printRecord},
		{post, "/audit/views", access.AuditRead, s.saveView},
		{post, "/audit/views/:id/remove", access.AuditRead, s.removeView},
		{get, "/audit/:seq", access.AuditRead, s.entry},
		{post, "/audit/checkpoint", access.AuditCheckpoint, s.signRecord},
		{post, "/audit/verify", access.AuditVerify, s.verifyAudit},

		{get, "/team", access.MemberRead, s.team},
		{post, "/team/invite", access.MemberInvite, s.invite},
		{post, "/team/second-factor", access.SettingsChange, s.requireFactor},
		{get, "/team/:id", access.MemberRead, s.mate},
		{post, "/team/approval", access.RunPolicy, s.changePolicy},
		{post, "/team/:id/role", access.MemberRole, s.changeRole},
		{post, "/team/:id/access", access.MemberReach, s.changeReach},
		{post, "/team/:id/reset", access.MemberReset, s.resetLink},
		{post, "/team/:id/sign-out", access.MemberEndSessions, s.endSessions},
		{post, "/team/:id/remove", access.MemberRemove, s.removeMember},

		{get, "/settings", "", s.settings},
		{get, "/settings/second-factor", "", s.secondFactor},
		{post, "/settings/second-factor/app", access.MemberFactor, s.beginApp},
		{get, "/settings/second-factor/app/:id", access.MemberFactor, s.appForm},
		{post, "/settings/second-factor/app/:id", access.MemberFactor, s.confirmApp},
		{post, "/settings/second-factor/passkey/options", access.MemberFactor, s.beginPasskey},
		{post, "/settings/second-factor/passkey", access.MemberFactor, s.addPasskey},
		{post, "/settings/second-factor/codes", access.MemberFactor, s.newCodes},
		{post, "/settings/factors/:id/name", access.MemberFactor, s.renameFactor},
		{post, "/settings/factors/:id/remove", access.MemberFactor, s.removeFactor},
		{get, "/settings/tokens", access.TokenMake, s.tokens},
		{post, "/settings/tokens", access.TokenMake, s.makeToken},
		{post, "/tokens/:id/revoke", access.TokenRevoke, s.revokeToken},
		{get, "/second-step", "", s.secondStepForm},
		{post, "/second-step", "", s.secondStep},
		{post, "/second-step/options", "", s.askPasskey},
		{get, "/confirm", "", s.confirmForm},
		{post, "/confirm", "", s.confirm},
		{post, "/confirm/options", "", s.askPasskey},
		{get, "/confirm/provider", "", s.confirmElsewhere},

		{post, "/settings/name", access.MemberEdit, s.changeName},
		{post, "/settings/password", access.MemberEdit, s.changePassword},
		{post, "/settings/sessions/:id/revoke", "", s.revokeSession},
		{post, "/sign-out", "", s.signOut},
		{post, "/sign-out-everywhere", "", s.signOutEverywhere},
	}
}

// stage is how far somebody has come who is signing in.
type stage int

// The stages.
const (
	whole   stage = iota // nothing is missing
	lacking              // a second factor is everybody's duty, and is still to be set up
	half                 // the second factor is still to be given
)

// early names the routes that are open before a member's session is whole, and from which stage on. No other is.
var early = map[string]stage{
	"GET /second-step": half, "POST /second-step": half, "POST /second-step/options": half, "POST /sign-out": half,
	"GET /confirm": lacking, "POST /confirm": lacking, "POST /confirm/options": lacking, "GET /confirm/provider": lacking,
	"GET /settings/second-factor": lacking, "POST /settings/second-factor/app": lacking, "GET /settings/second-factor/app/:id": lacking,
	"POST /settings/second-factor/app/:id": lacking, "POST /settings/second-factor/passkey/options": lacking, "POST /settings/second-factor/passkey": lacking,
}

// firstTo is where somebody must go before the route is open to them, or empty.
func (s *Server) firstTo(r route, v *visit) string {
	at, to := whole, ""
	switch {
	case v.session.Half:
		at, to = half, "/second-step"
	case v.session.MustEnrol:
		at, to = lacking, "/settings/second-factor"
	}
	if early[r.method+" "+r.path] >= at {
		return ""
	}
	return to
}

// door is what people reach who are not signed in.
func (s *Server) door() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/sign-in", "", s.signInForm},
		{post, "/sign-in", "", s.signIn},
		{get, "/sign-in/provider", "", s.signInElsewhere},
		{get, "/sign-in/provider/callback", "", s.backFromProvider},
		{get, "/setup/:token", "", s.setupForm},
		{post, "/setup/:token", "", s.setup},
		{get, "/join/:token", "", s.joinForm},
		{post, "/join/:token", "", s.join},
		{get, "/reset/:token", "", s.resetForm},
		{post, "/reset/:token", "", s.reset},
		{get, "/enter/:token", "", s.enter},
	}
}

func (s *Server) routes() {
	for _, r := range s.table() {
		s.engine.Handle(r.method, r.path, s.member(r))
	}
	for _, r := range s.door() {
		s.engine.Handle(r.method, r.path, s.stranger(r))
	}
	for _, r := range s.api() {
		s.engine.Handle(r.method, r.path, s.bearer(r))
	}
	if s.Gallery {
		s.engine.GET("/gallery", s.stranger(route{handle: s.gallery}))
		s.engine.GET("/gallery/:name", s.stranger(route{handle: s.galleryPage}))
	}
	for old, present := range formerPaths {
		s.engine.GET(old, redirectTo(present))
		s.engine.POST(old, redirectTo(present))
	}
	s.engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	s.engine.GET("/static/*file", s.stranger(route{handle: s.asset}))
	s.engine.NoRoute(s.stranger(route{handle: func(*visit) error { return errNoPage }}))
	s.engine.NoMethod(s.stranger(route{handle: func(*visit) error { return errNoMethod }}))
}

// formerPaths are URLs that Drover used before, and what they are called now: bookmarks and pages still open keep working.
var formerPaths = map[string]string{
	"/sites/:id/move": "/sites/:id/url",
	"/runs/:id/moves": "/runs/:id/redirects",
	"/runs/:id/again": "/runs/:id/rerun",
	"/team/:id/reach": "/team/:id/access",
}

// redirectTo sends a request on with its method and its form; the present route decides who may make it.
func redirectTo(path string) gin.HandlerFunc {
	return func(c *gin.Context) {
		to := url.URL{Path: strings.ReplaceAll(path, ":id", c.Param("id")), RawQuery: c.Request.URL.RawQuery}
		c.Redirect(http.StatusPermanentRedirect, to.String())
	}
}

// asset serves a built file. Its name changes with its content, so a browser may keep it for ever.
func (s *Server) asset(v *visit) error {
	name := strings.TrimPrefix(v.Param("file"), "/")
	if info, err := fs.Stat(static.Files(), name); err != nil || info.IsDir() {
		return errNoPage
	}
	v.Header("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeFileFS(v.Writer, v.Request, static.Files(), name)
	return nil
}
