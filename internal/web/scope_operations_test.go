package web_test

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// otherOperation are the answers of routes to a member who is restricted to one operation, when the address names what belongs to another.
// Every route whose path names a run or a saved operation has its line.
var otherOperation = map[string]int{
	"GET /runs/:id": 404, "GET /runs/:id/stream": 404, "GET /runs/:id/targets": 404, "GET /runs/:id/targets/:target": 404, "GET /runs/:id/export.csv": 404,
	"GET /runs/:id/export.json": 404, "GET /runs/:id/report": 404,
	"GET /runs/:id/answers": 404, "GET /runs/:id/answers.csv": 404, "GET /runs/:id/answers.json": 404, "GET /runs/:id/answers.jsonl": 404,
	"GET /runs/:id/compare": 404,
	"POST /runs/:id/draft":  404, "POST /runs/:id/undo": 404, "POST /runs/:id/start": 404,
	"POST /runs/:id/cancel": 404, "POST /runs/:id/approve": 404, "POST /runs/:id/decline": 404, "POST /runs/:id/redirects": 404, "POST /runs/:id/rerun": 404,
	"GET /operations/:id/use": 404, "GET /operations/:id/edit": 404, "POST /operations/:id": 403, "POST /operations/:id/remove": 404,
	"GET /api/v1/runs/:id/answers": 404, "POST /api/v1/runs/:id/rerun": 404, "GET /api/v1/runs/:id": 404, "GET /api/v1/runs/:id/targets": 404,
	"POST /api/v1/runs/:id/cancel": 404,
}

