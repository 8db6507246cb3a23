package web_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// hostile breaks out of text, of an attribute in quotes of either kind, and of a script, where anything lets it.
const hostile = `</title></script>"'><script>alert(document.domain)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>`

// hostileSite answers every request of the API with hostile text wherever an answer has room for text.
func hostileSite(host, name string, answer func(w http.ResponseWriter, r *http.Request)) wptest.Site {
	return wptest.Site{Host: host, Name: name, Answer: func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/wp-json/") && !r.URL.Query().Has("rest_route") {
			return false
		}
		if r.URL.Path == "/wp-json/" && name != "" {
			return false
		}
		for _, header := range []string{"Server", "Via", "X-Wp-Evil", "X-Bigscoots-Cache-Status", "X-Redirect-By", "Cf-Cache-Status"} {
			w.Header().Set(header, hostile)
		}
		answer(w, r)
		return true
	}}
}

func jsonError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": message, "data": map[string]any{"status": status, hostile: hostile}})
}

func TestAttackHostileAnswersAreOnlyText(t *testing.T) {
	t.Parallel()
	h := newTestServer(t,
		hostileSite("code.example", "", func(w http.ResponseWriter, _ *http.Request) { jsonError(w, http.StatusForbidden, hostile, hostile) }),
		hostileSite("page.example", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "<title>%s</title><body>%s", html.EscapeString(hostile), hostile)
		}),
		hostileSite("moved.example", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "javascript:alert(1)//"+hostile)
			w.WriteHeader(http.StatusMovedPermanently)
		}),
		hostileSite("good.example", hostile, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode([]any{map[string]any{"id": 1, hostile: hostile, "title": map[string]any{"rendered": hostile}}})
		}),
		wptest.Site{Host: "titled.example", Name: hostile})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	for path, form := range map[string]url.Values{
		"/settings/name": {"name": {hostile[:90]}}, "/sites/tag": {"site": {"1", "5"}, "new_tag": {"<script>alert(9)</script>"}},
		"/sites/1":    {"url": {h.fake.URL(0)}, "name": {hostile}, "client": {hostile}, "tags": {"<img src=x onerror=alert(2)>"}},
		"/operations": {"name": {hostile[:60]}, "sentence": {hostile[:100]}, "method": {"GET"}, "path": {"/wp/v2/posts"}, "columns": {"evil: .title"}},
	} {
		if status, to := p.post(path, form); status != http.StatusSeeOther {
			t.Fatalf("%s: %d %.300s", path, status, to)
		}
	}
	for id := range h.fake.Len() {
		p.post(fmt.Sprintf("/sites/%d/check", id+1), nil) // the sites' own titles come in with a check
	}
	for _, params := range []map[string]string{{"method": "GET", "path": "/wp/v2/posts"}, {"method": "POST", "path": "/wp/v2/posts", "body": `{"title":"x"}`}} {
		run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "request", Params: params, Selection: sites.Selection{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, run.ID)
	}
	paths := []string{"/sites?q=" + url.QueryEscape(hostile), "/sites?client=" + url.QueryEscape(hostile), "/runs?actor=" + url.QueryEscape(hostile),
		"/audit?actor=" + url.QueryEscape(hostile), "/audit?subject=" + url.QueryEscape(hostile),
		"/search?q=example", "/run?operation=request&all=1&p.path=" + url.QueryEscape(hostile), "/endpoints?all=1&words=" + url.QueryEscape(hostile),
		"/sign-in?next=/" + url.QueryEscape(hostile), "/" + url.PathEscape(hostile),
		"/runs/1/answers?group=0&columns=" + url.QueryEscape(hostile+": .[]"), "/runs/1/answers?columns=." + url.QueryEscape(hostile),
		"/runs/1/targets?outcome=failed", "/runs/2/compare?with=1", "/sites/5/edit", "/operations/1/edit", "/operations/1/use"}
	fill := strings.NewReplacer("/operations/:id", "/operations/1", ":seq", "4")
	for _, route := range h.server.Table() {
		if route.Method != http.MethodGet {
			continue
		}
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			path := strings.NewReplacer(":id", id, ":target", id).Replace(fill.Replace(route.Path))
			if strings.Contains(route.Path, ":target") {
				path = "/runs/1/targets/" + id
			}
			paths = append(paths, path)
		}
	}
	shown := 0
	for _, path := range paths {
		for _, fragment := range []bool{false, true} {
			r := p.request(http.MethodGet, path, nil)
			if fragment {
				r.Header.Set("HX-Request", "true")
			}
			got := p.send(r)
			switch kind := got.header.Get("Content-Type"); {
			case strings.HasPrefix(kind, "text/html"):
				shown += strings.Count(got.body, "&lt;script&gt;alert(")
				onlyText(t, path, got.body)
			case strings.HasPrefix(kind, "text/event-stream"):
				onlyText(t, path, strings.ReplaceAll(got.body, "data: ", ""))
			case got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment"):
				t.Errorf("%s: %s could be opened as a page", path, kind)
			}
		}
	}
	if shown < 100 {
		t.Errorf("the hostile text was shown %d times only: something hides what the sites answered", shown)
	}
	for path, wanted := range map[string]string{"/runs/1/targets/1": "javascript:alert", "/runs/1/targets/2": "&lt;script&gt;alert(document.domain)",
		"/runs/1/targets/3": "javascript:alert(1)", "/sites/5": "&lt;script&gt;alert(document.domain)"} {
		if _, page := p.get(path); !strings.Contains(page, wanted) {
			t.Errorf("%s does not show what the site answered", path)
		}
	}
}

