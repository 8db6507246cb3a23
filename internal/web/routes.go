package web

import (
	"cmp"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/static"
)

// table is every page and action for people who are signed in. What changes something is authorized once more by the part that does it.
func (s *Server) table() []route {
	return []route{
		get("/", "", s.home),
		get("/search", access.SiteRead, s.search),
		get("/command", "", s.showCommand),

		get("/sites", access.SiteRead, s.sites),
		get("/sites/new", access.SiteAdd, s.newSite, recent),
		post("/sites", access.SiteAdd, s.addSite, recentForm),
		get("/sites/import", access.SiteImport, s.importForm, recent),
		get("/sites/import/bad.csv", access.SiteImport, s.badLines),
		post("/sites/import", access.SiteImport, s.importSites, recentForm, body(longestUpload)),
		post("/sites/import/preview", access.SiteImport, s.previewImport, recentForm, body(longestUpload)),
		get("/connect", access.ConnectQueue, s.connectQueue),
		post("/connect", access.ConnectQueue, s.connectSites),
		post("/connect/next", access.ConnectBegin, s.approveNext, recentForm),
		post("/connect/mark", access.ConnectQueue, s.markConnections),
		get("/connect/wp-cli", access.SiteImport, s.scriptForm),
		post("/connect/wp-cli", access.SiteImport, s.makeScript),
		get("/connect/mainwp", access.SiteImport, s.mainwpForm, recent),
		post("/connect/mainwp", access.SiteImport, s.listMainWP, recentForm, invalid(s.showMainWP)),
		get("/connect/network", access.SiteImport, s.networkForm, recent),
		post("/connect/network", access.SiteImport, s.listNetwork, recentForm, invalid(s.showNetworkForm)),
		post("/connect/network/add", access.SiteImport, s.addNetwork, recentForm),
		get("/connect/:id", access.ConnectQueue, s.connection, on("connection")),
		post("/connect/:id/look", access.ConnectQueue, s.lookAgain, on("connection")),
		post("/connect/:id/approve", access.ConnectBegin, s.approve, on("connection"), recentForm),
		post("/connect/:id/credential", access.SiteAdd, s.enterCredential, on("connection"), recentForm),
		post("/sites/reconnect", access.ConnectQueue, s.reconnect),
		post("/sites/rotate", access.SiteRotate, s.lookAtRotation),
		get("/rotation", access.SiteRotate, s.rotation),
		post("/rotation/start", access.SiteRotate, s.startRotation, recent),
		post("/rotation/clear", access.SiteRotate, s.clearRotation),
		get("/sites/limit", access.SiteLimit, s.limitForm, recent),
		post("/sites/limit", access.SiteLimit, s.limitSites, recentForm, body(longestUpload)),
		get("/limited-users", access.SiteLimit, s.limitedUsers),
		post("/sites/check", access.SiteCheck, s.checkSites),
		post("/sites/tag", access.SiteTag, s.tagSites),
		post("/sites/edit", access.SiteEdit, s.editSites),
		post("/sites/undo", access.SiteEdit, s.undoSites),
		post("/sites/retire", access.SiteRetire, s.retireSites),
		post("/sites/restore", access.SiteRestore, s.restoreSites),
		post("/sites/views", access.SiteRead, s.saveView(audit.SiteViews)),
		post("/sites/views/:id/remove", access.SiteRead, s.removeView(audit.SiteViews)),
		get("/sites/:id", access.SiteRead, s.site, on("site")),
		post("/sites/:id", access.SiteEdit, s.editSite, on("site"), recent),
		get("/sites/:id/edit", access.SiteEdit, s.siteForm, on("site")),
		post("/sites/:id/credential", access.SiteCredential, s.replaceCredential, on("site"), recentForm),
		post("/sites/:id/url", access.SiteEdit, s.changeSiteURL, on("site"), recent),
		post("/sites/:id/rotate", access.SiteRotate, s.rotateSite, on("site"), recent),
		get("/sites/:id/rights", access.SiteLimit, s.siteRights, on("site"), recent),
		post("/sites/:id/rights", access.SiteLimit, s.lookAtRights, on("site")),
		post("/sites/:id/limit", access.SiteLimit, s.limitUser, on("site"), recentForm),
		post("/sites/:id/check", access.SiteCheck, s.checkSite, on("site")),
		post("/sites/:id/retire", access.SiteRetire, s.retireSite, on("site")),
		post("/sites/:id/restore", access.SiteRestore, s.restoreSite, on("site")),

		get("/run", access.RunStart, s.compose),
		get("/runs/new", access.RunStart, s.compose),
		post("/runs/new/leave", access.RunStart, s.leaveDraft),
		post("/runs/:id/draft", access.RunStart, s.draftOfRun, on("run"), invalid(s.showRun)),
		post("/run/preview", access.RunStart, s.preview),
		get("/endpoints", access.RunStart, s.explorer),
		get("/endpoints/form", access.RunStart, s.endpointForm),
		post("/endpoints/form", access.RunStart, s.fillEndpoint),
		get("/operations", access.RunStart, s.saved),
		post("/operations", access.OperationSave, s.saveOperation),
		get("/operations/new", access.OperationSave, s.newSavedForm),
		post("/operations/new", access.OperationSave, s.newSaved),
		get("/operations/export", access.OperationSave, s.exportSaved),
		post("/operations/import", access.OperationSave, s.importSaved),
		get("/operations/:id/use", access.RunStart, s.useSaved, on("operation")),
		get("/operations/:id/edit", access.OperationSave, s.savedForm, on("operation")),
		post("/operations/:id", access.OperationSave, s.editSaved, on("operation")),
		post("/operations/:id/remove", access.OperationRemove, s.removeSaved, on("operation")),

		get("/runs", access.RunRead, s.runs),
		post("/runs", access.RunStart, s.startRun, recentWhen((*Server).destroys), invalid(s.refuseCompose)),
		post("/runs/views", access.RunRead, s.saveView(audit.RunViews)),
		post("/runs/views/:id/remove", access.RunRead, s.removeView(audit.RunViews)),
		get("/runs/:id", access.RunRead, s.run, on("run")),
		get("/runs/:id/stream", access.RunRead, s.streamRun, on("run")),
		get("/runs/:id/targets", access.RunRead, s.targets, on("run")),
		get("/runs/:id/targets/:target", access.RunRead, s.exchange, on("run")),
		get("/runs/:id/export.csv", access.RunRead, s.exportCSV, on("run"), recentWhen((*Server).exportsManySites)),
		get("/runs/:id/export.json", access.RunRead, s.exportJSON, on("run"), recentWhen((*Server).exportsManySites)),
		get("/runs/:id/report", access.RunRead, s.runReport, on("run"), recentWhen((*Server).exportsManySites)),
		get("/runs/:id/answers", access.RunRead, s.answers, on("run")),
		get("/runs/:id/answers.csv", access.RunRead, s.exportAnswers, on("run"), recentWhen((*Server).exportsManySites)),
		get("/runs/:id/answers.json", access.RunRead, s.exportAnswers, on("run"), recentWhen((*Server).exportsManySites)),
		get("/runs/:id/answers.jsonl", access.RunRead, s.exportAnswers, on("run"), recentWhen((*Server).exportsManySites)),
		get("/runs/:id/compare", access.RunRead, s.compareRuns, on("run")),
		post("/runs/:id/cancel", access.RunCancel, s.cancelRun, on("run")),
		post("/runs/:id/undo", access.RunCancel, s.undoRun, on("run")),
		post("/runs/:id/start", access.RunStartNow, s.startRunNow, on("run")),
		post("/runs/:id/approve", access.RunApprove, s.approveRun, on("run"), recent, invalid(s.showRun)),
		post("/runs/:id/decline", access.RunDecline, s.declineRun, on("run")),
		post("/runs/:id/redirects", access.SiteEdit, s.acceptRedirects, on("run"), recent),
		post("/runs/:id/rerun", access.RunStart, s.rerun, on("run"), recentWhen((*Server).rerunDestroys), invalid(s.showRun)),

		get("/changes", access.ChangeRead, s.changes),
		get("/changes/:id", access.ChangeRead, s.pendingChange, on("change")),
		post("/changes/:id/approve", access.ChangeApprove, s.approveChange, on("change"), recent),
		post("/changes/:id/decline", access.ChangeDecline, s.declineChange, on("change")),
		post("/changes/:id/withdraw", access.ChangeWithdraw, s.withdrawChange, on("change")),

		get("/audit", access.AuditRead, s.audit),
		get("/audit/export.csv", access.AuditExport, s.exportAudit, recent),
		get("/audit/export.jsonl", access.AuditExport, s.exportAudit, recent),
		get("/audit/print", access.AuditExport, s.printAudit, recent),
		post("/audit/views", access.AuditRead, s.saveView(audit.AuditViews)),
		post("/audit/views/:id/remove", access.AuditRead, s.removeView(audit.AuditViews)),
		get("/audit/:seq", access.AuditRead, s.entry, on("entry")),
		post("/audit/checkpoint", access.AuditCheckpoint, s.signCheckpoint),
		post("/audit/verify", access.AuditVerify, s.verifyAudit),

		get("/team", access.MemberRead, s.team),
		post("/team/invite", access.MemberInvite, s.invite, recent),
		post("/team/invitations/:id/revoke", access.MemberUninvite, s.revokeInvitation),
		post("/team/second-factor", access.SettingsChange, s.requireFactor, recent),
		get("/team/:id", access.MemberRead, s.memberPage, on("member")),
		post("/team/confirmation", access.SettingsChange, s.changeConfirmAbove, recent),
		post("/team/approval", access.RunPolicy, s.changePolicy, recent),
		post("/team/:id/role", access.MemberRole, s.changeRole, on("member"), recent),
		post("/team/:id/access", access.MemberAccess, s.changeAccess, on("member"), recent),
		post("/team/:id/reset", access.MemberReset, s.resetLink, on("member"), recent),
		post("/team/:id/sign-out", access.MemberEndSessions, s.endSessions, on("member"), recent),
		post("/team/:id/remove", access.MemberRemove, s.removeMember, on("member"), recent),

		get("/help", "", s.help),
		get("/help/:page", "", s.help),
		get("/settings", "", s.settings),
		get("/settings/second-factor", "", s.secondFactor, open(secondFactorMissing)),
		post("/settings/second-factor/app", access.MemberFactor, s.beginApp, recent, open(secondFactorMissing)),
		get("/settings/second-factor/app/:id", access.MemberFactor, s.appForm, open(secondFactorMissing), secret),
		post("/settings/second-factor/app/:id", access.MemberFactor, s.confirmApp, open(secondFactorMissing), invalid(s.showApp)),
		post("/settings/second-factor/passkey/options", access.MemberFactor, s.beginPasskey, recent, open(secondFactorMissing)),
		post("/settings/second-factor/passkey", access.MemberFactor, s.addPasskey, recentForm, open(secondFactorMissing)),
		post("/settings/second-factor/codes", access.MemberFactor, s.newCodes, recent),
		post("/settings/factors/:id/name", access.MemberFactor, s.renameFactor),
		post("/settings/factors/:id/remove", access.MemberFactor, s.removeFactor, recent),
		get("/settings/retention", access.RetentionChange, s.retention),
		post("/settings/retention", access.RetentionChange, s.changeRetention, recent),
		get("/settings/sites", access.SiteUpkeep, s.upkeep),
		post("/settings/sites", access.SiteUpkeep, s.changeUpkeep, recent),
		get("/settings/tokens", access.TokenMake, s.tokens),
		post("/settings/tokens", access.TokenMake, s.makeToken, recent),
		post("/tokens/:id/revoke", access.TokenRevoke, s.revokeToken, on("token")),
		get("/second-step", "", s.secondStepForm, open(secondFactorPending)),
		post("/second-step", "", s.secondStep, open(secondFactorPending)),
		post("/second-step/options", "", s.passkeyOptions, open(secondFactorPending)),
		get("/confirm", "", s.confirmForm, open(secondFactorMissing)),
		post("/confirm", "", s.confirm, open(secondFactorMissing)),
		post("/confirm/options", "", s.passkeyOptions, open(secondFactorMissing)),
		get("/confirm/provider", "", s.confirmWithProvider, open(secondFactorMissing)),

		post("/settings/name", access.MemberEdit, s.changeName, invalid(s.showSettings)),
		post("/settings/password", access.MemberEdit, s.changePassword, recentFormWhen((*Server).hasFactor), invalid(s.showSettings)),
		post("/settings/sessions/:id/revoke", "", s.revokeSession, recent),
		post("/sign-out", "", s.signOut, open(secondFactorPending)),
		post("/sign-out-everywhere", "", s.signOutEverywhere, recent),
	}
}

