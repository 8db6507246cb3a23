package web

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

func (s *Server) importForm(v *requestContext) error {
	kept, found, err := s.Registry.BadLines(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	page := views.Import{Fields: importFields()}
	if found {
		page.Kept, page.KeptUntil = kept.Count, kept.ExpiresAt
	}
	return v.render(http.StatusOK, views.ImportPage(v.frame("Import sites", "sites"), page))
}

// badLines gives the bad lines of the member's last import as a file.
func (s *Server) badLines(v *requestContext) error {
	kept, found, err := s.Registry.BadLines(v.Request.Context(), v.actor())
	if err != nil {
		return err
	}
	if !found {
		return errNoPage
	}
	v.download("drover-import-bad-lines.csv")
	v.Data(http.StatusOK, "text/csv; charset=utf-8", kept.CSV)
	return nil
}

func importFields() []views.Field {
	return []views.Field{{Name: "csv", Label: "Or paste it here", Rows: 8, Mono: true,
		Placeholder: "url,username,application_password,client,tags\nhttps://acme.example,drover,abcd EFGH 1234 ijkl MNOP 5678,Acme,care-plan"}}
}

// longestUpload is what Import reads at the most, and some room for the form around it.
const longestUpload = 17 << 20

// importSites takes an uploaded file, what was pasted, or the file whose preview was shown. Passwords do not come back with the report.
func (s *Server) importSites(v *requestContext) error {
	source, problem, status, err := s.importSource(v)
	if err != nil {
		return err
	}
	if problem != "" {
		return s.importProblem(v, status, problem)
	}
	lines, err := s.Registry.ImportFrom(v.Request.Context(), v.actor(), source)
	if problem := unreadable(err); problem != "" {
		return s.importProblem(v, http.StatusUnprocessableEntity, problem)
	}
	if err != nil {
		return err
	}
	if err := s.Registry.DropUpload(v.Request.Context(), v.actor()); err != nil {
		return err
	}
	return s.reportImport(v, lines)
}

// unreadable says why a file cannot be read, empty for every other error.
func unreadable(err error) string {
	if p, is := errors.AsType[validation.Problems](err); is {
		return p["file"]
	}
	if errors.Is(err, sites.ErrNoHeader) {
		return "T" + strings.TrimPrefix(err.Error(), "t") + "."
	}
	return ""
}

// importSource is the file that a form holds or names, or what is wrong with it.
func (s *Server) importSource(v *requestContext) (source sites.Source, problem string, status int, err error) {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestUpload)
	err = v.parse(1 << 20)
	if errors.Is(err, errTooMuch) {
		return source, "This file is larger than 16 MB. Split it and import the parts one at a time.", http.StatusRequestEntityTooLarge, nil
	}
	if err != nil {
		return source, "", 0, err
	}
	if v.Request.MultipartForm != nil {
		defer v.Request.MultipartForm.RemoveAll()
	}
	if v.PostForm("upload") != "" {
		kept, columns, err := s.Registry.Upload(v.Request.Context(), v.actor())
		if errors.Is(err, sites.ErrNoUpload) || err == nil && maps.Equal(columns, connect.NetworkUpload()) {
			return source, "The file is kept for only an hour, or until you list a network's sites. Choose it again.", http.StatusUnprocessableEntity,
				nil
		}
		return sites.Source{File: bytes.NewReader(kept), Columns: columns}, "", 0, err
	}
	if file, header, err := v.Request.FormFile("file"); err == nil && header.Size > 0 {
		defer file.Close()
		if !slices.Contains([]string{".csv", ".tsv", ".txt", ".xlsx"}, strings.ToLower(path.Ext(header.Filename))) {
			return source, "This is not a CSV file or an Excel workbook (.xlsx). Save the table as one of them and import that file.",
				http.StatusUnprocessableEntity, nil
		}
		text, err := io.ReadAll(file)
		if workbook := bytes.HasPrefix(text, []byte("PK")); err == nil && workbook != strings.EqualFold(path.Ext(header.Filename), ".xlsx") {
			return source, "This is not a CSV file or an Excel workbook (.xlsx), despite its name. Save the table as one of them and import that file.",
				http.StatusUnprocessableEntity, nil
		}
		return sites.Source{File: bytes.NewReader(text)}, "", 0, err
	}
	if strings.TrimSpace(v.PostForm("csv")) == "" {
		return source, "Choose a CSV file or an Excel workbook, or paste a table.", http.StatusUnprocessableEntity, nil
	}
	return sites.Source{File: strings.NewReader(v.PostForm("csv"))}, "", 0, nil
}

func (s *Server) importProblem(v *requestContext, status int, text string) error {
	return v.render(status, views.ImportPage(v.frame("Import sites", "sites"), views.Import{Fields: importFields(), Problem: text}))
}

// mostReported bounds the lines that the page shows: so many bad ones, and so many others.
const mostReported = 200

// reportImport shows what became of the lines, keeps the bad ones, and begins to check the sites that are new or changed.
func (s *Server) reportImport(v *requestContext, lines []sites.Line) error {
	if err := s.Registry.KeepBadLines(v.Request.Context(), v.actor(), lines); err != nil {
		return err
	}
	page := views.Import{Fields: importFields(), Done: true, Counts: map[string]int{}}
	var changed []int64
	shown := map[bool]int{}
	for _, line := range lines {
		page.Counts[string(line.Result)]++
		if bad := !line.Stored(); shown[bad] < mostReported {
			shown[bad]++
			page.Report = append(page.Report, views.ImportLine{Number: line.Number, URL: line.URL, Result: string(line.Result), Reason: cmp.Or(line.Reason, line.Note),
				SiteID: line.SiteID})
		}
		if line.Result == sites.LineAdded || line.Result == sites.LineUpdated {
			changed = append(changed, line.SiteID)
		}
	}
	page.Kept, page.KeptUntil, page.Hidden = page.Counts[string(sites.LineBad)]+page.Counts[string(sites.LineTwice)], time.Now().Add(sites.KeptReport),
		len(lines)-len(page.Report)
	if len(changed) > 0 {
		found, err := s.Registry.Select(v.Request.Context(), v.actor(), sites.Selection{IDs: changed})
		if err != nil {
			return err
		}
		s.checkBehind(v, found)
	}
	return v.render(http.StatusOK, views.ImportPage(v.frame("Import sites", "sites"), page))
}
