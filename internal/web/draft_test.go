package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// fieldsOf is what a form of a page would send, without fields that have no name.
func fieldsOf(t *testing.T, page string) url.Values {
	t.Helper()
	fields := typed(t, page)
	fields.Del("")
	return fields
}

// live changes the form as the page does while somebody types, and returns the address that the browser then shows.
func (p person) live(form url.Values) string {
	p.t.Helper()
	r := p.request(http.MethodPost, "/run/preview", form)
	r.Header.Set("HX-Request", "true")
	return p.send(r).header.Get("HX-Replace-Url")
}

// refused sends the form of a run that is not to start, and returns the page that says why: it has the address of the form's draft.
func (p person) refused(form url.Values) string {
	p.t.Helper()
	status, to := p.post("/runs", form)
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/runs/new?draft=") {
		p.t.Errorf("not refused: %d %.300s", status, to)
		return ""
	}
	_, page := p.get(to)
	return page
}

// An address that leaves out what the form fills in by itself is run as it is shown.
func TestAnAddressRunsAsItIsShown(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	for _, address := range []string{"operation=request&p.path=/wp/v2/plugins", "operation=status", "operation=clear-opcache",
		"operation=clear-cache&p.purge_type=all"} {
		_, page := p.get("/run?all=1&" + address)
		if status, to := p.post("/runs", fieldsOf(t, page)); status != http.StatusSeeOther || !strings.HasPrefix(to, "/runs/") || strings.Contains(to, "draft") {
			t.Errorf("%s: %d %.300s", address, status, to)
		}
	}
}

func TestADraftKeepsTheWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestServerOn(t, db, wptest.Site{}, wptest.Site{}, wptest.Site{})
		h.addSites(t)
		p := h.signIn(t, access.Owner)
		form := url.Values{"operation": {"request"}, "p.method": {"POST"}, "p.path": {"/wp/v2/posts"}, "p.body": {`{"password":"hunter2hunter2"}`}, "site": {"1",
			"3"},
			"all": {""}, "at_once": {"7"}}
		address := p.live(form)
		if !strings.HasPrefix(address, "/runs/new?draft=") {
			t.Fatalf("the address is %q", address)
		}
		for range 2 { // it is loaded, and reloaded
			_, page := p.get(address)
			for name, values := range form {
				if got := fieldsOf(t, page)[name]; name != "all" && !slices.Equal(got, values) {
					t.Errorf("%s holds %q, not %q", name, got, values)
				}
			}
		}
		form.Set("draft", strings.TrimPrefix(address, "/runs/new?draft="))
		form.Set("p.path", "/wp/v2/pages")
		if again := p.live(form); again != address {
			t.Errorf("another change has another address: %q", again)
		}
		var kept []string
		if err := db.Gorm.Raw("SELECT CAST(form AS TEXT) FROM drafts").Scan(&kept).Error; err == nil && strings.Contains(strings.Join(kept, ""), "wp/v2") {
			t.Error("the draft is not sealed")
		}
		// It survives signing in, and leads nowhere for somebody who may start nothing.
		if status, to := h.public(t).get(address); status != http.StatusSeeOther || to != "/sign-in?next="+url.QueryEscape(address) {
			t.Errorf("signed out: %d %s", status, to)
		}
		if status, _ := h.signIn(t, access.Viewer).get(address); status != http.StatusForbidden {
			t.Errorf("a viewer: %d", status)
		}
		// A colleague gets a copy, without secrets; what they change is theirs.
		colleague := h.signIn(t, access.Operator)
		_, page := colleague.get(address)
		if !strings.Contains(page, "a copy of a draft by") || strings.Contains(page, "hunter2") || !strings.Contains(page, "/wp/v2/pages") {
			t.Errorf("a colleague's page: %.300s", page[strings.Index(page, "<main"):])
		}
		if other := colleague.live(fieldsOf(t, page)); other == address || other == "" {
			t.Errorf("a colleague's changes go to %q", other)
		}
		// Nobody sees what is outside their scope.
		acme := h.signInRestricted(t, access.Admin, access.Restriction{Clients: []string{"Acme"}})
		if status, page := acme.get(address); status != http.StatusNotFound || strings.Contains(page, "/wp/v2/pages") {
			t.Errorf("outside the scope: %d", status)
		}
		if err := db.Gorm.Exec("UPDATE drafts SET expires_at = ?", time.Now().Add(-time.Second).UnixMicro()).Error; err != nil {
			t.Fatal(err)
		}
		if status, _ := p.get(address); status != http.StatusNotFound {
			t.Errorf("expired: %d", status)
		}
	})
}

