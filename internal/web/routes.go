package web

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/static"
)

// route is one line of the table of routes.
type route struct {
	method, path string
	right        audit.Action // needed to see it; empty: signed in is enough
	handle       func(*visit) error
}

// table is every page and action for people who are signed in. What changes something is admitted once more by the part that does it.
func (s *Server) table() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/", "", s.home},
		{get, "/search", audit.SiteRead, s.search},

		{get, "/sites", audit.SiteRead, s.sites},
		{get, "/sites/new", audit.SiteAdd, s.newSite},
		{post, "/sites", audit.SiteAdd, s.addSite},
		{get, "/sites/import", audit.SiteImport, s.importForm},
		{post, "/sites/import", audit.SiteImport, s.importSites},
		{get, "/sites/import/bad.csv", audit.SiteImport, s.badLines},
		{post, "/sites/check", audit.SiteCheck, s.checkSites},
		{post, "/sites/tag", audit.SiteTag, s.tagSites},
		{post, "/sites/retire", audit.SiteRetire, s.retireSites},
		{post, "/sites/restore", audit.SiteRestore, s.restoreSites},
		{get, "/sites/:id", audit.SiteRead, s.site},
		{post, "/sites/:id", audit.SiteEdit, s.editSite},
		{get, "/sites/:id/edit", audit.SiteEdit, s.siteForm},
		{post, "/sites/:id/credential", audit.SiteCredential, s.replaceCredential},
		{post, "/sites/:id/move", audit.SiteEdit, s.moveSite},
		{post, "/sites/:id/check", audit.SiteCheck, s.checkSite},
		{post, "/sites/:id/retire", audit.SiteRetire, s.retireSite},
		{post, "/sites/:id/restore", audit.SiteRestore, s.restoreSite},

		{get, "/run", audit.RunStart, s.compose},
		{post, "/run/preview", audit.RunStart, s.preview},
		{get, "/endpoints", audit.RunStart, s.explorer},
		{get, "/endpoints/form", audit.RunStart, s.endpointForm},
		{post, "/endpoints/form", audit.RunStart, s.fillEndpoint},
		{get, "/operations", audit.RunStart, s.saved},
		{post, "/operations", audit.OperationSave, s.saveOperation},
		{post, "/operations/new", audit.OperationSave, s.newSaved},
		{get, "/operations/export", audit.OperationSave, s.exportSaved},
		{post, "/operations/import", audit.OperationSave, s.importSaved},
		{get, "/operations/:id/use", audit.RunStart, s.useSaved},
		{get, "/operations/:id/edit", audit.OperationSave, s.savedForm},
		{post, "/operations/:id", audit.OperationSave, s.editSaved},
		{post, "/operations/:id/remove", audit.OperationRemove, s.removeSaved},

		{get, "/runs", audit.RunRead, s.runs},
		{post, "/runs", audit.RunStart, s.startRun},
		{get, "/runs/:id", audit.RunRead, s.run},
		{get, "/runs/:id/stream", audit.RunRead, s.streamRun},
		{get, "/runs/:id/targets", audit.RunRead, s.targets},
		{get, "/runs/:id/targets/:target", audit.RunRead, s.exchange},
		{get, "/runs/:id/export.csv", audit.RunRead, s.exportCSV},
		{get, "/runs/:id/export.json", audit.RunRead, s.exportJSON},
		{get, "/runs/:id/answers", audit.RunRead, s.answers},
		{get, "/runs/:id/answers.csv", audit.RunRead, s.exportAnswers},
		{get, "/runs/:id/answers.json", audit.RunRead, s.exportAnswers},
		{get, "/runs/:id/answers.jsonl", audit.RunRead, s.exportAnswers},
		{get, "/runs/:id/compare", audit.RunRead, s.compareRuns},
		{post, "/runs/:id/cancel", audit.RunCancel, s.cancelRun},
		{post, "/runs/:id/approve", audit.RunApprove, s.approveRun},
		{post, "/runs/:id/decline", audit.RunDecline, s.declineRun},
		{post, "/runs/:id/moves", audit.SiteEdit, s.acceptMoves},
		{post, "/runs/:id/again", audit.RunStart, s.runAgain},

		{get, "/audit", audit.AuditRead, s.audit},
		{get, "/audit/export.csv", audit.AuditExport, s.exportRecord},
		{get, "/audit/export.jsonl", audit.AuditExport, s.exportRecord},
		{get, "/audit/print", audit.AuditExport, s.printRecord},
		{post, "/audit/views", audit.AuditRead, s.saveView},
		{post, "/audit/views/:id/remove", audit.AuditRead, s.removeView},
		{get, "/audit/:seq", audit.AuditRead, s.entry},
		{post, "/audit/checkpoint", audit.AuditCheckpoint, s.signRecord},
		{post, "/audit/verify", audit.AuditVerify, s.verifyAudit},

		{get, "/team", audit.MemberRead, s.team},
		{post, "/team/invite", audit.MemberInvite, s.invite},
		{post, "/team/second-factor", audit.SettingsChange, s.requireFactor},
		{get, "/team/:id", audit.MemberRead, s.mate},
		{post, "/team/approval", audit.RunPolicy, s.changePolicy},
		{post, "/team/:id/role", audit.MemberRole, s.changeRole},
		{post, "/team/:id/reach", audit.MemberReach, s.changeReach},
		{post, "/team/:id/reset", audit.MemberReset, s.resetLink},
		{post, "/team/:id/sign-out", audit.MemberEndSessions, s.endSessions},
		{post, "/team/:id/remove", audit.MemberRemove, s.removeMember},

		{get, "/settings", "", s.settings},
		{get, "/settings/second-factor", "", s.secondFactor},
		{post, "/settings/second-factor/app", audit.MemberFactor, s.beginApp},
		{get, "/settings/second-factor/app/:id", audit.MemberFactor, s.appForm},
		{post, "/settings/second-factor/app/:id", audit.MemberFactor, s.confirmApp},
		{post, "/settings/second-factor/passkey/options", audit.MemberFactor, s.beginPasskey},
		{post, "/settings/second-factor/passkey", audit.MemberFactor, s.addPasskey},
		{post, "/settings/second-factor/codes", audit.MemberFactor, s.newCodes},
		{post, "/settings/factors/:id/name", audit.MemberFactor, s.renameFactor},
		{post, "/settings/factors/:id/remove", audit.MemberFactor, s.removeFactor},
		{get, "/settings/tokens", audit.TokenMake, s.tokens},
		{post, "/settings/tokens", audit.TokenMake, s.makeToken},
		{post, "/tokens/:id/revoke", audit.TokenRevoke, s.revokeToken},
		{get, "/second-step", "", s.secondStepForm},
		{post, "/second-step", "", s.secondStep},
		{post, "/second-step/options", "", s.askPasskey},
		{get, "/confirm", "", s.confirmForm},
		{post, "/confirm", "", s.confirm},
		{post, "/confirm/options", "", s.askPasskey},
		{get, "/confirm/provider", "", s.confirmElsewhere},

		{post, "/settings/name", audit.MemberEdit, s.changeName},
		{post, "/settings/password", audit.MemberEdit, s.changePassword},
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
	s.engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	s.engine.GET("/static/*file", s.stranger(route{handle: s.asset}))
	s.engine.NoRoute(s.stranger(route{handle: func(*visit) error { return errNoPage }}))
	s.engine.NoMethod(s.stranger(route{handle: func(*visit) error { return errNoMethod }}))
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
