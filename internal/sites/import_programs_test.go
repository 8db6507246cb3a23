package sites_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

// workbook is a file of Excel with the rows of a list.
func workbook(t *testing.T) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range [][]any{{"Site URL", "Admin username", "Application Password", "Client", "Tags"},
		{"https://one.example", "agency", "abcd EFGH 1234 ijkl MNOP 5678", "Acme", "care-plan"}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each program's export is recognized by its own header line, without any choice by a person. What holds no passwords says so.
func TestEveryProgramsColumnsAreRecognized(t *testing.T) {
	t.Parallel()
	h := newTestRegistry(t, dbtest.SQLite(t), nil)
	const login = "url username application_password"
	for file, fields := range map[string]string{
		"chrome.csv": login + " name", "firefox.csv": login, "safari.csv": login + " name", "1password.csv": login + " name tags",
		"bitwarden.csv": login + " name", "lastpass.csv": login + " name", "keepass.csv": login, "keepassxc.csv": login + " name",
		"dashlane.csv": login + " name", "google-sheets.csv": login + " client tags", "spreadsheet.csv": login + " client tags", "excel.xlsx": login + " client tags",
		"mainwp.csv": "url username name", "managewp.csv": "url name client tags",
	} {
		text := []byte(nil)
		if file == "excel.xlsx" {
			text = workbook(t)
		} else if read, err := os.ReadFile(filepath.Join("testdata/import", file)); err == nil {
			text = read
		}
		p, err := h.registry.PreviewImport(t.Context(), admin, sites.Source{File: bytes.NewReader(text)})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got := map[string]bool{}
		for _, c := range p.Columns {
			if c.Field != "" {
				got[c.Field] = true
			}
		}
		want := map[string]bool{}
		for field := range strings.FieldsSeq(fields) {
			want[field] = true
		}
		if !maps.Equal(got, want) || p.Sure != want["application_password"] {
			t.Errorf("%s: %v, sure %v; want %s", file, slices.Sorted(maps.Keys(got)), p.Sure, fields)
		}
	}
}
