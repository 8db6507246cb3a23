package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func TestUndoOnItsPage(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	p, operator := h.signIn(t, access.Owner), h.signIn(t, access.Operator)
	form := p.seen(url.Values{"operation": {"disable-cache"}, "all": {"1"}, "confirm": {"2"}})
	status, to := p.post("/runs", form)
	if status != http.StatusSeeOther {
		t.Fatalf("%d %.300s", status, to)
	}
	_, page := p.get(to)
	for _, want := range []string{"Starts in", "Nothing has been sent yet", to + "/undo", to + "/start"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if _, page := operator.get(to); strings.Contains(page, to+"/start") || !strings.Contains(page, to+"/undo") {
		t.Error("an operator may undo it, and not start it")
	}
	if status, _ := operator.post(to+"/start", nil); status != http.StatusForbidden {
		t.Errorf("an operator starts it: %d", status)
	}
	if status, back := operator.post(to+"/undo", nil); status != http.StatusSeeOther || back != to {
		t.Errorf("undone: %d %.200s", status, back)
	}
	_, page = p.get(to)
	_, log := p.get("/audit")
	_, lines := p.get(to + "/export.json")
	for where, want := range map[string][2]string{
		"the page": {page, "Nothing was sent."}, "the page's group": {page, "Not sent"},
		"the log of the undo": {log, "on 2 sites, before anything was sent"}, "the log of the end": {log, "2 not sent"}, "the file": {lines, "cancelled"},
	} {
		if !strings.Contains(want[0], want[1]) {
			t.Errorf("%s does not say %q", where, want[1])
		}
	}
	if strings.Contains(log, "2 failed") || len(h.fake.Calls(0))+len(h.fake.Calls(1)) > 0 {
		t.Error("something failed or was sent")
	}
	for path, not := range map[string]string{
		to: "Enable cache on", to + "/report": "failed", to + "/targets?outcome=failed&reason=cancelled": "Failed", to + "/targets/1": "Failed",
		"/sites/1": "Failed", "/sites?state=unchecked": "Failed",
	} {
		if _, page := p.get(path); !strings.Contains(strings.ToLower(page), "not sent") || strings.Contains(page, not) {
			t.Errorf("%s says %q, or does not say that nothing was sent", path, not)
		}
	}
	if _, home := p.get("/"); strings.Contains(home, "0 sites need") {
		t.Error("the home page lists a run that needs nobody")
	}
	if _, latest, _ := strings.Cut(page, "Latest results"); !strings.Contains(latest, "No site has a result.") {
		t.Errorf("the latest results: %.600s", latest)
	}
	if status, page := p.post(to+"/undo", nil); status != http.StatusConflict || !strings.Contains(page, "already finished") {
		t.Errorf("undone twice: %d", status)
	}
	// What was started at once, and a run of somebody who has no access to it.
	_, to = p.post("/runs", p.seen(url.Values{"operation": {"status"}, "all": {"1"}}))
	h.ended(t, 2)
	if status, _ := p.post(to+"/undo", nil); status != http.StatusConflict {
		t.Errorf("a run that has ended: %d", status)
	}
	acme := h.signInRestricted(t, access.Admin, access.Restriction{Clients: []string{"Acme"}})
	for _, path := range []string{"/runs/1/undo", "/runs/1/start"} {
		if status, _ := acme.post(path, nil); status != http.StatusNotFound {
			t.Errorf("%s, outside the scope: %d", path, status)
		}
	}
}

func TestARunThatWasNotShownIsRefused(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	two := p.seen(url.Values{"operation": {"clear-cache"}, "p.purge_type": {"all"}, "site": {"1", "2"}})
	for name, change := range map[string]func(url.Values){
		"a restored form":      func(f url.Values) { f.Del("shown") },
		"another operation":    func(f url.Values) { f.Set("operation", "clear-opcache") },
		"other sites":          func(f url.Values) { f["site"] = []string{"1", "3"} },
		"all sites":            func(f url.Values) { f.Set("all", "1") },
		"what destroys":        func(f url.Values) { f.Set("operation", "disable-cache"); f.Set("confirm", "2") },
		"a parameter":          func(f url.Values) { f.Set("p.purge_type", "urls"); f.Set("p.urls", "/a/") },
		"something else shown": func(f url.Values) { f.Set("shown", strings.Repeat("0", 32)) },
	} {
		form := url.Values{}
		for name, values := range two {
			form[name] = append([]string(nil), values...)
		}
		change(form)
		page := p.refused(form)
		if !strings.Contains(page, "Nothing was started yet") || shown.FindString(page) == "" {
			t.Errorf("%s: %.300s", name, page)
			continue
		}
		if strings.Contains(page, `name="confirm" value="2"`) {
			t.Errorf("%s: the number of another run is still typed", name)
		}
		if now := typed(t, page); now.Get("operation") != form.Get("operation") || now.Get("shown") == form.Get("shown") {
			t.Errorf("%s: the page holds %v", name, now)
		}
	}
	if _, n, err := h.runner.Runs(t.Context(), access.System(), runs.Filter{}); n != 0 || err != nil {
		t.Errorf("%d runs, %v", n, err)
	}
	if status, to := p.post("/runs", two); status != http.StatusSeeOther {
		t.Errorf("what was shown: %d %.200s", status, to)
	}
}

// Browsers send the lines of a form with CR LF, whatever the page had: that is no other run.
func TestTheEndsOfLinesMakeNoOtherRun(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	form := p.seen(url.Values{"operation": {"request"}, "p.method": {"POST"}, "p.path": {"/wp/v2/posts"}, "p.body": {"{\n  \"title\": \"x\"\n}"}, "site": {"1"}})
	form.Set("p.body", "{\r\n  \"title\": \"x\"\r\n}")
	if status, page := p.post("/runs", form); status != http.StatusSeeOther {
		t.Errorf("what was shown: %d %.300s", status, page)
	}
}
