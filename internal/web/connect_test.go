package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// toWordPress sends a browser to WordPress for a connection, and returns the address of the approval page.
func (p person) toWordPress(path string) *url.URL {
	p.t.Helper()
	r := p.request(http.MethodPost, path, url.Values{})
	answer, err := p.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	answer.Body.Close()
	_, address, found := strings.Cut(answer.Header.Get("Refresh"), "url=")
	u, err := url.Parse(address)
	if !found || err != nil || answer.Header.Get("Referrer-Policy") != "no-referrer" {
		p.t.Fatalf("%s: %d %v", path, answer.StatusCode, answer.Header)
	}
	return u
}

// comesBack opens the address that WordPress sends a browser to.
func (p person) comesBack(back *url.URL) (answer *http.Response) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, back.String(), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if answer, err = p.Do(r); err != nil {
		p.t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

func TestConnectingASiteInTheBrowser(t *testing.T) {
	h := newTestServer(t, wptest.Site{Name: "Acme shop"}, wptest.Site{Name: "Acme blog"})
	p := h.signIn(t, access.Admin)
	status, to := p.post("/connect", url.Values{"addresses": {h.fake.URL(0) + "/wp-login.php?redirect_to=x"}, "client": {"Acme"}})
	if status != http.StatusSeeOther || to != "/connect/1" {
		t.Fatal(status, to)
	}
	if _, page := p.get(to); !strings.Contains(page, "Approve in WordPress") || !strings.Contains(page, "Acme shop") {
		t.Fatalf("%.3000s", page)
	}
	at := p.toWordPress("/connect/1/approve")
	if at.Path != "/wp-admin/authorize-application.php" || !strings.HasPrefix(at.Query().Get("success_url"), h.home+"/connect/return?state=") {
		t.Fatal(at)
	}
	back := h.fake.Press(t, at, "approve")
	answer := p.comesBack(back)
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/sites/1" ||
		answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Fatal(answer.StatusCode, answer.Header)
	}
	password := back.Query().Get("password")
	if site, err := h.registry.Site(t.Context(), shell, 1); err != nil || site.State != sites.Ready {
		t.Errorf("it was not checked at once: %+v %v", site, err)
	}
	if _, page := p.get("/sites/1"); !strings.Contains(page, "was checked. Everything works") || strings.Contains(page, password) {
		t.Errorf("%.3000s", page)
	}
	_, page := p.get("/connect/1")
	if !strings.Contains(page, "Everything works") || strings.Contains(page, password) {
		t.Errorf("%.3000s", page)
	}
	// The state is good once, and the second time changes nothing.
	if answer := p.comesBack(back); answer.Header.Get("Location") != "/connect/1?back=used" {
		t.Error(answer.Header)
	}
	entries, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{})
	if err != nil || strings.Contains(fmt.Sprint(entries), password) || strings.Contains(h.logged.String(), password) ||
		strings.Contains(h.logged.String(), back.Query().Get("state")) {
		t.Errorf("the password or the state was written down: %v", err)
	}
}

