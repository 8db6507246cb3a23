package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/members/providertest"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// logs waits for the line about a request, which is written after the answer.
func (h *testServer) logs(t *testing.T, parts ...string) string {
	t.Helper()
	var found string
	poll.Until(t, fmt.Sprintf("a line of the log has %q", parts), func() bool {
		for line := range strings.Lines(h.logged.String()) {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
				found = line
				return true
			}
		}
		return false
	})
	return found
}

func TestCookiesOverHTTPS(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	p := h.secured(t)
	seen := map[string]bool{}
	for _, r := range []*http.Request{
		p.request("POST", "/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}),
		p.request("POST", "/settings/name", url.Values{"name": {"Olga"}}),
		p.request("GET", "/settings", nil), p.request("POST", "/sign-out", nil),
	} {
		got, err := p.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		for _, c := range got.Cookies() {
			seen[c.Name] = true
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode &&
				c.SameSite != http.SameSiteStrictMode {
				t.Errorf("%s %s sets %s", r.Method, r.URL.Path, c.Raw)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("the cookies %v were set: the session, the browser's and what was said are expected", seen)
	}
}

// The log says who, from where, what, when and how it ended, each on a line of its own whatever was asked for.
func TestTheLogOfRequests(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	p.get("/sites/77")
	line := h.logs(t, "path=/sites/77")
	for _, part := range []string{"time=", "level=INFO", "req=", "method=GET", "status=404", "addr=127.0.0.1", "member=1"} {
		if !strings.Contains(line, part) {
			t.Errorf("the line has no %s: %s", part, line)
		}
	}
	p.get("/a%0Atime=2026-01-01T00:00:00Z%20level=INFO%20msg=request%20path=/forged%20member=9%0d%0a")
	for line := range strings.Lines(h.logged.String()) {
		if !strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "time=2026-01-01T00:00:00Z") {
			t.Errorf("a forged line: %q", line)
		}
	}
	p.post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {"not the password"}})
	if _, n, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.MemberSignIn, Outcome: audit.Refused}); n != 1 || err != nil {
		t.Errorf("%d refused sign-ins are recorded, %v", n, err)
	}
	for range 8 {
		p.post("/sign-in", url.Values{"email": {"nobody@agency.example"}, "password": {"not the password"}})
	}
	h.logs(t, "path=/sign-in", "status=429")
}

// Only proxies that are named are believed, and of what they say the part that they wrote themselves. No process of this machine is one by itself.
func TestAttackForgedAddress(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	trusting := h.parts
	trusting.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128")}
	other := web.New(trusting)
	t.Cleanup(other.Close)
	for i, c := range []struct {
		server                  *web.Server
		remote, forwarded, want string
	}{
		{h.server, "198.51.100.9:4711", "203.0.113.1", "198.51.100.9"}, {h.server, "127.0.0.1:4711", "203.0.113.5", "127.0.0.1"},
		{h.server, "[::1]:4711", "203.0.113.6", "::1"},
		{other, "127.0.0.1:4711", "203.0.113.5", "127.0.0.1"}, {other, "10.2.0.1:4711", "203.0.113.5", "10.2.0.1"},
		{other, "10.1.2.3:4711", "10.9.8.7, 203.0.113.5", "203.0.113.5"},
		{other, "[::1]:4711", "127.0.0.1, 203.0.113.6", "203.0.113.6"}, {other, "10.1.2.3:4711", "203.0.113.8, 10.1.0.9", "203.0.113.8"},
		{other, "10.1.2.3:4711", "", "10.1.2.3"},
	} {
		path := fmt.Sprintf("/from/%d", i)
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		for _, name := range []string{"X-Real-Ip", "Forwarded", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip", "X-User-Id"} {
			r.Header.Set(name, "192.0.2.66")
		}
		c.server.Handler().ServeHTTP(httptest.NewRecorder(), r)
		h.logs(t, "path="+path, "addr="+c.want+" ")
	}
}

func TestSigningOutDropsWhatTheBrowserKept(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	if got := p.send(p.request(http.MethodPost, "/sign-out", nil)); got.header.Get("Clear-Site-Data") != `"cache"` || got.status != http.StatusSeeOther {
		t.Errorf("%d %v", got.status, got.header)
	}
}

