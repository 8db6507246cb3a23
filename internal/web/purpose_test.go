package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Whoever is asked for the password is told what for, and on how many sites.
func TestReauthenticationSaysWhatFor(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	h.addSites(t)
	owner := h.signIn(t, access.Owner)
	h.later(t, time.Hour)
	for _, c := range []struct {
		method, path string
		form         url.Values
		want         string
	}{
		{http.MethodPost, "/team/invite", url.Values{"email": {"new@agency.example"}, "role": {"viewer"}},
			"To invite new@agency.example, confirm your password."},
		{http.MethodPost, "/team/approval", nil, "To change which runs require approval, confirm your password."},
		{http.MethodPost, "/runs", url.Values{"operation": {"request"}, "p.method": {"DELETE"}, "p.path": {"/wp/v2/posts/1"}, "all": {"1"}},
			"on 2 sites, confirm your password."},
		{http.MethodGet, "/confirm?next=/sites/import", nil, "To import sites, confirm your password."},
	} {
		status, page := owner.do(owner.request(c.method, c.path, c.form))
		if status == http.StatusSeeOther { // the form is a draft now
			status, page = owner.get(page)
		}
		if status != http.StatusOK || !strings.Contains(page, c.want) {
			t.Errorf("%s %s: %d, no %q in\n%s", c.method, c.path, status, c.want, page)
		}
	}
}
