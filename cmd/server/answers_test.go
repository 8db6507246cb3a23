package main

import (
	"encoding/csv"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

type commandCase struct {
	args []string
	code int
	says string
}

func tryCommands(t *testing.T, env []string, cases []commandCase) {
	t.Helper()
	for _, c := range cases {
		code, out := run(t, env, c.args...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("drover %s: exit %d, want %d with %q\n%s", strings.Join(c.args, " "), code, c.code, c.says, out)
		}
	}
}

// A read is run for what the sites answer: the command line prints it, here and from another machine, in the same shapes.
func TestTheCommandLineAnswers(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t, []wptest.Site{{Host: "well.example", Client: "Acme", Tags: []string{"care"}}, {Host: "second.example", Client: "Acme"},
		{Host: "wrong.example", Client: "Other", Fault: wptest.WrongPassword}})
	run(t, s.env, "sites", "import", s.csv)
	well := s.fake.URL(0)
	read := []string{"run", "request", "--method", "GET", "--path", "/wp/v2/types"}
	cases := []commandCase{
		{append(read, "--client", "Acme", "--answers", "--jq", ".post.slug"), 0, "post"},
		{append(read, "--client", "Acme", "--columns", "post.slug,post.name", "--json"), 0, `{"site":"` + well + `","post.slug":"post",`},
		{[]string{"run", "request", "--method", "GET", "--path", "/wp/v2/plugins", "--all", "--answers", "--json", "--jq", ".[0].plugin"}, 1,
			`{"site":"` + well + `","value":"`},
		{[]string{"runs", "answers", "1", "--columns", "post.slug", "--csv"}, 0, "site,post.slug,error\n"},
		{[]string{"runs", "answers", "1", "--json"}, 0, `{"site":"` + well + `","answer":{`},
		{[]string{"runs", "answers", "1", "--jq", "{slug: .post.slug, wrong: 1}"}, 0, "SLUG"},
		{[]string{"runs", "answers", "1", "--jq", ".post.slug | error"}, 0, "! "},
		{[]string{"runs", "answers", "1"}, 0, "SITE"},
		{[]string{"runs", "answers", "1", "--jq", ".[", "--json"}, 2, ""},
		{[]string{"runs", "answers", "1", "--jq", ".a", "--columns", "a"}, 2, ""},
		{[]string{"runs", "answers", "1", "--csv", "--json"}, 2, ""},
		{[]string{"runs", "answers", "99"}, 1, ""},
		{[]string{"runs", "rerun", "3", "--failed", "--json"}, 1, `"outcome":"failed"`},
		{[]string{"runs", "rerun", "3"}, 2, ""},
		{[]string{"runs", "rerun", "1", "--failed"}, 2, ""},
		{[]string{"operations", "list", "--json"}, 0, `"name":"Plugins and versions"`},
		{[]string{"operations", "run", "plugins and versions", "--site", well, "--answers", "--csv"}, 0, "site,plugin,name,version,status,error\n"},
		{[]string{"operations", "run", "no such", "--all"}, 2, ""},
	}
	tryCommands(t, s.env, cases)
	s.addOwner(t)
	_, b := s.browse(t)
	_, page := b.post(t, "/settings/tokens", url.Values{"name": {"laptop"}, "role": {"operator"}, "days": {"7"}, "sites": {"all"}, "operations": {"all"}})
	_, after, _ := strings.Cut(page, `id="invitation">`)
	token, _, _ := strings.Cut(after, "<")
	remoteEnv := []string{"DROVER_DATA=" + filepath.Join(t.TempDir(), "none"), "DROVER_SERVER=" + b.home, "DROVER_TOKEN=" + token}
	for _, args := range [][]string{
		{"runs", "answers", "1", "--columns", "post.slug,post.name", "--csv"}, {"runs", "answers", "1", "--json"}, {"runs", "answers", "1", "--jq",
			".post | {slug, name}"}, {"runs", "answers", "1"}, {"operations", "list"}, {"sites", "export"},
	} {
		_, here := run(t, s.env, args...)
		code, there := run(t, remoteEnv, args...)
		if code != 0 || here != there || here == "" {
			t.Errorf("%v: exit %d\nhere\n%s\nfrom elsewhere\n%s", args, code, here, there)
		}
	}
	tryCommands(t, remoteEnv, []commandCase{
		{[]string{"operations", "run", "Plugins and versions", "--site", well, "--answers", "--csv"}, 0, "site,plugin,name,version,status,error\n"},
		{[]string{"runs", "rerun", "3", "--failed"}, 1, "1 failed"},
		{[]string{"runs", "answers", "1", "--jq", ".["}, 2, ""},
		{[]string{"members", "list"}, 2, ""}, // never the data of this machine in the place of the server's
		{[]string{"sites", "retire", "--all"}, 2, ""},
	})
}