// The address that WordPress sends the browser to holds a password. Nothing but a redirect to a clean address ever answers it.
func TestTheWayBackIsAlwaysARedirect(t *testing.T) {
	h := newTestServer(t, wptest.Site{})
	p, other, viewer := h.signIn(t, access.Admin), h.signIn(t, access.Owner), h.signIn(t, access.Viewer)
	if status, to := p.post("/connect", url.Values{"addresses": {h.fake.URL(0)}}); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	approved := func() *url.URL { return h.fake.Press(t, p.toWordPress("/connect/1/approve"), "approve") }
	with := func(u *url.URL, name, value string) *url.URL {
		query := u.Query()
		query.Set(name, value)
		changed := *u
		changed.RawQuery = query.Encode()
		return &changed
	}
	raw := func(query string) *url.URL {
		u, _ := url.Parse(h.home + "/connect/return")
		u.RawQuery = query
		return u
	}
	cases := map[string]struct {
		who  person
		back *url.URL
		to   string
	}{
		"not signed in": {h.public(t), approved(), "/connect?back=session"}, "another member": {other, approved(), "/connect?back=session"},
		"a viewer": {viewer, approved(), "/connect?back=forbidden"},
		"rejected": {p, h.fake.Press(t, p.toWordPress("/connect/1/approve"), "reject"), "/connect/1?back=rejected"}, "switched off for the user": {p,
			with(h.fake.Press(t, p.toWordPress("/connect/1/approve"), "reject"), "error", "disabled"), "/connect/1?back=unavailable"},
		"another site": {p, with(approved(),
			"site_url", "https://evil.example"), "/connect/1?back=other_site"},
		"no password": {p, with(approved(), "password", ""), "/connect/1?back=incomplete"}, "no state": {p, raw("password=secret"), "/connect?back=unknown"},
		"nothing": {p, raw(""), "/connect?back=unknown"},
		"no text": {p, raw("password=%ff%00&state=x"), "/connect?back=incomplete"}, "half an escape": {p, raw("password=%f&state=x"), "/connect?back=unknown"},
		"a password that is none": {p, with(approved(), "password", strings.Repeat("x", 600)), "/connect/1?back=not_stored"},
	}
	for name, c := range cases {
		answer := c.who.comesBack(c.back)
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != c.to {
			t.Errorf("%s: %d %s", name, answer.StatusCode, answer.Header.Get("Location"))
		}
		if status, page := c.who.get(c.to); status == http.StatusOK && !strings.Contains(page, "role=\"status\"") && !strings.Contains(page, "role=\"alert\"") {
			t.Errorf("%s: the page that follows says nothing: %.200s", name, page)
		}
	}
	if _, total, err := h.registry.Sites(t.Context(), shell, sites.Filter{}); err != nil || total != 0 {
		t.Errorf("%d sites, %v", total, err)
	}
	if answer := p.comesBack(approved()); answer.Header.Get("Location") != "/sites/1" {
		t.Errorf("nothing is lost: %v", answer.Header)
	}
}