// onlyText fails when the page holds an element or attribute that hostile text has made.
func onlyText(t *testing.T, path, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		source, inside := "", n.FirstChild != nil && strings.Contains(n.FirstChild.Data, "alert(")
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || a.Key == "style" ||
				strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:") &&
					(a.Key == "href" || a.Key == "action" || a.Key == "formaction" || a.Key == "src") {
				t.Errorf("%.80s: <%s %s=%.60q>", path, n.Data, a.Key, a.Val)
			}
			if a.Key == "src" || a.Key == "href" {
				source = a.Val
			}
		}
		foreign := strings.Contains(source, "evil") || n.Data == "img" && !strings.HasPrefix(source, "/static/")
		if n.Data == "script" && (inside || !strings.HasPrefix(source, "/static/")) || n.Data == "iframe" || n.Data == "base" || n.Data == "object" || foreign {
			t.Errorf("%.80s: hostile text became <%s src=%q>", path, n.Data, source)
		}
	}
}

func TestAttackFormulasInExports(t *testing.T) {
	t.Parallel()
	begins := []string{"=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠"}
	var described []wptest.Site
	for i, begin := range begins {
		evil := begin + `cmd|' /C calc'!A0,"x"`
		described = append(described, hostileSite(fmt.Sprintf("s%d.example", i), "", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/wp-json/wp/v2/plugins" {
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode([]any{map[string]any{"plugin": evil, evil: evil, "n": -1}})
				return
			}
			jsonError(w, http.StatusForbidden, evil, evil)
		}))
	}
	h := newTestServer(t, described...)
	for i, begin := range begins {
		d := sites.Draft{URL: h.fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword), Name: strings.TrimSpace(begin) +
			"HYPERLINK(1)", Client: strings.TrimSpace(begin) + "client"}
		if _, err := h.registry.Add(context.Background(), shell, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/wp/v2/settings", "/wp/v2/plugins"} {
		run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "request", Params: map[string]string{"method": "GET", "path": path},
			Selection: sites.Selection{All: true}})
		if err != nil {
			t.Fatal(err)
		}
		h.ended(t, run.ID)
	}
	p := h.signIn(t, access.Viewer)
	for _, path := range []string{"/runs/1/export.csv", "/runs/2/export.csv", "/runs/2/answers.csv", "/runs/2/answers.csv?columns=" +
		url.QueryEscape("=evil: .plugin\n@b: \"\\t=1\"\n-c: .n\nd: \"\\n=1\"\ne: \"\\r=1\"")} {
		_, text := p.get(path)
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(records) != len(begins)+1 {
			t.Fatalf("%s: %d records, %v: %.300s", path, len(records), err, text)
		}
		tamed := 0
		for _, record := range records {
			for _, cell := range record {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(cell)[0]) {
					t.Errorf("%s: a spreadsheet would work out %q", path, cell)
				}
				if strings.HasPrefix(cell, "'") {
					tamed++
				}
			}
		}
		if tamed < len(begins) {
			t.Errorf("%s: %d cells were tamed: the formulas did not come this far", path, tamed)
		}
	}
}

