package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// What the script prints is what an import takes, unchanged.
func TestTheScriptsOutputIsImported(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t, []wptest.Site{{}, {}})
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	list := put("list", s.fake.URL(0)+"\n"+s.fake.URL(1)+"\nhttps://gone.example\n", 0o600)
	put("wp", "#!/bin/sh\ncase \"$*\" in *gone.example*|*exists*) exit 1 ;; *create*) echo abcdEFGH1234ijklMNOP5678 ;; esac\n", 0o755)
	code, script := run(t, s.env, "sites", "connect", "--wp-cli", list, "--user", wptest.DefaultUser, "--client", `O'Brien, "Söhne"`, "--tag", "care")
	if code != 0 || strings.Contains(script, "abcdEFGH") {
		t.Fatalf("%d\n%s", code, script)
	}
	made := exec.Command("sh", put("connect.sh", script, 0o600))
	made.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := made.Output()
	if err == nil || made.ProcessState.ExitCode() != 1 {
		t.Fatalf("%v; one of the sites failed:\n%s", err, out)
	}
	if code, out := runWith(t, s.env, put("sites.csv", string(out), 0o600), "sites", "import", "-"); code != 0 || !strings.Contains(out, "2 added, 0 updated") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := run(t, s.env, "sites", "list", "--json"); code != 0 || strings.Count(out, `"client":"O'Brien, \"Söhne\"","tags":["care"]`) != 2 {
		t.Errorf("%d %s", code, out)
	}
	tryCommands(t, s.env, []commandCase{
		{[]string{"sites", "connect"}, 2, ""},
		{[]string{"sites", "connect", "--wp-cli", "--user", "-x"}, 2, ""},
		{[]string{"sites", "connect", "--wp-cli"}, 0, "sites\n"},
	})
}

// One credential brings the sites of a dashboard into the queue, and is not stored.
func TestTheCommandLineListsMainWP(t *testing.T) {
	t.Parallel() // it waits more than it works
	dashboard := &wptest.MainWP{Clients: []string{"Acme"}, Tags: []string{"care"}}
	s := simulate(t, []wptest.Site{{MainWP: dashboard}, {}, {}})
	for i := 1; i < 3; i++ {
		dashboard.Sites = append(dashboard.Sites, wptest.MainWPSite{URL: s.fake.URL(i), Client: 1, Tags: []int{1}})
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(wptest.DefaultPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := []string{"sites", "connect", "--mainwp", s.fake.URL(0), "--user", wptest.DefaultUser, "--password-stdin"}
	if code, out := runWith(t, s.env, password, list...); code != 0 || !strings.Contains(out, "2 sites listed, 2 added to the queue") {
		t.Errorf("%d %s", code, out)
	}
	code, out := runWith(t, s.env, password, append(list, "--json")...)
	if code != 0 || !strings.Contains(out, `"added":0`) || !strings.Contains(out, `"waiting":2`) {
		t.Errorf("%d %s", code, out)
	}
	list[3] = s.fake.URL(2)
	if code, out := runWith(t, s.env, password, list...); code != 2 || out != "" {
		t.Errorf("no dashboard: %d %s", code, out)
	}
	tryCommands(t, s.env, []commandCase{
		{[]string{"sites", "connect", "--mainwp", "x.example"}, 2, ""}, {[]string{"sites", "connect", "--mainwp", "x.example", "--wp-cli"}, 2, ""},
		{[]string{"sites", "list", "--json"}, 0, ""},
	})
}
