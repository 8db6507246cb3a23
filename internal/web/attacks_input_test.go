package web_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// filler gives far more bytes than anything may take, and counts how many were taken. It has an end, so that a server without a bound
// fails the test and not the machine's disk.
type filler struct {
	head  io.Reader
	taken atomic.Int64
}

func (f *filler) Read(p []byte) (int, error) {
	if n, err := f.head.Read(p); err == nil {
		return n, nil
	}
	if f.taken.Load() > 64*mega {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'a'
	}
	f.taken.Add(int64(len(p)))
	return len(p), nil
}

const mega = 1 << 20

func TestAttackBodyThatFillsTheServer(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	var head bytes.Buffer
	parts := multipart.NewWriter(&head)
	if _, err := parts.CreateFormFile("file", "sites.csv"); err != nil {
		t.Fatal(err)
	}
	urlencoded, upload := "application/x-www-form-urlencoded", parts.FormDataContentType()
	for _, c := range []struct {
		method, path, kind, head string
		most                     int64 // bytes that may be read, besides what lies in buffers
		want                     int
	}{
		{"POST", "/sites", urlencoded, "url=", mega, http.StatusRequestEntityTooLarge},
		{"POST", "/sites/1", urlencoded, "name=", mega, http.StatusRequestEntityTooLarge},
		{"POST", "/runs", urlencoded, "operation=", mega, http.StatusRequestEntityTooLarge},
		{"POST", "/sign-in", urlencoded, "email=", mega, http.StatusRequestEntityTooLarge},
		{"POST", "/settings/password", urlencoded, "old=", mega, http.StatusRequestEntityTooLarge},
		{"POST", "/sites", upload, head.String(), mega, http.StatusRequestEntityTooLarge},
		{"POST", "/sites/import", upload, head.String(), 17 * mega, http.StatusRequestEntityTooLarge},
		{"POST", "/operations/import", upload, head.String(), 2 * mega, http.StatusRequestEntityTooLarge},
		{"GET", "/sites/1", upload, head.String(), 0, http.StatusOK},
		{"GET", "/team", upload, head.String(), 0, http.StatusOK},
		{"POST", "/nowhere", urlencoded, "a=", mega, http.StatusRequestEntityTooLarge},
		{"POST", "/runs/1/cancel", upload, head.String(), mega, http.StatusRequestEntityTooLarge},
	} {
		t.Run(c.method+" "+c.path+" "+c.kind[:9], func(t *testing.T) {
			body := &filler{head: strings.NewReader(c.head)}
			r, err := http.NewRequest(c.method, p.home+c.path, body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", c.kind)
			got, err := p.Do(r) // chunked: its length is not told beforehand
			if err != nil {
				if taken := body.taken.Load(); taken > c.most+8*mega {
					t.Errorf("%d bytes were taken before the connection was cut", taken)
				}
				t.Skipf("the connection was cut before the answer could be read: %v", err)
			}
			defer got.Body.Close()
			page, _ := io.ReadAll(got.Body)
			if got.StatusCode != c.want {
				t.Errorf("%d, want %d: %.300s", got.StatusCode, c.want, page)
			}
			if taken := body.taken.Load(); taken > c.most+8*mega {
				t.Errorf("%d bytes were taken", taken)
			}
			if c.want == http.StatusRequestEntityTooLarge && !strings.Contains(string(page), "MB") {
				t.Errorf("the page does not say how much is too much: %.600s", page)
			}
		})
	}
}

func TestAttackUnknownMethod(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	p := h.signIn(t, access.Owner)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"DELETE", "/sites", 405}, {"PUT", "/sites/1", 405}, {"TRACE", "/", 405}, {"PROPFIND", "/runs", 405}, {"BREW", "/sign-in", 405}, {"GET", "/sign-out", 405},
		{"OPTIONS", "/runs", 405},
		{"GET", "/sites/1/retire", 405}, {"DELETE", "/nowhere", 404},
	} {
		r := p.request(c.method, c.path, nil)
		got := p.send(r)
		if got.status != c.want || got.header.Get("X-Request-Id") == "" || !strings.Contains(got.body, got.header.Get("X-Request-Id")) {
			t.Errorf("%s %s: %d, want %d: %.200s", c.method, c.path, got.status, c.want, got.body)
		}
		if c.want == 405 && got.header.Get("Allow") == "" {
			t.Errorf("%s %s: the answer does not say what is allowed", c.method, c.path)
		}
	}
	for _, route := range h.server.Table() {
		path := strings.NewReplacer(":id", "1", ":target", "1", ":seq", "1", ":page", "sites").Replace(route.Path)
		if got := p.send(p.request(http.MethodTrace, path, nil)); got.status != http.StatusMethodNotAllowed {
			t.Errorf("TRACE %s: %d", path, got.status)
		}
	}
	r := p.request(http.MethodPost, "/sign-in", url.Values{"_method": {"DELETE"}})
	r.Header.Set("X-HTTP-Method-Override", "DELETE")
	if got := p.send(r); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a disguised method: %d", got.status)
	}
}

