package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/vault"
)

// apiWithinScope is the least role of every route for programs, and what it answers about what is beyond reach.
var apiWithinScope = map[string]struct {
	least        access.Role
	outsideScope int
}{
	"GET /api/v1/me": {access.Viewer, 200}, "GET /api/v1/sites": {access.Viewer, 200}, "GET /api/v1/runs": {access.Viewer, 200},
	"GET /api/v1/audit":    {access.Viewer, 200},
	"GET /api/v1/runs/:id": {access.Viewer, 404}, "GET /api/v1/runs/:id/targets": {access.Viewer, 404}, "POST /api/v1/runs": {access.Operator, 422},
	"POST /api/v1/runs/preview":    {access.Operator, 422},
	"POST /api/v1/runs/:id/cancel": {access.Operator, 404},
	"GET /api/v1/runs/:id/answers": {access.Viewer, 404}, "POST /api/v1/runs/:id/rerun": {access.Operator, 404},
	"GET /api/v1/operations": {access.Operator, 200},
}

// program is a client with a token.
type program struct {
	t           *testing.T
	home, token string
}

func (p program) call(method, path, body string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequest(method, p.home+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// program makes a member of the role and a token of theirs.
func (h *testServer) program(t *testing.T, m members.Member, token members.Token) (program, members.Member) {
	t.Helper()
	ctx := context.Background()
	m, err := h.roster.Add(ctx, shell, m, vault.NewSecret(password))
	if err != nil {
		t.Fatal(err)
	}
	if token.ExpiresAt.IsZero() {
		token.ExpiresAt = time.Now().Add(time.Hour)
	}
	value, err := h.roster.MakeToken(ctx, access.Actor{Kind: access.KindMember, ID: m.ID, Name: m.Name, Role: m.Role, Scope: access.NewScope(m.Restriction)},
		token)
	if err != nil {
		t.Fatal(err)
	}
	return program{t, h.home, value.Reveal()}, m
}

func TestEveryRouteForPrograms(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	for _, route := range h.server.API() {
		name := route.Method + " " + route.Path
		if _, known := apiWithinScope[name]; !known {
			t.Errorf("%s has no line in this matrix", name)
		}
		for kind, token := range map[string]string{"none": "", "a made-up one": "drover_" + strings.Repeat("A", 52), "no prefix": strings.Repeat("A", 52)} {
			if status, body := (program{t, h.home, token}).call(route.Method, strings.Replace(route.Path, ":id", "1", 1), "{}"); status != http.StatusUnauthorized ||
				!strings.Contains(body, `"mend"`) {
				t.Errorf("%s with a token that is %s: %d %s", name, kind, status, body)
			}
		}
	}
	zulu := `{"operation":"status","selection":{"clients":["Zulu"]}}`
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Admin} {
		acme, _ := h.program(t, members.Member{Email: "acme-" + string(role) + "@agency.example", Name: "Acme " + string(role), Role: role,
			Restriction: access.Restriction{Clients: []string{"Acme"}}}, members.Token{Name: "t", Role: role})
		complete, _ := h.program(t, members.Member{Email: "all-" + string(role) + "@agency.example", Name: "All " + string(role), Role: role},
			members.Token{Name: "t", Role: role})
		for _, route := range h.server.API() {
			want := apiWithinScope[route.Method+" "+route.Path]
			path := strings.Replace(route.Path, ":id", "2", 1)
			status, body := acme.call(route.Method, path, zulu)
			if !role.Covers(want.least) {
				want.outsideScope = http.StatusForbidden
			}
			if status != want.outsideScope || strings.Contains(body, "Zulu secret") || strings.Contains(body, h.fake.URL(1)) {
				t.Errorf("%s %s, %s of Acme: %d, want %d: %s", route.Method, path, role, status, want.outsideScope, body)
			}
			if status, body := complete.call(route.Method, path, zulu); role.Covers(want.least) == (status == http.StatusForbidden) || status >= 500 ||
				status == http.StatusNotFound {
				t.Errorf("%s %s, %s of all: %d %s", route.Method, path, role, status, body)
			}
		}
	}
}

// A token acts as its member and itself, within both, until either ends.
func TestTokenOfAMember(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	p, m := h.program(t, members.Member{Email: "mara@agency.example", Name: "Mara", Role: access.Admin,
		Restriction: access.Restriction{Clients: []string{"Acme"}}},
		members.Token{Name: "deploy", Role: access.Operator, Restriction: access.Restriction{Clients: []string{"Acme", "Zulu"}, Operations: []string{"clear-cache"}}})
	if status, body := p.call("GET", "/api/v1/sites", ""); status != http.StatusOK || strings.Count(body, "\n") != 1 ||
		!strings.Contains(body, `"client":"Acme"`) {
		t.Fatalf("sites: %d %s", status, body)
	}
	for body, want := range map[string]int{
		`{"operation":"clear-cache","params":{"purge_type":"all"},"selection":{"all":true}}`:  201,
		`{"operation":"clear-opcache","selection":{"all":true}}`:                              403,
		`{"operation":"disable-cache","selection":{"all":true},"confirmed":1}`:                403,
		`{"operation":"clear-cache","selection":{"all":true},"unknown":1}`:                    422,
		`{"operation":"clear-cache","selection":{"homes":["` + h.fake.URL(1) + `"]}}`:         422,
		`{"operation":"clear-cache","selection":{"all":true},"limits":{"time_limit":"soon"}}`: 422,
		`not json`: 422,
	} {
		if status, answer := p.call("POST", "/api/v1/runs", body); status != want {
			t.Errorf("%s: %d, want %d: %s", body, status, want, answer)
		}
	}
	h.ended(t, 4)
	var run struct {
		State  string
		Counts map[string]int
	}
	if _, body := p.call("GET", "/api/v1/runs/4", ""); json.Unmarshal([]byte(body), &run) != nil || run.State != "done" || run.Counts["ok"] != 1 {
		t.Errorf("the run: %s", body)
	}
	entries, _, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Actor: "Mara by the token deploy"})
	if err != nil || len(entries) < 3 || entries[len(entries)-1].Event.Action != access.TokenUse || entries[0].Actor.Kind != access.KindToken ||
		entries[0].Actor.ID != m.ID {
		t.Errorf("the record of the token: %v %v", entries, err)
	}
	browser := h.public(t)
	browser.post("/sign-in", url.Values{"email": {"mara@agency.example"}, "password": {password}})
	if status, body := browser.get("/settings/tokens"); status != http.StatusOK || !strings.Contains(body, "deploy") || !strings.Contains(body, "127.0.0.1") ||
		strings.Contains(body, p.token) {
		t.Errorf("the page of tokens: %d", status)
	}
	if status, _ := browser.get("/api/v1/sites"); status != http.StatusUnauthorized {
		t.Errorf("a cookie opened the API: %d", status)
	}
	if err := h.roster.Remove(context.Background(), shell, m.ID); err != nil {
		t.Fatal(err)
	}
	if status, _ := p.call("GET", "/api/v1/me", ""); status != http.StatusUnauthorized {
		t.Errorf("the token of somebody who left: %d", status)
	}
}

