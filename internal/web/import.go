package web

import (
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

func (s *Server) importForm(v *visit) error {
	return v.render(http.StatusOK, views.ImportPage(v.frame("Import sites", "sites"), views.Import{Fields: importFields()}))
}

func importFields() []views.Field {
	return []views.Field{{Name: "csv", Label: "Or paste it here", Rows: 8, Mono: true, Placeholder: "url,username,application_password,client,tags\nhttps://acme.example,drover,abcd EFGH 1234 ijkl MNOP 5678,Acme,care-plan"}}
}

// longestUpload is what Import reads at the most, and some room for the form around it.
const longestUpload = 17 << 20

// importSites takes an uploaded file, or what was pasted. Passwords that were pasted do not come back with the report.
func (s *Server) importSites(v *visit) error {
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
	if p, is := errors.AsType[sites.Problems](err); is {
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

func (s *Server) importProblem(v *visit, status int, text string) error {
	return v.render(status, views.ImportPage(v.frame("Import sites", "sites"), views.Import{Fields: importFields(), Problem: text}))
}

// reportImport shows what became of each line, and begins to check the sites that are new or changed.
func (s *Server) reportImport(v *visit, lines []sites.Line) error {
	page := views.Import{Fields: importFields(), Done: true, Counts: map[string]int{}}
	var changed []int64
	for _, line := range lines {
		page.Counts[string(line.Result)]++
		page.Report = append(page.Report, views.ImportLine{Number: line.Number, URL: line.URL, Result: string(line.Result), Reason: line.Reason, SiteID: line.SiteID})
		if line.Result == sites.LineAdded || line.Result == sites.LineUpdated {
			changed = append(changed, line.SiteID)
		}
	}
	if len(changed) > 0 {
		found, err := s.Registry.Select(v.Request.Context(), v.actor(), sites.Selection{IDs: changed})
		if err != nil {
			return err
		}
		s.checkBehind(v, found)
	}
	return v.render(http.StatusOK, views.ImportPage(v.frame("Import sites", "sites"), page))
}
