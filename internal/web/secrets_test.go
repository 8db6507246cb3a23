package web_test

import (
	"encoding/base64"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A known password of a site and a known password of a member are typed in, used and changed; then everything that Drover shows or keeps
// is searched for them.
func TestNoSecretIsShownOrKept(t *testing.T) {
	t.Parallel()
	h := newTestServer(t, wptest.Site{Host: "well.example"}, wptest.Site{Host: "bad.example", Fault: wptest.WrongPassword},
		wptest.Site{Host: "broken.example", Fault: wptest.SiteError}, wptest.Site{Host: "moved.example", Fault: wptest.RedirectWWW})
	p := h.signIn(t, access.Owner)
	for i := range h.fake.Len() {
		if status, to := p.post("/sites", url.Values{"url": {h.fake.URL(i)}, "username": {wptest.DefaultUser},
			"application_password": {wptest.DefaultPassword}}); status != 303 {
			t.Fatalf("add: %d %s", status, to)
		}
	}
	wrong := "zzzz YYYY 9999 xxxx WWWW 8888"
	pages := []string{}
	keep := func(_ int, body string) { pages = append(pages, body) }
	keep(p.post("/sites", url.Values{"url": {"not an address"}, "username": {wptest.DefaultUser}, "application_password": {wrong}}))
	keep(p.post("/sites/2/credential", url.Values{"username": {""}, "application_password": {wrong}}))
	keep(p.post("/sites/2/credential", url.Values{"username": {"somebody"}, "application_password": {wrong}}))
	keep(p.post("/sites/import", url.Values{"csv": {"url,username,application_password\nnot an address,x," + wrong + "\n"}}))
	if status, to := p.post("/runs", p.seen(url.Values{"operation": {"clear-cache"}, "all": {"1"}})); status != 303 {
		t.Fatalf("run: %d %.500s", status, to)
	}
	h.ended(t, 1)
	keep(p.post("/sign-in", url.Values{"email": {"owner@agency.example"}, "password": {"not " + password}}))

	fill := strings.NewReplacer("/sites/:id", "/sites/2", "/runs/:id", "/runs/1", ":seq", "3")
	for _, route := range h.server.Table() {
		if route.Method != "GET" {
			continue
		}
		for _, target := range []string{"1", "2", "3", "4"} {
			keep(p.get(strings.ReplaceAll(fill.Replace(route.Path), ":target", target)))
		}
	}
	keep(p.get("/sites/1"))
	entries, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Limit: 1000})
	if err != nil || len(entries) < 10 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for _, e := range entries {
		pages = append(pages, string(e.Detail))
	}
	for _, file := range []string{h.db.File(), h.db.File() + "-wal"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, string(content))
	}
	pages = append(pages, h.logged.String())

	var secrets []string
	for _, secret := range []string{wptest.DefaultPassword, wrong} {
		secrets = append(secrets, secret, strings.ReplaceAll(secret, " ", ""), url.QueryEscape(secret), strings.ReplaceAll(secret, " ", "%20"),
			base64.StdEncoding.EncodeToString([]byte(wptest.DefaultUser+":"+secret)), base64.StdEncoding.EncodeToString([]byte("somebody:"+secret)))
	}
	secrets = append(secrets, password, url.QueryEscape(password))
	for i, page := range pages {
		// The example in the form's hint looks like a password and is the simulated sites' own.
		page = strings.ReplaceAll(page, `placeholder="`+wptest.DefaultPassword+`"`, "")
		page = strings.ReplaceAll(page, "such as "+wptest.DefaultPassword, "")
		page = strings.ReplaceAll(page, "drover,"+wptest.DefaultPassword+",Acme,care-plan", "")
		for _, secret := range secrets {
			if at := strings.Index(page, secret); at >= 0 {
				t.Errorf("text %d of %d holds %q: …%.120s…", i, len(pages), secret, page[max(0, at-60):])
			}
		}
	}
}
