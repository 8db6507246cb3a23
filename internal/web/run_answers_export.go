package web

import (
	"encoding/json"
	"fmt"
	"io"
	"path"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/validation"
)

// exportAnswers gives the table as CSV, JSON or JSON Lines, filtered and sorted as the address says.
func (s *Server) exportAnswers(v *requestContext) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	return s.withPlace(v, func(place *expression.Place) error { return s.sendAnswers(v, place, run) })
}

func (s *Server) sendAnswers(v *requestContext, place *expression.Place, run runs.Run) error {
	t, err := s.tabulate(v, place, run, v.Request.URL.Query())
	if err != nil {
		return err
	}
	if t.problem != "" { // a file without rows would look as if there were none
		return validation.Problems{"columns": t.problem}
	}
	t.narrow(v.Request.URL.Query())
	kind := path.Base(v.Request.URL.Path)
	name := fmt.Sprintf("drover-run-%d-%s", run.ID, kind)
	switch kind {
	case "answers.csv":
		return v.stream(file{name, "text/csv; charset=utf-8"}, t.csv)
	case "answers.json":
		return v.stream(file{name, "application/json"}, t.json)
	case "answers.jsonl":
		return v.stream(file{name, "application/jsonl"}, t.lines)
	}
	return errNoPage
}

// csv has a column for what is wrong where something is: rows that were left out must not look as if there were none.
func (t *tabulated) csv(to io.Writer) error {
	w := spreadsheet.NewWriter(to)
	head := []string{"site"}
	for _, c := range t.columns {
		head = append(head, c.Name)
	}
	if t.broken {
		head = append(head, "error")
	}
	_ = w.Write(head...) // Flush tells
	for _, r := range t.rows {
		line := []string{t.sites[r.Site].Home}
		for _, cell := range r.Cells {
			line = append(line, endpoint.Show(cell))
		}
		if t.broken {
			line = append(line, r.Error)
		}
		if err := w.Write(line...); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (t *tabulated) object(r endpoint.Row) map[string]any {
	row := map[string]any{"site": t.sites[r.Site].Home}
	for i, c := range t.columns {
		row[c.Name] = r.Cells[i]
	}
	if r.Error != "" {
		row["error"] = r.Error
	}
	return row
}

func (t *tabulated) json(to io.Writer) error {
	for i, r := range t.rows {
		text, err := json.MarshalIndent(t.object(r), "  ", "  ")
		if err != nil {
			return err
		}
		before := ",\n  "
		if i == 0 {
			before = "[\n  "
		}
		if _, err := io.WriteString(to, before+string(text)); err != nil {
			return err
		}
	}
	end := "\n]\n"
	if len(t.rows) == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(to, end)
	return err
}

func (t *tabulated) lines(to io.Writer) error {
	encoder := json.NewEncoder(to)
	for _, r := range t.rows {
		if err := encoder.Encode(t.object(r)); err != nil {
			return err
		}
	}
	return nil
}