// slowRun starts a run that takes a while.
func (h *testServer) slowRun(t *testing.T) {
	t.Helper()
	h.addSites(t)
	if _, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "status", Selection: sites.Selection{All: true}}); err != nil {
		t.Fatal(err)
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Latency: [2]time.Duration{6 * time.Second, 7 * time.Second}})
	p := h.signIn(t, access.Viewer)
	h.slowRun(t)
	got, err := p.Do(p.request(http.MethodGet, "/runs/1/stream", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if err := h.roster.EndSessions(t.Context(), shell, 1); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	text, _ := io.ReadAll(got.Body)
	if took := time.Since(began); took > 10*time.Second || !bytes.Contains(text, []byte("run-live")) || bytes.Contains(text, []byte("event: done")) {
		t.Errorf("the stream went on for %v after its session had ended: %.200s", took, text)
	}
}

func TestOneMemberCannotTakeTheServer(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Latency: [2]time.Duration{6 * time.Second, 7 * time.Second}})
	greedy, other := h.signIn(t, access.Viewer), h.signIn(t, access.Operator)
	h.slowRun(t)
	ctx, leave := context.WithCancel(t.Context())
	var sinks sync.WaitGroup
	for range web.MostAtOnce {
		sinks.Go(func() {
			got, err := greedy.Do(greedy.request(http.MethodGet, "/runs/1/stream", nil).WithContext(ctx))
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { got.Body.Close() })
		})
	}
	sinks.Wait()
	if status, page := greedy.get("/sites"); status != http.StatusTooManyRequests || !strings.Contains(page, "Too many requests") {
		t.Errorf("one more: %d %.200s", status, page)
	}
	if status, _ := other.get("/sites"); status != http.StatusOK {
		t.Errorf("another member: %d", status)
	}
	leave()
	poll.Until(t, "the places are given back", func() bool {
		status, _ := greedy.get("/sites")
		return status == http.StatusOK
	})
}

// A page of an attacker's, or the preview of a chat, follows a link that signs somebody in.
func TestALinkFromAnotherPageSignsNobodyIn(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	token, err := h.roster.SignInLink(t.Context(), shell, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := h.public(t)
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Purpose", "prefetch"}} {
		r := p.request(http.MethodGet, "/enter/"+token.Reveal(), nil)
		r.Header.Set(header[0], header[1])
		if got := p.send(r); got.status != http.StatusOK || got.header.Get("Set-Cookie") != "" || !strings.Contains(got.body, `href="/enter/`+token.Reveal()) {
			t.Errorf("%v: %d %q", header, got.status, got.header.Get("Set-Cookie"))
		}
	}
	r := p.request(http.MethodGet, "/enter/"+token.Reveal(), nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if got := p.send(r); got.status != http.StatusSeeOther || got.header.Get("Set-Cookie") == "" {
		t.Errorf("the button of that page: %d", got.status)
	}
	// Nor does a link to the provider, at which a person may be signed in already.
	h.provided(t, providertest.New(t), nil)
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Purpose", "prefetch"}} {
		r := h.public(t).request(http.MethodGet, "/sign-in/provider?next=/runs", nil)
		r.Header.Set(header[0], header[1])
		if got := p.send(r); got.header.Get("Location") != "/sign-in?next=%2Fruns" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%v leads to %q", header, got.header.Get("Location"))
		}
	}
}

func TestAnotherPasswordNeedsTheSecondFactor(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	p.addApp()
	h.later(t, 31*time.Minute)
	form := url.Values{"old": {password}, "password": {"another four words here"}}
	if status, to := p.post("/settings/password", form); status != http.StatusSeeOther || to != "/confirm?next=/settings" {
		t.Errorf("by the old password alone: %d %.100s", status, to)
	}
	if status, _ := h.public(t).post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}); status != http.StatusSeeOther {
		t.Errorf("the old password is not good any more: %d", status)
	}
	h.later(t, time.Minute)
	if status, to := p.post("/settings/password", form); status != http.StatusSeeOther || to != "/sign-in" {
		t.Errorf("with a proof of late: %d %.100s", status, to)
	}
}

func TestAPanicShowsNothing(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.server.Break("/broken", "select * from credentials")
	p := h.public(t)
	got := p.send(p.request(http.MethodGet, "/broken", nil))
	if got.status != http.StatusInternalServerError || strings.Contains(got.body, "select") || strings.Contains(got.body, "goroutine") ||
		!strings.Contains(got.body, got.header.Get("X-Request-Id")) {
		t.Errorf("%d %.300s", got.status, got.body)
	}
	h.logs(t, "select * from credentials", "stack=", got.header.Get("X-Request-Id"))
	if status, _ := p.get("/healthz"); status != http.StatusOK {
		t.Errorf("after that: %d", status)
	}
}

