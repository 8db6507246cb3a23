package wordpress

import "testing"

func TestCredentialFollows(t *testing.T) {
	for _, c := range []struct {
		from, to string
		follows  bool
	}{
		{"https://acme.example", "https://acme.example", true},
		{"https://acme.example", "https://acme.example/blog", true},
		{"https://acme.example", "https://www.acme.example", true},
		{"https://www.acme.example", "https://acme.example", true},
		{"http://www.acme.example", "https://acme.example", true},
		{"https://acme.example:8443", "https://www.acme.example:8443", true},
		{"https://acme.example", "http://acme.example", false},
		{"http://acme.example:8080", "https://acme.example", false},
		{"http://acme.example", "https://acme.example:8443", false},
		{"https://acme.example", "https://acme.example:8443", false},
		{"https://acme.example:443", "https://acme.example", true},
		{"https://acme.example", "https://shop.acme.example", false},
		{"https://shop.acme.example", "https://acme.example", false},
		{"https://www.shop.acme.example", "https://shop.acme.example", true},
		{"https://acme.example", "https://www.www.acme.example", false},
		{"https://acme.example", "https://acme.example.evil.test", false},
		{"https://acme.example", "https://wwwacme.example", false},
		{"https://github.io", "https://www.github.io", false},
		{"https://192.0.2.1", "https://192.0.2.2", false},
		{"https://192.0.2.1", "https://192.0.2.1", true},
	} {
		if got := CredentialFollows(c.from, c.to); got != c.follows {
			t.Errorf("%s to %s: %v", c.from, c.to, got)
		}
	}
}

func TestRedirectedHome(t *testing.T) {
	for _, c := range []struct {
		home, location, to string
		credentialFollows  bool
	}{
		{"https://acme.example", "https://www.acme.example/wp-json/bigscoots-cache/v2/clear-cache", "https://www.acme.example", true},
		{"http://acme.example", "https://acme.example/wp-json/x", "https://acme.example", true},
		{"https://acme.example", "https://acme.example/blog/wp-json/x", "https://acme.example/blog", true},
		{"https://acme.example", "https://www.acme.example/index.php?rest_route=/x&a=1", "https://www.acme.example", true},
		{"https://acme.example", "https://evil.test/wp-json/x", "https://evil.test", false},
		{"https://a.github.io", "https://b.github.io/wp-json/x", "https://b.github.io", false},
		{"https://acme.example", "http://acme.example/wp-json/x", "http://acme.example", false},
		{"https://192.0.2.1", "https://192.0.2.2/wp-json/x", "https://192.0.2.2", false},
		{"https://acme.example", "https://acme.example/wp-login.php?redirect_to=%2Fwp-json%2F", "", false},
		{"https://acme.example", "https://acme.example/wp-json/x/", "", false},
		{"https://acme.example", "https://user:pw@www.acme.example/wp-json/x", "", false},
		{"https://acme.example", "%zz", "", false},
	} {
		if to, credentialFollows := RedirectedHome(c.home, c.location); to != c.to || credentialFollows != c.credentialFollows {
			t.Errorf("%s to %s: %q %v", c.home, c.location, to, credentialFollows)
		}
	}
}
