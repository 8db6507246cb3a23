package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

func (s *Server) run(v *requestContext) error { return s.showRun(v, http.StatusOK, nil) }

// mostReruns is how many of its reruns a run's page names, the latest first.
const mostReruns = 5

func (s *Server) showRun(v *requestContext, status int, problems validation.Problems) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	snapshot, err := s.Runner.Snapshot(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	above, err := s.Runner.ConfirmAbove(v.Request.Context())
	if err != nil {
		return err
	}
	view := runView(snapshot, v.actor(), above)
	reruns, _, err := s.Runner.Runs(v.Request.Context(), v.actor(), runs.Filter{RerunOf: id, Limit: mostReruns})
	if err != nil {
		return err
	}
	for _, rerun := range reruns {
		view.Reruns = append(view.Reruns, rerun.ID)
	}
	view.Problems = problems
	if snapshot.Run.State == runs.AwaitingApproval {
		if view.Approval, err = s.approvalView(v, snapshot.Run, problems); err != nil {
			return err
		}
	}
	return v.render(status, views.Run(views.RunPage{Frame: v.frame(fmt.Sprintf("Run %d: %s", id, snapshot.Run.Title), "runs"), Run: view}))
}

func runView(s runs.Snapshot, actor access.Actor, confirmAbove int) views.RunView {
	run := s.Run
	view := views.RunView{
		ID: run.ID, Title: run.Title, Effect: string(run.Effect), State: string(run.State), Actor: run.Actor.Name, Where: where(run.Spec.Selection), Total: run.Total,
		RerunOf: run.RerunOf, CreatedAt: run.CreatedAt, StartedAt: run.StartedAt, EndedAt: run.EndedAt, CancelledAt: run.CancelledAt, CancelledBy: run.CancelledBy,
		Counts: counts(s.Counts), Rate: s.Rate, Left: s.Left, Elapsed: elapsed(run),
		Verify: run.Spec.Verify, Verified: s.Verified[runs.VerifiedYes], NotVerified: s.Verified[runs.VerifiedNo], Unclear: s.Verified[runs.VerifiedUnclear],
		DeadlineAt: run.DeadlineAt, AtOnce: run.Spec.Limits.AtOnce, AtOncePerServer: run.Spec.Limits.AtOncePerServer, CanChangeURLs: actor.May(access.SiteEdit),
		ConfirmAbove: confirmAbove,
		ApprovedBy:   run.ApprovedBy, OutsideScope: run.OutsideScope, Delayed: !run.StartsAt.IsZero(), StartsIn: time.Until(run.StartsAt),
		CanCancel: actor.May(access.RunCancel) && run.OutsideScope == 0, CanRerun: actor.May(runs.Right(run.Effect)) && run.OutsideScope == 0,
	}
	view.CanRunOther = actor.May(access.RunStart) && run.OutsideScope == 0
	if inverse, has := operation.Inverse(run.Spec.Operation); has && runs.Within(actor, inverse) && actor.May(runs.Right(inverse.Effect)) {
		view.Inverse = views.RunInverse{Name: inverse.Name, Title: inverse.Title}
	}
	view.CanStartNow = view.Delayed && view.CanRerun
	if o, found := operation.Find(run.Spec.Operation); found {
		view.Endpoint = o.Endpoint
		for _, p := range o.Params {
			if value := run.Spec.Params[p.Name]; value != "" {
				view.Params = append(view.Params, views.RunParam{Label: p.Label, Value: value})
			}
		}
	}
	for _, g := range s.Groups {
		view.Groups = append(view.Groups, views.RunGroup{
			Outcome: string(g.Outcome), Reason: string(g.Reason), Label: g.Reason.Label(), Sentence: g.Reason.Sentence(), Fix: g.Reason.Fix(), Count: g.Count,
		})
	}
	for _, t := range s.Latest {
		view.Latest = append(view.Latest, targetView(t))
	}
	return view
}

func elapsed(run runs.Run) time.Duration {
	switch {
	case run.StartedAt.IsZero():
		return 0
	case run.EndedAt.IsZero():
		return time.Since(run.StartedAt)
	}
	return run.EndedAt.Sub(run.StartedAt)
}

func counts(c runs.Counts) views.RunCounts {
	return views.RunCounts{OK: c.OK, Partial: c.Partial, Skipped: c.Skipped, Failed: c.Failed, Unknown: c.Unknown, NotSent: c.NotSent, Waiting: c.Waiting,
		Running: c.Running}
}

func targetBadge(t runs.Target) string {
	return views.TargetBadge(string(t.State), string(t.Outcome), string(t.Reason))
}

