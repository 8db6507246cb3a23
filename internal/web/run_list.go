package web

import (
	"net/http"
	"time"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

func (s *Server) runs(v *requestContext) error {
	f := views.RunsFilter{Operation: v.Query("operation"), State: v.Query("state"), Actor: v.Query("actor"), Has: v.Query("has"), Since: v.Query("since"),
		Until: v.Query("until"), Problems: map[string]string{}}
	filter := runs.Filter{
		Operation: f.Operation, State: runs.State(f.State), Actor: f.Actor, Has: wordpress.Outcome(f.Has), Limit: perPage, Offset: (v.page() - 1) * perPage,
		Since: day(f.Since, "since", f.Problems), Until: day(f.Until, "until", f.Problems),
	}
	if ids := validation.ParseIDs([]string{v.Query("site")}); len(ids) == 1 {
		site, err := s.Registry.Site(v.Request.Context(), v.actor(), ids[0])
		if err != nil {
			return err
		}
		f.Site, f.SiteName, filter.Site = site.ID, site.Name, site.ID
	}
	listed, total, err := s.Runner.Runs(v.Request.Context(), v.actor(), filter)
	if err != nil {
		return err
	}
	actors, err := s.Runner.Actors(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	page := views.RunsPage{Frame: v.frame("Runs", "runs"), Filter: f, Actors: actors, Rows: runRows(listed), Total: int(total), Page: v.page(), Per: perPage}
	if page.Saved, err = s.savedViews(v, audit.RunViews); err != nil {
		return err
	}
	for _, o := range operation.Builtins() {
		page.Operations = append(page.Operations, views.Option{Value: o.Name, Label: o.Title})
	}
	return v.render(http.StatusOK, views.Runs(page))
}

func runRows(listed []runs.Listed) []views.RunRow {
	rows := make([]views.RunRow, len(listed))
	for i, run := range listed {
		rows[i] = views.RunRow{
			ID: run.ID, Title: run.Title, Effect: string(run.Effect), State: string(run.State), Actor: run.Actor.Name, Total: run.Total, Counts: counts(run.Counts),
			Where: where(run.Spec.Selection), RerunOf: run.RerunOf, Fault: run.Fault, CreatedAt: run.CreatedAt, StartedAt: run.StartedAt, EndedAt: run.EndedAt,
		}
	}
	return rows
}

// day reads a date, or a time, as a filter's field has it.
func day(text, field string, problems map[string]string) time.Time {
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			if field == "until" && layout == time.DateOnly {
				at = at.AddDate(0, 0, 1) // the day itself is meant too
			}
			return at
		}
	}
	problems[field] = "Enter a date such as 2026-01-31."
	return time.Time{}
}
