package web_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// typed reads back what the forms of a page hold, by field.
func typed(t *testing.T, page string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	summary := url.Values{}
	for n := range root.Descendants() {
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		_, checked := at["checked"]
		switch {
		case n.Data == "textarea" && n.FirstChild != nil:
			summary.Add(at["name"], n.FirstChild.Data)
		case n.Data == "input" && at["type"] != "radio" && at["type"] != "checkbox", n.Data == "input" && checked:
			summary.Add(at["name"], at["value"])
		case n.Data == "select":
			for o := range n.Descendants() {
				for _, a := range o.Attr {
					if a.Key == "selected" {
						value, _ := find(o, "value")
						summary.Add(at["name"], value)
					}
				}
			}
		}
	}
	return summary
}

func find(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func TestFormsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example"}, wptest.Site{Host: "two.example"})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	secret := "qqqq WWWW 7777 eeee RRRR 1111"
	invitation, err := h.roster.Invite(context.Background(), shell, members.Member{Email: "new@agency.example", Role: access.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path  string
		form  url.Values
		gone  []string // fields that must not come back
		tells string
	}{
		"add a site": {"/sites", url.Values{"url": {"ftp:// nowhere"}, "name": {`A "name" <b>`}, "client": {"Acme & Söhne"}, "tags": {"a, b"},
			"username": {"drover"}, "application_password": {secret}}, []string{"application_password"}, "URL"},
		"add one that is there": {"/sites", url.Values{"url": {h.fake.URL(0)}, "name": {"Twice"}, "client": {"C"}, "tags": {"x"}, "username": {"drover"},
			"application_password": {secret}}, []string{"application_password"}, "already"},
		"edit a site": {"/sites/1", url.Values{"url": {h.fake.URL(1)}, "name": {strings.Repeat("n", 300)}, "client": {"New client"},
			"tags": {"care, plan"}}, nil, "too long"},
		"replace a credential": {"/sites/1/credential", url.Values{"username": {"with:colon"}, "application_password": {secret}},
			[]string{"application_password"}, "colon"},
		"compose without a site": {"/runs", url.Values{"operation": {"clear-cache"}, "all": {""}, "p.purge_type": {"urls"}, "p.urls": {"/prices/\n/about/"},
			"q": {"no such site"}, "at_once": {"7"}, "time_limit": {"10m"}, "verify": {"1"}}, nil, ""},
		"compose a wrong request": {"/runs", url.Values{"operation": {"request"}, "all": {"1"}, "p.method": {"POST"}, "p.path": {"no slash"},
			"p.body": {"{not json"}, "p.headers": {"X-A: b"}, "at_once": {"many"}}, nil, ""},
		"confirm with a wrong number": {"/runs", url.Values{"operation": {"disable-cache"}, "all": {"1"}, "confirm": {"17"}}, nil, "2"},
		"invite":                      {"/team/invite", url.Values{"email": {"not an address"}, "role": {"admin"}}, nil, "email address"},
		"a name":                      {"/settings/name", url.Values{"name": {strings.Repeat("n", 150)}}, nil, "100 characters"},
		"a password": {"/settings/password", url.Values{"old": {"not the old one at all"}, "password": {secret}}, []string{"old", "password"},
			"current password"},
		"a short password": {"/settings/password", url.Values{"old": {password}, "password": {"short-secret"[:8]}}, []string{"old", "password"},
			"12 characters"},
		"sign in": {"/sign-in?next=/runs", url.Values{"email": {"owner@agency.example"}, "password": {secret}}, []string{"password"}, "wrong"},
		"join": {"/join/" + invitation.Reveal(), url.Values{"name": {"Jo <Jo>"}, "email": {"new@agency.example"}, "password": {"tooshort"}},
			[]string{"password"}, "12 characters"},
		"an operation": {"/operations", url.Values{"name": {""}, "sentence": {"Effect"}, "method": {"PATCH"}, "path": {"/wp/v2/x"},
			"body": {`{"a":1}`}, "columns": {"a: .a"}}, nil, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			var page string
			if c.path == "/runs" {
				c.form = p.seen(c.form)
				page = p.refused(c.form)
			} else if status, body := p.post(c.path, c.form); status != http.StatusUnprocessableEntity {
				t.Fatalf("%d, want 422: %.300s", status, body)
			} else {
				page = body
			}
			summary := typed(t, page)
			for field, values := range c.form {
				for _, value := range values {
					back := slices.Contains(summary[field], value)
					if slices.Contains(c.gone, field) {
						if strings.Contains(page, html.EscapeString(value)) {
							t.Errorf("the secret in %s came back", field)
						}
					} else if !back && value != "" {
						t.Errorf("%s held %q and now holds %q", field, value, summary[field])
					}
				}
			}
			main := page[strings.Index(page, "<main"):]
			if !strings.Contains(main, c.tells) || !strings.Contains(main, `role="alert"`) && !strings.Contains(main, "field-problem") {
				t.Errorf("the page does not tell what is wrong, with %q", c.tells)
			}
		})
	}
}

