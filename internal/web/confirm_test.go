package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// later makes every session's proof as old as that.
func (h *testServer) later(t *testing.T, age time.Duration) {
	t.Helper()
	if err := h.db.Gorm.Exec("UPDATE sessions SET fresh_at = ?", time.Now().Add(-age).UnixMicro()).Error; err != nil {
		t.Fatal(err)
	}
}

// formOf reads the page's form: where it is sent, and what it carries.
func formOf(t *testing.T, page string) (action string, carried url.Values) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	carried = url.Values{}
	for n := range root.Descendants() {
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		if n.Data == "form" && action == "" {
			action = at["action"]
		}
		if n.Data == "input" && at["type"] == "hidden" {
			carried.Add(at["name"], at["value"])
		}
	}
	return action, carried
}

func TestAStaleSessionReauthenticatesAndLosesNothing(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "a.example"}, wptest.Site{Host: "b.example"})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	h.later(t, 11*time.Minute)
	typed := url.Values{"operation": {"disable-cache"}, "site": {"1", "2"}, "confirm": {"2"}, "time_limit": {"10m"}}
	typed = p.seen(typed)
	status, to := p.post("/runs", typed)
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/confirm?next=") {
		t.Fatalf("asked: %d %.200s", status, to)
	}
	status, page := p.get(to)
	action, _ := formOf(t, page)
	if status != http.StatusOK || !strings.Contains(page, "To disable cache on 2 sites, confirm your") {
		t.Fatalf("asked: %d %.300s", status, page)
	}
	if _, n, err := h.runner.Runs(t.Context(), access.System(), runs.Filter{}); n != 0 || err != nil {
		t.Errorf("%d runs were started before the proof, %v", n, err)
	}
	if status, _ = p.post(action, url.Values{"proof_password": {"not the password"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("after a wrong password: %d", status)
	}
	before := h.tokens(p)
	status, to = p.post(action, url.Values{"proof_password": {password}})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/runs/new?draft=") || h.tokens(p) == before {
		t.Fatalf("after the right password: %d %s", status, to)
	}
	_, page = p.get(to)
	kept := typed
	if typed = fieldsOf(t, page); typed.Get("shown") != kept.Get("shown") || typed.Get("confirm") != "2" || typed.Get("time_limit") != "10m" {
		t.Errorf("the form came back with %v", typed)
	}
	if status, to := p.post("/runs", typed); status != http.StatusSeeOther || to != "/runs/1" {
		t.Errorf("sent again: %d %.200s", status, to)
	}
	run, err := h.runner.Run(t.Context(), access.System(), 1)
	if err != nil || run.Total != 2 || run.Spec.Limits.TimeLimit != 10*time.Minute {
		t.Errorf("%+v, %v", run, err)
	}
}

// tokens is what the browser would show to prove its session.
func (h *testServer) tokens(p person) string {
	home, err := url.Parse(p.home)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range p.Jar.Cookies(home) {
		if c.Name == "drover" {
			return c.Value
		}
	}
	return ""
}