// Sites, members, tokens and saved operations are managed from the command line, and each change is in the audit log.
func TestManagingFromTheCommandLine(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t, []wptest.Site{{Host: "well.example"}, {Host: "second.example"}})
	dir := t.TempDir()
	password := filepath.Join(dir, "password.txt")
	if err := os.WriteFile(password, []byte(wptest.DefaultPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	well, second := s.fake.URL(0), s.fake.URL(1)
	for _, home := range []string{well, second} {
		if code, out := runWith(t, s.env, password, "sites", "add", home, "--username", wptest.DefaultUser, "--client", "Acme", "--tag", "care",
			"--password-stdin", "--json"); code != 0 || !strings.Contains(out, `"client":"Acme","tags":["care"]`) {
			t.Fatalf("sites add: exit %d %s", code, out)
		}
	}
	if code, _ := runWith(t, s.env, password, "sites", "add", well, "--username", "x", "--password-stdin"); code != 2 {
		t.Errorf("a site twice: exit %d", code)
	}
	file, csvFile := filepath.Join(dir, "operations.json"), filepath.Join(dir, "sites.csv")
	if err := os.WriteFile(file, []byte(`{"format":"drover-operations-1","operations":[{"name":"Types","method":"GET","path":"/wp/v2/types"}]}`),
		0o600); err != nil {
		t.Fatal(err)
	}
	tryCommands(t, s.env, []commandCase{
		{[]string{"sites", "edit", well, "--client", "Bolt", "--json"}, 0, `"client":"Bolt","tags":["care"]`},
		{[]string{"sites", "edit", well, "--tag", "", "--json"}, 0, `"client":"Bolt","tags":[]`},
		{[]string{"sites", "edit", well}, 2, ""},
		{[]string{"sites", "edit", "https://nobody.example", "--name", "x"}, 2, ""},
		{[]string{"sites", "tag", "vip", "--client", "Acme"}, 0, "1 site tagged"},
		{[]string{"sites", "retire", "--site", second}, 0, "1 site retired"},
		{[]string{"sites", "list", "--json"}, 0, `"client":"Bolt"`},
		{[]string{"sites", "restore", second, "--json"}, 0, `{"sites":1}`},
		{[]string{"sites", "export", csvFile}, 0, ""},
		{[]string{"sites", "export"}, 0, "url,name,client,tags,username"},
		{[]string{"run", "status", "--all", "--json"}, 0, `"counts":{"ok":2}`},
		{[]string{"operations", "import", file}, 0, "1 added"},
		{[]string{"operations", "import", file}, 1, "left out: Types"},
		{[]string{"operations", "export"}, 0, `"path": "/wp/v2/types"`},
		{[]string{"members", "list", "--json"}, 0, ""},
		{[]string{"members", "remove", "nobody@agency.example"}, 2, ""},
		{[]string{"tokens", "list"}, 0, "EXPIRES"},
		{[]string{"tokens", "revoke", "1"}, 2, ""},
		{[]string{"__complete", "run", "status", "--client", ""}, 0, "Bolt"},
		{[]string{"__complete", "run", "status", "--site", ""}, 0, second},
	})
	if content, err := os.ReadFile(csvFile); err != nil || strings.Contains(string(content), wptest.DefaultPassword) {
		t.Errorf("the export: %v %s", err, content)
	}
	s.addOwner(t)
	if code, _ := runWith(t, s.env, password, "members", "add", "jo@agency.example", "--password-stdin"); code != 0 {
		t.Fatal("members add")
	}
	tryCommands(t, s.env, []commandCase{
		{[]string{"members", "role", "jo@agency.example", "admin"}, 0, "now admin"},
		{[]string{"members", "role", "jo@agency.example", "boss"}, 2, ""},
		{[]string{"members", "scope", "jo@agency.example", "--client", "Acme"}, 0, "client=Acme"},
		{[]string{"members", "scope", "jo@agency.example"}, 2, ""},
		{[]string{"members", "list", "--json"}, 0, `"scope":{"clients":["Acme"]}`},
		{[]string{"members", "remove", "jo@agency.example"}, 0, "no longer"},
		{[]string{"audit", "list", "--json", "--action", "member.remove"}, 0, `"email":"jo@agency.example"`},
		{[]string{"audit", "list", "--json", "--action", "site.retire"}, 0, second},
	})
}

// What the answers say is data: CSV that a spreadsheet can open, JSON with one object a line, whatever a site sends.
func TestAnswersStayInTheirShape(t *testing.T) {
	t.Parallel()
	s := simulate(t, []wptest.Site{{Host: "well.example"}})
	run(t, s.env, "sites", "import", s.csv)
	run(t, s.env, "run", "request", "--all", "--method", "GET", "--path", "/wp/v2/types")
	strange := `"=1+1\n\u001b[2J,\"x\""`
	_, out := run(t, s.env, "runs", "answers", "1", "--csv", "--jq", strange)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 2 || !strings.HasPrefix(rows[1][1], "'=1+1") {
		t.Errorf("%v %v", rows, err)
	}
	_, out = run(t, s.env, "runs", "answers", "1", "--json", "--jq", strange)
	var line struct{ Site, Value string }
	if err := json.Unmarshal([]byte(out), &line); err != nil || line.Value != "=1+1\n\x1b[2J,\"x\"" || line.Site != s.fake.URL(0) {
		t.Errorf("%q %v", out, err)
	}
	if _, out = run(t, s.env, "runs", "answers", "1", "--jq", strange); strings.ContainsRune(out, 0x1b) {
		t.Errorf("a terminal would obey %q", out)
	}
}
