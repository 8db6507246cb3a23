package operation

import (
	"testing"

	"github.com/droverhq/drover/internal/validation"
)

// A path that was pasted with a site's address goes to that site alone, however many are chosen.
func TestAFullURLIsForItsSite(t *testing.T) {
	const host = "https://acme.example"
	for name, c := range map[string]struct {
		path string
		site Site
		is   bool
	}{
		"its site":               {host + "/a/wp-json/acme/v1/things", Site{Home: host + "/a"}, true},
		"the site above":         {host + "/a/wp-json/acme/v1/things", Site{Home: host}, false},
		"the site below":         {host + "/wp-json/acme/v1/things", Site{Home: host + "/a"}, false},
		"another host":           {host + "/wp-json/acme/v1/things", Site{Home: "https://other.example"}, false},
		"a path of one site":     {"/a/wp-json/acme/v1/things", Site{Home: host}, false},
		"its own path":           {"/a/wp-json/acme/v1/things", Site{Home: host + "/a"}, true},
		"what it calls its home": {"https://www.acme.example/wp-json/acme/v1/things", Site{Home: host, ReportedHome: "https://www.acme.example/"}, true},
		"what it does not":       {"https://www.acme.example/wp-json/acme/v1/things", Site{Home: host, ReportedHome: host}, false},
		"every site":             {"/wp-json/acme/v1/things", Site{Home: "https://other.example"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := validation.Problems{}
			made := planRequest(map[string]string{"method": "DELETE", "path": c.path}, p)
			if request, is := made.Request(c.site); len(p) > 0 || is != c.is || request.Path != "/acme/v1/things" {
				t.Errorf("%+v, %t, %v", request, is, p)
			}
		})
	}
}
