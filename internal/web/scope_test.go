package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// outsideScope is what a route answers to somebody who reaches one client's sites, when its address names what belongs to another's: 404 as for
// what does not exist. Routes whose address names nothing stand in narrow, with what they must not tell.
var outsideScope = map[string]int{
	"GET /sites/:id": 404, "POST /sites/:id": 404, "GET /sites/:id/edit": 404, "POST /sites/:id/credential": 404, "POST /sites/:id/url": 404,
	"POST /sites/:id/check":  404,
	"POST /sites/:id/retire": 404, "POST /sites/:id/restore": 404,
	"GET /runs/:id": 404, "GET /runs/:id/stream": 404, "GET /runs/:id/targets": 404, "GET /runs/:id/targets/:target": 404, "GET /runs/:id/export.csv": 404,
	"GET /runs/:id/export.json": 404, "GET /runs/:id/report": 404,
	"GET /runs/:id/answers": 404, "GET /runs/:id/answers.csv": 404, "GET /runs/:id/answers.json": 404, "GET /runs/:id/answers.jsonl": 404,
	"GET /runs/:id/compare": 404,
	"POST /runs/:id/undo":   404, "POST /runs/:id/start": 404,
	"POST /runs/:id/cancel": 404, "POST /runs/:id/approve": 404, "POST /runs/:id/decline": 404, "POST /team/approval": 403, "POST /runs/:id/redirects": 404,
	"POST /runs/:id/rerun": 404,
	"GET /audit/:seq":      404, "GET /team/:id": 404, "POST /team/:id/role": 404, "POST /team/:id/access": 404, "POST /team/:id/reset": 404,
	"POST /team/:id/remove": 404, "POST /team/:id/sign-out": 404, "POST /tokens/:id/revoke": 404, "POST /team/invitations/:id/revoke": 404,
	"GET /changes/:id": 404, "POST /changes/:id/approve": 404, "POST /changes/:id/decline": 404, "POST /changes/:id/withdraw": 404,
	// What concerns all sites at once is not theirs to do.
	"POST /audit/verify": 403, "POST /audit/checkpoint": 403, "POST /operations": 403, "POST /operations/new": 403,
	"POST /team/confirmation": 403, "POST /runs/:id/draft": 404,
	"GET /operations/new": 403, "GET /operations/export": 403,
	"POST /operations/import": 403, "GET /operations/:id/edit": 403,
	"POST /operations/:id": 403, "POST /operations/:id/remove": 403, "POST /team/second-factor": 403, "GET /settings/retention": 403,
	"POST /settings/retention": 403,
}

// narrow are the routes that name nothing: they answer, and tell nothing of what lies beyond.
var narrow = map[string]bool{
	"GET /changes": true, "GET /": true, "GET /search": true, "GET /command": true, "GET /sites": true, "GET /sites/new": true, "POST /sites": true,
	"GET /sites/import":  true,
	"POST /sites/import": true, "GET /sites/import/bad.csv": true, "POST /sites/check": true,
	"POST /sites/tag": true, "POST /sites/edit": true, "POST /sites/undo": true, "POST /sites/retire": true,
	"POST /sites/restore": true, "GET /run": true, "GET /runs/new": true, "POST /runs/new/leave": true,
	"POST /run/preview": true, "GET /endpoints": true,
	"GET /endpoints/form":  true,
	"POST /endpoints/form": true, "GET /operations": true, "GET /operations/:id/use": true, "GET /runs": true, "POST /runs": true, "GET /audit": true,
	"GET /audit/export.csv": true, "GET /audit/export.jsonl": true, "GET /audit/print": true, "POST /audit/views": true, "POST /sites/views": true,
	"POST /sites/views/:id/remove": true, "POST /runs/views": true, "POST /runs/views/:id/remove": true, "POST /audit/views/:id/remove": true,
	"GET /team": true, "POST /team/invite": true,
	"GET /help": true, "GET /help/:page": true, "GET /settings": true, "GET /settings/second-factor": true, "POST /settings/second-factor/app": true,
	"GET /settings/second-factor/app/:id":          true,
	"POST /settings/second-factor/app/:id":         true,
	"POST /settings/second-factor/passkey/options": true, "POST /settings/second-factor/passkey": true, "POST /settings/second-factor/codes": true,
	"POST /settings/factors/:id/name":   true,
	"POST /settings/factors/:id/remove": true, "GET /settings/tokens": true, "POST /settings/tokens": true, "GET /second-step": true, "POST /second-step": true,
	"POST /second-step/options": true,
	"GET /confirm":              true, "POST /confirm": true, "POST /confirm/options": true, "GET /confirm/provider": true, "POST /settings/name": true,
	"POST /settings/password": true, "POST /settings/sessions/:id/revoke": true,
}

