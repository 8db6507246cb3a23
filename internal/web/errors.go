package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// What is wrong with a request itself.
var (
	errNoPage      = errors.New("there is no such page")
	errNoMethod    = errors.New("the page does not know this method")
	errOtherOrigin = errors.New("the request came from another site's page")
	errBadAddress  = errors.New("the address cannot be read")
	errTooMuch     = errors.New("what was sent is too large")
	errCrowd       = errors.New("too many requests of one member are under way")
	errRate        = errors.New("too many requests in a short time")
)

// known maps the parts' errors to what a person is told.
var known = []struct {
	err            error
	status         int
	sentence, mend string
}{
	{errNoPage, http.StatusNotFound, "There is no such page", "The address may be wrong, or what it showed is not yours to see."},
	{errNoMethod, http.StatusMethodNotAllowed, "This page cannot be asked for in that way", "Open it from Drover's own pages: some addresses only take what a form sends."},
	{errOtherOrigin, http.StatusForbidden, "This came from another site's page", "It was refused, and nothing was done. Open Drover itself and try again there."},
	{errNoToken, http.StatusUnauthorized, "A token is needed that works", "Send Authorization: Bearer with a token. Make one under Settings, API tokens. Tokens run out, and can be revoked."},
	{errNotJSON, http.StatusUnsupportedMediaType, "This takes JSON", "Send Content-Type: application/json and an object."},
	{errBadAddress, http.StatusBadRequest, "This address cannot be read", "It holds characters that no text has. Type it anew, or start from the first page."},
	{errTooMuch, http.StatusRequestEntityTooLarge, "That is too much at once", "A form may hold 1 MB and a file of sites 16 MB. Send less, or split it."},
	{errCrowd, http.StatusTooManyRequests, "That is too much at once", "Too many of your requests are under way. Wait until some have ended, or close some tabs, and try again."},
	{errRate, http.StatusTooManyRequests, "Too many requests in a short time", "Wait a few seconds, and try again. A program waits as long as Retry-After says."},
	{errSlow, http.StatusRequestTimeout, "What was sent took too long to arrive", "Nothing was done. Try again on a better connection."},
	{context.Canceled, http.StatusRequestTimeout, "The connection was closed", "Nothing was done by halves. Open the page again."},
	{sites.ErrNoSite, http.StatusNotFound, "There is no such site", "Look for it in the list of sites, also among the retired ones."},
	{saved.ErrNone, http.StatusNotFound, "There is no such saved operation", "It may have been removed. Look at the list of saved operations."},
	{runs.ErrNoRun, http.StatusNotFound, "There is no such run", "Look for it in the list of runs."},
	{runs.ErrNoTarget, http.StatusNotFound, "That site is not in this run", "Look for it in the run's page."},
	{audit.ErrNoEntry, http.StatusNotFound, "There is no such entry", "Look for it in the record."},
	{members.ErrNoMember, http.StatusNotFound, "There is no such member", "Look at the team's page."},
	{members.ErrToken, http.StatusNotFound, "There is no such token", "It may have run out or been revoked already."},
	{members.ErrNoFactor, http.StatusNotFound, "There is no such second factor", "Look at your account's page."},
	{members.ErrNoHostName, http.StatusUnprocessableEntity, "Passkeys need a host name", "A browser binds them to one, never to an IP address. Open Drover by its name, over https."},
	{members.ErrNoSession, http.StatusUnauthorized, "The session has ended", "Sign in again."},
	{members.ErrProviderAway, http.StatusBadGateway, "The sign-in provider does not answer", "Try it again in a moment, or sign in with your password."},
	{members.ErrLastOwner, http.StatusConflict, "The last owner cannot go", "Make somebody else an owner first."},
	{runs.ErrTooLate, http.StatusConflict, "The time to approve this run is over", "Nothing was sent. Whoever asked for it can start it again."},
	{runs.ErrNotIndependent, http.StatusForbidden, "You cannot approve this run", "Whoever asked for it invited you, raised your rights or reset your password within 30 days, or somebody did so for both of you. Another admin must approve it."},
	{runs.ErrNotAsked, http.StatusConflict, "The run does not wait for approval", "Somebody decided already, or the time for it is over. Open the run to see what happened."},
	{runs.ErrEnded, http.StatusConflict, "The run has ended already", "Nothing is under way, so there is nothing to cancel."},
	{access.ErrRevoked, http.StatusForbidden, "What you may do has changed", "Your sign-in, role or scope changed while this was under way, so nothing was done. Open the page again."},
	{access.ErrForbidden, http.StatusForbidden, "This is not yours to do", "Your role does not allow it. The attempt was recorded. Ask an admin or an owner."},
}

func problemOf(err error) views.Problem {
	for _, k := range known {
		if errors.Is(err, k.err) {
			return views.Problem{Status: k.status, Sentence: k.sentence, Mend: k.mend}
		}
	}
	if database.Away(err) {
		return views.Problem{Status: http.StatusServiceUnavailable, Sentence: "Drover cannot reach its database",
			Mend: "It does not answer, or its disk is full or cannot be written. Nothing was changed by this. Runs under way wait for it and go on by themselves. If it stays, tell whoever runs Drover."}
	}
	typed := map[string]string{}
	if p, is := errors.AsType[sites.Problems](err); is {
		typed = p
	} else if p, is := errors.AsType[members.Problems](err); is {
		typed = p
	}
	if len(typed) > 0 {
		return views.Problem{Status: http.StatusUnprocessableEntity, Sentence: "That cannot be done as it is", Mend: sentences(typed)}
	}
	return views.Problem{Status: http.StatusInternalServerError, Sentence: "Drover could not do this",
		Mend: "The fault is Drover's own, and it is logged with the number below. Nothing was done by halves: try again, and tell whoever runs Drover if it stays."}
}

// sentences are problems without their fields, for a page that has no fields to show them beside.
func sentences(problems map[string]string) string {
	text := ""
	for _, each := range problems {
		if text != "" {
			text += " "
		}
		text += each
	}
	return text
}

// finish shows what went wrong, if something did.
func (v *visit) finish(err error) {
	if err == nil {
		return
	}
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		v.server.Logger.ErrorContext(v.Request.Context(), "failed", "req", v.requestID(), "path", withoutToken(v.Context), "err", err)
	}
	if v.toProgram() {
		v.apiProblem(p, err)
		return
	}
	v.showProblem(p)
}

func (v *visit) showProblem(p views.Problem) {
	if v.Writer.Written() {
		return
	}
	p.RequestID = v.requestID()
	page := views.ProblemBare(p)
	if v.member.ID != 0 {
		page = views.ProblemPage(v.frame(p.Sentence, ""), p)
	}
	if err := v.render(p.Status, page); err != nil {
		v.String(http.StatusInternalServerError, fmt.Sprintf("Drover could not do this. Request %s\n", p.RequestID))
	}
}
