package wordpress_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	. "github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// lookers is a network over simulated sites.
func lookers(t *testing.T, described ...wptest.Site) (*wptest.Fake, *Network) {
	t.Helper()
	fake, err := wptest.Start(wptest.Options{Sites: described})
	if err != nil {
		t.Fatal(err)
	}
	n := NewNetwork(Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	t.Cleanup(func() { n.Close(); fake.Close() })
	return fake, n
}

// Every form that people paste leads to the same home.
func TestLookFindsTheSiteBehindWhatPeoplePaste(t *testing.T) {
	fake, n := lookers(t, wptest.Site{Name: "Acme"})
	home := fake.URL(0)
	bare := strings.TrimPrefix(home, "https://")
	for _, typed := range []string{
		home, home + "/", bare, "http://" + bare, strings.ToUpper(bare[:4]) + bare[4:], home + "/wp-admin", home + "/wp-admin/", home + "/wp-admin.php",
		home + "/wp-login.php?redirect_to=https%3A%2F%2Fx%2Fwp-admin%2F&reauth=1",
		home + "/wp-admin/post.php?post=17&action=edit", home + "/2024/05/hello-world/", home + "/hello-world/?utm_source=mail#comments", home + "/de/",
		home + "/?p=17", home + "/wp-json/wp/v2/posts", home + "/feed/",
		"  " + bare + "/wp-admin/index.php  ", home + "/shop/product/chair", home + "/a/b/c/d/e/f/g/h/i",
	} {
		p := n.Look(t.Context(), typed)
		if p.Home != home || p.Obstacle != ObstacleNone || p.Approval != home+"/wp-admin/authorize-application.php" || p.Name != "Acme" ||
			p.Plugins != "bigscoots-cache" {
			t.Errorf("%q leads to %+v", typed, p)
		}
	}
}

func TestLookSaysWhatStandsInTheWay(t *testing.T) {
	cases := []struct {
		fault    wptest.Fault
		obstacle Obstacle
		reason   Reason
	}{
		{wptest.AppPasswordsOff, ObstacleSwitchedOff, ""}, {wptest.HostBasicAuth, ObstacleBasicAuth, ""}, {wptest.HTML200, ObstacleNotWordPress, ""},
		{wptest.Closed, ObstacleNoAnswer, ReasonUnreachable}, {wptest.CertExpired, ObstacleNoAnswer, ReasonTLS}, {wptest.DNSMissing, ObstacleNoAnswer,
			ReasonUnreachable},
		{wptest.Challenge, ObstacleNoAnswer, ReasonBlocked}, {wptest.Maintenance, ObstacleNoAnswer, ReasonMaintenance},
		{wptest.PlainPermalinks, ObstacleNone, ""}, {wptest.IndexPHPRoot, ObstacleNone, ""}, {wptest.RenamedPrefix, ObstacleNone, ""}, {wptest.InnerPort,
			ObstacleNone, ""}, {wptest.BOM, ObstacleNone, ""},
		{wptest.PHPWarning, ObstacleNone, ""}, {wptest.NoLinkHeader, ObstacleNone, ""}, {wptest.IndexMinimal, ObstacleNone, ""},
	}
	described := make([]wptest.Site, len(cases))
	for i, c := range cases {
		described[i].Fault = c.fault
	}
	fake, n := lookers(t, described...)
	for i, c := range cases {
		p := n.Look(t.Context(), fake.URL(i))
		if p.Obstacle != c.obstacle || c.reason != "" && p.Verdict.Reason != c.reason {
			t.Errorf("%s: %+v", c.fault, p)
		}
		if (p.Approval == "") == (c.obstacle == ObstacleNone) {
			t.Errorf("%s: approval at %q", c.fault, p.Approval)
		}
	}
}

// indexSaying answers the index of a site with the JSON, and every page with a link to it.
func indexSaying(text func(at, below string) string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		at, path := "https://"+r.Host, strings.TrimSuffix(r.URL.Path, "/")
		below, api := strings.CutSuffix(path, "/wp-json")
		if !api {
			w.Header().Set("Link", "<"+at+path+`/wp-json/>; rel="https://api.w.org/"`)
			return true
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text(at, below)))
		return true
	}
}

// An index may say anything: the browser is not sent to another host for a password.
func TestLookDoesNotTrustAnApprovalPageElsewhere(t *testing.T) {
	for said, obstacle := range map[string]Obstacle{
		"https://evil.example/wp-admin/authorize-application.php": ObstacleElsewhere, "javascript:alert(1)": ObstacleSwitchedOff, "": ObstacleSwitchedOff,
		"http://trap.example/wp-admin/authorize-application.php?x=1#y": ObstacleNone,
	} {
		fake, n := lookers(t, wptest.Site{Host: "trap.example", Answer: indexSaying(func(at, below string) string {
			return `{"name":"Trap","home":"https://trap.example","url":"https://trap.example","namespaces":["wp/v2"],` +
				`"authentication":{"application-passwords":{"endpoints":{"authorization":"` + said + `"}}}}`
		})})
		if p := n.Look(t.Context(), fake.URL(0)); p.Obstacle != obstacle || obstacle == ObstacleNone &&
			p.Approval != fake.URL(0)+"/wp-admin/authorize-application.php" {
			t.Errorf("%s: %+v", said, p)
		}
	}
}

// The front page of a language belongs to the site above it; a blog of a network is a site of its own.
func TestLookTellsALanguageFromABlog(t *testing.T) {
	answer := func(language bool) func(w http.ResponseWriter, r *http.Request) bool {
		return indexSaying(func(at, below string) string {
			url := at + below
			if language {
				url = at
			}
			return `{"name":"A","home":"` + at + below + `","url":"` + url +
				`","namespaces":["wp/v2"],"authentication":{"application-passwords":{"endpoints":{"authorization":"` + url + `/wp-admin/authorize-application.php"}}}}`
		})
	}
	fake, n := lookers(t, wptest.Site{Answer: answer(true)}, wptest.Site{Answer: answer(false)})
	if p := n.Look(t.Context(), fake.URL(0)+"/de/"); p.Home != fake.URL(0) || p.Approval != fake.URL(0)+"/wp-admin/authorize-application.php" {
		t.Errorf("a language: %+v", p)
	}
	if p := n.Look(t.Context(), fake.URL(1)+"/de/"); p.Home != fake.URL(1)+"/de" || p.Approval != fake.URL(1)+"/de/wp-admin/authorize-application.php" {
		t.Errorf("a blog: %+v", p)
	}
}

func FuzzRootsAroundAnAddress(f *testing.F) {
	for _, seed := range []string{"https://acme.example/a/b", "https://acme.example", "https://[::1]:8443/x"} {
		f.Add(seed, "https://acme.example/wp-json/")
	}
	f.Fuzz(func(t *testing.T, address, announced string) {
		home, err := ParseHome(address)
		if err != nil {
			return
		}
		for _, root := range RootsAround(home, announced) {
			if Origin(root) != Origin(home) {
				t.Errorf("%q, announced %q: %q is on another origin", home, announced, root)
			}
		}
	})
}