// divided is a house of two clients, with runs over one, the other and both: 1 Acme, 2 Zulu, 3 both.
func divided(t *testing.T, db *database.DB) *testServer {
	t.Helper()
	h := newTestServerOn(t, db, wptest.Site{}, wptest.Site{})
	ctx := context.Background()
	for i, d := range []sites.Draft{{Name: "Acme shop", Client: "Acme", Tags: []string{"care"}},
		{Name: "Zulu secret", Client: "Zulu", Tags: []string{"hidden-tag"}}} {
		d.URL, d.Username, d.Password = h.fake.URL(i), wptest.DefaultUser, vault.NewSecret(wptest.DefaultPassword)
		if _, err := h.registry.Add(ctx, shell, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, sel := range []sites.Selection{{Clients: []string{"Acme"}}, {Clients: []string{"Zulu"}}, {All: true}} {
		run, err := h.runner.Start(ctx, shell, runs.Spec{Operation: "status", Selection: sel})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, run.ID)
	}
	return h
}

// signInRestricted signs somebody in who is held to the bound.
func (h *testServer) signInRestricted(t *testing.T, role access.Role, restriction access.Restriction) person {
	t.Helper()
	email := fmt.Sprintf("held-%s@agency.example", role)
	if _, err := h.roster.Add(context.Background(), shell, members.Member{Email: email, Name: "Held " + string(role), Role: role, Restriction: restriction},
		vault.NewSecret(password)); err != nil {
		t.Fatal(err)
	}
	p := h.public(t)
	if status, _ := p.post("/sign-in", url.Values{"email": {email}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatalf("sign in as %s: %d", email, status)
	}
	return p
}

// Everything beyond a member's reach does not exist for them: every route, tried with what is theirs and with what is not.
func TestEveryRouteWithinAndOutsideScope(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	h.signIn(t, access.Admin) // member 1, who reaches everything
	h.requestZulu(t)
	if _, err := h.parts.Connect.Add(t.Context(), shell, connect.Wanted{Addresses: []string{h.fake.URL(1) + "/x"}, Client: "Zulu"}); err != nil {
		t.Fatal(err)
	}
	entries, _, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Subject: "site:2", Limit: 1})
	if err != nil || len(entries) == 0 {
		t.Fatal(entries, err)
	}
	zulu := strings.NewReplacer("/sites/:id", "/sites/2", "/runs/:id", "/runs/2", ":target", "2", ":seq", fmt.Sprint(entries[0].Seq), "/operations/:id",
		"/operations/-1", "/team/:id", "/team/1", "/changes/:id", "/changes/1", "/connect/:id", "/connect/1", "/tokens/:id", "/tokens/1",
		"/sessions/:id", "/sessions/1", "/factors/:id", "/factors/1", "/app/:id", "/app/1")
	for _, role := range []access.Role{access.Viewer, access.Operator, access.Admin} {
		p := h.signInRestricted(t, role, access.Restriction{Clients: []string{"Acme"}})
		for _, route := range h.server.Table() {
			name := route.Method + " " + route.Path
			want, named := outsideScope[name]
			switch {
			case leaving[name]:
				continue
			case !named && !narrow[name]:
				t.Errorf("%s has no line: may somebody see it who reaches some sites only?", name)
				continue
			}
			status, body := p.do(p.request(route.Method, zulu.Replace(route.Path), url.Values{}))
			if !role.Covers(lowestRole[name]) {
				want, named = http.StatusForbidden, true
			}
			if named && status != want {
				t.Errorf("%s, %s: %d, want %d: %.200s", name, role, status, want, body)
			}
			for _, secret := range []string{"Zulu", "hidden-tag", h.fake.URL(1)} {
				if strings.Contains(body, secret) {
					t.Errorf("%s tells a %s of %s", name, role, secret)
				}
			}
		}
	}
}

