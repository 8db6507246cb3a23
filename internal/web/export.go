package web

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/spreadsheet"
)

// exportCSV gives a run's targets for a spreadsheet.
func (s *Server) exportCSV(v *requestContext) error {
	run, targets, err := s.allTargets(v)
	if err != nil {
		return err
	}
	return v.stream(file{fmt.Sprintf("drover-run-%d.csv", run.ID), "text/csv; charset=utf-8"}, func(to io.Writer) error { return targetsCSV(to, targets) })
}

func targetsCSV(to io.Writer, targets []runs.Target) error {
	w := spreadsheet.NewWriter(to)
	_ = w.Write("site", "name", "outcome", "reason", "status", "code", "message", "note", "attempts", "took_ms", "ended_at")
	for _, t := range targets {
		ended := ""
		if !t.EndedAt.IsZero() {
			ended = t.EndedAt.Format(time.RFC3339)
		}
		_ = w.Write(t.Home, t.SiteName, string(t.Outcome), string(t.Reason), strconv.Itoa(t.Status), t.Code, t.Message, t.Note,
			strconv.Itoa(t.Attempts), strconv.FormatInt(t.Took.Milliseconds(), 10), ended)
	}
	return w.Flush()
}

func (s *Server) exportJSON(v *requestContext) error {
	run, targets, err := s.allTargets(v)
	if err != nil {
		return err
	}
	rows := make([]map[string]any, len(targets))
	for i, t := range targets {
		rows[i] = map[string]any{
			"site": t.Home, "name": t.SiteName, "outcome": t.Outcome, "reason": t.Reason, "status": t.Status, "code": t.Code, "message": t.Message, "note": t.Note,
			"attempts": t.Attempts, "took_ms": t.Took.Milliseconds(),
		}
	}
	return v.stream(file{fmt.Sprintf("drover-run-%d.json", run.ID), "application/json"}, func(to io.Writer) error {
		encoder := json.NewEncoder(to)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"run": run.ID, "title": run.Title, "state": run.State, "created_at": run.CreatedAt, "targets": rows})
	})
}

func (v *requestContext) download(name string) {
	v.Header("Content-Disposition", `attachment; filename="`+name+`"`)
}
