package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// The conditions of a table hold for the same row, versions count as versions, and the sites that are left are those of the run.
func TestAnswersWithSeveralConditions(t *testing.T) {
	h := newTestServer(t, make([]wptest.Site, 6)...)
	h.addSites(t)
	run, err := h.runner.Start(t.Context(), shell, runs.Spec{Operation: "request", Params: map[string]string{"method": "GET", "path": "/wp/v2/plugins"},
		Selection: sites.Selection{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	p := h.signIn(t, access.Admin)
	_, csv := p.get("/runs/1/answers.csv?columns=" + url.QueryEscape("plugin: .plugin\nversion: .version"))
	older := map[string]bool{} // by hand, of the file that has no condition
	var versions []string
	for _, line := range strings.Split(strings.TrimSpace(csv), "\n")[1:] {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if strings.Contains(cells[1], "akismet") {
			versions = append(versions, cells[2])
		}
	}
	if len(versions) != 6 {
		t.Fatalf("the simulated sites have no Akismet: %s", csv)
	}
	newest := versions[0]
	for _, v := range versions {
		if newer(v, newest) {
			newest = v
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(csv), "\n")[1:] {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if strings.Contains(cells[1], "akismet") && newer(newest, cells[2]) {
			older[cells[0]] = true
		}
	}
	q := url.Values{"columns": {"plugin: .plugin\nversion: .version"}, "column": {"0", "1"}, "op": {"contains", "<"}, "value": {"akismet", newest}}
	status, page := p.get("/runs/1/answers?" + q.Encode())
	for _, want := range []string{"plugin contains “akismet”", "version is older than " + newest, fmt.Sprintf("Run on %d site", len(older))} {
		if len(older) > 0 && (status != http.StatusOK || !strings.Contains(page, want)) {
			t.Errorf("%d, the page does not say %q", status, want)
		}
	}
	_, draft := p.get("/run?" + url.Values{"answers": {"1"}, "answers.q": {q.Encode()}}.Encode())
	if got := strings.Count(draft, `name="site"`); got != len(older) {
		t.Errorf("%d sites are chosen for the run, want %d", got, len(older))
	}
}

// newer compares 5.10 and 5.9 the way people do.
func newer(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if len(x[i]) != len(y[i]) {
			return len(x[i]) > len(y[i])
		}
		if x[i] != y[i] {
			return x[i] > y[i]
		}
	}
	return len(x) > len(y)
}

// A table of another's run chooses nothing for somebody who may not see that run.
func TestAnswersOfAnotherRunChooseNothing(t *testing.T) {
	h := divided(t, dbtest.SQLite(t))
	p := h.signInRestricted(t, access.Operator, access.Restriction{Clients: []string{"Acme"}})
	if status, _ := p.get("/run?answers=2&answers.q="); status != http.StatusNotFound {
		t.Errorf("%d", status)
	}
	if _, body := p.get("/run?answers=3&answers.q="); strings.Contains(body, "Zulu") {
		t.Error("it tells of another client's site")
	}
	for _, bad := range []string{"/run?answers=x", "/run?answers=3&answers.q=%25zz", "/run?answers=999"} {
		if status, _ := p.get(bad); status >= 500 {
			t.Errorf("%s: %d", bad, status)
		}
	}
}

// Status is a table of what it tells, spelled out.
func TestStatusIsSpelledOut(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{Fault: wptest.CacheDisabled}, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	h.runAll(t, "status")
	_, page := h.signIn(t, access.Viewer).get("/runs/1/answers")
	for _, want := range []string{">cache<", ">version<", ">mode<", ">environment<", "Enabled", "Disabled", "Production", "highlighted value differs"} {
		if !strings.Contains(page, want) {
			t.Errorf("the table does not hold %s", want)
		}
	}
}
