package wordpress

import "testing"

func TestParseRoute(t *testing.T) {
	for given, want := range map[string]Route{
		"/acme/v1/things":                      {Path: "/acme/v1/things"},
		"acme/v1/things":                       {Path: "/acme/v1/things"},
		"":                                     {},
		"/":                                    {Path: "/"},
		"/wp-json/acme/v1/things":              {Path: "/acme/v1/things"},
		"wp-json/acme/v1/things":               {Path: "/acme/v1/things"},
		"/WP-JSON/acme/v1/things":              {Path: "/acme/v1/things"},
		"/wp%2Djson/acme/v1/things":            {Path: "/acme/v1/things"},
		"/wp-json/wp-json/acme/v1/things":      {Path: "/acme/v1/things"},
		"/wp-json/acme/v1/things?a=/wp-json/b": {Path: "/acme/v1/things?a=/wp-json/b"},
		"/acme/v1/things?a=/wp-json/b":         {Path: "/acme/v1/things?a=/wp-json/b"},
		"/wp-json":                             {Path: "/"},
		"/wp-json/":                            {Path: "/"},
		"/wp-json?_fields=name":                {Path: "/?_fields=name"},
		"/index.php/wp-json/acme/v1/things":    {Path: "/acme/v1/things"},
		"/shop/wp-json/acme/v1/things":         {Path: "/acme/v1/things", From: "/shop"},
		"shop/index.php/wp-json/acme/v1":       {Path: "/acme/v1", From: "/shop"},
		"acme.example/wp-json/acme/v1/things":  {Path: "/acme/v1/things", From: "acme.example"},
		"https://acme.example/wp-json/acme/v1/things?a=b":    {Path: "/acme/v1/things?a=b", From: "https://acme.example"},
		"HTTPS://acme.example:8443/shop/wp-json/acme/v1":     {Path: "/acme/v1", From: "HTTPS://acme.example:8443/shop"},
		"https://acme.example/index.php/wp-json/acme/v1":     {Path: "/acme/v1", From: "https://acme.example"},
		"{{site.url}}/wp-json/acme/v1/{{row.id}}":            {Path: "/acme/v1/{{row.id}}"},
		"/{{ site.url }}/acme/v1/things":                     {Path: "/acme/v1/things"},
		"/acme/v1/proxy/wp-json/x":                           {Path: "/acme/v1/proxy/wp-json/x"},
		"//wp/v2/posts":                                      {Path: "//wp/v2/posts"},
		"/acme/v1/things ":                                   {Path: "/acme/v1/things "},
		"/?rest_route=/acme/v1/things":                       {Path: "/?rest_route=/acme/v1/things"},
		"https://b\u00fccher.example/wp-json/acme/v1/things": {Path: "/acme/v1/things", From: "https://b\u00fccher.example"},
	} {
		if got, err := ParseRoute(given); err != nil || got != want {
			t.Errorf("ParseRoute(%q) = %+v, %v; want %+v", given, got, err, want)
		}
	}
	for _, given := range []string{"https://acme.example/api/acme/v1/things", "https://acme.example", "https://acme.example/?rest_route=/acme/v1/things",
		"ftp://acme.example/a", "/wp-admin/admin-ajax.php", "wp-login.php", "/xmlrpc.php",
		`"/acme/v1/things"`, "<https://acme.example/wp-json/acme/v1>", "\u201c/acme/v1/things\u201d", "/acme/v1/things\u201d", "/acme/v1/things\u2019?a=b"} {
		if got, err := ParseRoute(given); err == nil {
			t.Errorf("ParseRoute(%q) = %+v; want an error", given, got)
		}
	}
}

func TestRouteFits(t *testing.T) {
	for _, c := range []struct {
		from, home string
		fits       bool
	}{
		{"", "https://acme.example", true},
		{"https://acme.example", "https://acme.example", true},
		{"HTTPS://ACME.example:443/", "https://acme.example", true},
		{"https://b\u00fccher.example", "https://xn--bcher-kva.example", true},
		{"acme.example", "https://acme.example", true},
		{"acme.example", "http://acme.example", true},
		{"acme.example:8443/shop", "http://acme.example:8443/shop", true},
		{"/shop", "https://acme.example/shop", true},
		{"/shop", "https://acme.example", false},
		{"http://acme.example", "https://acme.example", false},
		{"https://acme.example", "https://www.acme.example", false},
		{"https://acme.example", "https://acme.example/shop", false},
	} {
		if got := (Route{From: c.from}).Fits(c.home); got != c.fits {
			t.Errorf("%q fits %q: %v", c.from, c.home, got)
		}
	}
}