// Addresses and forms that hold what a database cannot store are refused, not failed on.
func TestAttackBytesThatAreNoText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestServerOn(t, db, wptest.Site{})
		h.addSites(t)
		owner, viewer := h.signIn(t, access.Owner), h.signIn(t, access.Viewer)
		long := strings.Repeat("a%25", 60_000)
		for _, path := range []string{
			"/%00", "/sites/%00", "/sites/1%00", "/runs/%ff", "/static/%00", "/static/..%2f..%2fgo.mod", "/gallery/%00", "/join/%00", "/sites?q=%00", "/sites?q=%ff",
			"/sites?client=%00&tag=%ff",
			"/search?q=%00%ff", "/runs?actor=%00", "/runs?operation=%ff", "/audit?actor=%00", "/audit?subject=%ff&action=%00", "/run?q=%00&client=%ff",
			"/endpoints?q=%00", "/sites?q=%zz",
			"/sites?q=" + long, "/search?q=" + long, "/runs?actor=" + long, "/audit?actor=" + long, "/audit?subject=" + long, "/sites?" +
				strings.Repeat("tag=x&", 40_000), "/run?" + strings.Repeat("site=7&", 40_000),
			"/run?" + strings.Repeat("client=x&", 40_000), "/sites?page=99999999999999999999", "/sites?sort=';--&dir=x", "/audit?since=%00", "/sign-in?next=%00",
		} {
			for _, p := range []person{owner, viewer} {
				if got := p.send(p.request(http.MethodGet, path, nil)); got.status >= 500 {
					t.Errorf("%.60s: %d %.200s", path, got.status, got.body[strings.Index(got.body, "<main"):])
				}
			}
		}
		for path, form := range map[string]url.Values{
			"/sign-in": {"email": {"a\x00b@agency.example"}, "password": {"\xff\x00"}},
			"/sites":   {"url": {"https://a\x00.example"}, "username": {"\xff"}, "application_password": {"\x00"}, "tags": {"\xff"}},
			"/sites/1": {"url": {h.fake.URL(0)}, "name": {"a\x00b"}, "client": {"\xff"}}, "/sites/tag": {"site": {"1"}, "new_tag": {"\x00\xff"}},
			"/runs":        {"operation": {"\x00"}, "q": {"\xff"}},
			"/run/preview": {"operation": {"clear-cache"}, "client": {"\x00"}, "all.q": {"\xff"}}, "/team/invite": {"email": {"\x00@\xff"}, "role": {"\x00"}},
			"/settings/name":     {"name": {"\x00\xff"}},
			"/settings/password": {"old": {"\x00"}, "password": {"\xff"}}, "/operations": {"name": {"\x00"}, "method": {"GET"}, "path": {"/\xff"}, "sentence": {"\x00"}},
			"/sites/check": {"all": {"1"}, "all.q": {"\x00"}}, "/team/2/role": {"role": {"\x00"}},
		} {
			if status, body := owner.post(path, form); status < 400 || status >= 500 {
				t.Errorf("POST %s: %d %.200s", path, status, body)
			}
		}
		if got := viewer.send(viewer.request(http.MethodPost, "/sites/%00%ff/retire", nil)); got.status < 400 || got.status >= 500 {
			t.Errorf("an address that cannot be recorded: %d", got.status)
		}
		r := h.public(t).request(http.MethodPost, "/sign-in", url.Values{"email": {"viewer@agency.example"}, "password": {password}})
		r.Header.Set("User-Agent", "\xff\xfe"+strings.Repeat("a", 20_000))
		if got := h.public(t).send(r); got.status != http.StatusSeeOther {
			t.Errorf("a browser with a strange name cannot sign in: %d", got.status)
		}
		var upload bytes.Buffer
		parts := multipart.NewWriter(&upload)
		file, _ := parts.CreateFormFile("file", "sites.csv")
		io.WriteString(file, "url,username,application_password,client,tags\n"+
			"https://latin.example,drover,abcd,M\xfcller,b\xe4r\n"+
			"https://nul.example,drover,abcd,a\x00b,x\nhttps://good.example,drover,abcd,Good,x\n")
		parts.Close()
		r, _ = http.NewRequest(http.MethodPost, h.home+"/sites/import", &upload)
		r.Header.Set("Content-Type", parts.FormDataContentType())
		if got := owner.send(r); got.status != http.StatusOK || strings.Count(got.body, "characters that cannot be shown") != 1 ||
			!strings.Contains(got.body, "good.example") {
			t.Errorf("a file in another encoding: %d %.300s", got.status, got.body)
		}
	})
}

