package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// event is one event of a stream.
type event struct{ name, data string }

func (p person) stream(path string) []event {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	got, err := p.Do(p.request(http.MethodGet, path, nil).WithContext(ctx))
	if err != nil {
		p.t.Fatal(err)
	}
	defer got.Body.Close()
	if kind := got.Header.Get("Content-Type"); got.StatusCode != http.StatusOK || kind != "text/event-stream" {
		p.t.Fatalf("%s: %d %s", path, got.StatusCode, kind)
	}
	var all []event
	var now event
	lines := bufio.NewScanner(got.Body)
	lines.Buffer(nil, mega)
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "":
			all, now = append(all, now), event{}
		case strings.HasPrefix(line, "event: "):
			now.name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			now.data += line[len("data: "):] + "\n"
		default:
			p.t.Errorf("%s: the stream has the line %.80q", path, line)
		}
	}
	if lines.Err() != nil {
		p.t.Fatal(lines.Err())
	}
	return all
}

func TestStreamEndsWithDone(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Latency: [2]time.Duration{1500 * time.Millisecond, 1600 * time.Millisecond}},
		wptest.Site{Latency: [2]time.Duration{0, time.Millisecond}})
	h.addSites(t)
	p := h.signIn(t, access.Operator)
	if status, to := p.post("/runs", p.seen(url.Values{"operation": {"status"}, "all": {"1"}})); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	for i, name := range []string{"while it runs", "after its end"} {
		all := p.stream("/runs/1/stream")
		if least := 3 - i; len(all) < least { // frames, and the end
			t.Fatalf("%s: %d events, at least %d were expected", name, len(all), least)
		}
		if last := all[len(all)-1]; last.name != "done" {
			t.Errorf("%s: the last event is %q", name, last.name)
		}
		final := all[len(all)-2]
		if final.name != "" || !strings.Contains(final.data, `id="run-live"`) || !strings.Contains(final.data, "All 2 sites succeeded") {
			t.Errorf("%s: the last frame is %.300s", name, final.data)
		}
	}
	for path, want := range map[string]int{"/runs/99/stream": http.StatusNotFound, "/runs/x/stream": http.StatusNotFound} {
		if status, _ := p.get(path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestLiveSearch(t *testing.T) {
	t.Parallel()
	var described []wptest.Site
	for _, host := range []string{"alpha.example", "alpine.example", "beta.example"} {
		described = append(described, wptest.Site{Host: host})
	}
	h := newTestServer(t, described...)
	h.addSites(t)
	p := h.signIn(t, access.Viewer)
	for words, want := range map[string][]string{
		"alp": {"alpha.example", "alpine.example"}, "  BETA ": {"beta.example"}, "nothing here": nil, "": nil, "%": nil, "_": nil, "alp_a": nil, "'": nil,
	} {
		r := p.request(http.MethodGet, "/search?q="+url.QueryEscape(words), nil)
		r.Header.Set("HX-Request", "true")
		got := p.send(r)
		var found []string
		for _, host := range []string{"alpha.example", "alpine.example", "beta.example"} {
			if strings.Contains(got.body, host) {
				found = append(found, host)
			}
		}
		if got.status != http.StatusOK || !slices.Equal(found, want) || strings.Contains(got.body, "<html") {
			t.Errorf("%q: %d %v, want %v", words, got.status, found, want)
		}
	}
	r := h.public(t).request(http.MethodGet, "/search?q=alp", nil)
	r.Header.Set("HX-Request", "true")
	if got := h.public(t).send(r); got.header.Get("HX-Redirect") != "/sign-in" || strings.Contains(got.body, "alpha") {
		t.Errorf("a stranger: %d %v", got.status, got.header)
	}
}

// Whatever goes wrong, the page has the number to look up in the log and says what to do.
func TestProblemPagesHelp(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	h.runAll(t, "status")
	owner, viewer := h.signIn(t, access.Owner), h.signIn(t, access.Viewer)
	check := func(name string, got answer, want int, fix string) {
		t.Helper()
		id := got.header.Get("X-Request-Id")
		if got.status != want || id == "" || !strings.Contains(got.body, "Request "+id) || !strings.Contains(got.body, fix) {
			t.Errorf("%s: %d, want %d with request %q and %q: %.200s", name, got.status, want, id, fix, got.body[max(0, strings.Index(got.body, "<main")):])
		}
		poll.Until(t, name+" is logged", func() bool { return strings.Contains(h.logged.String(), id) })
	}
	for _, c := range []struct {
		p            person
		method, path string
		want         int
		fix          string
	}{
		{owner, "GET", "/nowhere", 404, "may be wrong"}, {h.public(t), "GET", "/nowhere", 404, "may be wrong"}, {owner, "GET", "/sites/99", 404, "site list"},
		{owner, "GET", "/runs/99", 404, "list of runs"},
		{owner, "GET", "/runs/1/targets/99", 404, "Look for the site"}, {owner, "GET", "/audit/9999", 404, "in the audit log"},
		{owner, "POST", "/team/999/remove", 404, "Team page"}, {owner, "GET", "/static/none.js", 404, "may be wrong"},
		{viewer, "POST", "/sites/1/retire", 403, "Ask an admin"}, {owner, "POST", "/runs/1/cancel", 409, "nothing left to cancel"},
		{owner, "PUT", "/sites", 405, "Some addresses only accept"}, {owner, "POST", "/sites/retire", 422, "Go back and select"},
		{owner, "GET", "/sites?q=%00", 400, "Enter it again"}, {owner, "GET", "/operations/999/use", 404, "saved operations"},
		{owner, "POST", "/operations/x/remove", 404, "may be wrong"},
	} {
		check(c.method+" "+c.path, c.p.send(c.p.request(c.method, c.path, nil)), c.want, c.fix)
	}
	present, err := h.roster.Members(context.Background(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	check("the last owner", owner.send(owner.request(http.MethodPost, "/team/"+idOf(present, access.Owner)+"/role", url.Values{"role": {"viewer"}})), 409,
		"Make someone else an owner first")
	broken, err := h.db.Gorm.DB()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := broken.Exec("ALTER TABLE site_tags RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	check("a fault of Drover's own", owner.send(owner.request(http.MethodGet, "/sites", nil)), 500, "logged under the request ID below")
	if _, err := broken.Exec("ALTER TABLE gone RENAME TO site_tags"); err != nil {
		t.Fatal(err)
	}
}

func idOf(present []members.Member, role access.Role) string {
	i := slices.IndexFunc(present, func(m members.Member) bool { return m.Role == role })
	return strconv.FormatInt(present[i].ID, 10)
}
