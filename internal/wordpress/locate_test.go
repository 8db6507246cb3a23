package wordpress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// indexNaming is an index that calls the site by its home.
func indexNaming(home string) string {
	return fmt.Sprintf(`{"name":"Acme","home":%q,"url":%q,"namespaces":["wp/v2","bigscoots-cache/v2"],"authentication":{"application-passwords":{}}}`, home, home)
}

// hostWith is a host with a main site, and a path of which each test says what it answers.
func hostWith(t *testing.T, pages func(home string) map[string]http.HandlerFunc) (*blog, served) {
	t.Helper()
	b := &blog{}
	s := serve(t, b.ServeHTTP)
	b.home = s.home
	b.pages = map[string]http.HandlerFunc{"/wp-json/": says(200, indexNaming(s.home))}
	for path, handler := range pages(s.home) {
		b.pages[path] = handler
	}
	return b, s
}

// answering are hosts on which a stored home is served by its own site, or by another.
var answering = map[string]struct {
	path  string // of the stored home
	pages func(home string) map[string]http.HandlerFunc
	root  string // below the host; empty: another site answers
	named string // of the other site, below the host
}{
	"a site at the root": {"", func(string) map[string]http.HandlerFunc { return nil }, "/wp-json/", ""},
	"a real subsite": {"/a", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/a/": says(200, page("A")), "/a/wp-json/": says(200, indexNaming(home+"/a"))}
	}, "/a/wp-json/", ""},
	"a language root": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{
			"/": redirect("/en/"), "/en/": headed(200, page("A"), "Link", "<"+home+`/en/wp-json/>; rel="https://api.w.org/"`),
			"/wp-json/": says(404, page("Not found")), "/en/wp-json/": says(200, indexNaming(home+"/en")), "/index.php": says(404, ""),
		}
	}, "/en/wp-json/", ""},
	"a redirect of the index to a language": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/wp-json/": redirect("/de/wp-json/"), "/de/wp-json/": says(200, indexNaming(home+"/de/"))}
	}, "/de/wp-json/", ""},
	"an index without a slash": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/wp-json/": redirect("/wp-json?_fields=name"), "/wp-json": says(200, indexNaming(home)), "/": says(200, page("A"))}
	}, "/wp-json", ""},
	"plain permalinks": {"", func(home string) map[string]http.HandlerFunc {
		front := headed(200, page("A"), "Link", "<"+home+`/index.php?rest_route=/>; rel="https://api.w.org/"`)
		return map[string]http.HandlerFunc{"/": front, "/wp-json/": front, "/index.php": says(200, indexNaming(home))}
	}, "/index.php?rest_route=/", ""},
	"plain permalinks, not announced": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/": says(200, page("A")), "/wp-json/": says(404, page("Not found")), "/index.php": says(200, indexNaming(home))}
	}, "/index.php?rest_route=/", ""},
	"below index.php": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/": says(200, page("A")), "/wp-json/": says(404, page("Not found")), "/index.php": says(200, page("A")),
			"/index.php/wp-json/": says(200, indexNaming(home))}
	}, "/index.php/wp-json/", ""},
	"a renamed prefix": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/": headed(200, page("A"), "Link", "<"+home+`/api/>; rel="https://api.w.org/"`),
			"/wp-json/": says(404, page("Not found")), "/api/": says(200, indexNaming(home))}
	}, "/api/", ""},
	"a renamed prefix, the usual one blocked": {"", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/": headed(200, page("A"), "Link", "<"+home+`/api/>; rel="https://api.w.org/"`), "/wp-json/": says(403, page("403")),
			"/api/": says(200, indexNaming(home))}
	}, "/api/", ""},
	"a subsite whose page announces the main site": {"/a", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/a/": headed(200, page("A"), "Link", "<"+home+`/wp-json/>; rel="https://api.w.org/"`),
			"/a/wp-json/": says(200, indexNaming(home+"/a"))}
	}, "/a/wp-json/", ""},
	"a folder that the site calls its url": {"/wp", func(home string) map[string]http.HandlerFunc {
		both := fmt.Sprintf(`{"name":"A","home":%q,"url":%q,"namespaces":["bigscoots-cache/v2"],"authentication":{"application-passwords":{}}}`, home, home+"/wp")
		return map[string]http.HandlerFunc{"/wp/": headed(200, page("A"), "Link", "<"+home+`/wp-json/>; rel="https://api.w.org/"`), "/wp/wp-json/": says(404, ""),
			"/wp/index.php": says(404, ""), "/wp-json/": says(200, both)}
	}, "", ""},

	"a deleted blog": {"/gone", func(home string) map[string]http.HandlerFunc {
		signup := redirect(home + "/wp-signup.php?new=gone")
		return map[string]http.HandlerFunc{"/gone/": signup, "/gone/wp-json/": signup, "/gone/index.php": signup, "/gone/index.php/wp-json/": signup,
			"/wp-signup.php": headed(200, page("Main"), "Link", "<"+home+`/wp-json/>; rel="https://api.w.org/"`)}
	}, "", ""},
	"a deleted blog of another host": {"", func(string) map[string]http.HandlerFunc {
		signup := redirect("https://network.example/wp-signup.php?new=gone.example")
		return map[string]http.HandlerFunc{"/": headed(200, page("A")), "/wp-json/": signup, "/index.php": signup, "/index.php/wp-json/": signup}
	}, "", "-"},
	"a deleted blog, sent to the main site": {"/gone", func(home string) map[string]http.HandlerFunc {
		front := redirect(home + "/")
		return map[string]http.HandlerFunc{"/gone/": front, "/gone/wp-json/": front, "/gone/index.php": front, "/gone/index.php/wp-json/": front}
	}, "", ""},
	"a path that the main site answers with 404": {"/b", func(home string) map[string]http.HandlerFunc {
		missing := headed(404, page("Not found"), "Link", "<"+home+`/wp-json/>; rel="https://api.w.org/"`)
		return map[string]http.HandlerFunc{"/b/": missing, "/b/wp-json/": missing, "/b/index.php": missing, "/b/index.php/wp-json/": missing}
	}, "", ""},
	"a path whose REST API is the main site's": {"/b", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/b/": says(200, page("Main")), "/b/wp-json/": says(200, indexNaming(home))}
	}, "", ""},
	"a path whose query is the main site's": {"/b", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/b/": says(200, page("Main")), "/b/wp-json/": says(404, ""), "/b/index.php": says(200, indexNaming(home))}
	}, "", ""},
	"a sibling": {"/a", func(home string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/a/": redirect(home + "/b/"), "/b/": headed(200, page("B"), "Link", "<"+home+`/b/wp-json/>; rel="https://api.w.org/"`),
			"/a/wp-json/": says(404, ""), "/a/index.php": says(404, ""), "/b/wp-json/": says(200, indexNaming(home+"/b"))}
	}, "", "/b"},
	"another domain": {"", func(string) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/wp-json/": says(200, indexNaming("https://other.example")), "/index.php": says(404, ""),
			"/index.php/wp-json/": says(404, "")}
	}, "", "https://other.example"},
	"an index without names outside of the path": {"/b", func(home string) map[string]http.HandlerFunc {
		missing := headed(404, page("Not found"), "Link", "<"+home+`/wp-json/>; rel="https://api.w.org/"`)
		return map[string]http.HandlerFunc{"/b/": missing, "/b/wp-json/": missing, "/b/index.php": missing, "/b/index.php/wp-json/": missing,
			"/wp-json/": says(200, rootIndex)}
	}, "", "-"},
}

