package wordpress

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// blog answers like a WordPress, with what a test changes of it.
type blog struct {
	home  string
	pages map[string]http.HandlerFunc // by path, before all others

	guard   sync.Mutex
	secrets []string // places that saw the credential
}

func (b *blog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, _, signed := r.BasicAuth(); signed {
		b.guard.Lock()
		b.secrets = append(b.secrets, r.Host+r.URL.Path)
		b.guard.Unlock()
	}
	if special, found := b.pages[r.URL.Path]; found {
		special(w, r)
		return
	}
	_, _, signed := r.BasicAuth()
	switch r.URL.Path {
	case "/":
		w.Header().Set("Link", fmt.Sprintf(`<%s/wp-json/>; rel="https://api.w.org/"`, b.home))
	case "/wp-json/":
		fmt.Fprintf(w, `{"name":"Acme","home":%q,"namespaces":["wp/v2","bigscoots-cache/v2"],"authentication":{"application-passwords":{}}}`, b.home)
	case "/wp-json/wp/v2/users/me":
		if !signed {
			jsonError(w, 401, "rest_not_logged_in")
			return
		}
		fmt.Fprint(w, `{"id":7,"username":"drover","roles":["cache_manager"],"capabilities":{"read":true}}`)
	case "/wp-json/bigscoots-cache/v2/clear-cache":
		w.Header().Set("X-Robots-Tag", "noindex")
		w.Header().Set("Allow", "PATCH")
		w.WriteHeader(http.StatusNoContent)
	case "/wp-json/bigscoots-cache/v2/status":
		fmt.Fprint(w, `{"success":true,"data":{"plugin_version":{"label":"Version","value":"2.8.1"},"plugin_cache_status":{"label":"Cache","value":"Enabled"}}}`)
	default:
		jsonError(w, 404, "rest_no_route")
	}
}

