package wordpress

import (
	"errors"
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
	} {
		home, err := ParseHome(given)
		if err != nil || home != want {
			t.Errorf("ParseHome(%q) = %q, %v; want %q", given, home, err, want)
		}
		if again, err := ParseHome(home); err != nil || again != home {
			t.Errorf("ParseHome(%q) = %q, %v; want it unchanged", home, again, err)
		}
	}
}

func TestParseHomeRefuses(t *testing.T) {
	for _, given := range []string{
		"", "   ", "https://", "ftp://acme.example", "javascript:alert(1)", "https://user:secret@acme.example", "https://acme.example/?p=1", "https://acme.example/#top",
		"https://acme.example/a\r\nHost: evil", "https://acme .example", `https://acme.example\@evil.example`, "https://acme.example:99999", "https://acme.example:0",
		"https://-acme-.example", "https://[fe80::1%25eth0]/", "https://acme..example",
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
