package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/views"
)

// runReport is a run on paper, or a client's part of it: what was done, when, by whom, on which sites, verified how, and what came of it.
func (s *Server) runReport(v *requestContext) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	page, err := s.reportOf(v, run)
	if err != nil {
		return err
	}
	if page.Entries, err = s.reportEntries(v, run.ID); err != nil {
		return err
	}
	return v.render(http.StatusOK, views.RunReportPage(page))
}

func (s *Server) reportOf(v *requestContext, run runs.Run) (views.RunReport, error) {
	ctx := v.Request.Context()
	page := views.RunReport{
		Run: run.ID, Title: run.Title, Effect: string(run.Effect), State: string(run.State), By: run.Actor.Name, ApprovedBy: run.ApprovedBy,
		CancelledBy: run.CancelledBy,
		Where:       where(run.Spec.Selection), StartedAt: cmp.Or(run.StartedAt, run.CreatedAt), EndedAt: run.EndedAt, Verify: run.Spec.Verify,
		Client:       v.Query("client"),
		OutsideScope: run.OutsideScope > 0, At: time.Now().UTC(), Reader: v.member.Name, Verification: s.verification(v),
	}
	if o, found := operation.Find(run.Spec.Operation); found {
		page.Sentence, page.Endpoint, page.Params = o.Sentence, o.Endpoint, runParams(o, run)
	}
	clients, err := s.Runner.ClientCounts(ctx, v.actor(), run.ID)
	if err != nil {
		return page, err
	}
	known := page.Client == ""
	for _, c := range clients {
		known = known || c.Client == page.Client
		if c.Client != "" {
			page.Clients = append(page.Clients, views.Option{Value: c.Client, Label: c.Client + " (" + countedSites(c.Sites) + ")"})
		}
	}
	if !known {
		return page, runs.ErrNoRun // a client that has no part in it, or none that the reader may see
	}
	targets, _, err := s.Runner.Targets(ctx, v.actor(), runs.TargetFilter{Run: run.ID, Client: page.Client})
	for _, t := range targets {
		page.Add(reportRow(t))
	}
	return page, err
}

func runParams(o operation.Operation, run runs.Run) []views.RunParam {
	var all []views.RunParam
	for _, p := range o.Params {
		if value := run.Spec.Params[p.Name]; value != "" {
			all = append(all, views.RunParam{Label: p.Label, Value: value})
		}
	}
	return all
}

func reportRow(t runs.Target) views.ReportRow {
	row := views.ReportRow{Site: t.SiteName, Home: t.Home, Client: t.Client, Outcome: targetBadge(t), Status: t.Status,
		Verified: string(t.Verified), EndedAt: t.EndedAt}
	row.Sentence = cmp.Or(t.Note, t.Message)
	if t.Reason != "" {
		row.Sentence = t.Reason.Sentence()
		if t.Note != "" {
			row.Sentence += " " + t.Note
		}
	}
	return row
}

// reportEntries are the audit entries that prove the run, the oldest first, as far as the reader may see them.
func (s *Server) reportEntries(v *requestContext, run int64) ([]views.PrintedEntry, error) {
	if !v.actor().May(access.AuditRead) {
		return nil, nil
	}
	found, _, err := s.Log.Entries(v.Request.Context(), v.actor(), audit.Filter{Subject: access.On("run", run), Outcome: audit.Done, Limit: mostPrinted})
	var all []views.PrintedEntry
	for _, e := range slices.Backward(found) {
		all = append(all, views.PrintedEntry{AuditRow: entryView(e), Hash: e.Hash})
	}
	return all, err
}
