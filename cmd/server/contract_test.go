package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// simulated is simulated sites with what a Drover process needs to reach them, and an import of all of them.
type simulated struct {
	fake *wptest.Fake
	env  []string
	csv  string
}

func simulate(t *testing.T, described []wptest.Site) simulated {
	t.Helper()
	fake, err := wptest.Start(wptest.Options{Sites: described})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fake.Close() })
	dir := t.TempDir()
	var hosts strings.Builder
	for host, address := range fake.Hosts() {
		fmt.Fprintf(&hosts, "%s %s\n", address, host)
	}
	rows := "url,username,application_password,client,tags,ignored\n"
	for i, s := range described {
		rows += fmt.Sprintf("%s,%s,%s,%s,%s,x\n", fake.URL(i), wptest.DefaultUser, wptest.DefaultPassword, s.Client, strings.Join(s.Tags, "|"))
	}
	for name, text := range map[string]string{"hosts": hosts.String(), "ca.pem": string(fake.CAPEM()), "sites.csv": rows} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return simulated{fake: fake, csv: filepath.Join(dir, "sites.csv"), env: []string{
		"DROVER_DATA=" + filepath.Join(dir, "data"), "DROVER_HOSTS_FILE=" + filepath.Join(dir, "hosts"), "DROVER_CA_FILE=" + filepath.Join(dir, "ca.pem"),
		"DROVER_ALLOW_NETS=127.0.0.0/8"}}
}

func TestTheCommandLineContract(t *testing.T) {
	t.Parallel()
	s := simulate(t, []wptest.Site{{Host: "well.example", Client: "Acme", Tags: []string{"care"}}, {Host: "bare.example", Client: "Acme", Fault: wptest.NoPlugin},
		{Host: "wrong.example", Client: "Other", Fault: wptest.WrongPassword}})
	if code, out := run(t, s.env, "sites", "import", s.csv); code != 0 || !strings.Contains(out, "3 added") {
		t.Fatalf("import: exit %d, %s", code, out)
	}
	well, other := s.fake.URL(0), s.fake.URL(2)
	cases := []struct {
		args []string
		code int
		says string
	}{
		{[]string{"sites", "import", s.csv}, 0, "3 unchanged"},
		{[]string{"sites", "list", "--json"}, 0, `"site":"` + well + `"`},
		{[]string{"run", "clear-cache", "--site", well, "--json"}, 0, `"counts":{"ok":1}`},
		{[]string{"run", "clear-cache", "--client", "Acme", "--json"}, 0, `"counts":{"ok":1,"skipped":1}`},
		{[]string{"run", "clear-cache", "--all", "--json"}, 1, `"outcome":"failed","reason":"not_authenticated","status":401,"code":"rest_forbidden"`},
		{[]string{"run", "clear-cache", "--tag", "care"}, 0, "1 ok"},
		{[]string{"run", "clear-cache", "--site", well, "--param", "purge_type=post_ids", "--param", "post_ids=1,999", "--json"}, 1, `"outcome":"partial"`},
		{[]string{"run", "clear-cache", "--site", well, "--param", "purge_type=urls", "--param", "urls=/a/", "--dry-run", "--json"}, 0, well + `/a/`},
		{[]string{"run", "request", "--method", "GET", "--path", "/wp/v2/types", "--site", well, "--json"}, 0, `"outcome":"ok"`},
		{[]string{"run", "status", "--site", other, "--json"}, 0, `"outcome":"ok"`},
		{[]string{"run", "disable-cache", "--site", well}, 3, ""},
		{[]string{"run", "disable-cache", "--site", well, "--yes", "--json"}, 0, `"state":"done"`},
		{[]string{"run", "enable-cache", "--site", well, "--json"}, 0, `"attempts":1`},
		{[]string{"run", "clear-cache"}, 2, ""},
		{[]string{"run", "explode", "--all"}, 2, ""},
		{[]string{"run", "clear-cache", "--all", "--param", "purge_type=no"}, 2, ""},
		{[]string{"run", "clear-cache", "--site", "https://nobody.example"}, 2, ""},
		{[]string{"run", "clear-cache", "--all", "--nonsense"}, 2, ""},
		{[]string{"nonsense"}, 2, ""},
		{[]string{"runs", "show", "x"}, 2, ""},
		{[]string{"runs", "show", "1", "--json"}, 0, `{"run":1,"state":"done","counts":{"ok":1}}`},
		{[]string{"runs", "list", "--json"}, 0, `"operation":"clear-cache"`},
		{[]string{"runs", "cancel", "1"}, 1, ""},
		{[]string{"audit", "list", "--json", "--action", "run.start"}, 0, `"action":"run.start"`},
		{[]string{"audit", "verify"}, 0, "is intact up to entry"},
		{[]string{"keys", "rotate"}, 0, "3 credentials"},
		{[]string{"run", "clear-cache", "--site", well, "--json"}, 0, `"ok":1`},
		{[]string{"members", "invite", "mara@agency.example"}, 0, "/join/"},
		{[]string{"members", "invite", "jo@agency.example", "--client", "Acme", "--operation", "clear-cache", "--operation", "read"}, 0, "/join/"},
		{[]string{"members", "invite", "jo@agency.example", "--operation", "clear-cach"}, 2, ""},
		{[]string{"members", "add", "not an address", "--password-stdin"}, 2, ""},
		{[]string{"backup", filepath.Join(t.TempDir(), "copy.db")}, 0, "keyset"},
		{[]string{"audit", "archive", "--before", "2099-01-01", filepath.Join(t.TempDir(), "record.jsonl")}, 0, "no longer in the audit log"},
		{[]string{"audit", "archive", filepath.Join(t.TempDir(), "record.jsonl")}, 2, ""},
		{[]string{"audit", "verify"}, 0, "It begins after entry"},
		{[]string{"--help"}, 0, "drover demo"},
		{[]string{"completion", "bash"}, 0, "complete"},
	}
	for _, c := range cases {
		code, out := run(t, s.env, c.args...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("drover %s: exit %d, want %d with %q\n%s", strings.Join(c.args, " "), code, c.code, c.says, out)
		}
	}
	if n := len(s.fake.Calls(0)); n != 8 {
		t.Errorf("the site carried out %d calls, want 8", n)
	}
}

