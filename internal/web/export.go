package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/runs"
)

// exportCSV gives a run's targets for a spreadsheet. A text that a spreadsheet would take for a formula gets an apostrophe before it.
func (s *Server) exportCSV(v *visit) error {
	run, targets, err := s.allTargets(v)
	if err != nil {
		return err
	}
	return v.stream(file{fmt.Sprintf("drover-run-%d.csv", run.ID), "text/csv; charset=utf-8"}, func(to io.Writer) error { return targetsCSV(to, targets) })
}

func targetsCSV(to io.Writer, targets []runs.Target) error {
	w := csv.NewWriter(to)
	_ = w.Write([]string{"site", "name", "outcome", "reason", "status", "code", "message", "note", "attempts", "took_ms", "ended_at"})
	for _, t := range targets {
		ended := ""
		if !t.EndedAt.IsZero() {
			ended = t.EndedAt.Format(time.RFC3339)
		}
		_ = w.Write([]string{tame(t.Home), tame(t.SiteName), string(t.Outcome), string(t.Reason), strconv.Itoa(t.Status), tame(t.Code), tame(t.Message), tame(t.Note),
			strconv.Itoa(t.Attempts), strconv.FormatInt(t.Took.Milliseconds(), 10), ended})
	}
	w.Flush()
	return w.Error()
}

// begins are the characters that a formula can begin with, the wide ones of East Asian keyboards too (OWASP: CSV injection).
const begins = "=+-@\t\r\n＝＋－＠"

// tame makes a text harmless that came from a site.
func tame(text string) string {
	if first, size := utf8.DecodeRuneInString(text); size > 0 && strings.ContainsRune(begins, first) {
		return "'" + text
	}
	return text
}

func (s *Server) exportJSON(v *visit) error {
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

func (v *visit) download(name string) {
	v.Header("Content-Disposition", `attachment; filename="`+name+`"`)
}
