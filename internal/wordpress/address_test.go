package wordpress

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestParseHome(t *testing.T) {
	for given, want := range map[string]string{
		"acme.example":                                    "https://acme.example",
		"  https://acme.example/  ":                       "https://acme.example",
		"HTTPS://ACME.Example:443/":                       "https://acme.example",
		"http://acme.example:80":                          "http://acme.example",
		"http://acme.example:8080/":                       "http://acme.example:8080",
		"https://acme.example.":                           "https://acme.example",
		"https://bücher.example/":                         "https://xn--bcher-kva.example",
		"https://one\u2011two.example/":                   "https://one-two.example",
		"https://one\u2013two.example/":                   "https://one-two.example",
		"https://acme.example/wp-admin/":                  "https://acme.example",
		"https://acme.example/wp-admin/plugins.php":       "https://acme.example",
		"https://acme.example/wp-login.php":               "https://acme.example",
		"https://acme.example/shop/wp-json/":              "https://acme.example/shop",
		"https://acme.example/index.php/wp-json/":         "https://acme.example",
		"https://acme.example//a/./b//":                   "https://acme.example/a/b",
		"https://acme.example/wp-admin-guide":             "https://acme.example/wp-admin-guide",
		"https://[2606:4700::1111]/":                      "https://[2606:4700::1111]",
		"https://[2606:4700::1111]:8443":                  "https://[2606:4700::1111]:8443",
		"https://93.184.216.34/blog/":                     "https://93.184.216.34/blog",
		"https://acme.example/wp-json/bigscoots-cache/v2": "https://acme.example",
		// As the address bar and password managers have them.
		"https://acme.example/wp-login.php?redirect_to=https%3A%2F%2Facme.example%2Fwp-admin%2F&reauth=1": "https://acme.example",
		"https://acme.example/wp-login.php?redirect_to=a b":                                               "https://acme.example",
		"https://acme.example/wp-admin/profile.php#application-passwords-section":                         "https://acme.example",
		"https://acme.example/wp-admin/options-general.php?page=bigscoots-cache#top":                      "https://acme.example",
		"https://acme.example/shop/wp-admin/post.php?post=1&action=edit":                                  "https://acme.example/shop",
		"https://acme.example/WP-Admin/":                                                                  "https://acme.example",
		"https://acme.example/wp%2Dadmin/":                                                                "https://acme.example",
		"https://acme.example//wp-admin//":                                                                "https://acme.example",
		"https://acme.example/wp-signup.php?new=a":                                                        "https://acme.example",
		"https://acme.example/wp-cron.php?doing_wp_cron":                                                  "https://acme.example",
		"https://acme.example/xmlrpc.php?rsd":                                                             "https://acme.example",
		"https://acme.example/blog/wp-sitemap.xml":                                                        "https://acme.example/blog",
		"https://acme.example/wp-content/uploads/a.png?x":                                                 "https://acme.example",
		"https://acme.example/wp-json?_fields=name":                                                       "https://acme.example",
		"https://acme.example/?rest_route=/wp/v2/posts":                                                   "https://acme.example",
		"https://acme.example/index.php?rest_route=/":                                                     "https://acme.example",
		"acme.example/blog?rest_route=/#x":                                                                "https://acme.example/blog",
		"https://acme.example/?":                                                                          "https://acme.example",
		"https://acme.example/#":                                                                          "https://acme.example",
		"view-source:https://acme.example/":                                                               "https://acme.example",
		"https://client_a.staging.example":                                                                "https://client_a.staging.example",
		"https://_dmarc.acme.example":                                                                     "https://_dmarc.acme.example",
		"https://https://acme.example":                                                                    "https://acme.example",
		"http://https://acme.example":                                                                     "https://acme.example",
		"https://HTTP://acme.example/a":                                                                   "http://acme.example/a",
		"https://https://https://acme.example/":                                                           "https://acme.example",
		"https://acme.example/shop\u200b":                                                                 "https://acme.example/shop",
		"https://acme.example/shop%E2%80%8B/":                                                             "https://acme.example/shop",
		"\ufeffhttps://ac\u00adme.example\u200e":                                                          "https://acme.example",
		"https://acme.example/caf\u00e9":                                                                  "https://acme.example/caf%C3%A9",
		"https://acme.example/caf%c3%a9/":                                                                 "https://acme.example/caf%C3%A9",
		"https://acme.example/a%20b":                                                                      "https://acme.example/a%20b",
		"https://acme.example/%61/%2e%2e/b":                                                               "https://acme.example/b",
		"https://acme.example/shop/../":                                                                   "https://acme.example",
		"https://acme.example/../../shop":                                                                 "https://acme.example/shop",
		"https://acme.example,":                                                                           "https://acme.example",
		"https://acme.example/shop/;":                                                                     "https://acme.example/shop",
		"https://acme.example/feed/":                                                                      "https://acme.example",
		"https://acme.example/shop/comments/feed/":                                                        "https://acme.example/shop",
		"https://acme.example/wp-login":                                                                   "https://acme.example",
		"https://acme.example/index.html#top":                                                             "https://acme.example",
		"https://acme.example/sitemap_index.xml":                                                          "https://acme.example",
		"https://acme.example/robots.txt":                                                                 "https://acme.example",
		"https://acme.example/cgi-sys/suspendedpage.cgi":                                                  "https://acme.example/cgi-sys",
		"https://acme.example/~jane/@work":                                                                "https://acme.example/~jane/@work",
		"https://acme.example/v1.2":                                                                       "https://acme.example/v1.2",
		"http://localhost:8080":                                                                           "http://localhost:8080",
		"http://intranet/blog":                                                                            "http://intranet/blog",
		"https://r3---sn.acme.example":                                                                    "https://r3---sn.acme.example",
		"https://\u2764\ufe0f.example":                                                                    "https://xn--qei.example",
		"https://\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example":                                      "https://xn--mgba3gch31f060k.example",
	} {
		home, err := ParseHome(given)
		if err != nil || home != want {
			t.Errorf("ParseHome(%q) = %q, %v; want %q", given, home, err, want)
		}
		if reparsed, err := ParseHome(home); err != nil || reparsed != home {
			t.Errorf("ParseHome(%q) = %q, %v; want it unchanged", home, reparsed, err)
		}
	}
}

