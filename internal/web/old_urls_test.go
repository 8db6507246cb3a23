package web_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A page that was open during an update still posts to the old URL: the form must arrive at the new one, with its method.
func TestFormerURLsRedirect(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{})
	p := h.signIn(t, access.Operator)
	for old, want := range map[string]string{
		"/runs/7/again":            "/runs/7/rerun",
		"/runs/7/moves":            "/runs/7/redirects",
		"/sites/7/move":            "/sites/7/url",
		"/team/7/reach?page=2":     "/team/7/access?page=2",
		"/runs/a%0D%0Ab:%20/again": "/runs/a%0D%0Ab:%20/rerun",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := p.send(p.request(method, old, url.Values{}))
			if to := got.header.Get("Location"); got.status != http.StatusPermanentRedirect || to != want {
				t.Errorf("%s %s: %d, to %q, want %q", method, old, got.status, to, want)
			}
		}
	}
}
