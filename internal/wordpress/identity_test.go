package wordpress

import "testing"

func TestOwnIndex(t *testing.T) {
	const host = "https://acme.example"
	for name, c := range map[string]struct {
		home, root, named, url string
		own                    bool
	}{
		"the same":                            {host, host + "/wp-json/", host, host, true},
		"with a slash":                        {host, host + "/wp-json/", host + "/", host, true},
		"a subsite":                           {host + "/a", host + "/a/wp-json/", host + "/a", host + "/a", true},
		"a subsite in capitals":               {host + "/Shop", host + "/shop/wp-json/", host + "/shop/", "", true},
		"a language below":                    {host, host + "/en/wp-json/", host + "/en/", host, true},
		"a language in the query":             {host, host + "/wp-json/", host + "/?lang=de", host, true},
		"behind a TLS proxy":                  {host, host + "/wp-json/", "http://acme.example", "http://acme.example", true},
		"an inner port":                       {host, host + "/wp-json/", "http://acme.example:8080", "", true},
		"www":                                 {host, host + "/wp-json/", "https://www.acme.example", "", true},
		"without www":                         {"https://www.acme.example", host + "/wp-json/", host, "", true},
		"a host in Unicode":                   {"https://xn--bcher-kva.example", "", "https://bücher.example", "", true},
		"WordPress in a folder":               {host, host + "/wp-json/", host, host + "/wp", true},
		"its folder, stored":                  {host + "/wp", host + "/wp-json/", host, host + "/wp", false},
		"its folder, stored, with www":        {host + "/wp", host + "/wp-json/", "https://www.acme.example", host + "/wp", false},
		"a language's host":                   {host, host + "/wp-json/", "https://de.acme.example", "https://de.acme.example", false},
		"a language's host, stored":           {"https://de.acme.example", "https://de.acme.example/wp-json/", host, host, false},
		"a mapped domain":                     {host + "/b", host + "/b/wp-json/", "https://mapped.example", "https://mapped.example", false},
		"a front of another host":             {"https://cms.acme.example", "https://cms.acme.example/wp-json/", host, "https://cms.acme.example", true},
		"no home, the url":                    {host, host + "/wp-json/", "", host + "/wp", true},
		"no name at all, below":               {host + "/a", host + "/a/wp-json/", "", "", true},
		"no name at all, plain permalinks":    {host + "/a", host + "/a/index.php?rest_route=/", "", "", true},
		"a home that is none":                 {host, host + "/wp-json/", "/", "", true},
		"the main site":                       {host + "/gone", host + "/wp-json/", host, host, false},
		"the main site, below the path":       {host + "/gone", host + "/gone/wp-json/", host, host, false},
		"a sibling":                           {host + "/a", host + "/b/wp-json/", host + "/b", host + "/b", false},
		"a path that begins alike":            {host + "/a", host + "/ab/wp-json/", host + "/ab", host + "/ab", false},
		"above":                               {host + "/wp", host + "/wp-json/", host, host, false},
		"a language, stored":                  {host + "/en", host + "/wp-json/", host, host, false},
		"another host":                        {host, host + "/wp-json/", "https://other.example", "https://other.example", false},
		"a host that ends alike":              {host, host + "/wp-json/", "https://notacme.example", "", false},
		"another blog's host":                 {"https://gone.acme.example", "", host, host, false},
		"no home, another url":                {host + "/a", host + "/a/wp-json/", "", host, false},
		"no name at all, above":               {host + "/a", host + "/wp-json/", "", "", false},
		"no name at all, above, in the query": {host + "/a", host + "/?rest_route=/", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if own := ownIndex(c.home, c.root, index{Home: c.named, URL: c.url}); own != c.own {
				t.Errorf("got %t", own)
			}
		})
	}
}
