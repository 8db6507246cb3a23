package web_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// A report says what, when, by whom, where, verified how and with what outcome, and proves it by the hashes of the audit log.
func TestReport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		admin := h.signIn(t, access.Admin)
		run, err := h.runner.Start(t.Context(), access.Actor{Kind: access.KindMember, ID: 1, Name: "Mara Lindqvist", Role: access.Owner},
			runs.Spec{Operation: "clear-cache", Params: map[string]string{"purge_type": "all"}, Verify: true, Selection: sites.Selection{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, run.ID)
		finished, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Subject: access.On("run", run.ID), Action: access.RunFinish})
		if err != nil || len(finished) != 1 || !strings.Contains(string(finished[0].Detail), `"verified"`) {
			t.Fatalf("the audit log: %v %v", err, finished)
		}
		path := "/runs/4/report"
		status, body := admin.get(path)
		for _, want := range []string{"Mara Lindqvist", "Acme shop", "Zulu secret", "2 sites", "succeeded", "/bigscoots-cache/v2/clear-cache", "All sites",
			"loaded before and after", finished[0].Hash} {
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("the report: %d without %q", status, want)
			}
		}
		for _, frame := range []string{"<aside", `aria-label="Main"`} {
			if strings.Contains(body, frame) {
				t.Errorf("a page to print holds %s", frame)
			}
		}
		if status, body = admin.get(path + "?client=Acme"); status != http.StatusOK || !strings.Contains(body, "1 site:") || strings.Contains(body, "Zulu secret") {
			t.Errorf("a client's part: %d", status)
		}
		if status, _ = admin.get(path + "?client=Nobody"); status != http.StatusNotFound {
			t.Errorf("of a client that has no part in it: %d", status)
		}
		scoped := h.signInRestricted(t, access.Viewer, access.Restriction{Clients: []string{"Acme"}})
		if status, body = scoped.get(path); status != http.StatusOK || !strings.Contains(body, "Acme shop") || strings.Contains(body, "Zulu") ||
			strings.Contains(body, finished[0].Hash) {
			t.Errorf("a member held to a client: %d", status)
		}
		if status, _ = scoped.get(path + "?client=Zulu"); status != http.StatusNotFound {
			t.Errorf("another client's part: %d", status)
		}
		exported(t, admin)
	})
}

// exported looks at the files of run 4.
func exported(t *testing.T, p person) {
	t.Helper()
	_, text := p.get("/runs/4/export.csv?client=" + url.QueryEscape("Acme"))
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil || len(lines) != 2 {
		t.Fatalf("%v %v", err, lines)
	}
	for name, want := range map[string]string{"client": "Acme", "person": "Mara Lindqvist", "run": "4", "operation": "Clear the whole cache"} {
		if at := slices.Index(lines[0], name); at < 0 || lines[1][at] != want {
			t.Errorf("%s: %v %v", name, lines[0], lines[1])
		}
	}
	if at := slices.Index(lines[0], "request"); !strings.HasPrefix(lines[1][at], "PATCH https://") || !strings.Contains(lines[1][at], "purge_type") {
		t.Errorf("the request: %s", lines[1][at])
	}
	if at := slices.Index(lines[0], "verified"); lines[1][at] == "" {
		t.Error("nothing says how it was verified")
	}
	for _, want := range []string{`"client": "Zulu"`, `"by": "Mara Lindqvist"`, `"verify": true`, `"method": "PATCH"`} {
		if _, text := p.get("/runs/4/export.json"); !strings.Contains(text, want) {
			t.Errorf("the JSON has no %s", want)
		}
	}
}

// A report keeps the client that a site belonged to when the run started.
func TestReportKeepsTheClient(t *testing.T) {
	h := divided(t, dbtest.SQLite(t))
	admin := h.signIn(t, access.Admin)
	if _, err := h.registry.Edit(t.Context(), shell, 1, sites.Draft{URL: h.fake.URL(0), Name: "Acme shop", Client: "Nordwind"}); err != nil {
		t.Fatal(err)
	}
	if status, body := admin.get("/runs/3/report?client=Acme"); status != http.StatusOK || !strings.Contains(body, "Acme shop") {
		t.Errorf("%d %.200s", status, body)
	}
}