// Who may not run the operation is told that, and it is recorded, whether its sites are found or not.
func TestWhatIsNotTheTokensToRunOnUnknownSites(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p, _ := h.program(t, members.Member{Email: "mara@agency.example", Name: "Mara", Role: access.Admin},
		members.Token{Name: "deploy", Role: access.Operator, Restriction: access.Restriction{Operations: []string{"clear-cache"}}})
	for _, path := range []string{"/api/v1/runs", "/api/v1/runs/preview"} {
		for operation, want := range map[string]int{"enable-cache": 403, "clear-cache": 422, "explode": 422} {
			status, body := p.call("POST", path, `{"operation":"`+operation+`","selection":{"homes":["https://nobody.example"]}}`)
			if status != want || strings.Contains(body, "No sites are selected") {
				t.Errorf("%s: %s: %d, want %d: %s", path, operation, status, want, body)
			}
		}
	}
	entries, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused})
	if err != nil || len(entries) != 1 || entries[0].Event.Action != access.RunStart || !strings.Contains(string(entries[0].Detail), `"operation"`) {
		t.Errorf("%+v, %v", entries, err)
	}
}

// A token is made in the browser, shown once, and works no more once it is revoked or has run out.
func TestTokenFromMakingToRevoking(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	b := h.signIn(t, access.Operator)
	_, page := b.post("/settings/tokens", url.Values{"name": {"hook"}, "role": {"operator"}, "days": {"7"}, "sites": {"some"}, "tag": {"care"},
		"operations": {"all"}})
	_, after, found := strings.Cut(page, `id="invitation">`)
	if !found {
		t.Fatalf("no token: %.3000s", page)
	}
	value, _, _ := strings.Cut(after, "<")
	p := program{t, h.home, value}
	if status, body := p.call("GET", "/api/v1/me", ""); status != http.StatusOK || !strings.Contains(body, "hook") {
		t.Fatalf("%d %s", status, body)
	}
	if _, page := b.get("/settings/tokens"); strings.Contains(page, value) || !strings.Contains(page, "#care") {
		t.Error("the token is shown again, or what it reaches is not")
	}
	for name, form := range map[string]url.Values{"above one's role": {"name": {"x"}, "role": {"admin"}, "days": {"7"}},
		"nobody's role": {"name": {"x"}, "role": {"king"}, "days": {"7"}}, "for ever": {"name": {"x"}, "role": {"viewer"}, "days": {"9999"}}} {
		if status, page := b.post("/settings/tokens", form); status < 400 || strings.Contains(page, `id="invitation"`) {
			t.Errorf("%s: %d", name, status)
		}
	}
	other := h.signIn(t, access.Viewer)
	if status, _ := other.post("/tokens/1/revoke", nil); status != http.StatusNotFound {
		t.Errorf("revoking another's token: %d", status)
	}
	if status, _ := b.post("/tokens/1/revoke", url.Values{"next": {"//evil.example"}}); status != http.StatusSeeOther {
		t.Errorf("revoke: %d", status)
	}
	if status, _ := p.call("GET", "/api/v1/me", ""); status != http.StatusUnauthorized {
		t.Errorf("a revoked token: %d", status)
	}
	short, _ := h.program(t, members.Member{Email: "short@agency.example", Name: "Short", Role: access.Viewer},
		members.Token{Name: "short", Role: access.Viewer, ExpiresAt: time.Now().Add(5 * time.Second)})
	poll.Until(t, "the token expires", func() bool {
		status, _ := short.call("GET", "/api/v1/me", "")
		return status == http.StatusUnauthorized
	})
}
