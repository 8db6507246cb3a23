package sites_test

import (
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// What a preview says of each line is what the import then does with it, and the preview itself stores nothing.
func TestAPreviewForetellsTheImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for _, host := range []string{"same", "changed", "listed"} {
			draft := sites.Draft{URL: "https://" + host + ".example", Client: "Acme", Username: "u", Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678")}
			if _, err := h.registry.Add(t.Context(), owner, draft); err != nil {
				t.Fatal(err)
			}
		}
		const password = ",u,abcd EFGH 1234 ijkl MNOP 5678,"
		file := "url,username,application_password,client\n" +
			"https://new.example" + password + "Acme\n" + "https://www.new.example" + password + "Acme\n" + "https://same.example" + password + "Acme\n" +
			"https://changed.example" + password + "Zulu\n" + "https://www.listed.example" + password + "Acme\n" + "no address" + password + "Acme\n" +
			"https://nobody.example,,,\n"
		want := []sites.LineResult{sites.LineAdded, sites.LineTwice, sites.LineUnchanged, sites.LineUpdated, sites.LineTwice, sites.LineBad, sites.LineBad}
		preview, err := h.registry.PreviewImport(t.Context(), owner, sites.Source{File: strings.NewReader(file)})
		if err != nil {
			t.Fatal(err)
		}
		if all, err := h.registry.Select(t.Context(), owner, sites.Selection{All: true}); err != nil || len(all) != 3 {
			t.Fatalf("%d sites after the preview, %v", len(all), err)
		}
		lines, err := h.registry.ImportFrom(t.Context(), owner, sites.Source{File: strings.NewReader(file)})
		if err != nil || len(lines) != len(want) || len(preview.Lines) != len(want) {
			t.Fatalf("%d and %d lines, %v", len(preview.Lines), len(lines), err)
		}
		for i := range want {
			if preview.Lines[i].Result != want[i] || lines[i].Result != want[i] {
				t.Errorf("line %d: %s was foretold, %s was done, want %s", lines[i].Number, preview.Lines[i].Result, lines[i].Result, want[i])
			}
		}
	})
}