// What is within reach is whole, and what is mixed shows only its own part.
func TestWithinScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) { withinScope(t, divided(t, db)) })
}

func withinScope(t *testing.T, h *testServer) {
	p := h.signInRestricted(t, access.Operator, access.Restriction{Tags: []string{"care"}})
	for path, want := range map[string]string{
		"/sites": "Acme shop", "/sites/1": "Acme shop", "/runs/1": "Acme shop", "/runs/3": "Acme shop", "/runs/3/targets": "Acme shop", "/search?q=a": "Acme shop",
		"/audit?subject=run:1": "Run 1", "/": "Home",
	} {
		if status, body := p.get(path); status != http.StatusOK || !strings.Contains(body, want) || strings.Contains(body, "Zulu") {
			t.Errorf("%s: %d, wants %s: %.3000s", path, status, want, body)
		}
	}
	if status, body := p.get("/runs/3/export.csv"); status != http.StatusOK || strings.Count(body, "\n") != 2 || strings.Contains(body, "Zulu") {
		t.Errorf("the file of a mixed run: %d %s", status, body)
	}
	if status, body := p.get("/audit?subject=run:3"); status != http.StatusOK || strings.Contains(body, "Run 3") {
		t.Errorf("the record tells of a run that went beyond reach: %d", status)
	}
	if status, _ := p.post("/runs/3/rerun", url.Values{}); status != http.StatusUnprocessableEntity {
		t.Errorf("repeating a run that went beyond reach: %d", status)
	}
	if status, to := p.post("/runs", p.seen(url.Values{"operation": {"clear-opcache"}, "all": {"1"}})); status != http.StatusSeeOther || to != "/runs/4" {
		t.Fatalf("run on all: %d %s", status, to)
	}
	h.ended(t, 4)
	if within, outsideScope := len(h.fake.Calls(0)), len(h.fake.Calls(1)); within != 1 || outsideScope != 0 {
		t.Errorf("%d calls within reach, %d beyond", within, outsideScope)
	}
	refused, _, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Outcome: audit.Refused, Subject: "site:2"})
	if err != nil || len(refused) != 0 {
		t.Errorf("%v %v", refused, err)
	}
	p.get("/sites/2")
	if refused, _, err = h.log.Entries(context.Background(), access.System(), audit.Filter{Outcome: audit.Refused, Subject: "site:2"}); err != nil ||
		len(refused) != 1 {
		t.Errorf("trying an address beyond reach left %d entries: %v", len(refused), err)
	}
}

// A member may be held to operations: by name, or by effect.
func TestScopeOfOperations(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	p := h.signInRestricted(t, access.Admin, access.Restriction{Clients: []string{"Acme"}, Operations: []string{"clear-cache", "read"}})
	for form, want := range map[string]int{
		"operation=clear-cache&p.purge_type=all": 303, "operation=status": 303, "operation=request&p.method=GET&p.path=/wp/v2/posts": 303,
		"operation=disable-cache&confirm=1": 403, "operation=clear-opcache": 403, "operation=request&p.method=POST&p.path=/wp/v2/posts&p.body={}": 403,
		"operation=request&p.method=POST&p.path=/wp/v2/posts&p.body={}&p.effect=read": 403,
	} {
		values, err := url.ParseQuery(form + "&all=1")
		if err != nil {
			t.Fatal(err)
		}
		if status, body := p.post("/runs", p.seen(values)); status != want {
			t.Errorf("%s: %d, want %d: %.300s", form, status, want, body)
		}
	}
	if _, body := p.get("/run?all=1"); strings.Contains(body, `value="disable-cache"`) || !strings.Contains(body, `value="clear-cache"`) {
		t.Error("the page offers what is beyond reach, or not what is within")
	}
}