func TestParseHomeRefuses(t *testing.T) {
	for _, given := range []string{
		"", "   ", "https://", "ftp://acme.example", "javascript:alert(1)", "https://user:secret@acme.example", "https://acme.example/?p=1",
		"https://acme.example/#top",
		"https://acme.example/a\r\nHost: evil", "https://acme .example", `https://acme.example\@evil.example`, "https://acme.example:99999", "https://acme.example:0",
		"https://-acme-.example", "https://[fe80::1%25eth0]/", "https://acme..example",
		"n/a", "todo", "none", "-", "tbd.", "e.g.", "n.a.", "www", "localhost:8080", "12345", "3.14", "1.2.3", "https://1.2.3.4.5", "https://0x7f.1",
		"http://2130706433",
		"https://https/acme.example", "https//acme.example", "https:/acme.example", "https:acme.example", "https://www.https://acme.example", "http", "https://",
		"https://acme.example/https://acme.example", "https://one.example,https://two.example", "https://one.examplehttps://two.example", "one.example two.example",
		"jane@acme.example", "mailto:jane@acme.example", "about:blank", "https://*.acme.example", "<https://acme.example>", "https://acme.example/#/wp-admin",
		"https://acme.example/shop?p=1", "https://acme.example/a%0d%0ab", "https://acme.example/%zz", "https://a<b.example", "https://…", "https://acme.example/?%zz",
		"\u200b",
		"https://acme.example/>", "https://acme.example/)", "https://acme.example/x\"", "https://acme.example/\u201c", "https://acme.example/a|b",
		"https://acme.example/shop.",
		"https://acme.example/\u2026", "https://acme.example/shop/\u201d", "https://acme.example/{{x}}", "https://www.", "https://www/", ",", ";",
	} {
		home, err := ParseHome(given)
		if !errors.Is(err, ErrAddress) || home != "" {
			t.Errorf("ParseHome(%q) = %q, %v; want an ErrAddress", given, home, err)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"https://acme.example/a", "https://acme.example/b", true},
		{"https://ACME.example:443/", "https://acme.example", true},
		{"http://acme.example", "https://acme.example", false},
		{"https://www.acme.example", "https://acme.example", false},
		{"https://acme.example:8443", "https://acme.example", false},
		{"https://acme.example@evil.example", "https://acme.example", false},
		{"", "https://acme.example", false},
	} {
		if sameOrigin(c.a, c.b) != c.same {
			t.Errorf("sameOrigin(%q, %q) = %v", c.a, c.b, !c.same)
		}
	}
}

// A canonical address is canonical, and holds nothing but scheme, host and path.
func FuzzParseHome(f *testing.F) {
	for _, text := range []string{"acme.example/wp-admin?x#y", "https://https://b\u00fccher.example:443/%41/../b%2fc", "http://[::1]:080/a;b,c/",
		"https://acme.example/\u200b/%E2%80%8B", "a.b_c/%20%20"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		home, err := ParseHome(text)
		if err != nil {
			if !errors.Is(err, ErrAddress) || err.Error() == "" || home != "" {
				t.Errorf("ParseHome(%q) = %q, %v", text, home, err)
			}
			return
		}
		if reparsed, err := ParseHome(home); err != nil || reparsed != home {
			t.Errorf("ParseHome(%q) = %q, and of that %q, %v", text, home, reparsed, err)
		}
		u, err := url.Parse(home)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(home, "/") || !isASCII(home) {
			t.Errorf("ParseHome(%q) = %q, %v", text, home, err)
		}
	})
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}
