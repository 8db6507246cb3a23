package engine

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// safely is target, but a fault of Drover's own at one site, such as over an answer that nobody thought of, ends neither the process nor the
// other targets. Were it left to the queue, it would come again and again.
func (b *batch) safely(ctx context.Context, t runs.Target) (ended bool) {
	defer func() {
		if caught := recover(); caught != nil {
			b.engine.logger.ErrorContext(ctx, "a target failed", "err", b.engine.panicked(ctx, caught), "run", t.RunID, "site", t.SiteID)
			b.end(t, wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff,
				Note: "Drover failed while processing this site, so the outcome is unknown. See the server log for details."})
			ended = true
		}
	}()
	return b.target(ctx, t)
}

// target works one target and tells whether it has ended.
func (b *batch) target(ctx context.Context, t runs.Target) bool {
	if verdict, over := b.withoutSending(t); over {
		b.end(t, unsent(t, verdict))
		return true
	}
	g := &gate{batch: b, ctx: ctx, target: t.ID, site: t.SiteID, resent: t.State == runs.TargetRunning, earlier: t.StartedAt}
	t.StartedAt = time.Time{} // until this worker sends something
	began := time.Now()
	located, otherServer := b.locate(ctx, t, b.clients[t.SiteID].Through(g.network()))
	if otherServer {
		b.observe(t, wordpress.Exchange{Started: began}, located.Verdict)
		return b.finish(t, g, located.Verdict, nil)
	}
	g.begins = true
	if b.plan.Steps != nil {
		verdict, stopped := b.inSteps(ctx, &t, located, g)
		return b.finish(t, g, verdict, stopped)
	}
	request, _ := b.plan.Request(located.Site.Planned())
	if b.plan.Exceeded(request) {
		return b.finish(t, g, wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable,
			Note: "Not sent: the site's values changed after the run started, and would make this a different request with a greater effect."}, nil)
	}
	client := located.Client
	var pages *sampling
	if b.verify {
		pages = b.before(ctx, t, client, request)
	}
	verdict, stopped := b.sendWithRetries(ctx, &t, client, request)
	if pages != nil && stopped == nil && verdict.Outcome == wordpress.OK {
		verdict = pages.after(ctx, &t, verdict)
	}
	return b.finish(t, g, verdict, stopped)
}

// finish ends the target with its verdict, unless Drover itself stopped it, and tells whether it has ended.
func (b *batch) finish(t runs.Target, g *gate, verdict wordpress.Verdict, stopped error) bool {
	switch {
	case errors.Is(stopped, errOutsideScope):
		verdict = outsideScope
	case errors.Is(stopped, errCancelled) && !g.begun && !g.resent:
		return true // whoever cancelled the run ended the target
	case errors.Is(stopped, errCancelled):
		verdict = cancelledFirst
	case stopped != nil:
		return false
	}
	if g.resent && t.StartedAt.IsZero() {
		t.StartedAt, verdict = g.earlier, unsent(t, verdict)
	}
	b.end(t, verdict)
	return true
}

var cancelledFirst = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonCancelled, Note: "Not sent: the run was cancelled first."}

var outsideScope = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonCancelled,
	Note: "Not sent: the person who started the run no longer has access to this site."}

// notSentRevoked is the note of the targets of a run whose actor may not go on with it.
const notSentRevoked = "Not sent: the person who started the run no longer has permission."

// unsent is the verdict on a target to which this worker sends nothing. One that a worker before it began may have been sent all the same.
func unsent(t runs.Target, v wordpress.Verdict) wordpress.Verdict {
	if t.State != runs.TargetRunning {
		return v
	}
	why, is := strings.CutPrefix(v.Note, "Not sent")
	if !is {
		why = strings.TrimSpace(". " + cmp.Or(v.Note, v.Reason.Sentence()))
	}
	return wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff, Note: runs.NotSentAgain + why}
}

// withoutSending decides the targets to which nothing may be sent.
func (b *batch) withoutSending(t runs.Target) (wordpress.Verdict, bool) {
	s, found := b.sites[t.SiteID]
	switch {
	case b.cancelled:
		return cancelledFirst, true
	case b.revoked:
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonCancelled, Note: notSentRevoked}, true
	case t.State == runs.TargetRunning && !b.plan.Idempotent:
		return wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff, Note: "Not sent."}, true
	case !found:
		return wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable, Note: "Not sent: the site was retired after the run started."},
			true
	case s.Home != t.Home:
		return wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable,
			Note: "Not sent: the site's URL was changed after the run started."}, true
	case !b.inScope(t.SiteID):
		return outsideScope, true
	case errors.Is(b.undial[t.SiteID], sites.ErrSealed):
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonNotAuthenticated,
			Note: "Not sent: the stored credential cannot be decrypted. Replace it on the site's page, or restore the encryption key that it was stored with."}, true
	case b.clients[t.SiteID] == nil:
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonNotAuthenticated, Note: "Not sent: no credential is stored for this site."}, true
	}
	return wordpress.Verdict{}, false
}

func (b *batch) end(t runs.Target, v wordpress.Verdict) {
	t.State, t.EndedAt = runs.TargetDone, time.Now().UTC()
	t.Outcome, t.Reason, t.Status = v.Outcome, v.Reason, v.Status
	t.Code, t.Message, t.Note, t.Location = v.Code, v.Message, v.Note, v.Location
	b.writer.end(t)
}

// observe keeps what an exchange tells of the site itself.
func (b *batch) observe(t runs.Target, x wordpress.Exchange, v wordpress.Verdict) {
	o, suspect := wordpress.Observe(x, v), v.BlamesSite()
	if !o.Empty() || suspect {
		b.writer.observed(sites.Observed{Site: t.SiteID, Home: t.Home, Observation: o, Suspect: suspect})
	}
}

// attempt is an exchange as it is kept.
func (b *batch) attempt(n int, x wordpress.Exchange, v wordpress.Verdict) runs.Attempt {
	a := runs.Attempt{
		N: n, Method: x.Method, URL: x.URL, Override: x.Override, RequestBody: string(x.RequestBody), Sent: x.Sent, Status: x.Status, Header: x.Header,
		Body: x.Body, BodyCut: x.TooLarge, Outcome: v.Outcome, Reason: v.Reason, StartedAt: x.Started, Took: x.Took, Waited: x.Waited,
	}
	longest := runs.MaxBody
	if b.plan.Reads() {
		longest = runs.MaxReadBody
	}
	if len(a.Body) > longest {
		a.Body, a.BodyCut = a.Body[:longest], true
	}
	if x.Fault != nil {
		a.Fault = x.Fault.Error()
	}
	if x.Address.IsValid() {
		a.Address = x.Address.String()
	}
	return a
}