// Attack: somebody widens their own reach, or gives more than they have.
func TestAttackRaisingOneself(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	p := h.signInRestricted(t, access.Admin, access.Restriction{Clients: []string{"Acme"}}) // member 1
	everything := url.Values{"sites": {"all"}, "operations": {"all"}}
	if status, _ := p.post("/team/1/access", everything); status != http.StatusForbidden {
		t.Errorf("one's own reach: %d", status)
	}
	for name, more := range map[string]url.Values{
		"all sites":      {"email": {"a@agency.example"}, "role": {"viewer"}, "sites": {"all"}},
		"another client": {"email": {"b@agency.example"}, "role": {"viewer"}, "sites": {"some"}, "client": {"Zulu"}},
		"a higher role":  {"email": {"c@agency.example"}, "role": {"owner"}, "sites": {"some"}, "client": {"Acme"}},
	} {
		if status, _ := p.post("/team/invite", more); status != http.StatusForbidden {
			t.Errorf("inviting to %s: %d", name, status)
		}
	}
	if status, body := p.post("/team/invite", url.Values{"email": {"d@agency.example"}, "role": {"operator"}, "sites": {"some"},
		"client": {"Acme"}}); status != http.StatusOK || !strings.Contains(body, "/join/") {
		t.Errorf("inviting to what one has: %d", status)
	}
	if status, body := p.post("/team/invite", url.Values{"email": {"e@agency.example"}, "role": {"operator"},
		"sites": {"some"}}); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Choose at least one client or tag") {
		t.Errorf("no tick at all must not mean everything: %d", status)
	}
	for name, form := range map[string]url.Values{
		"POST /sites":   {"url": {"https://new.example"}, "client": {"Zulu"}, "username": {"u"}, "application_password": {"p p p p"}},
		"POST /sites/1": {"url": {h.fake.URL(0)}, "client": {"Zulu"}},
	} {
		_, path, _ := strings.Cut(name, " ")
		if status, body := p.post(path, form); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Your access covers only some clients") {
			t.Errorf("%s: a site beyond one's reach: %d", name, status)
		}
	}
	if status, body := p.post("/sites", url.Values{"url": {h.fake.URL(1)}, "client": {"Acme"}, "username": {"u"},
		"application_password": {"p p p p"}}); status != http.StatusUnprocessableEntity || strings.Contains(body, "Zulu") {
		t.Errorf("taking another client's address: %d", status)
	}
	csv := "url,username,application_password,client\n" + h.fake.URL(1) + ",u,stolen,Acme\nhttps://other.example,u,p,Zulu\n"
	if _, body := p.post("/sites/import", url.Values{"csv": {csv}}); strings.Contains(body, "You cannot add this URL") ||
		!strings.Contains(body, "Your access covers only some clients") {
		t.Errorf("import beyond reach: %.2000s", body)
	}
}

// requestZulu lets member 1 request a change of Zulu's site, which waits.
func (h *testServer) requestZulu(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	if err := h.runner.SetPolicy(ctx, shell, runs.Policy{Clients: []string{"Zulu"}}); err != nil {
		t.Fatal(err)
	}
	m, err := h.roster.Member(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.changes.Do(ctx, acting(m), changes.Change{Action: access.SiteTag, Sites: []int64{2}, Tag: "hidden-tag-2"})
	if _, is := errors.AsType[*changes.Requested](err); !is {
		t.Fatalf("the change does not wait: %v", err)
	}
}

// A run that names a saved operation outside its member's scope is not shown as that one's table.
func TestATableOfASavedOperationOutsideTheScope(t *testing.T) {
	t.Parallel()
	h := divided(t, dbtest.SQLite(t))
	hidden, err := h.parts.Library.Save(t.Context(), shell, saved.Definition{Name: "Hidden", Method: "POST", Path: "/wp/v2/posts", Body: "{}",
		Table: endpoint.Query{Columns: []endpoint.Column{{Name: "quokka", Expr: ".quokka"}}}})
	if err != nil {
		t.Fatal(err)
	}
	p := h.signInRestricted(t, access.Operator, access.Restriction{Operations: []string{"read"}})
	form := p.seen(url.Values{"operation": {"request"}, "p.method": {"GET"}, "p.path": {"/wp/v2/types"}, "all": {"1"}, "saved": {fmt.Sprint(hidden.ID)}})
	status, to := p.post("/runs", form)
	if status != http.StatusSeeOther {
		t.Fatalf("%d %.300s", status, to)
	}
	h.ended(t, 4)
	if _, page := p.get(to + "/answers"); strings.Contains(page, "quokka") {
		t.Error("the table of an operation that is not theirs")
	}
}
