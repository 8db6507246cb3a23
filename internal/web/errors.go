package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// What is wrong with a request itself.
var (
	errNoPage         = errors.New("there is no such page")
	errNoMethod       = errors.New("the page does not know this method")
	errOtherOrigin    = errors.New("the request came from another site's page")
	errBadAddress     = errors.New("the address cannot be read")
	errBadForm        = errors.New("the form cannot be read")
	errNotStorable    = errors.New("the form contains characters that cannot be stored")
	errTooMuch        = errors.New("what was sent is too large")
	errTooManyRunning = errors.New("one member has too many requests running")
	errRate           = errors.New("too many requests in a short time")
)

// knownErrors maps the parts' errors to what a person is told.
var knownErrors = []struct {
	err           error
	status        int
	sentence, fix string
}{
	{errNoPage, http.StatusNotFound, "Page not found", "The address may be wrong, or you may not have access to this page."},
	{errNoMethod, http.StatusMethodNotAllowed, "This address does not accept that request",
		"Open it from one of Drover's pages. Some addresses only accept a submitted form."},
	{errOtherOrigin, http.StatusForbidden, "This came from another site's page",
		"Drover rejected the request, and nothing was changed. Open Drover itself and try again there."},
	{errNoToken, http.StatusUnauthorized, "A valid token is required",
		"Send an Authorization: Bearer header with a token. Create one under Settings, API tokens. Yours may have expired or been revoked."},
	{errNotJSON, http.StatusUnsupportedMediaType, "JSON required", "Send Content-Type: application/json and a JSON object."},
	{errBadAddress, http.StatusBadRequest, "This address cannot be read", "It contains invalid characters. Enter it again, or start from Home."},
	{errBadForm, http.StatusUnprocessableEntity, "This cannot be done as entered", "Drover could not read this form. Go back and submit it again."},
	{errNotStorable, http.StatusUnprocessableEntity, "This cannot be done as entered",
		"The form contains characters that cannot be stored. Go back and enter them again."},
	{errTooMuch, http.StatusRequestEntityTooLarge, "The request is too large",
		"A form can be up to 1 MB, and a file of sites up to 16 MB. Send less, or split it."},
	{errTooManyRunning, http.StatusTooManyRequests, "Too many requests",
		"Too many of your requests are running. Wait for some to finish, or close some tabs, and try again."},
	{errRate, http.StatusTooManyRequests, "Too many requests in a short time",
		"Wait a few seconds and try again. Programs wait as long as the Retry-After header says."},
	{errSlow, http.StatusRequestTimeout, "The request took too long to arrive", "Nothing was changed. Try again on a better connection."},
	{context.Canceled, http.StatusRequestTimeout, "The connection was closed", "Nothing was changed. Reload the page and try again."},
	{expression.ErrBusy, http.StatusTooManyRequests, "Too many tables are being created",
		"Two of your tables, or several of your team's, are being created. Wait until one has finished, and try again."},
	{sites.ErrNoSite, http.StatusNotFound, "Site not found", "Look for it in the site list, including retired sites."},
	{sites.ErrChanged, http.StatusConflict, "The site was changed during the check", "Nothing was stored. Check it again."},
	{connect.ErrNone, http.StatusNotFound, "Connection not found", "It may have been removed from the queue. Look under Connect sites."},
	{saved.ErrNone, http.StatusNotFound, "Saved operation not found", "It may have been removed. Look in the list of saved operations."},
	{runs.ErrNoRun, http.StatusNotFound, "Run not found", "Look for it in the list of runs."},
	{runs.ErrNoTarget, http.StatusNotFound, "This site is not in this run", "Look for the site on the page of the run."},
	{audit.ErrNoEntry, http.StatusNotFound, "Entry not found", "Look for it in the audit log."},
	{members.ErrNoMember, http.StatusNotFound, "Member not found", "Look for them on the Team page."},
	{members.ErrNoInvitation, http.StatusNotFound, "Invitation not found", "It may have been accepted or revoked, or has expired. Look on the Team page."},
	{members.ErrToken, http.StatusNotFound, "Token not found", "It may have expired or already been revoked."},
	{members.ErrNoFactor, http.StatusNotFound, "Second factor not found", "Look under Settings, Second factor."},
	{members.ErrNoHostName, http.StatusUnprocessableEntity, "Passkeys need a host name",
		"Browsers tie a passkey to a host name, never to an IP address. Open Drover by its host name, over HTTPS."},
	{members.ErrNoSession, http.StatusUnauthorized, "Your session has ended", "Sign in again."},
	{members.ErrProviderAway, http.StatusBadGateway, "The sign-in provider is not responding", "Try again in a moment, or sign in with your password."},
	{members.ErrLastOwner, http.StatusConflict, "The last owner cannot be removed", "Make someone else an owner first."},
	{runs.ErrTooLate, http.StatusConflict, "The approval request has expired", "Nothing was sent. The person who requested it can start it again."},
	{runs.ErrNotIndependent, http.StatusForbidden, "You cannot approve this run",
		"Within the last 30 days, the person who requested it invited you, gave you more access or reset your password, or someone did so for both of you. Another " +
			"admin must approve it."},
	{runs.ErrNotAwaitingApproval, http.StatusConflict, "This run is not waiting for approval",
		"Someone has already decided, or the request has expired. Open the run to see what happened."},
	{runs.ErrNoDraft, http.StatusNotFound, "Draft not found",
		"Drafts are kept for 14 days. This one may have expired, or be about sites or operations outside your access. Start a new run."},
	{runs.ErrBegun, http.StatusConflict, "This run has already started", "It can't be undone any more. Cancel it to stop the sites that are still waiting."},
	{runs.ErrNotShown, http.StatusConflict, "This is not the run you were shown", "Nothing was started. Review what it would do now, then start it."},
	{runs.ErrEnded, http.StatusConflict, "This run has already finished", "There is nothing left to cancel."},
	{changes.ErrNone, http.StatusNotFound, "Change not found", "Look under changes waiting for approval."},
	{changes.ErrOver, http.StatusConflict, "This change is not waiting for approval",
		"Someone has already decided, it was withdrawn, or it expired after 24 hours. Open it to see what happened."},
	{changes.ErrChangedSince, http.StatusConflict, "Something changed since this was requested",
		"Nothing was done. The person who requested it can request it again as things are now."},
	{changes.ErrNotIndependent, http.StatusForbidden, "You cannot approve this change",
		"Within the last 30 days, the person who requested it invited you, gave you more access or reset your password, or someone did so for both of you. Another " +
			"admin must approve it."},
	{access.ErrNeedsApproval, http.StatusForbidden, "A second admin or owner must approve this",
		"The approval policy covers this change, and nothing was changed. Request it on its page in Drover, so that a second admin or owner can approve it."},
	{access.ErrRevoked, http.StatusForbidden, "Your access has changed",
		"Your sign-in, role or access changed during this request, so nothing was done. Open the page again."},
	{access.ErrForbidden, http.StatusForbidden, "You do not have permission",
		"Your role or access does not allow this. The audit log shows the attempt. Ask an admin or owner."},
}