func jsonError(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%q,"message":"No.","data":{"status":%d}}`, code, status)
}

func newBlog(t *testing.T, pages map[string]http.HandlerFunc) (*blog, *Client) {
	t.Helper()
	b := &blog{pages: pages}
	s := serve(t, b.ServeHTTP, func(c *Config) { c.Hosts["www.example.com"] = netip.MustParseAddr("127.0.0.1") })
	b.home = s.home
	return b, s.client(OverrideNone)
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusMovedPermanently) }
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func stepOf(t *testing.T, r Report, name string) CheckStep {
	t.Helper()
	for _, each := range r.Steps {
		if each.Name == name {
			return each
		}
	}
	t.Fatalf("no step %s in %+v", name, r.Steps)
	return CheckStep{}
}

func TestLadderHealthy(t *testing.T) {
	b, c := newBlog(t, nil)
	r := c.Check(context.Background())
	if r.State() != "ready" || r.Warning != "" || len(r.Steps) != 7 {
		t.Errorf("%s: %+v", r.State(), r.Steps)
	}
	if r.Root != b.home+"/wp-json/" || r.Home != b.home || r.Name != "Acme" || r.Login != "drover" || r.Administrator || r.CanManage ||
		r.Address.String() != "127.0.0.1" {
		t.Errorf("%+v", r)
	}
	if r.Plugin == nil || r.Plugin.Version != "2.8.1" || r.Plugin.Cache != "Enabled" || r.Plugin.Data["plugin_version"] != "2.8.1" {
		t.Errorf("plugin %+v", r.Plugin)
	}
}

// Sites that the simulator does not have: what stands in the way of one step, and what a check makes of it.
func TestLadderFindings(t *testing.T) {
	const index = `{"name":"Acme","namespaces":["wp/v2","bigscoots-cache/v2"],"authentication":%s}`
	offered := fmt.Sprintf(index, `{"application-passwords":{}}`)
	for name, c := range map[string]struct {
		pages   map[string]http.HandlerFunc
		state   string // of the whole
		step    string
		is      CheckState
		finding string
	}{
		"an empty list of ways to sign in": {map[string]http.HandlerFunc{"/wp-json/": says(200, fmt.Sprintf(index, `[]`)),
			"/wp-json/wp/v2/users/me": says(401, `{"code":"rest_not_logged_in","message":"No.","data":{"status":401}}`)}, "broken",
			StepApplicationPasswords, CheckFailed, "turned off"},
		"an empty list, and a credential that works": {map[string]http.HandlerFunc{"/wp-json/": says(200, fmt.Sprintf(index, `[]`))}, "warning",
			StepApplicationPasswords, CheckWarning, "accepts this credential"},
		"an empty list for visitors": {map[string]http.HandlerFunc{"/wp-json/": forVisitors(says(200, fmt.Sprintf(index, `[]`)), says(200, offered))}, "ready",
			StepApplicationPasswords, CheckOK, "available"},
		"an index cut short": {map[string]http.HandlerFunc{"/wp-json/": says(200, `{"namespaces":["wp/v2","bigscoots-cache/v2"]}`)}, "warning",
			StepApplicationPasswords, CheckWarning, "does not report"},
		"visitors may not read the index": {map[string]http.HandlerFunc{"/wp-json/": func(w http.ResponseWriter, r *http.Request) {
			if _, _, signed := r.BasicAuth(); !signed {
				jsonError(w, 401, "rest_login_required")
				return
			}
			fmt.Fprint(w, offered)
		}}, "ready", StepRoot, CheckOK, "/wp-json/"},
		"a home page with an error": {map[string]http.HandlerFunc{"/": says(500, page("Error"))}, "warning", StepHomePage, CheckWarning, "500"},
		"a challenge for visitors":  {map[string]http.HandlerFunc{"/": says(403, page("Just a moment..."))}, "warning", StepHomePage, CheckWarning, "Cloudflare"},
		"a circle for visitors":     {map[string]http.HandlerFunc{"/": redirect("/")}, "warning", StepHomePage, CheckWarning, "redirect loop"},
		"a start page in a language": {map[string]http.HandlerFunc{"/": redirect("/de/"), "/de/": says(200, page("Acme"))}, "ready", StepHomePage, CheckOK,
			"responds"},
		"no users to be seen": {map[string]http.HandlerFunc{"/wp-json/wp/v2/users/me": says(404, `{"code":"rest_no_route"}`)}, "warning", StepCapabilities,
			CheckOK, "can purge"},
		"users in another form": {map[string]http.HandlerFunc{"/wp-json/wp/v2/users/me": says(200, `[]`)}, "warning", StepCredential, CheckWarning,
			"does not report"},
		"no word of roles": {map[string]http.HandlerFunc{"/wp-json/wp/v2/users/me": says(200, `{"username":"drover","roles":null}`)}, "ready",
			StepCapabilities, CheckOK, "role is unknown, which can purge"},
		"ways to sign in as a list": {map[string]http.HandlerFunc{"/wp-json/": says(200, fmt.Sprintf(index, `["application-passwords"]`))}, "ready",
			StepApplicationPasswords, CheckOK, "available"},
		"ways to sign in as a flag": {map[string]http.HandlerFunc{"/wp-json/": says(200, fmt.Sprintf(index, `true`))}, "warning", StepApplicationPasswords,
			CheckWarning, "does not report"},
		"a user without a role": {map[string]http.HandlerFunc{"/wp-json/wp/v2/users/me": says(200, `{"username":"drover","roles":[]}`)}, "broken",
			StepCapabilities, CheckFailed, "no role"},
		"a manager": {map[string]http.HandlerFunc{"/wp-json/wp/v2/users/me": says(200,
			`{"username":"drover","roles":["manager"],"capabilities":{"manage_options":true}}`)}, "ready", StepCapabilities, CheckOK, "manage options"},
		"no right to purge": {map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/clear-cache": says(200, `{"methods":["PATCH"]}`)}, "broken",
			StepCapabilities, CheckFailed, "may not purge"},
		"a worker before OPTIONS": {map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/clear-cache": says(200, `{"ok":true}`)}, "warning", StepCapabilities,
			CheckWarning, "is unknown"},
		"an empty list for OPTIONS": {map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/clear-cache": says(200, `[]`)}, "warning", StepCapabilities,
			CheckWarning, "is unknown"},
		"a firewall before OPTIONS": {map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/clear-cache": says(405, page("405"))}, "warning", StepCapabilities,
			CheckWarning, "does not let Drover find out"},
		"a status that fails": {map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/status": says(500, page("500"))}, "warning", StepStatus, CheckWarning,
			"does not report its status"},
		"a status without a cache": {map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/status": says(200, `{"success":true}`)}, "warning", StepStatus,
			CheckWarning, "does not report"},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := newBlog(t, c.pages)
			r := client.Check(context.Background())
			found := stepOf(t, r, c.step)
			if r.State() != c.state || found.State != c.is || !strings.Contains(found.Finding, c.finding) {
				t.Errorf("%s, %+v", r.State(), r.Steps)
			}
			if (c.is == CheckFailed || c.is == CheckWarning) && found.Fix == "" {
				t.Error("it does not say how to mend it")
			}
		})
	}
}

func TestLadderWithoutCredential(t *testing.T) {
	_, c := newBlog(t, nil)
	r := c.anonymous().Check(context.Background())
	if failing, is := r.Failing(); !is || failing.Name != StepCredential || !strings.Contains(failing.Finding, "No credential is stored") {
		t.Errorf("%+v", r.Steps)
	}
}

// The credential stays on the site's own host, wherever the site points to.
func TestLadderKeepsTheCredential(t *testing.T) {
	for name, c := range map[string]struct {
		path, step, finding string
		redirects           bool
	}{
		"all has moved":             {"", StepRoot, "has moved to", true},
		"only visitors are sent on": {"/", StepHomePage, "redirects visitors to", true},
		"the root is elsewhere":     {"root", StepRoot, "on another host", false},
	} {
		t.Run(name, func(t *testing.T) {
			b, client := newBlog(t, map[string]http.HandlerFunc{})
			www := strings.Replace(b.home, "example.com", "www.example.com", 1)
			send := func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.Host, "www.") {
					says(200, page("Acme"))(w, r)
					return
				}
				redirect(www+r.URL.Path)(w, r)
			}
			switch c.path {
			case "":
				b.pages["/"], b.pages["/wp-json/"], b.pages["/index.php"], b.pages["/index.php/wp-json/"] = send, send, send, send
			case "/":
				b.pages["/"] = send
			case "root":
				b.pages["/wp-json/"], b.pages["/index.php"], b.pages["/index.php/wp-json/"] = says(404, ""), says(404, ""), says(404, "")
				b.pages["/"] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Link", fmt.Sprintf(`<%s/wp-json/>; rel="https://api.w.org/"`, www))
				}
			}
			r := client.Check(context.Background())
			found := stepOf(t, r, c.step)
			if !strings.Contains(found.Finding, c.finding) || found.Fix == "" || c.redirects != (r.RedirectsTo == www) {
				t.Errorf("%q, %+v", r.RedirectsTo, r.Steps)
			}
			b.guard.Lock()
			defer b.guard.Unlock()
			for _, place := range b.secrets {
				if strings.HasPrefix(place, "www.") {
					t.Errorf("the credential was sent to %s", place)
				}
			}
		})
	}
}

func TestReadStatusTakesWhatThereIs(t *testing.T) {
	s := bigScootsStatus([]byte(`{"plugin_version":{"value":"2.9"},"n":{"value":3},"b":{"value":true},"x":7,"h":{"value":"<b>On</b>"}}`))
	if s.Version != "2.9" || s.Data["n"] != "3" || s.Data["b"] != "true" || s.Data["h"] != "On" || len(s.Data) != 4 {
		t.Errorf("%+v", s)
	}
	if s := bigScootsStatus([]byte(`{"success":true,"data":{"plugin_version":2.8,"plugin_cache_status":"Enabled","x":null,"y":["z"]}}`)); s.Version != "2.8" ||
		s.Cache != "Enabled" || len(s.Data) != 2 {
		t.Errorf("%+v", s)
	}
	if s := bigScootsStatus([]byte(`[]`)); s.Version != "" || s.Data != nil {
		t.Errorf("%+v", s)
	}
}

func bigScootsStatus(raw []byte) PluginStatus {
	s, _, _ := readStatus(cacheplugin.BigScoots, raw, "acme.example")
	return s
}
