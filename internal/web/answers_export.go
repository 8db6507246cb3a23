package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/spreadsheet"
)

// exportAnswers gives the table as CSV, JSON or JSON Lines, filtered and sorted as the address says.
func (s *Server) exportAnswers(v *visit) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	t, err := s.tabulate(v, run, v.Request.URL.Query())
	if err != nil {
		return err
	}
	t.narrow(v.Request.URL.Query())
	var b bytes.Buffer
	kind, mime := path.Base(v.Request.URL.Path), ""
	switch kind {
	case "answers.csv":
		mime, err = "text/csv; charset=utf-8", t.csv(&b)
	case "answers.json":
		mime, err = "application/json", t.json(&b)
	case "answers.jsonl":
		mime, err = "application/jsonl", t.lines(&b)
	default:
		return errNoPage
	}
	if err != nil {
		return err
	}
	v.download(fmt.Sprintf("drover-run-%d-%s", run.ID, kind))
	v.Data(http.StatusOK, mime, b.Bytes())
	return nil
}

func (t *tabulated) csv(b *bytes.Buffer) error {
	w := spreadsheet.NewWriter(b)
	head := []string{"site"}
	for _, c := range t.columns {
		head = append(head, c.Name)
	}
	_ = w.Write(head...)
	for _, r := range t.rows {
		line := []string{t.sites[r.Site].Home}
		for _, cell := range r.Cells {
			line = append(line, endpoint.Show(cell))
		}
		_ = w.Write(line...)
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

func (t *tabulated) json(b *bytes.Buffer) error {
	all := make([]map[string]any, len(t.rows))
	for i, r := range t.rows {
		all[i] = t.object(r)
	}
	encoder := json.NewEncoder(b)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

func (t *tabulated) lines(b *bytes.Buffer) error {
	encoder := json.NewEncoder(b)
	for _, r := range t.rows {
		if err := encoder.Encode(t.object(r)); err != nil {
			return err
		}
	}
	return nil
}