// A credential is replaced in the same way; a protected site waits for its second person, with the password sealed.
func TestConnectingAgain(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	p := h.signIn(t, access.Admin)
	for i := range 2 {
		if _, err := h.registry.Add(t.Context(), shell, sites.Draft{URL: h.fake.URL(i), Client: []string{"Acme", "Bank"}[i], Username: "gone",
			Password: vault.NewSecret("revoked")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.runner.SetPolicy(t.Context(), shell, runs.Policy{Clients: []string{"Bank"}}); err != nil {
		t.Fatal(err)
	}
	if status, to := p.post("/sites/reconnect", url.Values{"site": {"1"}}); status != http.StatusSeeOther || to != "/connect/1" {
		t.Fatal(status, to)
	}
	answer := p.comesBack(h.fake.Press(t, p.toWordPress("/connect/1/approve"), "approve"))
	if to := answer.Header.Get("Location"); to != "/sites/1" {
		t.Error(to)
	}
	poll.Until(t, "the site is checked", func() bool {
		site, err := h.registry.Site(t.Context(), shell, 1)
		return err == nil && site.State == sites.Ready && site.Credential.Username == wptest.DefaultUser
	})
	if status, to := p.post("/sites/reconnect", url.Values{"site": {"2"}}); status != http.StatusSeeOther || to != "/connect/2" {
		t.Fatal(status, to)
	}
	answer = p.comesBack(h.fake.Press(t, p.toWordPress("/connect/2/approve"), "approve"))
	if to := answer.Header.Get("Location"); to != "/changes/1" {
		t.Error(to)
	}
}

// A password that one address made is not stored for another: the site was moved while somebody was at WordPress.
func TestConnectingAgainAfterTheURLChanged(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	p := h.signIn(t, access.Admin)
	site, err := h.registry.Add(t.Context(), shell, sites.Draft{URL: h.fake.URL(0), Username: "gone", Password: vault.NewSecret("revoked")})
	if err != nil {
		t.Fatal(err)
	}
	if status, to := p.post("/sites/reconnect", url.Values{"site": {"1"}}); status != http.StatusSeeOther || to != "/connect/1" {
		t.Fatal(status, to)
	}
	back := h.fake.Press(t, p.toWordPress("/connect/1/approve"), "approve")
	if _, err := h.registry.ChangeURL(t.Context(), shell, site.ID, site.Home, h.fake.URL(1)); err != nil {
		t.Fatal(err)
	}
	answer := p.comesBack(back)
	if to := answer.Header.Get("Location"); to != "/connect/1?back=not_stored" {
		t.Error(to)
	}
	if site, err = h.registry.Site(t.Context(), shell, site.ID); err != nil || site.Credential.Username == wptest.DefaultUser {
		t.Errorf("%s has the credential that %s made: %v", site.Home, h.fake.URL(0), err)
	}
}

// A password that was typed on a page of the site's former URL is not stored for its present one.
func TestACredentialTypedForAFormerURL(t *testing.T) {
	h := newTestServer(t, wptest.Site{}, wptest.Site{})
	p := h.signIn(t, access.Admin)
	site, err := h.registry.Add(t.Context(), shell, sites.Draft{URL: h.fake.URL(0), Username: "gone", Password: vault.NewSecret("revoked")})
	if err != nil {
		t.Fatal(err)
	}
	_, page := p.get("/sites/1")
	if !strings.Contains(page, `name="url" value="`+site.Home+`"`) {
		t.Error("the form does not say which URL it is for")
	}
	if _, err := h.registry.ChangeURL(t.Context(), shell, site.ID, site.Home, h.fake.URL(1)); err != nil {
		t.Fatal(err)
	}
	typed := url.Values{"url": {site.Home}, "username": {wptest.DefaultUser}, "application_password": {wptest.DefaultPassword}}
	if status, page := p.post("/sites/1/credential", typed); status != http.StatusUnprocessableEntity || !strings.Contains(page, "has since changed") {
		t.Error(status)
	}
	typed.Set("url", h.fake.URL(1))
	if status, _ := p.post("/sites/1/credential", typed); status != http.StatusSeeOther {
		t.Error(status)
	}
	if site, err = h.registry.Site(t.Context(), shell, site.ID); err != nil || site.Credential.Username != wptest.DefaultUser {
		t.Errorf("%+v %v", site.Credential, err)
	}
}

// Ten sites, one after the other: each way back leads on to the next.
func TestAQueueOfTen(t *testing.T) {
	described := make([]wptest.Site, 10)
	h := newTestServer(t, described...)
	p := h.signIn(t, access.Admin)
	var lines []string
	for i := range described {
		lines = append(lines, h.fake.URL(i))
	}
	if status, to := p.post("/connect", url.Values{"addresses": {strings.Join(lines, "\n")}, "client": {"Acme"},
		"tags": {"care"}}); status != http.StatusSeeOther || to != "/connect" {
		t.Fatal(status, to)
	}
	poll.Until(t, "the addresses are looked at", func() bool {
		o, err := h.parts.Connect.Overview(t.Context(), shell, connect.Ready, 0, 0)
		return err == nil && o.Total == 10
	})
	for i := range described {
		_, page := p.get("/connect")
		if want := fmt.Sprintf("%d of 10 connected", i); !strings.Contains(page, want) || !strings.Contains(page, "Approve next") {
			t.Fatalf("wants %s: %.3000s", want, page)
		}
		answer := p.comesBack(h.fake.Press(t, p.toWordPress("/connect/next"), "approve"))
		want := `^/connect/\d+\?back=approved$`
		if i == len(described)-1 {
			want = `^/sites/\d+$`
		}
		if !regexp.MustCompile(want).MatchString(answer.Header.Get("Location")) {
			t.Fatal(answer.Header)
		}
	}
	if status, to := p.post("/connect/next", nil); status != http.StatusSeeOther || to != "/connect?back=none" {
		t.Error(status, to)
	}
	if found, total, err := h.registry.Sites(t.Context(), shell, sites.Filter{Clients: []string{"Acme"}, Tags: []string{"care"}}); err != nil ||
		total != 10 || found[0].Credential.Username != wptest.DefaultUser {
		t.Errorf("%d %v", total, err)
	}
}

// Where WordPress cannot ask, the page says why and takes a password that somebody made.
func TestWhereNobodyCanApprove(t *testing.T) {
	h := newTestServer(t, wptest.Site{Fault: wptest.AppPasswordsOff}, wptest.Site{Fault: wptest.HostBasicAuth}, wptest.Site{Fault: wptest.Closed})
	p := h.signIn(t, access.Admin)
	for i, want := range []string{"Application passwords are turned off", "The host protects the site with its own password", "could not be reached"} {
		status, to := p.post("/connect", url.Values{"addresses": {h.fake.URL(i)}})
		if _, page := p.get(to); status != http.StatusSeeOther || !strings.Contains(page, want) || !strings.Contains(page,
			"Enter an application password instead") || strings.Contains(page, to+"/approve") {
			t.Errorf("%s: %d %.3000s", want, status, page)
		}
	}
	if status, to := p.post("/connect/1/approve", nil); status != http.StatusSeeOther || to != "/connect/1?back=not_ready" {
		t.Error(status, to)
	}
	if status, page := p.post("/connect/1/credential", url.Values{"username": {""},
		"application_password": {"abcd"}}); status != http.StatusUnprocessableEntity || strings.Contains(page, "abcd\"") {
		t.Error(status)
	}
	if status, to := p.post("/connect/1/credential", url.Values{"username": {"drover"},
		"application_password": {"abcd EFGH 1234 ijkl MNOP 5678"}}); status != http.StatusSeeOther || to != "/connect/1?back=entered" {
		t.Error(status, to)
	}
	h.later(t, time.Hour)
	if status, page := p.post("/connect/1/approve", nil); status != http.StatusOK || !strings.Contains(page, "Confirm your identity") {
		t.Error(status)
	}
}

// A network's list waits for a choice. A page of an import that is still open in another tab does not take it as its file, nor the other way round.
func TestANetworksListIsNoImport(t *testing.T) {
	h := newTestServer(t, wptest.Site{Blogs: []wptest.Blog{{URL: "https://evil.example/", Name: "Mapped"}}})
	p := h.signIn(t, access.Admin)
	list := func() {
		t.Helper()
		form := url.Values{"url": {h.fake.URL(0)}, "username": {wptest.DefaultUser}, "application_password": {h.fake.Password(0)}}
		if status, page := p.post("/connect/network", form); status != http.StatusOK || !strings.Contains(page, "https://evil.example") ||
			strings.Contains(page, h.fake.Password(0)) {
			t.Fatalf("%d %.2000s", status, page)
		}
	}
	preview := func() {
		t.Helper()
		table := "url,username,application_password,name,client,tags\nhttps://evil.example,u,abcd EFGH,,,\n"
		if status, page := p.post("/sites/import/preview", url.Values{"csv": {table}}); status != http.StatusOK {
			t.Fatalf("%d %.2000s", status, page)
		}
	}
	preview()
	list()
	for _, path := range []string{"/sites/import", "/sites/import/preview"} {
		if status, page := p.post(path, url.Values{"upload": {"1"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %.500s", path, status, page)
		}
	}
	preview()
	if status, page := p.post("/connect/network/add", url.Values{"home": {"https://evil.example"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("%d %.500s", status, page)
	}
	if _, total, err := h.registry.Sites(t.Context(), shell, sites.Filter{}); err != nil || total != 0 {
		t.Errorf("%d sites, %v", total, err)
	}
	list()
	if status, page := p.post("/connect/network/add", url.Values{"home": {"https://evil.example"}}); status != http.StatusOK {
		t.Errorf("%d %.500s", status, page)
	}
	if _, total, err := h.registry.Sites(t.Context(), shell, sites.Filter{}); err != nil || total != 1 {
		t.Errorf("%d sites, %v", total, err)
	}
}

// Addresses are looked at to the end, also where the rights of who added them change meanwhile.
func TestAddressesOfSomebodyWhoseRightsChange(t *testing.T) {
	slow := wptest.Site{Latency: [2]time.Duration{300 * time.Millisecond, 400 * time.Millisecond}}
	h := newTestServer(t, slow, slow, slow)
	p := h.signIn(t, access.Admin)
	text := strings.Join([]string{h.fake.URL(0), h.fake.URL(1), h.fake.URL(2)}, "\n")
	if status, to := p.post("/connect", url.Values{"addresses": {text}}); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	if err := h.roster.ChangeRole(t.Context(), shell, 1, access.Viewer); err != nil {
		t.Fatal(err)
	}
	poll.Until(t, "the addresses are looked at", func() bool {
		o, err := h.parts.Connect.Overview(t.Context(), shell, connect.Ready, 0, 0)
		return err == nil && o.Total == 3
	})
}
