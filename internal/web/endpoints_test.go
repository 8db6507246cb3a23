package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func contains(t *testing.T, what, page string, wanted ...string) {
	t.Helper()
	for _, each := range wanted {
		if !strings.Contains(page, each) {
			t.Errorf("%s does not say %q: %.600s", what, each, page[strings.Index(page, "<main"):])
		}
	}
}

func TestExplorerToRun(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example"}, wptest.Site{Host: "two.example"}, wptest.Site{Host: "broken.example", Fault: wptest.Maintenance})
	h.addSites(t)
	p := h.signIn(t, access.Admin) // it changes a plugin
	_, page := p.get("/endpoints?all=1")
	contains(t, "the explorer", page, "on 2 sites", "/wp/v2/posts/{id}", "in maintenance", "Get site information", "on 1 of 2", "1 site has no abilities")
	if _, page = p.get("/endpoints?all=1&words=plugins+status"); strings.Contains(page, "/wp/v2/posts/{id}") ||
		!strings.Contains(page, "/wp/v2/plugins/{plugin}") {
		t.Error("the search does not narrow")
	}
	before := h.fake.Requests()
	p.get("/endpoints?all=1&site=1")
	if now := h.fake.Requests(); now > before+2 { // the broken one is asked again
		t.Errorf("the kept indexes were fetched again: %d requests", now-before)
	}

	form := url.Values{"all": {"1"}, "route": {"/wp/v2/plugins/{plugin}"}, "method": {"PATCH"}, "f.plugin": {"../evil"}, "f.status": {"active"}}
	status, page := p.post("/endpoints/form", form)
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, "does not match the form") || !strings.Contains(page, `value="../evil"`) {
		t.Errorf("a wrong variable: %d", status)
	}
	form.Set("f.plugin", "akismet/akismet")
	status, to := p.post("/endpoints/form", form)
	if status != http.StatusSeeOther {
		t.Fatalf("a right form: %d %s", status, to)
	}
	_, page = p.get(to)
	contains(t, "the form of the run", page, "/wp/v2/plugins/akismet/akismet", "&#34;status&#34;: &#34;active&#34;", "3 sites")

	_, to = p.post("/endpoints/form", url.Values{"all": {"1"}, "ability": {"acme/empty-trash"}, "method": {"DELETE"}})
	status, page = p.get(to)
	if status != http.StatusOK || !strings.Contains(page, "/wp-abilities/v1/abilities/acme/empty-trash/run") {
		t.Errorf("an ability: %d", status)
	}
	if status, _ := p.get("/endpoints/form?all=1&route=/none&method=GET"); status != http.StatusNotFound {
		t.Errorf("a route that is none: %d", status)
	}
}

func TestAnswersAsATable(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example", Name: "=HYPERLINK(1)"}, wptest.Site{Host: "two.example"}, wptest.Site{Host: "three.example"},
		wptest.Site{Host: "gone.example", Fault: wptest.Maintenance})
	h.addSites(t)
	run := func(params map[string]string) runs.Run {
		t.Helper()
		r, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "request", Params: params, Selection: sites.Selection{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, r.ID)
		return r
	}
	run(map[string]string{"method": "GET", "path": "/wp/v2/plugins"})
	p := h.signIn(t, access.Viewer)
	_, page := p.get("/runs/1/answers")
	contains(t, "the table", page, "akismet/akismet", "1 site returned no usable answer", "of 3 sites")
	_, page = p.get("/runs/1/answers?columns=" + url.QueryEscape("plugin: .plugin\nversion: .version") + "&column=0&op=%3D&value=akismet/akismet&group=1&sort=1")
	contains(t, "the filtered table", page, "<strong class=\"font-semibold\">3 rows</strong>", ">5.0<", "1 row")
	if _, page = p.get("/runs/1/answers?columns=.["); !strings.Contains(page, "is not a jq expression") {
		t.Error("a wrong expression is not named")
	}
	_, csv := p.get("/runs/1/answers.csv?columns=" + url.QueryEscape("evil: \"=1+1\"\nnegative: -1"))
	if !strings.HasPrefix(csv, "site,evil,negative\n") || !strings.Contains(csv, ",'=1+1,'-1") {
		t.Errorf("a formula is exported: %.200s", csv)
	}
	if _, lines := p.get("/runs/1/answers.jsonl?columns=.plugin"); strings.Count(lines, "\n") < 6 ||
		!strings.Contains(lines, `{"plugin":"akismet/akismet","site":"https://one.example`) {
		t.Errorf("%.300s", lines)
	}

	run(map[string]string{"method": "GET", "path": "/wp/v2/posts"})
	h.fake.SetFault(1, wptest.NoPlugin)
	run(map[string]string{"method": "GET", "path": "/wp/v2/posts"})
	_, page = p.get("/runs/3/compare?with=2")
	contains(t, "a comparison without changes", page, "0 rows changed", "9 have not changed")
	if status, _ := p.get("/runs/3/compare?with=999"); status != http.StatusNotFound {
		t.Errorf("a comparison with nothing: %d", status)
	}
}