func TestTheSelectionStaysOnTheWay(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	sites := []string{"1", "3"}
	selected := func(what, to string) url.Values {
		t.Helper()
		status, page := p.get(to)
		if fields := fieldsOf(t, page); status != http.StatusOK || !slices.Equal(fields["site"], sites) {
			t.Errorf("%s: %s: %d with %v", what, to, status, fields["site"])
		}
		return fieldsOf(t, page)
	}
	// Answers lead to the composer by a form of sites.
	status, to := p.post("/run/preview", url.Values{"operation": {"clear-cache"}, "site": sites})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/runs/new?draft=") {
		t.Fatalf("from answers: %d %s", status, to)
	}
	form := selected("from answers", to)
	for _, next := range []string{"/operations", "/endpoints"} {
		form.Set("next", next)
		status, to = p.post("/runs/new/leave", form)
		if status != http.StatusSeeOther || !strings.HasPrefix(to, next+"?draft=") {
			t.Fatalf("%s: %d %s", next, status, to)
		}
	}
	_, query, _ := strings.Cut(to, "?")
	if fields := selected("a saved operation", "/operations/-1/use?"+query); fields.Get("saved") != "-1" || fields.Get("p.path") == "" {
		t.Errorf("the operation is %v", fields)
	}
	_, page := p.get("/operations?" + query)
	if !strings.Contains(page, "/operations/-1/use?"+query) {
		t.Error("the list of operations forgets the draft")
	}
	if _, page := p.get("/operations/-1/edit?" + query); fieldsOf(t, page).Get("draft") == "" {
		t.Error("editing an operation forgets the draft")
	}
	form.Set("next", "https://evil.example/")
	if status, _ := p.post("/runs/new/leave", form); status != http.StatusNotFound {
		t.Errorf("elsewhere: %d", status)
	}
}

func TestRunSomethingElseOnThese(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{Fault: wptest.Maintenance})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	_, to := p.post("/runs", p.seen(url.Values{"operation": {"enable-cache"}, "all": {"1"}}))
	h.ended(t, 1)
	_, page := p.get(to)
	if !strings.Contains(page, `value="disable-cache"`) || !strings.Contains(page, "Run something else on these") {
		t.Errorf("the run's page offers nothing else: %.300s", page)
	}
	if strings.Count(page, `action="/runs/1/draft"`) < 3 {
		t.Error("the groups offer nothing else")
	}
	status, to := p.post("/runs/1/draft", url.Values{"outcome": {"ok"}, "operation": {"disable-cache"}})
	if status != http.StatusSeeOther {
		t.Fatalf("%d %.200s", status, to)
	}
	_, page = p.get(to)
	if fields := fieldsOf(t, page); fields.Get("operation") != "disable-cache" || !slices.Equal(fields["site"], []string{"1"}) {
		t.Errorf("the composer holds %v", fields)
	}
}

func TestNothingIsPreselectedAndWarningsGroup(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	p := h.signIn(t, access.Owner)
	_, page := p.get("/runs/new?all=1")
	if fields := fieldsOf(t, page); fields.Get("operation") != "" || fields.Get("p.purge_type") != "" {
		t.Errorf("preselected: %v", fields)
	}
	if page := p.refused(url.Values{"operation": {"clear-cache"}, "all": {"1"}}); !strings.Contains(page, "Choose what to clear") {
		t.Error("it starts without a choice")
	}
	if page := p.refused(url.Values{"operation": {"request"}, "p.method": {"GET"}, "p.path": {"/wp/v2/plugins/…"}, "all": {"1"}}); !strings.Contains(page,
		"Replace … in the path.") {
		t.Error("an example starts before it is filled in")
	}
	if err := h.db.Gorm.Exec("UPDATE sites SET state = 'broken', finding = 'No answer from ' || name WHERE id > 1").Error; err != nil {
		t.Fatal(err)
	}
	form := url.Values{"operation": {"clear-opcache"}, "all": {"1"}}
	status, to := p.post("/run/preview", form)
	if status != http.StatusSeeOther {
		t.Fatal(status)
	}
	_, page = p.get(to)
	if !strings.Contains(page, `name="leave" value="broken"`) {
		t.Error("the warned sites cannot be left out")
	}
	if strings.Count(page, "The last check failed.") != 1 || !strings.Contains(page, "2 sites: ") || !strings.Contains(page, `href="#run-warnings"`) {
		t.Error("the warnings are not grouped, or the bar does not lead to them")
	}
	form.Set("leave", "broken")
	_, to = p.post("/run/preview", form)
	_, page = p.get(to)
	if fields := fieldsOf(t, page); !slices.Equal(fields["site"], []string{"1"}) || strings.Contains(page, "The last check failed.") {
		t.Errorf("after leaving them out: %v", fields["site"])
	}
}
