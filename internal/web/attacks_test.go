package web_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// answer is the whole answer to a request.
type answer struct {
	status int
	header http.Header
	body   string
}

func (p person) send(r *http.Request) answer {
	p.t.Helper()
	got, err := p.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(body)}
}

// secured opens the same house once more behind HTTPS, as it is reached through a proxy that ends TLS.
func (h *testServer) secured(t *testing.T) person {
	t.Helper()
	var handler http.Handler
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	server := web.New(web.Parts{Changes: h.changes, Registry: h.registry, Runner: h.runner, Roster: h.roster, Library: saved.New(h.db, h.log), Log: h.log,
		Logger: slog.New(slog.DiscardHandler), PublicURL: front.URL})
	handler = server.Handler()
	t.Cleanup(func() { front.Close(); server.Close() })
	p := h.public(t)
	p.home, p.Client.Transport = front.URL, front.Client().Transport
	return p
}

func (h *testServer) runAll(t *testing.T, operation string) runs.Run {
	t.Helper()
	run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: operation, Selection: sites.Selection{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	return run
}

func TestAttackCrossOriginPost(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	form := p.seen(url.Values{"operation": {"clear-cache"}, "all": {"1"}})
	for name, c := range map[string]struct {
		headers map[string]string
		refused bool
	}{
		"another site's page":          {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, true},
		"another host of the domain":   {map[string]string{"Sec-Fetch-Site": "same-site"}, true},
		"an old browser, another page": {map[string]string{"Origin": "https://evil.example"}, true},
		"a page without an origin":     {map[string]string{"Origin": "null"}, true},
		"a host that begins alike":     {map[string]string{"Origin": h.home + ".evil.example"}, true},
		"the same host, another port":  {map[string]string{"Origin": "http://127.0.0.1"}, true},
		"a page of ours":               {map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": h.home}, false},
		"typed into the address bar":   {map[string]string{"Sec-Fetch-Site": "none"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := started(t, h)
			for _, path := range []string{"/runs", "/sign-in", "/sign-out-everywhere", "/nowhere"} {
				if !c.refused && path != "/runs" {
					continue
				}
				r := p.request(http.MethodPost, path, form)
				for name, value := range c.headers {
					r.Header.Set(name, value)
				}
				got := p.send(r)
				if refused := got.status == http.StatusForbidden; refused != c.refused {
					t.Fatalf("%s: %d %.200s", path, got.status, got.body)
				}
				if c.refused && (!strings.Contains(got.body, got.header.Get("X-Request-Id")) || got.header.Get("Content-Security-Policy") == "" ||
					!strings.Contains(got.body, "another site")) {
					t.Errorf("%s: the refusal is no page of ours: %v %.300s", path, got.header, got.body)
				}
			}
			if begun := started(t, h) - before; (begun == 0) != c.refused {
				t.Errorf("%d runs were started", begun)
			}
		})
	}
	if status, _ := p.get("/sites"); status != http.StatusOK {
		t.Errorf("the owner was signed out by a page of somebody else: %d", status)
	}
	if !strings.Contains(h.logged.String(), "status=403") {
		t.Error("the log says nothing of refused requests")
	}
}

func started(t *testing.T, h *testServer) int64 {
	t.Helper()
	_, total, err := h.runner.Runs(context.Background(), access.System(), runs.Filter{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func TestAttackOpenRedirectAfterSignIn(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Viewer)
	form := url.Values{"email": {"viewer@agency.example"}, "password": {password}}
	for next, want := range map[string]string{
		"//evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/", "https:evil.example": "/", "https://evil.example/": "/", "https:/evil.example": "/",
		"///evil.example": "/", "/\t/evil.example": "/", "/\n/evil.example": "/", "javascript:alert(1)": "/", "evil.example": "/", "": "/", "/\x00/evil.example": "/",
		"/%2F/evil.example": "", "/%5Cevil.example": "", "/.//evil.example": "", "/x/..//evil.example": "", "/..//evil.example": "", "/;//evil.example": "",
		"/runs?state=running": "/runs?state=running", "/sites/1#credential": "/sites/1#credential",
	} {
		p := h.public(t)
		status, to := p.post("/sign-in?next="+url.QueryEscape(next), form)
		if status == http.StatusBadRequest && strings.ContainsAny(next, "\x00") {
			continue // the address itself is refused
		}
		if status != http.StatusSeeOther {
			t.Fatalf("next=%q: %d %.200s", next, status, to)
		}
		base, _ := url.Parse(h.home)
		led, err := base.Parse(strings.NewReplacer(`\`, "/", "\t", "", "\n", "").Replace(to)) // as a browser reads it
		if err != nil || led.Host != base.Host || led.Scheme != base.Scheme {
			t.Errorf("next=%q leads to %q", next, to)
		}
		if want != "" && to != want {
			t.Errorf("next=%q leads to %q, want %q", next, to, want)
		}
	}
	// What asks for a page without being signed in comes back to that page and to no other host.
	for _, path := range []string{"//evil.example/sites", "//evil.example/sites/", "/sites/", "/%2fevil.example/", `/\evil.example/`,
		"/sites/1?next=//evil.example"} {
		r, err := http.NewRequest(http.MethodGet, h.home, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Opaque = strings.TrimPrefix(h.home, "http:") + path // sent as it stands
		r.Header.Set("X-Forwarded-Prefix", "//evil.example")
		r.Header.Set("X-Forwarded-Host", "evil.example")
		if status, to := h.public(t).do(r); status/100 == 3 && (!strings.HasPrefix(to, "/") && !strings.HasPrefix(to, h.home+"/") || strings.HasPrefix(to, "//")) {
			t.Errorf("%s: %d leads to %q", path, status, to)
		}
	}
}

func TestAttackSessionFixation(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	attacker := h.signIn(t, access.Viewer)
	home, _ := url.Parse(h.home)
	theirs := attacker.Jar.Cookies(home)[0]
	h.signIn(t, access.Owner)
	for name, planted := range map[string]string{"one that was made up": strings.Repeat("A", 52), "a session of the attacker's own": theirs.Value} {
		victim := h.public(t)
		victim.Jar.SetCookies(home, []*http.Cookie{{Name: "drover", Value: planted, Path: "/"}})
		if status, _ := victim.post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}); status != http.StatusSeeOther {
			t.Fatalf("%s: sign in: %d", name, status)
		}
		if got := victim.Jar.Cookies(home)[0].Value; got == planted {
			t.Errorf("%s: the planted token is the session's", name)
		}
		holder := h.public(t)
		holder.Jar.SetCookies(home, []*http.Cookie{{Name: "drover", Value: planted, Path: "/"}})
		if _, page := holder.get("/settings"); strings.Contains(page, "The owner") {
			t.Errorf("%s: whoever planted the token is the owner now", name)
		}
	}
	p := h.secured(t)
	got := p.send(p.request(http.MethodPost, "/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}))
	for _, part := range []string{"__Host-drover=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(got.header.Get("Set-Cookie"), part) {
			t.Errorf("over HTTPS the cookie is %q: no %s", got.header.Get("Set-Cookie"), part)
		}
	}
	if strings.Contains(got.header.Get("Set-Cookie"), "Domain") {
		t.Error("the cookie is sent to other hosts")
	}
}

func TestAttackOneTimeLinkUsedTwice(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	ctx := context.Background()
	used := func(name, path string, form url.Values) {
		t.Helper()
		// Two browsers at once: one of them comes in.
		var in, out atomic.Int32
		var both sync.WaitGroup
		for range 2 {
			p := h.public(t)
			both.Go(func() {
				r := p.request(http.MethodPost, path, form)
				if form == nil {
					r = p.request(http.MethodGet, path, nil)
				}
				got, err := p.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				got.Body.Close()
				switch {
				case got.StatusCode == http.StatusSeeOther && len(got.Cookies()) == 1:
					in.Add(1)
				case got.StatusCode == http.StatusNotFound && len(got.Cookies()) == 0:
					out.Add(1)
				default:
					t.Errorf("%s: %d", name, got.StatusCode)
				}
			})
		}
		both.Wait()
		if in.Load() != 1 || out.Load() != 1 {
			t.Errorf("%s: %d came in, %d were told that it is used", name, in.Load(), out.Load())
		}
		if status, page := h.public(t).get(path); status != http.StatusNotFound || !strings.Contains(page, "This link does not work") {
			t.Errorf("%s, later: %d", name, status)
		}
	}
	setup, needed, err := h.roster.EnsureSetupLink(ctx)
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	used("setup", "/setup/"+setup.Reveal(), url.Values{"name": {"Olga"}, "email": {"olga@agency.example"}, "password": {password}})
	invitation, err := h.roster.Invite(ctx, shell, members.Member{Email: "jo@agency.example", Role: access.Operator})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := h.public(t).get("/join/" + invitation.Reveal()); status != http.StatusOK {
		t.Errorf("looking at an invitation uses it up: %d", status)
	}
	for _, other := range []string{"/setup/", "/enter/"} {
		if status, _ := h.public(t).get(other + invitation.Reveal()); status != http.StatusNotFound {
			t.Errorf("an invitation is taken for another link at %s: %d", other, status)
		}
	}
	used("join", "/join/"+invitation.Reveal(), url.Values{"name": {"Jo"}, "email": {"jo@agency.example"}, "password": {password}})
	enter, err := h.roster.SignInLink(ctx, shell, 1)
	if err != nil {
		t.Fatal(err)
	}
	used("enter", "/enter/"+enter.Reveal(), nil)
	for _, token := range []vault.Secret{setup, invitation, enter} {
		if strings.Contains(h.logged.String(), token.Reveal()) {
			t.Error("the log holds a link's token")
		}
	}
}

func TestAttackOthersNumbersInAddresses(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example"}, wptest.Site{Host: "two.example"})
	h.addSites(t)
	h.runAll(t, "status")
	h.runAll(t, "clear-cache")
	viewer, owner := h.signIn(t, access.Viewer), h.signIn(t, access.Owner)
	for path, want := range map[string]int{
		"/runs/1/targets/1": http.StatusOK, "/runs/2/targets/3": http.StatusOK, "/runs/1/targets/3": http.StatusNotFound, "/runs/2/targets/1": http.StatusNotFound,
		"/runs/0": http.StatusNotFound, "/runs/-1": http.StatusNotFound, "/runs/1e3": http.StatusNotFound, "/runs/9223372036854775808": http.StatusNotFound,
		"/runs/9223372036854775807": http.StatusNotFound, "/sites/3": http.StatusNotFound, "/audit/99999": http.StatusNotFound,
		"/operations/99999/use": http.StatusForbidden,
	} {
		if status, _ := viewer.get(path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	present, err := h.roster.Members(context.Background(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range present {
		if m.Role != access.Owner {
			continue
		}
		open, err := h.roster.Sessions(context.Background(), m.ID)
		if err != nil || len(open) != 1 {
			t.Fatal(open, err)
		}
		viewer.post(fmt.Sprintf("/settings/sessions/%d/revoke", open[0].ID), nil)
	}
	if status, _ := owner.get("/settings"); status != http.StatusOK {
		t.Errorf("a viewer ended the owner's session: %d", status)
	}
}