// A request that never ends must not hold the server's stop, and a broken one must not end the server.
func TestAttackBrokenHTTP(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	for _, raw := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /sites HTTP/1.1\r\n\r\n",
		"GET /\r\nX: y\r\n\r\n", "GET http://evil.example/sites HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"GET /sites HTTP/1.1\r\nHost: evil.example\r\nCookie: drover=\r\nX-A: b\rc\r\n\r\n",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.home, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, raw)
		c.(*net.TCPConn).CloseWrite()
		text, _ := io.ReadAll(c)
		c.Close()
		if text := string(text); !strings.HasPrefix(text, "HTTP/1.1 4") && !strings.Contains(text, "Location: /sign-in") {
			t.Errorf("%q is answered with %.200q", raw, text)
		}
		if strings.Contains(string(text), "//evil.example") {
			t.Errorf("%q leads away: %.300q", raw, text)
		}
	}
	if status, body := h.public(t).get("/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("after that: %d %s", status, body)
	}
}

func TestSecurityHeadersOnEveryPage(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	h.runAll(t, "status")
	plain, secure := h.signIn(t, access.Owner), h.secured(t)
	if status, _ := secure.post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	fill := strings.NewReplacer(":id", "1", ":target", "1", ":seq", "1")
	paths := []string{"/sign-in", "/setup/x", "/join/x", "/enter/x", "/healthz", "/nowhere", "/sites/999", "/static/app.css", "/static/", "/static", "/sites/",
		"/sites//", "/nowhere/", "/runs/1/?x=1", "/team/1/reach", "/api/v1/sites", "/api/v1/sites/"}
	for _, route := range h.server.Table() {
		if route.Method == http.MethodGet {
			paths = append(paths, fill.Replace(route.Path))
		}
	}
	for _, path := range paths {
		for _, p := range []person{plain, secure} {
			r := p.request(http.MethodGet, path, nil)
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("X-Forwarded-Prefix", "/evil")
			got := p.send(r)
			if strings.Contains(got.header.Get("Location"), "evil") {
				t.Errorf("%s leads to %s", path, got.header.Get("Location"))
			}
			policy := got.header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
				"form-action 'self'"} {
				if !strings.Contains(policy, part) {
					t.Errorf("%s: the policy has no %q: %q", path, part, policy)
				}
			}
			if strings.Contains(policy, "unsafe-") || strings.Contains(policy, "*") || strings.Contains(policy, "http:") {
				t.Errorf("%s: the policy is open: %q", path, policy)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin"} {
				if got := got.header.Get(name); got != want {
					t.Errorf("%s: %s is %q", path, name, got)
				}
			}
			want := "same-origin"
			if strings.HasSuffix(path, "/x") {
				want = "no-referrer" // the address is a secret
			}
			if got := got.header.Get("Referrer-Policy"); got != want {
				t.Errorf("%s: Referrer-Policy is %q", path, got)
			}
			if cached := got.header.Get("Cache-Control"); cached != "no-store" {
				t.Errorf("%s: Cache-Control is %q", path, cached)
			}
			if strict := got.header.Get("Strict-Transport-Security"); (strict != "") != (p.home == secure.home) {
				t.Errorf("%s at %s: Strict-Transport-Security is %q", path, p.home, strict)
			}
			for _, name := range []string{"Server", "X-Powered-By"} {
				if got.header.Get(name) != "" {
					t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
				}
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: %s is %q, for a page of %q", path, name, got.header.Get(name), "https://evil.example")
				}
			}
		}
	}
}

func TestAttackTrustedOverHTTPSOnly(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	p := h.secured(t)
	r := p.request(http.MethodPost, "/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}})
	r.Header.Set("Origin", strings.Replace(p.home, "https://", "http://", 1)) // who sits on the wire can write such a page
	r.Header.Set("Sec-Fetch-Site", "cross-site")                              // and this is what browsers say of it
	if got := p.send(r); got.status != http.StatusForbidden {
		t.Errorf("a page over plain HTTP may post: %d", got.status)
	}
	for scheme, refused := range map[string]bool{"http://": true, "ftp://": true, "": true, "HTTP://": true, "https://": false, "HTTPS://": false} {
		r := p.request(http.MethodPost, "/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {password}})
		r.Header.Set("Origin", scheme+strings.TrimPrefix(p.home, "https://")) // an old browser sends no Sec-Fetch-Site
		if got := p.send(r); (got.status == http.StatusForbidden) != refused {
			t.Errorf("a page of %q that says no more than its origin: %d", scheme, got.status)
		}
	}
}
