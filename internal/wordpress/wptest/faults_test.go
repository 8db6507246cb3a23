package wptest_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// start starts the sites and returns a client that finds and trusts them, and follows no redirect.
func start(t *testing.T, o wptest.Options) (*wptest.Fake, *http.Client) {
	t.Helper()
	fake, err := wptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: fake.CA()}, ForceAttemptHTTP2: !o.HTTP1, DisableCompression: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			known, found := fake.Hosts()[host]
			if !found {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
			return dialer.DialContext(ctx, network, net.JoinHostPort(known.String(), port))
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := fake.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return fake, &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send sends a request with the password that every site takes, and returns the whole answer.
func send(t *testing.T, client *http.Client, method, address, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(wptest.DefaultUser, wptest.DefaultPassword)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

// observed is what an answer must be: its status, a header as "Name: part of its value", and a part of its body.
type observed struct {
	status       int
	header, body string
}

// The requests that every site is asked: as a person's browser, as a check does, and a change.
const (
	front  = "/"
	index  = "/wp-json/"
	me     = "/wp-json/wp/v2/users/me"
	status = "/wp-json/bigscoots-cache/v2/status"
	clear  = "/wp-json/bigscoots-cache/v2/clear-cache"
	opc    = "/wp-json/bigscoots-cache/v2/clear-opcache"
)

const clearAll = `{"purge_type":"all"}`

// behaves is what a site with a fault answers, and how many calls it carries out.
type behaves struct {
	front, index, me, status, clear, opcache observed
	calls                                    int
}

// well is a site without a fault; the others say only where they differ.
var well = behaves{
	front: observed{200, "Link: /wp-json/>; rel=", "<h1>Site acme.example</h1>"},
	index: observed{200, "Content-Type: application/json", `"name":"Site acme.example"`}, me: observed{200, "", `"roles":["cache_manager"]`},
	status: observed{200, "", `"Cache Status","value":"Enabled"`}, clear: observed{200, "", `"success":true`},
	opcache: observed{200, "", "OPcache for your website has been cleared"}, calls: 2,
}

// but is a site that is well but for what the function changes.
func but(change func(*behaves)) behaves {
	b := well
	change(&b)
	return b
}

// everywhere is a site that gives the API the same answer whatever is asked.
func everywhere(s observed) behaves {
	return but(func(b *behaves) { b.index, b.me, b.status, b.clear, b.opcache, b.calls = s, s, s, s, s, 0 })
}

// writes is a site that gives all changes the same answer.
func writes(s observed, calls int) behaves {
	return but(func(b *behaves) { b.clear, b.opcache, b.calls = s, s, calls })
}

var unsigned = observed{401, "Content-Type: application/json", `"code":"rest_forbidden"`}

var answered = map[wptest.Fault]behaves{
	wptest.Healthy: well,
	wptest.WrongPassword: but(func(b *behaves) {
		b.me, b.clear, b.opcache, b.calls = observed{401, "", "rest_not_logged_in"}, unsigned, unsigned, 0
	}),
	wptest.HeaderStripped: but(func(b *behaves) {
		b.me, b.clear, b.opcache, b.calls = observed{401, "", "rest_not_logged_in"}, unsigned, unsigned, 0
	}),
	wptest.UnknownUserCode: everywhere(observed{401, "", `"code":"incorrect_password"`}),
	wptest.AppPasswordsOff: but(func(b *behaves) {
		b.index.body, b.me, b.clear, b.opcache, b.calls = `"authentication":[]`, observed{401, "", "rest_not_logged_in"}, unsigned, unsigned, 0
	}),
	wptest.HostBasicAuth: but(func(b *behaves) {
		*b = everywhere(observed{401, `Www-Authenticate: Basic realm="Restricted"`, "401 Authorization Required"})
		b.front = b.index
	}),
	wptest.Forbidden: but(func(b *behaves) {
		b.me.body = `"roles":["subscriber"]`
		b.clear, b.opcache, b.calls = observed{403, "", `"code":"rest_forbidden"`}, observed{403, "", `"code":"rest_forbidden"`}, 0
	}),
	wptest.Administrator: but(func(b *behaves) { b.me.body = `"manage_options":true` }),
	wptest.NoPlugin: but(func(b *behaves) {
		none := observed{404, "", `"code":"rest_no_route"`}
		b.status, b.clear, b.opcache, b.calls = none, none, none, 0
	}),
	wptest.Staging: but(func(b *behaves) {
		b.status.body, b.clear, b.calls = `"value":"Staging"`, observed{403, "", "clear_cache_not_allowed_on_staging"}, 1
	}),
	wptest.CacheDisabled: but(func(b *behaves) {
		b.status.body, b.clear, b.calls = `"Cache Status","value":"Disabled"`, observed{403, "", `"code":"cache_disabled"`}, 1
	}),
	wptest.Misconfigured: but(func(b *behaves) {
		b.status.body, b.clear, b.opcache, b.calls = `"value":"Misconfigured"`, observed{403, "", "plugin_misconfigured"}, observed{403, "", "plugin_misconfigured"},
			0
	}),
	wptest.OpcacheMissing: but(func(b *behaves) { b.opcache, b.calls = observed{424, "", "opcache_not_loaded"}, 1 }),
	wptest.SuccessFalse:   writes(observed{200, "", `"success":false`}, 0),
	wptest.PartialPosts:   well, // differs for posts only, below
	wptest.HTML200:        everywhere(observed{200, "Content-Type: text/html", "Coming soon"}),
	wptest.LoginWall:      everywhere(observed{302, "Location: /wp-login.php?redirect_to=", ""}),
	wptest.PHPWarning: but(func(b *behaves) {
		for _, s := range []*observed{&b.index, &b.me, &b.status, &b.clear, &b.opcache} {
			s.header = "Content-Type: text/html"
		}
		b.clear.body = "on line <b>87</b><br />\n{"
	}),
	wptest.BOM: but(func(b *behaves) {
		for _, s := range []*observed{&b.index, &b.me, &b.status, &b.clear, &b.opcache} {
			s.header, s.body = "Content-Type: text/html", "\xef\xbb\xbf{"
		}
	}),
	wptest.Challenge:          everywhere(observed{403, "Cf-Mitigated: challenge", "Just a moment..."}),
	wptest.Sucuri:             everywhere(observed{403, "X-Sucuri-Block: BNP005", "Access Denied"}),
	wptest.ModSecurity406:     everywhere(observed{406, "Content-Type: text/html", "Mod_Security"}),
	wptest.VerbsBlocked:       writes(observed{405, "Content-Type: text/html", "405 Not Allowed"}, 0),
	wptest.OverrideStripped:   writes(observed{405, "Content-Type: text/html", "405 Not Allowed"}, 0),
	wptest.PurgeIgnored:       well, // differs at the pages, below
	wptest.NotCached:          but(func(b *behaves) { b.front.header = "Cf-Cache-Status: BYPASS" }),
	wptest.RateLimited:        but(func(b *behaves) { b.clear, b.calls = observed{429, "Retry-After: 1", "429 Too Many Requests"}, 1 }),
	wptest.RateLimitedForever: everywhere(observed{429, "Retry-After: 1", "429 Too Many Requests"}),
	wptest.Maintenance:        everywhere(observed{503, "Retry-After: 600", `"code":"wp_die"`}),
	wptest.MaintenanceHTML: but(func(b *behaves) {
		*b = everywhere(observed{503, "Retry-After: 600", "<title>Maintenance</title>"})
		b.front = b.index
	}),
	wptest.SiteError: writes(observed{500, "Content-Type: application/json", "internal_server_error"}, 0),
	wptest.FatalHTML: everywhere(observed{500, "Content-Type: text/html", "There has been a critical error"}),
	wptest.RedirectWWW: but(func(b *behaves) {
		*b = everywhere(observed{301, "Location: https://www.acme.example:", ""})
		b.front = b.index
	}),
	wptest.PlainPermalinks: but(func(b *behaves) {
		*b = everywhere(observed{200, "Content-Type: text/html", "<h1>Site acme.example</h1>"})
		b.front.header = "Link: /index.php?rest_route=/>"
	}),
	wptest.IndexPHPRoot: but(func(b *behaves) {
		*b = everywhere(observed{200, "Content-Type: text/html", "<h1>Site acme.example</h1>"})
		b.front.header = "Link: /index.php/wp-json/>"
	}),
	wptest.NoLinkHeader: but(func(b *behaves) { b.front.header = "" }),
	wptest.OtherSite:    but(func(b *behaves) { b.index.body = `"home":"https://main.example"` }),
	wptest.RenamedPrefix: but(func(b *behaves) {
		*b = everywhere(observed{200, "Content-Type: text/html", "<h1>Site acme.example</h1>"})
		b.front.header = "Link: /api/>"
	}),
	wptest.InnerPort:       but(func(b *behaves) { b.front.header = "Link: <http://acme.example:8080/wp-json/>" }),
	wptest.IndexClosed:     well, // for visitors only, below
	wptest.IndexMinimal:    well,
	wptest.IndexLarge:      but(func(b *behaves) { b.index.body = "xxxx" }),
	wptest.NamespaceGaps:   but(func(b *behaves) { b.index.body = `"6":"bigscoots-cache/v2"` }),
	wptest.UsersClosed:     but(func(b *behaves) { b.me = observed{401, "", "rest_user_cannot_view"} }),
	wptest.OptionsByServer: well,
	wptest.PasswordsKept:   well,
	wptest.PurgeTooSoon:    well, // of another plugin, in caches_test.go
}

// apart are tested on their own below: what they do is no answer.
var apart = []wptest.Fault{
	wptest.DatabaseError, wptest.CrashAfter, wptest.JSONCut, wptest.BrowserCheck, wptest.PasswordWall, wptest.AccountSuspended, wptest.GatewayTimeout,
	wptest.VerbsNotFound,
	wptest.HomeCut, wptest.TooLarge, wptest.GzipBomb, wptest.Slow, wptest.Silent, wptest.CutBefore, wptest.CutAfter, wptest.VerbsCut, wptest.CertExpired,
	wptest.CertWrongHost, wptest.CertUnknownCA, wptest.Closed, wptest.DNSMissing,
}

func TestEveryFaultAnswersAsItsNameSays(t *testing.T) {
	tested := map[wptest.Fault]bool{}
	for _, fault := range apart {
		tested[fault] = true
	}
	for _, fault := range append(wptest.Faults(), wptest.Healthy) {
		if _, there := answered[fault]; !there && !tested[fault] {
			t.Errorf("nothing is expected of %q", fault)
		}
	}
	for fault, want := range answered {
		t.Run("is "+string(fault), func(t *testing.T) {
			t.Parallel()
			fake, client := start(t, wptest.Options{Sites: []wptest.Site{{Host: "acme.example", Fault: fault}}})
			for _, each := range []struct {
				method, path, body string
				want               observed
			}{
				{http.MethodGet, front, "", want.front}, {http.MethodGet, index, "", want.index}, {http.MethodGet, me, "", want.me},
				{http.MethodGet, status, "", want.status},
				{http.MethodPatch, clear, clearAll, want.clear}, {http.MethodDelete, opc, "", want.opcache},
			} {
				answer, text, err := send(t, client, each.method, fake.URL(0)+each.path, each.body)
				if err != nil {
					t.Fatalf("%s %s: %v", each.method, each.path, err)
				}
				if answer.ProtoMajor != 2 || answer.TLS == nil || answer.TLS.PeerCertificates[0].DNSNames[0] != "acme.example" {
					t.Errorf("%s: spoken over %s with %v", each.path, answer.Proto, answer.TLS)
				}
				if answer.StatusCode != each.want.status || !strings.Contains(text, each.want.body) {
					t.Errorf("%s %s: %d, want %d with %q: %.300q", each.method, each.path, answer.StatusCode, each.want.status, each.want.body, text)
				}
				if name, value, _ := strings.Cut(each.want.header, ": "); name != "" && !strings.Contains(answer.Header.Get(name), value) {
					t.Errorf("%s: %s is %q, want %q", each.path, name, answer.Header.Get(name), value)
				}
				if strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") && !json.Valid([]byte(text)) {
					t.Errorf("%s: it says it is JSON, and is %.100q", each.path, text)
				}
			}
			if fault == wptest.NoLinkHeader {
				if answer, _, err := send(t, client, http.MethodGet, fake.URL(0), ""); err != nil || answer.Header.Get("Link") != "" {
					t.Errorf("there is a Link header, %v", err)
				}
			}
			if calls := fake.Calls(0); len(calls) != want.calls {
				t.Errorf("%d calls were carried out, want %d: %v", len(calls), want.calls, calls)
			}
		})
	}
}
