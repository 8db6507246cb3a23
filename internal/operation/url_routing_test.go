package operation

import (
	"slices"
	"testing"

	"github.com/droverhq/drover/internal/validation"
)

func TestURLsGoToTheirSites(t *testing.T) {
	const host = "https://acme.example"
	all := []string{host, host + "/a", host + "/a/b", "https://other.example"}
	for name, c := range map[string]struct {
		site  Site
		homes []string
		given string
		want  string // empty: it is not the site's
	}{
		"a page of the site":                 {Site{Home: host}, all, host + "/page/", host + "/page/"},
		"the home itself":                    {Site{Home: host}, all, host, host},
		"a page of the subsite, at the site": {Site{Home: host}, all, host + "/a/page/", ""},
		"a page of the subsite":              {Site{Home: host + "/a"}, all, host + "/a/page/", host + "/a/page/"},
		"the subsite's home, at the site":    {Site{Home: host}, all, host + "/a", ""},
		"the subsite's home":                 {Site{Home: host + "/a"}, all, host + "/a", host + "/a"},
		"a page of the third, at the second": {Site{Home: host + "/a"}, all, host + "/a/b/c/", ""},
		"a page of the third, at the first":  {Site{Home: host}, all, host + "/a/b/c/", ""},
		"a page of the third":                {Site{Home: host + "/a/b"}, all, host + "/a/b/c/", host + "/a/b/c/"},
		"a path that begins alike":           {Site{Home: host}, all, host + "/ab/", host + "/ab/"},
		"the subsite is not chosen":          {Site{Home: host}, []string{host}, host + "/a/page/", host + "/a/page/"},
		"another host":                       {Site{Home: host}, all, "https://other.example/a/", ""},
		"www, which the site calls its home": {Site{Home: host, ReportedHome: "https://www.acme.example"}, all, "https://www.acme.example/page/",
			"https://www.acme.example/page/"},
		"www, which it does not":              {Site{Home: host}, all, "https://www.acme.example/page/", ""},
		"a path that leads to the subsite":    {Site{Home: host}, all, "/a/page/", ""},
		"the same path at the subsite":        {Site{Home: host + "/a"}, all, "/a/page/", host + "/a/page/"},
		"a path":                              {Site{Home: host}, all, "/page/", host + "/page/"},
		"a path of a subsite":                 {Site{Home: host + "/a", ReportedHome: host + "/a"}, all, "/page/", host + "/a/page/"},
		"a path below a language":             {Site{Home: host, ReportedHome: host + "/en/"}, all, "/page/", host + "/en/page/"},
		"a path that names the language":      {Site{Home: host, ReportedHome: host + "/en"}, all, "/en/page/", host + "/en/page/"},
		"a path of a site in a folder":        {Site{Home: host + "/wp", ReportedHome: host}, all, "/page/", host + "/page/"},
		"a path of a site that is called www": {Site{Home: host, ReportedHome: "https://www.acme.example"}, all, "/page/", "https://www.acme.example/page/"},
		"a path behind a TLS proxy":           {Site{Home: host, ReportedHome: "http://acme.example:8080"}, all, "/page/", host + "/page/"},
		"a path, the home not known":          {Site{Home: host + "/a"}, all, "/page/", host + "/a/page/"},
		"a path, the home no address":         {Site{Home: host, ReportedHome: "/"}, all, "/page/", host + "/page/"},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if got := urlsOfSite(c.site, c.homes, []string{c.given}); !slices.Equal(got, want) {
				t.Errorf("%q, not %q", got, want)
			}
		})
	}
}

func TestSeparatorsBetweenURLs(t *testing.T) {
	p := validation.Problems{}
	got := splitURLs("https://acme.example/a/; https://acme.example/b/;\n;, /c/?x=1;y=2", p)
	if want := []string{"https://acme.example/a/", "https://acme.example/b/", "/c/?x=1;y=2"}; !slices.Equal(got, want) || len(p) > 0 {
		t.Errorf("%q %v, want %q", got, p, want)
	}
}