func problemOf(err error) views.Problem {
	for _, k := range knownErrors {
		if errors.Is(err, k.err) {
			return views.Problem{Status: k.status, Sentence: k.sentence, Fix: k.fix}
		}
	}
	if database.Away(err) {
		return views.Problem{Status: http.StatusServiceUnavailable, Sentence: "Drover cannot reach its database",
			Fix: "The database is not responding, or its disk is full or read-only. Nothing was changed. Active runs wait for it and then continue. If this " +
				"persists, tell whoever runs Drover."}
	}
	if p, is := errors.AsType[validation.Problems](err); is && len(p) > 0 {
		return views.Problem{Status: http.StatusUnprocessableEntity, Sentence: "This cannot be done as entered", Fix: p.Sentences()}
	}
	return views.Problem{Status: http.StatusInternalServerError, Sentence: "Something went wrong in Drover",
		Fix: "This is a fault in Drover, logged under the request ID below. No partial change was stored. Try again. If this persists, send the request ID to " +
			"whoever runs Drover."}
}

// finish shows what went wrong, if something did.
func (v *requestContext) finish(err error) {
	if err == nil {
		return
	}
	if r, is := errors.AsType[*changes.Requested](err); is {
		v.waits(r.Pending)
		return
	}
	if n, is := errors.AsType[*audit.NeedsApproval](err); is {
		err = errors.Join(err, v.server.Log.Refuse(v.Request.Context(), v.actor(), n.Event.Action, n.Event.Subject, "needs_approval"))
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError && v.Request.Context().Err() != nil {
		p = problemOf(context.Canceled) // whatever the database says of it: the client has left
	}
	if p.Status >= http.StatusInternalServerError {
		v.server.Logger.ErrorContext(v.Request.Context(), "failed", "req", v.requestID(), "path", withoutToken(v.Context), "err", err)
	}
	if v.toProgram() {
		v.apiProblem(p, err)
		return
	}
	v.showProblem(p)
}

func (v *requestContext) showProblem(p views.Problem) {
	if v.Writer.Written() {
		return
	}
	p.RequestID = v.requestID()
	page := views.ProblemBare(p)
	if v.member.ID != 0 {
		page = views.ProblemPage(v.frame(p.Sentence, ""), p)
	}
	if err := v.render(p.Status, page); err != nil {
		v.String(http.StatusInternalServerError, fmt.Sprintf("Something went wrong in Drover. Request %s\n", p.RequestID))
	}
}

// toProgram tells whether a program is answered, not a browser.
func (v *requestContext) toProgram() bool { return strings.HasPrefix(v.Request.URL.Path, "/api/") }

// apiProblem answers a program.
func (v *requestContext) apiProblem(p views.Problem, err error) {
	problem := map[string]any{"status": p.Status, "message": p.Sentence, "mend": p.Fix}
	if fields, is := errors.AsType[validation.Problems](err); is {
		problem["fields"] = fields
	}
	if p.Status == http.StatusInternalServerError {
		problem["request"] = v.requestID()
	}
	v.JSON(p.Status, map[string]any{"error": problem})
}