func TestLocate(t *testing.T) {
	for name, c := range answering {
		t.Run(name, func(t *testing.T) {
			b, s := hostWith(t, c.pages)
			client := s.network.Client(Address{Home: b.home + c.path}, testUser, testPassword)
			at, verdict := client.Locate(context.Background())
			checkAnswering(t, b, c.root, c.named, at.Root, verdict.Outcome == Failed && verdict.Reason == ReasonOtherSite, verdict.Note)
		})
	}
}

func TestACheckKnowsTheSite(t *testing.T) {
	for name, c := range answering {
		t.Run(name, func(t *testing.T) {
			b, s := hostWith(t, c.pages)
			r := s.network.Client(Address{Home: b.home + c.path}, testUser, testPassword).Check(context.Background())
			found := stepOf(t, r, StepRoot)
			checkAnswering(t, b, c.root, c.named, r.Root, found.State == CheckFailed && r.State() == "broken", found.Finding)
			if c.root == "" && found.Fix == "" {
				t.Error("it does not say what to do")
			}
		})
	}
}

// checkAnswering checks that the site's own root was found, or that the other site was told by its name.
func checkAnswering(t *testing.T, b *blog, root, name, found string, another bool, says string) {
	t.Helper()
	switch {
	case root != "" && (found != b.home+root || another):
		t.Errorf("the root is %q, %s", found, says)
	case root == "" && (found != "" || !another):
		t.Errorf("another site was taken for this one: %q, %s", found, says)
	case root == "" && name != "-" && !strings.Contains(says, cmp.Or(absolute(b.home, name), b.home)):
		t.Errorf("it does not say whose site answers: %s", says)
	}
}

