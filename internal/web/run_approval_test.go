package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// An operator asks for what destroys, an admin sees exactly what it would do, and approves.
func TestAskingAndApproving(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	admin, operator := h.signIn(t, access.Admin), h.signIn(t, access.Operator)
	form := url.Values{"operation": {"disable-cache"}, "all": {"1"}, "confirm": {"2"}}
	if status, _ := operator.post("/runs", operator.seen(form)); status != http.StatusForbidden {
		t.Fatalf("before the policy: %d", status)
	}
	if status, _ := admin.post("/team/approval", url.Values{}); status != http.StatusForbidden {
		t.Errorf("an admin changed the policy: %d", status)
	}
	owner := h.signIn(t, access.Owner)
	if status, _ := owner.post("/team/approval", url.Values{"effect": {"destroy"}}); status != http.StatusSeeOther {
		t.Fatalf("the policy: %d", status)
	}
	if _, page := owner.get("/team"); !strings.Contains(page, `value="destroy" checked`) {
		t.Error("the team's page does not show the policy")
	}
	if _, page := operator.get("/run?operation=disable-cache&all=1"); !strings.Contains(page, "A second person must approve this") {
		t.Error("the page before the button does not say that somebody must approve")
	}
	if status, to := operator.post("/runs", operator.seen(form)); status != http.StatusSeeOther || to != "/runs/1" {
		t.Fatalf("asking: %d %s", status, to)
	}
	if _, page := operator.get("/runs/1"); !strings.Contains(page, "someone else must approve it") || strings.Contains(page, "/runs/1/approve") {
		t.Error("the asker's page is wrong")
	}
	if status, _ := operator.post("/runs/1/approve", url.Values{"confirm": {"2"}}); status != http.StatusForbidden {
		t.Errorf("the asker approved: %d", status)
	}
	if _, page := admin.get("/"); !strings.Contains(page, "is waiting for approval") {
		t.Error("the first page does not tell the admin")
	}
	_, page := admin.get("/runs/1")
	for _, want := range []string{"/runs/1/approve", "/runs/1/decline", "Preview requests", "/bigscoots-cache/v2/", "Nothing is sent until"} {
		if !strings.Contains(page, want) {
			t.Errorf("the admin's page lacks %s", want)
		}
	}
	if status, page := admin.post("/runs/1/approve", url.Values{"confirm": {"3"}}); status != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "Type the number of sites, 2") {
		t.Errorf("a wrong number: %d", status)
	}
	if status, _ := admin.post("/runs/1/approve", url.Values{"confirm": {"2"}}); status != http.StatusSeeOther {
		t.Fatalf("approve: %d", status)
	}
	h.ended(t, 1)
	if _, page := operator.get("/runs/1"); !strings.Contains(page, "approved by") || !strings.Contains(page, "The admin") {
		t.Error("the run's page does not say who approved")
	}
	if status, _ := admin.post("/runs/1/decline", nil); status != http.StatusConflict {
		t.Errorf("declining afterwards: %d", status)
	}
	if _, page := operator.get("/audit"); !strings.Contains(page, "requested") || !strings.Contains(page, "approved") {
		t.Error("the audit log does not tell")
	}
	if n := len(h.fake.Calls(0)) + len(h.fake.Calls(1)); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// Pages write large numbers with separators, so that is how people type them.
func TestANumberIsConfirmedAsItIsShown(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	asker, approver := h.signIn(t, access.Owner), h.signIn(t, access.Admin)
	if status, _ := asker.post("/team/approval", url.Values{"effect": {"destroy"}}); status != http.StatusSeeOther {
		t.Fatalf("the policy: %d", status)
	}
	if status, to := asker.post("/runs", asker.seen(url.Values{"operation": {"disable-cache"}, "all": {"1"}, "confirm": {"2"}})); status != http.StatusSeeOther {
		t.Fatalf("%d %.200s", status, to)
	}
	if err := h.db.Gorm.Exec("UPDATE runs SET total = 1234 WHERE id = 1").Error; err != nil {
		t.Fatal(err)
	}
	if _, page := approver.get("/runs/1"); !strings.Contains(page, "1,234") {
		t.Error("the page shows the number otherwise")
	}
	if status, page := approver.post("/runs/1/approve", url.Values{"confirm": {"12,34"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("another number: %d %.200s", status, page)
	}
	if status, page := approver.post("/runs/1/approve", url.Values{"confirm": {"1,234"}}); status != http.StatusSeeOther {
		t.Errorf("as it is shown: %d %.200s", status, page)
	}
}
