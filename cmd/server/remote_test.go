package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// The same commands work from another machine, with a token and nothing else: no data folder, no key.
func TestTheCommandLineOnARemoteServer(t *testing.T) {
	t.Parallel()
	s := simulate(t, []wptest.Site{{}, {}, {Fault: wptest.WrongPassword}})
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	_, b := s.browse(t)
	_, page := b.post(t, "/settings/tokens", url.Values{"name": {"laptop"}, "role": {"operator"}, "days": {"7"}, "sites": {"all"}, "operations": {"all"}})
	_, after, _ := strings.Cut(page, `id="invitation">`)
	token, _, found := strings.Cut(after, "<")
	if !found {
		t.Fatalf("no token on the page: %.2000s", page)
	}
	data := filepath.Join(t.TempDir(), "none")
	env := []string{"DROVER_DATA=" + data, "DROVER_SERVER=" + b.home, "DROVER_TOKEN=" + token, "DROVER_DATABASE_URL="}

	code, out := run(t, env, "run", "clear-cache", "--all", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 1 || len(lines) != 4 || !strings.Contains(lines[3], `"counts":{"failed":1,"ok":2}`) || !strings.Contains(out, `"reason":"not_authenticated"`) {
		t.Errorf("run: exit %d\n%s", code, out)
	}
	if n := purged(s.fake); n != 2 {
		t.Errorf("%d sites were purged", n)
	}
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"run clear-cache --all":                              {1, "2 ok, 0 partial, 0 skipped, 1 failed"},
		"run status --all --dry-run --json":                  {0, `"dry_run":true`},
		"run disable-cache --all --yes":                      {3, ""},
		"run disable-cache --all":                            {3, ""},
		"run clear-cache --site https://nobody.example":      {2, ""},
		"run no-such-operation --all":                        {2, ""},
		"runs list":                                          {0, "Clear the whole cache"},
		"runs show 1 --json":                                 {1, `{"run":1,"state":"done"`},
		"runs show 999":                                      {1, ""},
		"runs cancel 1":                                      {1, ""},
		"sites list --json":                                  {0, `"username":"drover"`},
		"sites list --cache None --json":                     {0, ""},
		"sites list --state odd":                             {2, ""},
		"audit list --action token.use --json":               {0, `"actor":"olga by the token laptop"`},
		"sites list --server http://drover.agency.example":   {2, ""},
		"sites list --server https://127.0.0.1:1 --all":      {1, ""},
		"sites list --server " + b.home + "/not/a/drover/ x": {2, ""},
	} {
		if code, out := run(t, env, strings.Fields(args)...); code != want.code || !strings.Contains(out, want.text) {
			t.Errorf("%s: exit %d, want %d with %s\n%s", args, code, want.code, want.text, out)
		}
	}
	if code, _ := run(t, append(env, "DROVER_TOKEN=drover_wrong"), "sites", "list"); code != 3 {
		t.Errorf("a wrong token: exit %d", code)
	}
	if code, _ := run(t, append(env, "DROVER_TOKEN="), "sites", "list"); code != 2 {
		t.Errorf("no token: exit %d", code)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("a data folder was made: %v", err)
	}
}