// draftAddress is where a form leads that is refused.
var draftAddress = regexp.MustCompile(`^/runs/new\?draft=[a-z0-9]+&typed=1$`)

// Names and addresses end up in headers, cookies and links: what is typed must not end one header and begin another.
func TestAttackHeaderInjection(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	evil := "x\r\nX-Evil: 1\r\nSet-Cookie: drover=evil\r\n\r\n<script>alert(1)</script>"
	for _, c := range []struct {
		path string
		form url.Values
	}{
		{"/sites", url.Values{"url": {"https://a.example/" + evil}, "username": {"a"}, "application_password": {"b"}}},
		{"/sites", url.Values{"url": {"https://b.example"}, "username": {evil}, "application_password": {evil}}},
		{"/sites/1", url.Values{"url": {h.fake.URL(0)}, "name": {evil}}}, {"/sites/tag", url.Values{"site": {"1"}, "new_tag": {evil}}},
		{"/settings/name", url.Values{"name": {evil}}},
		{"/team/invite", url.Values{"email": {"a@agency.example\r\nX-Evil: 1"}, "role": {"viewer"}}},
		{"/sign-in?next=" + url.QueryEscape("/"+evil), url.Values{"email": {"owner@agency.example"}, "password": {password}}},
		{"/runs", url.Values{"operation": {"request"}, "all": {"1"}, "p.method": {"GET"}, "p.path": {"/wp/v2/posts"},
			"p.headers": {"X-A: b\r\nHost: evil.example\r\nAuthorization: Basic eA=="}}},
		{"/runs", url.Values{"operation": {"request"}, "all": {"1"}, "p.method": {"GET\r\nX-Evil: 1"}, "p.path": {"/wp/v2/posts HTTP/1.1\r\nX-Evil: 1"}}},
		{"/operations", url.Values{"name": {evil}, "method": {"GET"}, "path": {"/x"}}},
	} {
		got := p.send(p.request(http.MethodPost, c.path, c.form))
		for name, values := range got.header {
			if name == "X-Evil" || name == "Set-Cookie" && strings.Contains(strings.Join(values, "\n"), "drover=evil") ||
				strings.ContainsAny(strings.Join(values, ""), "\r\n") {
				t.Errorf("POST %.40s: the answer has the header %s: %q", c.path, name, values)
			}
		}
		if location := got.header.Get("Location"); got.status != http.StatusUnprocessableEntity &&
			!(got.status == http.StatusSeeOther && (location == "/" || location == c.path || c.path == "/runs" && draftAddress.MatchString(location))) {
			t.Errorf("POST %.40s: %d to %q", c.path, got.status, location)
		}
	}
	for _, path := range []string{"/sites?q=%0d%0aX-Evil:%201", "/%0d%0aX-Evil:%201", "/join/%0d%0aX-Evil:%201", "/runs/1%0d%0a", "/sites/%0d%0aX-Evil:%201/"} {
		if got := p.send(p.request(http.MethodGet, path, nil)); got.header.Get("X-Evil") != "" {
			t.Errorf("%s: the answer has another header", path)
		}
	}
}