// What belongs to an operation out of scope does not exist for a member or a token: every route, those that list included.
func TestEveryRouteInScopeOfOperations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestServerOn(t, db, wptest.Site{})
		h.addSites(t)
		mine, err := h.runner.Start(t.Context(), shell, runs.Spec{Operation: "clear-cache", Params: map[string]string{"purge_type": "all"},
			Selection: sites.Selection{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, mine.ID)
		other, err := h.runner.Start(t.Context(), shell, runs.Spec{Operation: "request",
			Params: map[string]string{"method": "GET", "path": "/wp/v2/posts?hidden-path=1"}, Selection: sites.Selection{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, other.ID)
		kept, err := saved.New(h.db, h.log).Save(t.Context(), shell, saved.Definition{Name: "hidden-operation", Method: "GET", Path: "/hidden-path"})
		if err != nil {
			t.Fatal(err)
		}
		p := h.signInRestricted(t, access.Admin, access.Restriction{Operations: []string{"clear-cache"}})
		m, err := h.roster.ByEmail(t.Context(), "held-admin@agency.example")
		if err != nil {
			t.Fatal(err)
		}
		token, err := h.roster.MakeToken(t.Context(), m.Actor(netip.Addr{}), members.Token{Name: "hook", Role: access.Admin, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		targets, _, err := h.runner.Targets(t.Context(), access.System(), runs.TargetFilter{Run: other.ID})
		if err != nil {
			t.Fatal(err)
		}
		fill := strings.NewReplacer("/runs/:id", fmt.Sprintf("/runs/%d", other.ID), ":target", fmt.Sprint(targets[0].ID), "/operations/:id",
			fmt.Sprintf("/operations/%d", kept.ID), ":id", "999", ":seq", "1")
		calls := len(h.fake.Calls(0))
		for _, route := range append(h.server.Table(), h.server.API()...) {
			name := route.Method + " " + route.Path
			if leaving[name] || name == "GET /audit/:seq" {
				continue
			}
			want, named := otherOperation[name]
			if !named && (strings.Contains(route.Path, "/runs/:id") || strings.Contains(route.Path, "/operations/:id")) {
				t.Errorf("%s has no line: may somebody see it who is restricted to other operations?", name)
			}
			r := p.request(route.Method, fill.Replace(route.Path), url.Values{})
			if strings.HasPrefix(route.Path, "/api/") {
				r.Header.Set("Authorization", "Bearer "+token.Reveal())
			}
			status, body := p.do(r)
			if named && status != want {
				t.Errorf("%s: %d, want %d: %.200s", name, status, want, body)
			}
			if strings.Contains(body, "hidden-") {
				t.Errorf("%s tells of what belongs to another operation", name)
			}
		}
		for _, path := range []string{"/endpoints?all=1&fresh=1", "/endpoints?all=1", "/endpoints/form?all=1&route=/wp/v2/posts"} {
			if status, _ := p.get(path); status != http.StatusForbidden {
				t.Errorf("%s: %d", path, status)
			}
		}
		before := started(t, h)
		for _, c := range hiddenOperation(mine.ID, other.ID, targets[0].ID) {
			method, path, _ := strings.Cut(c.to, " ")
			r := p.request(method, path, c.form)
			if strings.HasPrefix(path, "/api/") {
				r = p.request(method, path, nil)
				if c.json != "" {
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader(c.json)), int64(len(c.json))
					r.Header.Set("Content-Type", "application/json")
				}
				r.Header.Set("Authorization", "Bearer "+token.Reveal())
			}
			if status, body := p.do(r); strings.Contains(strings.ReplaceAll(body, "q=hidden", ""), "hidden-") || status >= 500 {
				t.Errorf("%s %v%s: %d tells of what belongs to another operation", c.to, c.form, c.json, status)
			}
		}
		if n := started(t, h); n != before {
			t.Errorf("%d runs of other operations were started", n-before)
		}
		if status, body := p.get(fmt.Sprintf("/runs/%d", mine.ID)); status != http.StatusOK || !strings.Contains(body, "Run 1") {
			t.Errorf("one's own operation: %d", status)
		}
		if n := len(h.fake.Calls(0)); n != calls {
			t.Errorf("%d requests reached the site", n)
		}
	})
}

// hiddenOperation are requests that name another operation, or a run of it, elsewhere than in the path of their route.
func hiddenOperation(mine, other, target int64) []struct {
	to   string
	form url.Values
	json string
} {
	request := url.Values{"operation": {"request"}, "all": {"1"}, "params.method": {"GET"}, "params.path": {"/wp/v2/posts"},
		"method": {"GET"}, "path": {"/wp/v2/posts"}}
	saved := url.Values{"operation": {"hidden-operation"}, "all": {"1"}}
	return []struct {
		to   string
		form url.Values
		json string
	}{
		{to: fmt.Sprintf("GET /runs/%d/compare?with=%d", mine, other)}, {to: fmt.Sprintf("GET /runs/%d/targets/%d", mine, target)},
		{to: "GET /runs?operation=request"}, {to: "GET /runs?has=answers&operation=request"}, {to: "GET /runs?site=1"}, {to: "GET /sites/1"},
		{to: "GET /search?q=hidden"}, {to: "GET /command?q=hidden&for=/runs"}, {to: fmt.Sprintf("GET /command?for=/runs/%d", other)},
		{to: fmt.Sprintf("GET /audit?subject=run:%d", other)}, {to: "GET /audit?q=hidden"}, {to: "GET /audit/export.jsonl"}, {to: "GET /audit/print"},
		{to: "GET /run?operation=hidden-operation&all=1"}, {to: fmt.Sprintf("GET /run?run=%d&typed=1", other)}, {to: "GET /operations/export"},
		{to: "POST /runs", form: request}, {to: "POST /runs", form: saved}, {to: "POST /run/preview", form: request}, {to: "POST /run/preview", form: saved},
		{to: "POST /runs", form: url.Values{"operation": {"request", "clear-cache"}, "all": {"1"}}},
		{to: "POST /operations/new", form: request}, {to: "POST /operations", form: url.Values{"name": {"mine"}, "method": {"GET"}, "path": {"/wp/v2/posts"}}},
		{to: "GET /api/v1/runs?operation=request"}, {to: "GET /api/v1/operations"}, {to: fmt.Sprintf("GET /api/v1/audit?subject=run:%d", other)},
		{to: "POST /api/v1/runs", json: `{"operation":"request","params":{"method":"GET","path":"/wp/v2/posts"},"all":true}`},
		{to: "POST /api/v1/runs", json: `{"operation":"hidden-operation","all":true}`},
		{to: "POST /api/v1/runs/preview", json: `{"operation":"hidden-operation","all":true}`},
	}
}

// A token that is restricted to one client reads nothing of what its member did for another.
func TestTokensSeeNothingElseOfTheirMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		owner := h.signIn(t, access.Owner)
		m, err := h.roster.ByEmail(t.Context(), "owner@agency.example")
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := owner.post("/sites/2/retire", nil); status != http.StatusSeeOther {
			t.Fatal(status)
		}
		token, err := h.roster.MakeToken(t.Context(), m.Actor(netip.Addr{}),
			members.Token{Name: "hook", Role: access.Admin, Restriction: access.Restriction{Clients: []string{"Acme"}}, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		r := owner.request(http.MethodGet, "/api/v1/audit", nil)
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		status, body := owner.do(r)
		if status != http.StatusOK || !strings.Contains(body, `"site:1"`) || strings.Contains(body, `"site:2"`) || strings.Contains(body, h.fake.URL(1)) {
			t.Errorf("%d %.2000s", status, body)
		}
	})
}