func TestWithoutTheKeyNothingIsTouched(t *testing.T) {
	t.Parallel()
	s := simulate(t, []wptest.Site{{}})
	run(t, s.env, "sites", "import", s.csv)
	keys := filepath.Join(strings.TrimPrefix(s.env[0], "DROVER_DATA="), "keyset.json")
	if err := os.Chmod(keys, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _ := run(t, s.env, "sites", "list"); code != 1 {
		t.Errorf("with a keyset that others can read: exit %d", code)
	}
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	if code, _ := run(t, s.env, "sites", "list"); code != 1 {
		t.Errorf("without the keyset: exit %d", code)
	}
	if _, err := os.Stat(keys); !os.IsNotExist(err) {
		t.Error("a new keyset was made, which opens none of the credentials")
	}
}

func sum(all []int) int {
	n := 0
	for _, each := range all {
		n += each
	}
	return n
}

func purged(fake *wptest.Fake) int {
	n := 0
	for i := range fake.Len() {
		n += len(fake.Calls(i))
	}
	return n
}

type listedRun struct {
	Run    int
	State  string
	Counts map[string]int
}

// awaitEnd waits until the newest run has ended.
func awaitEnd(t *testing.T, env []string) listedRun {
	t.Helper()
	var last listedRun
	poll.Until(t, "the run ends", func() bool {
		_, out := run(t, env, "runs", "list", "--json", "--limit", "1")
		if err := json.Unmarshal([]byte(out), &last); err != nil {
			t.Fatal(err)
		}
		return last.State == "done" || last.State == "cancelled"
	})
	return last
}
