package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A site that sends requests to its www address gets that address in one click, from its exchange or from the run; nobody can name
// another address than the one the site gave.
func TestRedirectedSitesGetTheirNewURL(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "one.example", Fault: wptest.RedirectWWW}, wptest.Site{Host: "two.example", Fault: wptest.RedirectWWW},
		wptest.Site{Host: "three.example"})
	h.addSites(t)
	run, err := h.runner.Start(context.Background(), shell, runs.Spec{Operation: "clear-cache", Selection: sites.Selection{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	admin, operator := h.signIn(t, access.Admin), h.signIn(t, access.Operator)
	if status, page := admin.get("/runs/1/targets/1"); status != http.StatusOK || !strings.Contains(page, "Use https://www.one.example") {
		t.Errorf("the exchange offers nothing: %d", status)
	}
	form := url.Values{"run": {"1"}, "target": {"1"}, "to": {"https://evil.example"}}
	if status, _ := operator.post("/sites/1/url", form); status != http.StatusForbidden {
		t.Errorf("an operator moved a site: %d", status)
	}
	for path, want := range map[string]int{"/sites/2/url": http.StatusNotFound, "/sites/3/url": http.StatusNotFound, "/sites/1/url": http.StatusSeeOther} {
		if status, _ := admin.post(path, form); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if status, to := admin.post("/runs/1/redirects", nil); status != http.StatusSeeOther || to != "/runs/1" {
		t.Errorf("accept all: %d %s", status, to)
	}
	for i, host := range []string{"www.one.example", "www.two.example", "three.example"} {
		if s, err := h.registry.Site(context.Background(), access.System(), int64(i+1)); err != nil || !strings.HasPrefix(s.Host, host) {
			t.Errorf("site %d is at %s, %v", i+1, s.Home, err)
		}
	}
}
