package web

import (
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

func (s *Server) exchange(v *requestContext) error {
	id, err := v.number("id")
	if err != nil {
		return err
	}
	targetID, err := v.number("target")
	if err != nil {
		return err
	}
	run, err := s.Runner.Run(v.Request.Context(), v.actor(), id)
	if err != nil {
		return err
	}
	target, attempts, err := s.Runner.Target(v.Request.Context(), v.actor(), id, targetID)
	if err != nil {
		return err
	}
	page := views.ExchangePage{Frame: v.frame(target.SiteName, "runs"), RunTitle: run.Title, Target: targetView(target), Sentence: target.Reason.Sentence(),
		Fix: target.Reason.Fix(), Samples: samples(target)}
	if run.Spec.Form != "" && target.Reason == wordpress.ReasonInvalidInput {
		page.Form = fmt.Sprintf("/endpoints/form?%s&run=%d&target=%d", run.Spec.Form, run.ID, target.ID)
	}
	sentTo := ""
	if len(attempts) > 0 {
		sentTo = attempts[len(attempts)-1].URL
	}
	if screen, is := wordpress.ScreenFor(target.Reason, target.Code, sentTo); is {
		page.Screen = views.AdminLink{URL: screen.URL(target.Home), Label: screen.Label}
	}
	page.RedirectedTo, page.SameDomain = wordpress.RedirectedHome(target.Home, target.Location)
	page.CanChangeURL = v.actor().May(access.SiteEdit)
	for _, a := range attempts {
		view := attemptView(a)
		view.Removed = run.Expired >= runs.AnswersExpired
		page.Attempts = append(page.Attempts, view)
	}
	page.Removed = run.Expired >= runs.AttemptsExpired
	if page.Previous, page.Next, err = s.neighbours(v, target); err != nil {
		return err
	}
	return v.render(http.StatusOK, views.Exchange(page))
}

// neighbours are the targets beside this one among those of the run with the same result, 0 where there is none.
func (s *Server) neighbours(v *requestContext, t runs.Target) (before, after int64, err error) {
	filter := runs.TargetFilter{Run: t.RunID, Outcomes: []wordpress.Outcome{t.Outcome}, Reason: t.Reason, NoReason: t.Reason == "" && t.Outcome != "",
		State: t.State}
	if t.Outcome == "" {
		filter.Outcomes = nil
	}
	all, _, err := s.Runner.Targets(v.Request.Context(), v.actor(), filter)
	i := slices.IndexFunc(all, func(other runs.Target) bool { return other.ID == t.ID })
	if i > 0 {
		before = all[i-1].ID
	}
	if i >= 0 && i+1 < len(all) {
		after = all[i+1].ID
	}
	return before, after, err
}

func attemptView(a runs.Attempt) views.Attempt {
	view := views.Attempt{
		N: a.N, Method: a.Method, URL: a.URL, Override: a.Override, RequestBody: a.RequestBody, Sent: a.Sent, Status: a.Status,
		Body:    strings.ToValidUTF8(string(a.Body), "�"),
		BodyCut: a.BodyCut, Fault: a.Fault, Outcome: string(a.Outcome), Reason: a.Reason.Label(), Address: a.Address, StartedAt: a.StartedAt, Took: a.Took,
		Waited: a.Waited,
	}
	for name, values := range a.Header {
		for _, value := range values {
			view.Headers = append(view.Headers, views.Header{Name: name, Value: value})
		}
	}
	sort.Slice(view.Headers, func(i, j int) bool { return view.Headers[i].Name < view.Headers[j].Name })
	return view
}
