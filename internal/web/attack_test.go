package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// The attacker plants a session of his own choosing before the owner signs in, or one that he has begun himself.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	owner := h.signIn(t, access.Owner)
	secret, _ := owner.addApp()
	home, err := url.Parse(h.home)
	if err != nil {
		t.Fatal(err)
	}
	planted, victim, attacker := h.tokens(owner), h.public(t), h.public(t)
	if status, _ := owner.post("/sign-out", nil); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	victim.Jar.SetCookies(home, []*http.Cookie{{Name: "drover", Value: planted, Path: "/"}})
	seen := map[string]bool{planted: true}
	steps := []struct {
		path string
		form url.Values
	}{
		{"/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}},
		{"/second-step", url.Values{"proof_code": {appCode(t, secret, time.Now())}}},
	}
	for _, step := range steps {
		if status, body := victim.post(step.path, step.form); status != http.StatusSeeOther {
			t.Fatalf("%s: %d %.200s", step.path, status, body)
		}
		token := h.tokens(victim)
		if seen[token] {
			t.Errorf("the token did not change at %s", step.path)
		}
		seen[token] = true
	}
	delete(seen, h.tokens(victim))
	for token := range seen {
		attacker.Jar.SetCookies(home, []*http.Cookie{{Name: "drover", Value: token, Path: "/"}})
		if status, to := attacker.get("/team"); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
			t.Errorf("a token from before opens the page: %d %.100s", status, to)
		}
	}
}

func TestPostFromAnotherOrigin(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	form := url.Values{"email": {"evil@attacker.example"}, "role": {"owner"}}
	for name, header := range map[string][2]string{
		"another site":   {"Sec-Fetch-Site", "cross-site"},
		"a sister site":  {"Sec-Fetch-Site", "same-site"},
		"an old browser": {"Origin", "https://attacker.example"},
		"a sandbox":      {"Origin", "null"},
	} {
		for _, path := range []string{"/team/invite", "/confirm", "/sign-in", "/second-step", "/sign-out"} {
			r := p.request(http.MethodPost, path, form)
			r.Header.Set(header[0], header[1])
			if status, body := p.do(r); status != http.StatusForbidden {
				t.Errorf("%s at %s: %d %.100s", name, path, status, body)
			}
		}
	}
	if status, _ := p.get("/team"); status != http.StatusOK {
		t.Errorf("still signed in: %d", status)
	}
}

func TestOpenRedirectAfterSignIn(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	for to, want := range map[string]string{
		"https://attacker.example/": "/", "//attacker.example": "/", `/\attacker.example`: "/", "/\t/attacker.example": "/", "javascript:alert(1)": "/",
		"/%2f/attacker.example": "/%2f/attacker.example",
		"http:attacker.example": "/", "": "/", "/runs?state=done": "/runs?state=done",
	} {
		p := h.public(t)
		status, location := p.post("/sign-in?next="+url.QueryEscape(to), url.Values{"email": {"owner@agency.example"}, "password": {password}})
		if status != http.StatusSeeOther || location != want {
			t.Errorf("%q leads to %d %q", to, status, location)
		}
		h.later(t, time.Hour)
		for _, name := range []string{"next", "to"} {
			status, location := p.post("/confirm?"+name+"="+url.QueryEscape(to), url.Values{"proof_password": {password}})
			if status != http.StatusSeeOther && status != http.StatusTemporaryRedirect || location != want {
				t.Errorf("confirming, %s=%q leads to %d %q", name, to, status, location)
			}
			h.later(t, time.Hour)
		}
	}
}

func TestAResetThroughThePages(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	owner, viewer := h.signIn(t, access.Owner), h.signIn(t, access.Viewer)
	_, page := owner.post("/team/2/reset", url.Values{"lift": {"1"}})
	at := strings.Index(page, h.home+"/reset/")
	if at < 0 {
		t.Fatalf("no link: %.300s", page)
	}
	link := page[at+len(h.home) : at+strings.IndexByte(page[at:], '"')]
	link, _, _ = strings.Cut(link, "<")
	p := h.public(t)
	if status, form := p.get(link); status != http.StatusOK || !strings.Contains(form, "viewer@agency.example") {
		t.Errorf("the form: %d", status)
	}
	if status, _ := p.post(link, url.Values{"password": {"another four words here"}}); status != http.StatusSeeOther {
		t.Errorf("set: %d", status)
	}
	if status, _ := p.get("/sites"); status != http.StatusOK {
		t.Errorf("signed in: %d", status)
	}
	if status, _ := viewer.get("/sites"); status != http.StatusSeeOther {
		t.Errorf("the session from before: %d", status)
	}
	if status, _ := p.get(link); status != http.StatusNotFound {
		t.Errorf("the link once more: %d", status)
	}
	if strings.Contains(h.logged.String(), strings.TrimPrefix(link, "/reset/")) {
		t.Error("the link is in the log")
	}
}
