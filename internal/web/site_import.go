package web

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

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

// importSites takes an uploaded file, or what was pasted. Passwords that were pasted do not come back with the report.
func (s *Server) importSites(v *requestContext) error {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestUpload)
	err := v.parse(1 << 20)
	if errors.Is(err, errTooMuch) {
		return s.importProblem(v, http.StatusRequestEntityTooLarge, "This file is larger than 16 MB. Split it and import the parts one at a time.")
	}
	if err != nil {
		return err
	}
	if v.Request.MultipartForm != nil {
		defer v.Request.MultipartForm.RemoveAll()
	}
	var source io.Reader = strings.NewReader(v.PostForm("csv"))
	if file, header, err := v.Request.FormFile("file"); err == nil && header.Size > 0 {
		defer file.Close()
		if !slices.Contains([]string{".csv", ".tsv", ".txt"}, strings.ToLower(path.Ext(header.Filename))) {
			return s.importProblem(v, http.StatusUnprocessableEntity, "This is not a CSV file. Save the spreadsheet as CSV and import that file.")
		}
		source = file
	} else if strings.TrimSpace(v.PostForm("csv")) == "" {
		return s.importProblem(v, http.StatusUnprocessableEntity, "Choose a CSV file, or paste its contents.")
	}
	lines, err := s.Registry.Import(v.Request.Context(), v.actor(), source)
	if p, is := errors.AsType[validation.Problems](err); is {
		return s.importProblem(v, http.StatusUnprocessableEntity, p["file"])
	}
	if errors.Is(err, sites.ErrNoHeader) {
		return s.importProblem(v, http.StatusUnprocessableEntity, "T"+strings.TrimPrefix(err.Error(), "t")+".")
	}
	if err != nil {
		return err
	}
	return s.reportImport(v, lines)
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
		if bad := line.Result == sites.LineBad; shown[bad] < mostReported {
			shown[bad]++
			page.Report = append(page.Report, views.ImportLine{Number: line.Number, URL: line.URL, Result: string(line.Result), Reason: cmp.Or(line.Reason, line.Note),
				SiteID: line.SiteID})
		}
		if line.Result == sites.LineAdded || line.Result == sites.LineUpdated {
			changed = append(changed, line.SiteID)
		}
	}
	page.Kept, page.KeptUntil, page.Hidden = page.Counts[string(sites.LineBad)], time.Now().Add(sites.KeptReport), len(lines)-len(page.Report)
	if len(changed) > 0 {
		found, err := s.Registry.Select(v.Request.Context(), v.actor(), sites.Selection{IDs: changed})
		if err != nil {
			return err
		}
		s.checkBehind(v, found)
	}
	return v.render(http.StatusOK, views.ImportPage(v.frame("Import sites", "sites"), page))
}
