package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// previewImport shows what an import would do, and for what it takes the columns. The file is kept, sealed, until it is imported.
func (s *Server) previewImport(v *requestContext) error {
	source, problem, status, err := s.importSource(v)
	if err != nil {
		return err
	}
	if problem != "" {
		return s.importProblem(v, status, problem)
	}
	text, err := io.ReadAll(source.File)
	if err != nil {
		return err
	}
	ctx, again := v.Request.Context(), v.PostForm("upload") != ""
	if again {
		source.Columns = chosenColumns(v)
		if err := s.Registry.RememberColumns(ctx, v.actor(), text, source.Columns); err != nil {
			return err
		}
	}
	source.File = bytes.NewReader(text)
	p, err := s.Registry.PreviewImport(ctx, v.actor(), source)
	if problem := unreadable(err); problem != "" {
		return s.importProblem(v, http.StatusUnprocessableEntity, problem)
	}
	if err != nil {
		return err
	}
	if err := s.Registry.KeepUpload(ctx, v.actor(), text, source.Columns); err != nil {
		return err
	}
	return v.render(http.StatusOK, views.ImportPreviewPage(v.frame("Import preview", "sites"), importPreviewView(p)))
}

// chosenColumns reads the choices above the columns. Where two name the same field, the first counts.
func chosenColumns(v *requestContext) sites.Columns {
	chosen := sites.Columns{}
	for i := range 100 {
		field := v.PostForm(fmt.Sprintf("column.%d", i+1))
		if _, taken := chosen[field]; field != "" && !taken {
			chosen[field] = fmt.Sprintf("#%d", i+1)
		}
	}
	return chosen
}

func importPreviewView(p sites.Preview) views.ImportPreview {
	view := views.ImportPreview{Sure: p.Sure, Counts: map[string]int{}, Fields: sites.ImportFields()}
	for _, c := range p.Columns {
		view.Columns = append(view.Columns, views.ImportColumn{Header: c.Header, Field: c.Field, Samples: c.Samples})
	}
	shown := map[bool]int{}
	for _, line := range p.Lines {
		view.Counts[string(line.Result)]++
		if line.Note != "" {
			view.Noted++
		}
		if odd := !line.Stored(); shown[odd] < mostReported {
			shown[odd]++
			view.Lines = append(view.Lines, views.ImportLine{Number: line.Number, URL: line.URL, Result: string(line.Result), Reason: line.Reason + line.Note,
				SiteID: line.SiteID})
		}
	}
	view.Hidden = len(p.Lines) - len(view.Lines)
	return view
}