// What cannot be told leaves the request itself to show more, and a server that does not answer is asked once.
func TestLocateLeavesWhatCannotBeKnown(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a wrong password":   says(401, `{"code":"incorrect_password","message":"No."}`),
		"a challenge":        says(403, page("Just a moment...")),
		"slow down":          headed(429, page("429"), "Retry-After", "1"),
		"maintenance":        says(503, page("Maintenance")),
		"an error":           says(500, page("Error")),
		"a coming-soon page": says(200, page("Coming soon")),
	} {
		t.Run(name, func(t *testing.T) {
			_, s := hostWith(t, func(string) map[string]http.HandlerFunc {
				return map[string]http.HandlerFunc{"/": says(200, page("A")), "/wp-json/": handler, "/index.php": handler, "/index.php/wp-json/": handler}
			})
			if at, verdict := s.client(OverrideNone).Locate(context.Background()); at.Root != "" || verdict.Outcome != "" {
				t.Errorf("%+v %+v", at, verdict)
			}
		})
	}
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	s := connectTo(t, closed)
	closed.Close()
	var requests atomic.Int32
	gate := Gate{Ready: func() error { requests.Add(1); return nil }}
	if at, verdict := s.client(OverrideNone).Through(gate).Locate(context.Background()); at.Root != "" || verdict.Outcome != "" || requests.Load() != 1 {
		t.Errorf("%+v %+v after %d looks", at, verdict, requests.Load())
	}
}

// Each look passes the gates of the request that it is made for: whoever closes one lets nothing out.
func TestLocatePassesTheGates(t *testing.T) {
	b, s := hostWith(t, answering["plain permalinks"].pages)
	var waiting, ready atomic.Int32
	gate := Gate{PerAddress: 1, Ready: func() error { ready.Add(1); return nil },
		Lease: func(ctx context.Context, _ netip.Addr) (context.Context, func(), error) {
			waiting.Add(1)
			return ctx, func() {}, nil
		}}
	if at, _ := s.client(OverrideNone).Through(gate).Locate(context.Background()); at.Root == "" || waiting.Load() != ready.Load() || ready.Load() < 2 {
		t.Errorf("%+v: %d places held, %d looks", at, waiting.Load(), ready.Load())
	}
	stopped := errors.New("stopped")
	before := len(b.secrets)
	gate.Ready = func() error { return stopped }
	if at, verdict := s.client(OverrideNone).Through(gate).Locate(context.Background()); at.Root != "" || verdict.Outcome != "" || len(b.secrets) != before {
		t.Errorf("%+v %+v", at, verdict)
	}
}
