package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Administrators' credentials are replaced by limited users on real WordPress. Whoever only lists the sites afterwards reads nothing of administrators.
func testLimitedUsers(t *testing.T, l lab) {
	var file strings.Builder
	file.WriteString("url,username,application_password\n")
	admins := map[string]string{}
	for _, host := range []string{"plain", "folder", "broken"} {
		home := "https://" + host + ".test"
		admins[home] = l.passwords(t, home, "admin", "--reset", "Limiting")[0].Value
		file.WriteString(home + ",admin," + admins[home] + "\n")
	}
	path := filepath.Join(t.TempDir(), "sites.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(l.env(), "DROVER_DATA="+t.TempDir())
	if code, out := run(t, env, "sites", "import", path); code != 0 {
		t.Fatalf("%d: %s", code, out)
	}
	if _, out := run(t, env, "sites", "check", "--all"); !strings.Contains(out, "0 ready, 3 with a warning, 0 broken") {
		t.Errorf("administrators: %s", out)
	}
	code, out := run(t, env, "sites", "limit", "--all")
	if code != 0 || !strings.Contains(out, "3 limited, 0 not changed") || strings.Count(out, "(editor)") != 3 {
		t.Fatalf("limit: %d: %s", code, out)
	}
	if _, out := run(t, env, "sites", "list", "--json"); strings.Contains(out, "administrator") || strings.Count(out, `"state":"ready"`) != 3 {
		t.Errorf("the list: %s", out)
	}
	if code, out := run(t, env, "run", "clear-cache", "--all", "--yes"); code != 0 {
		t.Errorf("a run as limited users: %d: %s", code, out)
	}
	for home, password := range admins {
		if status := l.signsIn(t, home, "admin", password); status != 200 {
			t.Errorf("%s answers the administrator with %d", home, status)
		}
	}
}