func TestSavedOperations(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example"})
	h.addSites(t)
	p := h.signIn(t, access.Operator)
	_, page := p.get("/operations")
	contains(t, "the list", page, "Plugins and versions", "Built in")
	status, page := p.post("/operations/new", url.Values{"p.method": {"GET"}, "p.path": {"/wp/v2/users"}})
	if status != http.StatusOK || !strings.Contains(page, `value="/wp/v2/users"`) {
		t.Errorf("the form is not filled in: %d", status)
	}
	form := url.Values{"name": {""}, "method": {"GET"}, "path": {"/wp/v2/users"}, "columns": {"user: .username"}, "sentence": {"<script>alert(1)</script>"}}
	if status, page = p.post("/operations", form); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Enter a name") ||
		!strings.Contains(page, "user: .username") {
		t.Errorf("without a name: %d", status)
	}
	form.Set("name", "Users")
	if status, _ = p.post("/operations", form); status != http.StatusSeeOther {
		t.Fatalf("save: %d", status)
	}
	if _, page = p.get("/operations"); strings.Contains(page, "<script>alert") {
		t.Error("a script got into the page")
	}
	_, page = p.get("/operations/1/use?all=1")
	contains(t, "the run's form", page, "/wp/v2/users", `name="saved" value="1"`)
	if status, to := p.post("/runs", p.seen(url.Values{"operation": {"request"}, "all": {"1"}, "saved": {"1"}, "p.method": {"GET"},
		"p.path": {"/wp/v2/users"}})); status != http.StatusSeeOther || to != "/runs/1" {
		t.Fatalf("run: %d %s", status, to)
	}
	h.ended(t, 1)
	_, page = p.get("/runs/1/answers")
	contains(t, "the saved table", page, "user: .username", `title="admin"`)
	// A run bears the name of its saved operation, but not that of a request that was changed on the way.
	if status, to := p.post("/runs", p.seen(url.Values{"operation": {"request"}, "all": {"1"}, "saved": {"1"}, "p.method": {"GET"},
		"p.path": {"/wp/v2/posts"}})); status != http.StatusSeeOther || to != "/runs/2" {
		t.Fatalf("run: %d %s", status, to)
	}
	h.ended(t, 2)
	_, page = p.get("/runs")
	contains(t, "the list of runs", page, "Users: GET /wp/v2/users", "GET /wp/v2/posts")
	if strings.Contains(page, "Users: GET /wp/v2/posts") {
		t.Error("another request bears the operation's name")
	}
	if status, _ = p.post("/operations/1/remove", nil); status != http.StatusSeeOther {
		t.Errorf("remove: %d", status)
	}
	if status, _ = p.get("/operations/1/use"); status != http.StatusNotFound {
		t.Errorf("a removed one: %d", status)
	}
}