func TestNothingIsServedByAccident(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	p := h.secured(t) // without the gallery, as in production
	if status, _ := p.post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	for _, path := range []string{"/static/", "/static", "/static/.", "/static/..", "/static/%2e%2e/static.go", "/static/..%2f..%2fgo.mod", "/static/.keep/",
		"/.git/config", "/.git/HEAD", "/go.mod", "/keyset.json", "/data/drover.db",
		"/debug/pprof/", "/debug/vars", "/metrics", "/gallery", "/gallery/0", "/swagger", "/team/avatar.css", "/settings/x.js", "/server-status"} {
		if got := p.send(p.request(http.MethodGet, path, nil)); got.status != http.StatusNotFound && got.status/100 != 3 || strings.Contains(got.body, "<pre>") {
			t.Errorf("%s: %d %.100s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/team/avatar.css", "/settings/x.js", "/sites.css"} { // what a cache would take for a file
		if got := p.send(p.request(http.MethodGet, path, nil)); got.status != http.StatusNotFound || got.header.Get("Cache-Control") != "no-store" ||
			strings.Contains(got.body, "agency.example/join") {
			t.Errorf("%s: %d %s", path, got.status, got.header.Get("Cache-Control"))
		}
	}
}

func TestEveryAnswerNamesItsKind(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	h.runAll(t, "status")
	p := h.signIn(t, access.Owner)
	fill := strings.NewReplacer(":id", "1", ":target", "1", ":seq", "1")
	paths := []string{"/healthz", "/nowhere", "/sign-in", "/sites/999"}
	for _, route := range h.server.Table() {
		if route.Method == http.MethodGet {
			paths = append(paths, fill.Replace(route.Path))
		}
	}
	for _, path := range paths {
		got := p.send(p.request(http.MethodGet, path, nil))
		kind := got.header.Get("Content-Type")
		if got.body == "" {
			continue
		}
		// streams and JSON are UTF-8 by definition
		if text := strings.HasPrefix(kind, "text/") && kind != "text/event-stream"; kind == "" || text && !strings.HasSuffix(kind, "; charset=utf-8") {
			t.Errorf("%s is %q", path, kind)
		}
	}
}

func TestPasswordFieldsAreMaskedAndTakeAPaste(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	invitation, err := h.roster.Invite(t.Context(), shell, members.Member{Email: "new@agency.example", Role: access.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	reset, err := h.roster.ResetLink(t.Context(), shell, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	for _, path := range []string{"/sign-in", "/join/" + invitation.Reveal(), "/reset/" + reset.Reveal(), "/settings", "/sites/new", "/sites/1"} {
		_, page := p.get(path)
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			name, _ := find(n, "name")
			if n.Data != "input" || !strings.Contains(name, "password") && name != "old" {
				continue
			}
			fields++
			kind, _ := find(n, "type")
			complete, _ := find(n, "autocomplete")
			_, short := find(n, "maxlength")
			_, fixed := find(n, "readonly")
			if wanted := name == "application_password" || complete == "current-password" || complete == "new-password"; kind != "password" || short || fixed ||
				!wanted {
				t.Errorf("%s: the field %s is of type %q, autocomplete %q", path, name, kind, complete)
			}
		}
	}
	if fields < 7 {
		t.Errorf("%d fields were looked at", fields)
	}
}

func TestEveryPageHasTheWayOut(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	h.runAll(t, "status")
	p := h.signIn(t, access.Owner)
	fill := strings.NewReplacer(":id", "1", ":target", "1", ":seq", "1")
	pages := 0
	for _, route := range h.server.Table() {
		if route.Method != http.MethodGet {
			continue
		}
		got := p.send(p.request(http.MethodGet, fill.Replace(route.Path), nil))
		if got.status != http.StatusOK || !strings.Contains(got.body, "<html") {
			continue
		}
		pages++
		if !strings.Contains(got.body, `action="/sign-out"`) {
			t.Errorf("%s has no way out", route.Path)
		}
	}
	if pages < 15 {
		t.Errorf("%d pages were looked at", pages)
	}
}
