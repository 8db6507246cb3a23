package web

import (
	"net/url"
	"strings"
	"testing"
)

func TestCommandOfAPage(t *testing.T) {
	homes := []string{"https://acme.example"}
	for page, want := range map[string][]string{
		"/":      {"drover runs list", "/api/v1/runs"},
		"/sites": {"drover sites list", "/api/v1/sites"},
		"/sites?client=Granite+Law&tag=blog&page=3": {"drover sites list --client 'Granite Law' --tag blog", "/api/v1/sites?client=Granite+Law&tag=blog"},
		"/sites?state=broken&cache=Enabled&plugin=2.8.1&credential=90": {"drover sites list --state broken --cache Enabled --plugin 2.8.1 --credential 90",
			"/api/v1/sites?cache=Enabled&credential=90&plugin=2.8.1&state=broken"},
		"/sites/12":              {"drover sites list --site https://acme.example", "/api/v1/sites?site=https%3A%2F%2Facme.example"},
		"/sites/import":          {"drover sites import FILE.csv"},
		"/runs?operation=status": {"drover runs list", "/api/v1/runs?operation=status"},
		"/runs/88":               {"drover runs show 88", "/api/v1/runs/88/targets"},
		"/runs/88/targets?outcome=failed&reason=timeout": {"drover runs show 88",
			"/api/v1/runs/88/targets?outcome=failed&reason=timeout"},
		"/run?operation=clear-cache&all=1&verify=1": {"drover run clear-cache --all --verify",
			`"operation":"clear-cache"`, `"all":true`},
		"/run?operation=status&site=12": {"drover run status --site https://acme.example",
			`"homes":["https://acme.example"]`},
		"/run?operation=status&client=It's":                                                      {`--client 'It'\''s'`},
		"/run?operation=status&state=broken":                                                     {`"state":"broken"`},
		"/run?operation=request&all=1&p.method=POST&p.path=/x&p.body={\"password\":\"hunter2\"}": {"--param body=@body.json --param method=POST --param path=/x"},
		"/audit?actor=Mara&since=2026-11-01": {"drover audit list --actor Mara --since 2026-11-01",
			"/api/v1/audit?actor=Mara&since=2026-11-01"},
		"/team":     {"drover members invite"},
		"/settings": {"/api/v1/me"},
	} {
		u, err := url.Parse(page)
		if err != nil {
			t.Fatal(err)
		}
		c := commandOf(u, homes)
		text := strings.Join(c.Drover, "\n") + "\n" + c.Curl
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q in\n%s", page, part, text)
			}
		}
		if strings.Contains(text, "hunter2") || c.Curl != "" && !strings.Contains(c.Curl, "$DROVER_TOKEN") {
			t.Errorf("%s: a secret, or no place for the token, in\n%s", page, text)
		}
		if c.What == "" || len(c.Drover) == 0 && c.Curl == "" {
			t.Errorf("%s has no command", page)
		}
	}
	u, _ := url.Parse("/run?operation=clear-cache&q=shop")
	if c := commandOf(u, nil); len(c.Drover) > 0 {
		t.Errorf("the command line would mean other sites: %s", c.Drover)
	}
}