func upload(t *testing.T, p person, content, pasted string) (int, string) {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	if content != "" {
		file, err := parts.CreateFormFile("file", "sites.csv")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(file, content)
	}
	if err := parts.WriteField("csv", pasted); err != nil {
		t.Fatal(err)
	}
	parts.Close()
	r, err := http.NewRequest(http.MethodPost, p.home+"/sites/import", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", parts.FormDataContentType())
	return p.do(r)
}

// report reads the table of an import: the result and the reason by line.
func report(t *testing.T, page string) map[string][2]string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][2]string{}
	for n := range root.Descendants() {
		if n.Data != "tr" || n.Parent.Data != "tbody" {
			continue
		}
		var cells []string
		for cell := range n.ChildNodes() {
			if cell.Data == "td" {
				cells = append(cells, text(cell))
			}
		}
		if len(cells) == 4 {
			lines[cells[0]] = [2]string{cells[2], cells[3]}
		}
	}
	return lines
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestImportByUploadAndByPaste(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]func(t *testing.T, p person, content string) (int, string){
		"upload": func(t *testing.T, p person, content string) (int, string) { return upload(t, p, content, "") },
		"paste":  func(t *testing.T, p person, content string) (int, string) { return upload(t, p, "", content) },
		"paste in an ordinary form": func(t *testing.T, p person, content string) (int, string) {
			return p.post("/sites/import", url.Values{"csv": {content}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTestServer(t, wptest.Site{Host: "one.example"}, wptest.Site{Host: "two.example"})
			p := h.signIn(t, access.Admin)
			secret := "zzzz YYYY 9999 xxxx WWWW 8888"
			content := "url,username,application_password,client,tags\n" +
				h.fake.URL(0) + "," + wptest.DefaultUser + "," + wptest.DefaultPassword + ",Acme,care-plan;wpo\n" +
				"\n" +
				"not an address,drover," + secret + ",Acme,\n" +
				h.fake.URL(1) + "," + wptest.DefaultUser + "," + wptest.DefaultPassword + ",,\n" +
				h.fake.URL(1) + "/,drover," + secret + ",,\n" +
				"https://three.example,,,,\n"
			status, page := way(t, p, content)
			if status != http.StatusOK {
				t.Fatalf("%d %.300s", status, page)
			}
			lines := report(t, page)
			for line, want := range map[string][2]string{"2": {"added", ""}, "4": {"invalid", "cannot contain spaces"}, "5": {"added", ""}, "6": {"duplicate", "line 5"},
				"7": {"invalid", "application_password"}} {
				if got := lines[line]; !strings.EqualFold(got[0], want[0]) || !strings.Contains(got[1], want[1]) {
					t.Errorf("line %s: %q, want %q", line, got, want)
				}
			}
			if len(lines) != 5 {
				t.Errorf("%d lines are reported: %v", len(lines), lines)
			}
			for _, each := range []string{secret, wptest.DefaultPassword + ",Acme,care-plan;wpo"} {
				if strings.Contains(page, each) {
					t.Error("a password came back")
				}
			}
			before := entries(t, h, access.SiteImport)
			_, page = way(t, p, content)
			for line, got := range report(t, page) {
				if got[0] == "added" || got[0] == "updated" {
					t.Errorf("the second time, line %s is %q", line, got)
				}
			}
			if now := entries(t, h, access.SiteImport); before != 1 || now != before {
				t.Errorf("%d entries after the first time, %d after the second", before, now)
			}
			if found, total, err := h.registry.Sites(context.Background(), access.System(), sites.Filter{Sort: "client", Descending: true}); err != nil || total != 2 ||
				found[0].Client != "Acme" {
				t.Errorf("%d sites, %v", total, err)
			}
			for problem, content := range map[string]string{"the first line must name": "a,b\n1,2\n", "Choose a CSV file": ""} {
				if status, page := way(t, p, content); status != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(page), strings.ToLower(problem)) {
					t.Errorf("%q: %d", problem, status)
				}
			}
		})
	}
}