func targetView(t runs.Target) views.RunTarget {
	return views.RunTarget{
		ID: t.ID, RunID: t.RunID, SiteID: t.SiteID, Site: t.SiteName, Home: t.Home, State: string(t.State), Outcome: string(t.Outcome), Reason: string(t.Reason),
		Label: t.Reason.Label(), Status: t.Status, Code: t.Code, Message: t.Message, Note: t.Note, Location: t.Location, Attempts: t.Attempts, EndedAt: t.EndedAt,
		Took:     t.Took,
		Verified: string(t.Verified),
	}
}

// samples are the looks at a site's pages before and after its cache was cleared.
func samples(t runs.Target) []views.Sample {
	all := make([]views.Sample, len(t.Samples))
	for i, s := range t.Samples {
		all[i] = views.Sample{URL: s.URL, Before: s.Before.Says, After: s.After.Says, Found: string(s.Found), Waited: s.Waited}
	}
	return all
}

// where says a selection in words.
func where(sel sites.Selection) string {
	if sel.All {
		return "all sites"
	}
	var parts []string
	add := func(format string, values []string) {
		if len(values) > 0 {
			parts = append(parts, fmt.Sprintf(format, strings.Join(values, " or ")))
		}
	}
	add("client %s", sel.Clients)
	add("tag %s", sel.Tags)
	if sel.State != "" {
		parts = append(parts, "state "+string(sel.State))
	}
	if sel.Query != "" {
		parts = append(parts, "matching “"+sel.Query+"”")
	}
	text := strings.Join(parts, ", ")
	if n := len(sel.IDs) + len(sel.Homes); n > 0 {
		if text != "" {
			text += ", and "
		}
		text += countedSites(n) + " " + originOf(sel.Origin)
	}
	return text
}

// origins say where single sites come from.
var origins = map[string]string{"answers": "from answers of run ", "run": "of run "}

// originOf says in words where single sites come from.
func originOf(origin string) string {
	kind, id, _ := strings.Cut(origin, ":")
	if words, known := origins[kind]; known && len(validation.ParseIDs([]string{id})) == 1 {
		return words + id
	}
	return "selected individually"
}

// whichOf reads which targets of a run are meant.
func whichOf(outcome, reason string) runs.Which {
	which := runs.Which{Reason: wordpress.Reason(reason)}
	switch outcome {
	case "":
	case "trouble":
		which.Outcomes = []wordpress.Outcome{wordpress.Failed, wordpress.Unknown, wordpress.Partial}
	default:
		which.Outcomes = []wordpress.Outcome{wordpress.Outcome(outcome)}
	}
	return which
}

func (s *Server) targets(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	run, err := s.Runner.Run(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	which := whichOf(v.Query("outcome"), v.Query("reason"))
	found, total, err := s.Runner.Targets(v.Request.Context(), v.actor(), runs.TargetFilter{
		Run: id, Outcomes: which.Outcomes, Reason: which.Reason, NoReason: v.Query("outcome") != "" && which.Reason == "", Limit: perPage,
		Offset: (v.page() - 1) * perPage,
	})
	if err != nil {
		return err
	}
	list := views.RunTargets{RunID: id, Title: run.Title, Outcome: v.Query("outcome"), Reason: v.Query("reason"), Label: which.Reason.Label(), Total: int(total),
		Page: v.page(), Per: perPage}
	for _, t := range found {
		list.Rows = append(list.Rows, targetView(t))
	}
	list.Can = v.who().Can
	if v.GetHeader("HX-Request") != "" {
		return v.render(http.StatusOK, views.RunTargetList(list))
	}
	return v.render(http.StatusOK, views.RunTargetsAll(views.RunTargetsPage{Frame: v.frame("Sites by outcome", "runs"), Targets: list}))
}

// approvalView is what the second person sees of a run that waits: exactly what it would do, and whether it is theirs to decide.
func (s *Server) approvalView(v *requestContext, run runs.Run, problems validation.Problems) (*views.ApprovalRequest, error) {
	p, err := s.Runner.PreviewOf(v.Request.Context(), v.actor(), run)
	if err != nil {
		return nil, err
	}
	own := run.Actor.ID == v.member.ID
	approval := &views.ApprovalRequest{
		Preview: previewView(p), Until: run.ApprovalUntil, Own: own, Problem: problems["confirm"],
		CanDecide: !own && run.OutsideScope == 0 && v.actor().May(access.RunApprove) && v.actor().May(runs.Right(run.Effect)),
	}
	approval.Preview.Total, approval.Preview.Asked = run.Total, true
	return approval, nil
}