// The stages.
const (
	signInComplete      signInStage = iota // nothing is missing
	secondFactorMissing                    // a second factor is everybody's duty, and is still to be set up
	secondFactorPending                    // the second factor is still to be given
)

// public is what people reach who are not signed in.
func (s *Server) public() []route {
	return []route{
		get("/sign-in", "", s.signInForm),
		post("/sign-in", "", s.signIn),
		get("/sign-in/provider", "", s.signInWithProvider),
		get("/sign-in/provider/callback", "", s.backFromProvider),
		get("/setup/:token", "", s.setupForm),
		post("/setup/:token", "", s.setup),
		get("/join/:token", "", s.joinForm),
		post("/join/:token", "", s.join),
		get("/reset/:token", "", s.resetForm),
		post("/reset/:token", "", s.reset, invalid(s.showReset)),
		get("/enter/:token", "", s.enter),
	}
}

func (s *Server) routes() {
	for _, r := range s.table() {
		s.engine.Handle(r.method, r.path, s.member(r))
	}
	for _, r := range s.public() {
		s.engine.Handle(r.method, r.path, s.anybody(r))
	}
	for _, r := range s.api() {
		s.engine.Handle(r.method, r.path, s.bearer(r))
	}
	if s.Gallery {
		s.engine.GET("/gallery", s.anybody(route{handle: s.gallery}))
		s.engine.GET("/gallery/:name", s.anybody(route{handle: s.galleryPage}))
	}
	for old, present := range formerPaths {
		s.engine.GET(old, redirectTo(present))
		s.engine.POST(old, redirectTo(present))
	}
	s.engine.GET(connect.ReturnPath, s.returned)
	s.engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	s.engine.GET("/readyz", s.ready)
	s.engine.GET("/static/*file", s.anybody(route{handle: s.asset}))
	s.engine.NoRoute(s.anybody(route{handle: s.noPage}))
	s.engine.NoMethod(s.anybody(route{handle: func(*requestContext) error { return errNoMethod }}))
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

// asset serves a built file, in the shortest form that the browser understands. Its name changes with its content, so a browser may keep
// it for ever.
func (s *Server) asset(v *requestContext) error {
	name := strings.TrimPrefix(v.Param("file"), "/")
	if !static.Has(name) {
		return errNoPage
	}
	v.Header("Cache-Control", "public, max-age=31536000, immutable")
	v.Header("Content-Type", cmp.Or(mime.TypeByExtension(path.Ext(name)), "application/octet-stream"))
	encoding, extension := encodingFor(v.GetHeader("Accept-Encoding"), name)
	if encoding != "" {
		v.Header("Content-Encoding", encoding)
	}
	http.ServeFileFS(v.Writer, v.Request, static.Files(), name+extension)
	return nil
}
