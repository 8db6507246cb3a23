package wordpress

import "testing"

func TestAnnounced(t *testing.T) {
	const link = `<https://acme.example/wp-json/>; rel="https://api.w.org/"`
	for name, c := range map[string]struct{ header, body, want string }{
		"in the header": {header: link, want: "https://acme.example/wp-json/"},
		"among others": {header: `<https://acme.example/wp-json/wp/v2/pages/2>; rel="alternate"; type="application/json", ` + link,
			want: "https://acme.example/wp-json/"},
		"plain permalinks": {header: `<https://acme.example/index.php?rest_route=/>; rel="https://api.w.org/"`,
			want: "https://acme.example/index.php?rest_route=/"},
		"without the host": {header: `</wp-json/>; rel="https://api.w.org/"`, want: "https://acme.example/wp-json/"},
		"in the page": {body: `<html><head><link rel="stylesheet" href="/x.css"><link rel="https://api.w.org/" href="https://acme.example/wp-json/" ` +
			`/></head>`, want: "https://acme.example/wp-json/"},
		"escaped in the page": {body: `<link href="https://acme.example/index.php?rest_route=/&amp;lang=de" rel='https://api.w.org/'>`,
			want: "https://acme.example/index.php?rest_route=/&lang=de"},
		"in a comment":    {body: `<head></head><body><link rel="https://api.w.org/" href="https://evil.example/">`, want: ""},
		"with a password": {header: `<https://user:pw@acme.example/wp-json/>; rel="https://api.w.org/"`, want: ""},
		"not at all":      {body: page("Acme"), want: ""},
		"with a fragment": {header: `<https://acme.example/wp-json/#top>; rel="https://api.w.org/"`, want: "https://acme.example/wp-json/"},
		"broken":          {header: `<http://[::1/>; rel="https://api.w.org/"`, want: ""},
	} {
		x := answered(200, c.body)
		x.URL = "https://acme.example/"
		if c.header != "" {
			x.Header.Set("Link", c.header)
		}
		if got := announced(x); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
