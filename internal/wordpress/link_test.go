package wordpress

import (
	"strings"
	"testing"
)

func TestParseLinks(t *testing.T) {
	const root = "https://acme.example/wp-json/"
	for name, c := range map[string]struct{ header, root string }{
		"as WordPress sends it":   {`<https://acme.example/wp-json/>; rel="https://api.w.org/"`, root},
		"a bare word":             {`<https://acme.example/wp-json/>; rel=https://api.w.org/`, root},
		"single quotes":           {`<https://acme.example/wp-json/>; rel='https://api.w.org/'`, root},
		"several relations":       {`<https://acme.example/wp-json/>; rel="service https://api.w.org/"`, root},
		"capitals":                {`<https://acme.example/wp-json/>; REL="HTTPS://API.W.ORG/"`, root},
		"spaces around the sign":  {`< https://acme.example/wp-json/ > ; rel = "https://api.w.org/"`, root},
		"other parameters first":  {`<https://acme.example/wp-json/>; title="a, b; c"; rel="https://api.w.org/"; type="application/json"`, root},
		"a quote in a title":      {`<https://acme.example/wp-json/>; title="a \", rel=\"next"; rel="https://api.w.org/"`, root},
		"a flag without a value":  {`<https://acme.example/wp-json/>; crossorigin; rel="https://api.w.org/"`, root},
		"after other links":       {`<https://acme.example/a,b>; rel=preload; as=font, <https://acme.example/wp-json/>; rel="https://api.w.org/"`, root},
		"no space after a comma":  {`</a>;rel=next,<https://acme.example/wp-json/>;rel="https://api.w.org/"`, root},
		"commas in its address":   {`<https://acme.example/?rest_route=/&k=a,b;c>; rel="https://api.w.org/"`, "https://acme.example/?rest_route=/&k=a,b;c"},
		"another relation":        {`<https://acme.example/wp-json/wp/v2/pages/7>; rel="alternate"; type="application/json"`, ""},
		"a second rel is ignored": {`<https://acme.example/wp-json/>; rel="next"; rel="https://api.w.org/"`, ""},
		"never closed":            {`<https://acme.example/wp-json/`, ""},
		"the name in a title":     {`</a>; title="rel=https://api.w.org/"`, ""},
		"nothing":                 {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := Exchange{URL: "https://acme.example/", Header: map[string][]string{"Link": {c.header}}}
			if got := announced(x); got != c.root {
				t.Errorf("got %q", got)
			}
		})
	}
}

func FuzzParseLinks(f *testing.F) {
	f.Add(`<https://acme.example/a,b>; rel=preload, <https://acme.example/wp-json/>; rel="https://api.w.org/"`)
	f.Add(`<a>;b="\`)
	f.Fuzz(func(t *testing.T, text string) {
		links := parseLinks(text)
		if len(links) > strings.Count(text, "<") {
			t.Fatalf("%d links in %q", len(links), text)
		}
		for _, link := range links {
			if !strings.Contains(text, link.target) || strings.Contains(link.target, ">") {
				t.Fatalf("%q is no target in %q", link.target, text)
			}
		}
	})
}
