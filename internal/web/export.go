package web

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/spreadsheet"
)

// export is a run with what happened on each of its sites, for a file.
type export struct {
	run     runs.Run
	targets []runs.Target
	sent    map[int64]runs.Sent
}

// exported reads a run for a file: the whole of it, or a client's part.
func (s *Server) exported(v *requestContext) (e export, err error) {
	if e.run, err = s.runOf(v); err != nil {
		return e, err
	}
	ctx := v.Request.Context()
	if e.targets, _, err = s.Runner.Targets(ctx, v.actor(), runs.TargetFilter{Run: e.run.ID, Client: v.Query("client")}); err != nil {
		return e, err
	}
	e.sent, err = s.Runner.LastRequests(ctx, v.actor(), e.run.ID)
	return e, err
}

// exportCSV gives a run's targets for a spreadsheet.
func (s *Server) exportCSV(v *requestContext) error {
	e, err := s.exported(v)
	if err != nil {
		return err
	}
	return v.stream(file{fmt.Sprintf("drover-run-%d.csv", e.run.ID), "text/csv; charset=utf-8"}, e.csv)
}

// csv has new columns at its end: scripts count on the places of the others.
func (e export) csv(to io.Writer) error {
	w := spreadsheet.NewWriter(to)
	_ = w.Write("site", "name", "outcome", "reason", "status", "code", "message", "note", "attempts", "took_ms", "ended_at",
		"client", "verified", "request", "run", "operation", "person", "approved_by")
	for _, t := range e.targets {
		_ = w.Write(t.Home, t.SiteName, string(t.Outcome), string(t.Reason), strconv.Itoa(t.Status), t.Code, t.Message, t.Note,
			strconv.Itoa(t.Attempts), strconv.FormatInt(t.Took.Milliseconds(), 10), timeOrEmpty(t.EndedAt),
			t.Client, string(t.Verified), e.request(t), strconv.FormatInt(e.run.ID, 10), e.run.Title, e.run.Actor.Name, e.run.ApprovedBy)
	}
	return w.Flush()
}

// request is the last one that the site was sent, in a line.
func (e export) request(t runs.Target) string {
	sent, is := e.sent[t.ID]
	if !is {
		return ""
	}
	return strings.TrimSpace(sent.Method + " " + sent.URL + " " + sent.Body)
}

func (s *Server) exportJSON(v *requestContext) error {
	e, err := s.exported(v)
	if err != nil {
		return err
	}
	return v.stream(file{fmt.Sprintf("drover-run-%d.json", e.run.ID), "application/json"}, e.json)
}

func (e export) json(to io.Writer) error {
	rows := make([]map[string]any, len(e.targets))
	for i, t := range e.targets {
		sent := e.sent[t.ID]
		rows[i] = map[string]any{
			"site": t.Home, "name": t.SiteName, "client": t.Client, "outcome": t.Outcome, "reason": t.Reason, "status": t.Status, "code": t.Code, "message": t.Message,
			"note": t.Note, "attempts": t.Attempts, "took_ms": t.Took.Milliseconds(), "ended_at": timeOrEmpty(t.EndedAt), "verified": t.Verified,
			"request": map[string]string{"method": sent.Method, "url": sent.URL, "body": sent.Body},
		}
	}
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"run": e.run.ID, "title": e.run.Title, "operation": e.run.Spec.Operation, "state": e.run.State, "created_at": e.run.CreatedAt,
		"ended_at": timeOrEmpty(e.run.EndedAt),
		"by":       e.run.Actor.Name, "approved_by": e.run.ApprovedBy, "verify": e.run.Spec.Verify, "targets": rows,
	})
}
