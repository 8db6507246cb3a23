package wordpress

import (
	"errors"
	"net/url"
	"testing"
)

func TestParsePage(t *testing.T) {
	for given, want := range map[string]string{
		"https://acme.example/a/#top":               "https://acme.example/a/",
		"https://acme.example/a/?x=1#:~:text=b":     "https://acme.example/a/?x=1",
		"https://acme.example/#":                    "https://acme.example/",
		"https://acme.example":                      "https://acme.example",
		"https://acme.example?":                     "https://acme.example",
		"HTTPS://ACME.Example.:443/Tea":             "https://acme.example/Tea",
		"http://acme.example:80/":                   "http://acme.example/",
		"http://acme.example:8080/":                 "http://acme.example:8080/",
		"http://b\u00fccher.example/tea/":           "http://xn--bcher-kva.example/tea/",
		"http://b%C3%BCcher.example/tea/":           "http://xn--bcher-kva.example/tea/",
		"https://bu\u0308cher.example/":             "https://xn--bcher-kva.example/",
		"https://acme.example/caf\u00e9/":           "https://acme.example/caf%c3%a9/",
		"https://acme.example/caf%c3%a9/":           "https://acme.example/caf%c3%a9/",
		"https://acme.example/caf%C3%A9/":           "https://acme.example/caf%C3%A9/",
		"https://acme.example/?s=caf\u00e9":         "https://acme.example/?s=caf%c3%a9",
		"https://acme.example/a/../b/./c":           "https://acme.example/b/c",
		"https://acme.example/a/%2e%2e/":            "https://acme.example/",
		"https://acme.example/a/..":                 "https://acme.example/",
		"https://acme.example/../../a":              "https://acme.example/a",
		"https://acme.example/a//b":                 "https://acme.example/a//b",
		"https://acme.example/a\u200b/":             "https://acme.example/a/",
		"https://acme.example/a,b;c":                "https://acme.example/a,b;c",
		"https://https://acme.example/a":            "https://acme.example/a",
		"https://client_a.example/":                 "https://client_a.example/",
		"/page/#top":                                "/page/",
		"/page/../\u00fc?a=1":                       "/%c3%bc?a=1",
		"/":                                         "/",
		"/..":                                       "/",
		"https://acme.example/wp-content/a.png?v=2": "https://acme.example/wp-content/a.png?v=2",
	} {
		page, err := ParsePage(given)
		if err != nil || page != want {
			t.Errorf("ParsePage(%q) = %q, %v; want %q", given, page, err, want)
		}
	}
	for _, given := range []string{
		"", "page", "#top", "//acme.example/", "acme.example/page/", "ftp://acme.example/", "https://", "https://u:p@acme.example/", "https://acme.example/%zz",
		"/%zz", "/a%0a",
		"https://acme.example/a/\u201d", "https://acme.example/a/>", "/a\"", "/{{row.x}}", `/a\b`, "\"https://acme.example/\"", "<https://acme.example/>",
		"https://acme.example/https://b.example/", "https://https/a", "https://acme.example:0/", "mailto:a@b.example",
	} {
		if page, err := ParsePage(given); !errors.Is(err, ErrAddress) {
			t.Errorf("ParsePage(%q) = %q, %v; want an ErrAddress", given, page, err)
		}
	}
}

func FuzzParsePage(f *testing.F) {
	for _, text := range []string{"https://b\u00fc.example/a/../%2e/\u00fc?x=\u00fc#y", "/a//../b/.", "http://[::1]:80/{}", "https://https://a.example/%c3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page, err := ParsePage(text)
		if err != nil {
			return
		}
		if reparsed, err := ParsePage(page); err != nil || reparsed != page {
			t.Errorf("ParsePage(%q) = %q, and of that %q, %v", text, page, reparsed, err)
		}
		if u, err := url.Parse(page); err != nil || u.Fragment != "" || u.User != nil || !isASCII(page) {
			t.Errorf("ParsePage(%q) = %q, %v", text, page, err)
		}
	})
}
