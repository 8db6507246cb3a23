package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// limitsOver waits until no limited user is under way.
func (h *testServer) limitsOver(t *testing.T) map[int64]sites.LimitedUser {
	t.Helper()
	for {
		all, err := h.registry.LimitedUsers(t.Context(), shell)
		if err != nil {
			t.Fatal(err)
		}
		users, busy := map[int64]sites.LimitedUser{}, false
		for _, u := range all {
			users[u.Site.ID], busy = u, busy || !u.Step.Over() || u.Checking
		}
		if !busy && len(users) > 0 {
			return users
		}
	}
}

// An admin limits the users of many sites at once: by the stored credentials, by one for all, and by a table; each site has its outcome.
func TestManySitesAreLimitedThroughThePages(t *testing.T) {
	t.Parallel()
	admins := wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"editor"}}
	h := newTestServer(t, admins, admins, admins, wptest.Site{PurgeRoles: []string{"editor"}})
	h.addSites(t)
	for i := range 4 {
		if err := h.registry.ReplaceCredential(t.Context(), shell, int64(i+1), wptest.DefaultUser, vault.NewSecret(h.fake.Password(i))); err != nil {
			t.Fatal(err)
		}
		if _, err := h.registry.Check(t.Context(), shell, int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	p := h.signIn(t, access.Admin)
	if _, page := p.get("/sites"); !strings.Contains(page, `formaction="/sites/limit"`) {
		t.Error("the list does not offer it")
	}
	if _, page := p.get("/limited-users"); !strings.Contains(page, "No limited users yet") {
		t.Error("the list is not empty")
	}
	_, form := p.get("/sites/limit?all=1&all.q=&site=2")
	for _, words := range []string{"Create 4 limited users", "3 of 4 sites", `name="all" value="1"`, "not stored", "restarts"} {
		if !strings.Contains(form, words) {
			t.Errorf("the form lacks %q", words)
		}
	}
	post := func(pairs ...string) (int, string) {
		t.Helper()
		values, err := url.ParseQuery(encoded(pairs...))
		if err != nil {
			t.Fatal(err)
		}
		return p.post("/sites/limit", values)
	}
	if status, body := post("all", "1", "count", "3", "way", "stored"); status != http.StatusConflict || !strings.Contains(body, "4 sites match now") {
		t.Errorf("a list that changed: %d", status)
	}
	if status, body := post("site", "1", "count", "1"); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Choose which") {
		t.Errorf("no way: %d", status)
	}
	if status, body := post("site", "1", "count", "1", "way", "one"); status != http.StatusUnprocessableEntity || !strings.Contains(body, `aria-invalid="true"`) {
		t.Errorf("no credential: %d", status)
	}
	table := fmt.Sprintf("url,username,application_password\n%s,%s,%s\n", h.fake.URL(1), wptest.DefaultUser, h.fake.Password(1))
	if status, body := post("site", "2", "count", "1", "way", "table", "table", table+"https://other.example,x,abcd EFGH 1234 ijkl MNOP 5678\n"); status !=
		http.StatusUnprocessableEntity || !strings.Contains(body, "not among the selected") || strings.Contains(body, h.fake.Password(1)) {
		t.Errorf("a line of another site: %d", status)
	}
	if _, page := p.get("/limited-users"); !strings.Contains(page, "No limited users yet") {
		t.Error("something was begun")
	}
	for _, pairs := range [][]string{{"site", "1", "site", "4", "count", "2", "way", "stored"}, {"site", "2", "count", "1", "way", "table", "table", table},
		{"site", "3", "count", "1", "way", "one", "username", wptest.DefaultUser, "application_password", h.fake.Password(2)}} {
		if status, to := post(pairs...); status != http.StatusSeeOther || to != "/limited-users" {
			t.Fatalf("%v: %d %.200s", pairs, status, to)
		}
	}
	for id, u := range h.limitsOver(t) {
		if done := id != 4; done != (u.Step == sites.LimitDone) || !done && !strings.Contains(u.Finding, "create_users") {
			t.Errorf("site %d: %+v", id, u)
		}
	}
	_, page := p.get("/limited-users")
	for _, words := range []string{"3 of 4 sites limited", "1 not changed", "Try 1 site again", "create_users", "What the new credentials can run",
		"Clear the cache of BigScoots Cache"} {
		if !strings.Contains(page, words) {
			t.Errorf("the list lacks %q", words)
		}
	}
	if strings.Contains(page, "every 2s") {
		t.Error("the list still follows")
	}
	if err := h.db.Gorm.Exec("UPDATE limited_users SET step = 'creating_password' WHERE site_id = 1").Error; err != nil { // as a crash would leave it
		t.Fatal(err)
	}
	if _, page := p.get("/limited-users"); !strings.Contains(page, "Interrupted") || !strings.Contains(page, "nobody has its password") {
		t.Error("the list does not tell of what was interrupted")
	}
}