func TestWhatNeedsRecentAuthentication(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	if _, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "status", Selection: sites.Selection{All: true}}); err != nil {
		t.Fatal(err)
	}
	h.ended(t, 1)
	p := h.signIn(t, access.Owner)
	h.later(t, time.Hour)
	requested := func(status int, body string) bool {
		return strings.HasPrefix(body, "/confirm?next=") || status == http.StatusOK && strings.Contains(body, "Confirm your identity")
	}
	request := func(params url.Values) url.Values {
		params.Set("operation", "request")
		params.Set("all", "1")
		params.Set("confirm", "1")
		params.Set("p.path", "/wp/v2/posts/1")
		return params
	}
	for name, c := range map[string]struct {
		method, path string
		form         url.Values
		want         bool
	}{
		"a run that reads":              {"POST", "/runs", url.Values{"operation": {"status"}, "all": {"1"}}, false},
		"a request that deletes":        {"POST", "/runs", request(url.Values{"p.method": {"DELETE"}}), true},
		"one that is said to only read": {"POST", "/runs", request(url.Values{"p.method": {"DELETE"}, "p.effect": {"read"}}), true},
		"the form of a new site":        {"GET", "/sites/new", nil, true},
		"a new site":                    {"POST", "/sites", url.Values{"url": {"https://a.example"}}, true},
		"another address of a site":     {"POST", "/sites/1", url.Values{"url": {"https://attacker.example"}}, true},
		"a credential":                  {"POST", "/sites/1/credential", url.Values{"username": {"x"}}, true},
		"the import":                    {"GET", "/sites/import", nil, true},
		"the address of a moved site":   {"POST", "/sites/1/url", nil, true},
		"the addresses of moved sites":  {"POST", "/runs/1/redirects", nil, true},
		"an approval":                   {"POST", "/runs/1/approve", nil, true},
		"the policy of approvals":       {"POST", "/team/approval", nil, true},
		"what a member has access to":   {"POST", "/team/1/access", nil, true},
		"another's new password":        {"POST", "/team/1/reset", nil, true},
		"the removal of a member":       {"POST", "/team/1/remove", nil, true},
		"an API token":                  {"POST", "/settings/tokens", url.Values{"name": {"x"}, "days": {"1"}, "role": {"viewer"}}, true},
		"the audit log as a file":       {"GET", "/audit/export.csv", nil, true},
		"the audit log as lines":        {"GET", "/audit/export.jsonl", nil, true},
		"the audit log on paper":        {"GET", "/audit/print", nil, true},
		"an invitation":                 {"POST", "/team/invite", url.Values{"email": {"x@a.example"}, "role": {"viewer"}}, true},
		"a role":                        {"POST", "/team/1/role", url.Values{"role": {"viewer"}}, true},
		"a setting":                     {"POST", "/team/second-factor", url.Values{"required": {"yes"}}, true},
		"the end of a session":          {"POST", "/settings/sessions/99/revoke", nil, true},
		"the end of all sessions":       {"POST", "/sign-out-everywhere", nil, true},
		"the end of another's":          {"POST", "/team/1/sign-out", nil, true},
		"a password, by the old one":    {"POST", "/settings/password", url.Values{"old": {"not it"}, "password": {"another four words here"}}, false},
		"a second factor":               {"POST", "/settings/second-factor/app", nil, true},
		"a passkey's challenge":         {"POST", "/settings/second-factor/passkey/options", nil, true},
		"recovery codes":                {"POST", "/settings/second-factor/codes", nil, true},
		"a small export":                {"GET", "/runs/1/export.csv", nil, false},
		"the list of sites":             {"GET", "/sites", nil, false},
	} {
		status, body := p.do(p.request(c.method, c.path, c.form))
		if requested(status, body) != c.want {
			t.Errorf("%s: %d %.150s; want to be asked: %v", name, status, body, c.want)
		}
	}
	if err := h.db.Gorm.Exec("UPDATE runs SET total = 101 WHERE id = 1").Error; err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/runs/1/export.csv", "/runs/1/export.json", "/runs/1/report", "/runs/1/answers.csv", "/runs/1/answers.json",
		"/runs/1/answers.jsonl"} {
		if status, to := p.get(path); !requested(status, to) {
			t.Errorf("%s of 101 sites: %d %.100s", path, status, to)
		}
	}
	if _, page := p.get("/sites/1"); strings.Contains(page, `name="application_password"`) ||
		!strings.Contains(page, "/confirm?next="+url.QueryEscape("/sites/1?credential=1")) {
		t.Error("the site's page shows the form for a credential before the proof")
	}
	// Nobody is asked for what is not theirs to do anyway.
	operator := h.signIn(t, access.Operator)
	h.later(t, time.Hour)
	for _, path := range []string{"/team/invite", "/sites"} {
		if status, _ := operator.post(path, nil); status != http.StatusForbidden {
			t.Errorf("an operator at %s: %d", path, status)
		}
	}
}

// A password opened the form with a proof; the twenty minutes that somebody takes to fill it in are theirs.
func TestAFormWithAPasswordMayTakeItsTime(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	p := h.signIn(t, access.Owner)
	h.later(t, 25*time.Minute)
	form := url.Values{"url": {h.fake.URL(0)}, "username": {wptest.DefaultUser}, "application_password": {wptest.DefaultPassword}}
	if status, to := p.post("/sites", form); status != http.StatusSeeOther || to != "/sites/1" {
		t.Errorf("after 25 minutes: %d %.200s", status, to)
	}
	h.later(t, 31*time.Minute)
	form.Set("client", "Acme")
	status, page := p.post("/sites", form)
	if _, carried := formOf(t, page); status != http.StatusOK || carried.Get("client") != "Acme" || strings.Contains(page, wptest.DefaultPassword) {
		t.Errorf("after 31 minutes: %d, carried %v", status, carried)
	}
}

func TestWithASecondFactorThePasswordConfirmsNothing(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	secret, codes := p.addApp()
	h.later(t, time.Hour)
	if status, _ := p.post("/confirm?next=/team", url.Values{"proof_password": {password}}); status != http.StatusUnprocessableEntity {
		t.Errorf("the password: %d", status)
	}
	if status, to := p.post("/confirm?next=/team", url.Values{"proof_code": {appCode(t, secret, time.Now())}}); status != http.StatusSeeOther || to != "/team" {
		t.Errorf("the code: %d %s", status, to)
	}
	h.later(t, time.Hour)
	if status, to := p.post("/confirm?next=//evil.example", url.Values{"proof_code": {codes[0]}}); status != http.StatusSeeOther || to != "/" {
		t.Errorf("a recovery code, and a way out: %d %s", status, to)
	}
	if entries, n, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.MemberConfirm}); n != 3 || err != nil {
		t.Errorf("%d entries, %v, %v", n, entries, err)
	}
}