func entries(t *testing.T, h *testServer, action access.Action) int64 {
	t.Helper()
	_, total, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Action: action, Outcome: audit.Done})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// Without scripts a form starts a run, its page shows how it stands, and asked for again it shows the end.
func TestPlainFormStartsARun(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example"}, wptest.Site{Host: "two.example", Fault: wptest.Maintenance})
	h.addSites(t)
	p := h.signIn(t, access.Operator)
	_, page := p.get("/run?operation=clear-cache&all=1")
	form := typed(t, page)
	if form.Get("operation") != "clear-cache" || form.Get("all") != "1" {
		t.Fatalf("the form does not hold what its address chose: %v", form)
	}
	form.Del("")
	form.Set("p.purge_type", "all")
	_, address := p.post("/run/preview", form)
	if status, shown := p.get(address); status != http.StatusOK || !strings.Contains(shown, "<html") || !strings.Contains(shown, "2 sites") {
		t.Errorf("without scripts the preview is no page: %d", status)
	}
	status, to := p.post("/runs", p.seen(form))
	if status != http.StatusSeeOther || to != "/runs/1" {
		t.Fatalf("%d %.300s", status, to)
	}
	h.ended(t, 1)
	_, page = p.get(to)
	for _, wanted := range []string{"1 succeeded", "1 needs attention", "In maintenance"} {
		if !strings.Contains(strings.ToLower(page), strings.ToLower(wanted)) {
			t.Errorf("the run's page does not say %q", wanted)
		}
	}
	if status, to := p.post("/runs/1/rerun", url.Values{"outcome": {"trouble"}}); status != http.StatusSeeOther || to != "/runs/2" {
		t.Errorf("again: %d %.200s", status, to)
	}
}

// What was sent and not kept is asked for where the rerun was clicked, however the field is called.
func TestARerunSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Admin)
	form := url.Values{"operation": {"request"}, "all": {"1"}, "p.method": {"POST"}, "p.path": {"/wp/v2/posts"}, "p.body": {`{"password": "S3cret-of-the-test"}`}}
	status, to := p.post("/runs", p.seen(form))
	if status != http.StatusSeeOther || to != "/runs/1" {
		_, page := p.get(to)
		t.Fatalf("%d %.300s %s", status, to, page)
	}
	h.ended(t, 1)
	status, page := p.post("/runs/1/rerun", url.Values{"sites": {"1"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, "were sent but not stored. Enter them again.") || !strings.Contains(page, "Run 1") {
		t.Errorf("%d %.2000s", status, page)
	}
}

// A run that waits has no such form, and what is wrong with a request all the same is said on its page too.
func TestARerunOfARunThatWaitsSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	form := url.Values{"operation": {"request"}, "all": {"1"}, "p.method": {"DELETE"}, "p.path": {"/wp/v2/posts/1?password=S3cret-of-the-test"}, "confirm": {"1"}}
	for run, path := range []string{"/runs/1", "/runs/2"} {
		if run == 1 {
			p.post("/team/approval", url.Values{"effect": {"destroy"}})
		}
		if status, to := p.post("/runs", p.seen(form)); status != http.StatusSeeOther || to != path {
			_, page := p.get(to)
			t.Fatalf("%d %.300s %s", status, to, page)
		}
		status, page := p.post(path+"/rerun", url.Values{"sites": {"1"}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(page, "were sent but not stored. Enter them again.") {
			t.Errorf("%s: %d %.2000s", path, status, page)
		}
	}
}
