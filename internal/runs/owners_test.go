package runs

import (
	"slices"
	"testing"

	"github.com/droverhq/drover/internal/sites"
)

func TestURLsGoToTheirSites(t *testing.T) {
	const host = "https://acme.example"
	all := []string{host, host + "/a", host + "/a/b", "https://other.example"}
	for name, c := range map[string]struct {
		site  sites.Site
		homes []string
		given string
		want  string // empty: it is not the site's
	}{
		"a page of the site":                  {sites.Site{Home: host}, all, host + "/page/", host + "/page/"},
		"the home itself":                     {sites.Site{Home: host}, all, host, host},
		"a page of the subsite, at the site":  {sites.Site{Home: host}, all, host + "/a/page/", ""},
		"a page of the subsite":               {sites.Site{Home: host + "/a"}, all, host + "/a/page/", host + "/a/page/"},
		"the subsite's home, at the site":     {sites.Site{Home: host}, all, host + "/a", ""},
		"the subsite's home":                  {sites.Site{Home: host + "/a"}, all, host + "/a", host + "/a"},
		"a page of the third, at the second":  {sites.Site{Home: host + "/a"}, all, host + "/a/b/c/", ""},
		"a page of the third, at the first":   {sites.Site{Home: host}, all, host + "/a/b/c/", ""},
		"a page of the third":                 {sites.Site{Home: host + "/a/b"}, all, host + "/a/b/c/", host + "/a/b/c/"},
		"a path that begins alike":            {sites.Site{Home: host}, all, host + "/ab/", host + "/ab/"},
		"the subsite is not chosen":           {sites.Site{Home: host}, []string{host}, host + "/a/page/", host + "/a/page/"},
		"another host":                        {sites.Site{Home: host}, all, "https://other.example/a/", ""},
		"www, which the site calls its home":  {sites.Site{Home: host, ReportedHome: "https://www.acme.example"}, all, "https://www.acme.example/page/", "https://www.acme.example/page/"},
		"www, which it does not":              {sites.Site{Home: host}, all, "https://www.acme.example/page/", ""},
		"a path":                              {sites.Site{Home: host}, all, "/page/", host + "/page/"},
		"a path of a subsite":                 {sites.Site{Home: host + "/a", ReportedHome: host + "/a"}, all, "/page/", host + "/a/page/"},
		"a path below a language":             {sites.Site{Home: host, ReportedHome: host + "/en/"}, all, "/page/", host + "/en/page/"},
		"a path that names the language":      {sites.Site{Home: host, ReportedHome: host + "/en"}, all, "/en/page/", host + "/en/page/"},
		"a path of a site in a folder":        {sites.Site{Home: host + "/wp", ReportedHome: host}, all, "/page/", host + "/page/"},
		"a path of a site that is called www": {sites.Site{Home: host, ReportedHome: "https://www.acme.example"}, all, "/page/", "https://www.acme.example/page/"},
		"a path behind a TLS proxy":           {sites.Site{Home: host, ReportedHome: "http://acme.example:8080"}, all, "/page/", host + "/page/"},
		"a path, the home not known":          {sites.Site{Home: host + "/a"}, all, "/page/", host + "/a/page/"},
		"a path, the home no address":         {sites.Site{Home: host, ReportedHome: "/"}, all, "/page/", host + "/page/"},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if got := urlsOf(c.site, c.homes, []string{c.given}); !slices.Equal(got, want) {
				t.Errorf("%q, not %q", got, want)
			}
		})
	}
}
