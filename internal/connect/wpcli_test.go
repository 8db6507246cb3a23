package connect_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/validation"
)

// stubWP stands for WP-CLI: it logs its arguments, and knows sites that fail in their ways.
const stubWP = `#!/bin/sh
{ for a in "$@"; do printf '<%s>' "$a"; done; echo; } >>"$STUB_LOG"
case "$*" in
*"option get home"*) echo 'Notice: something is deprecated'; echo 'https://told.example' ;;
*"user list"*) echo first-admin ;;
*"application-password exists"*) case "$*" in *again.example*) exit 0 ;; esac; exit 1 ;;
*broken.example*) echo 'Error: no such site' >&2; exit 1 ;;
*silent.example*) echo '<br /> Fatal error' ;;
*"application-password create"*) cat >/dev/null; echo 'Notice: something is deprecated'; echo 'abcdEFGH1234ijklMNOP5678' ;;
esac
`

// runScript runs a script with a stub of WP-CLI, and returns what came out, and the arguments of the stub.
func runScript(t *testing.T, shell, script, stdin string) (stdout, stderr, calls string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("wp", stubWP, 0o755)
	write("connect.sh", script, 0o600)
	command := exec.Command(shell, "connect.sh")
	command.Dir, command.Stdin = dir, strings.NewReader(stdin)
	command.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "STUB_LOG=" + filepath.Join(dir, "log"), "HOME=" + dir}
	var out, err bytes.Buffer
	command.Stdout, command.Stderr = &out, &err
	_ = command.Run() // a failed site makes it fail, at the end
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	if _, err := os.Stat(filepath.Join(dir, "owned")); err == nil {
		t.Errorf("a command of the list was run")
	}
	return out.String(), err.String(), string(log)
}

func shells(t *testing.T) (found []string) {
	t.Helper()
	for _, name := range []string{"sh", "dash", "bash", "ksh", "zsh"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		t.Skip("there is no shell")
	}
	return found
}

const hostileList = `# our sites
https://one.example
"https://two.example", /srv/it's "here"/$(touch owned)
/srv/told,,editor
www@ssh.example/srv/www
@alias
https://broken.example
https://three.example/'"&&touch owned&&',--ssh=-oProxyCommand=touch owned
https://silent.example
https://five.example, ssh:-oProxyCommand=touch owned
--ssh=ssh://-oProxyCommand=touch owned
https://six.example, me@-oProxyCommand=touch owned
https://again.example
https://four.example,,o'brien $(touch owned) "x" y
` + "`touch owned`.example, -oProxyCommand=x\r\nhttps://last.example"

// What comes out of the script, and of a list that it reads itself, is a file that an import takes; nothing in a list is a command.
func TestTheScriptForWPCLI(t *testing.T) {
	t.Parallel()
	for _, shell := range shells(t) {
		for _, embedded := range []bool{true, false} {
			s := connect.Script{Sites: hostileList, Client: "O'Brien & \"Söhne\" $(touch owned)", Tags: []string{"care"}}
			stdin := ""
			if !embedded {
				s.Sites, stdin = "", hostileList
			}
			text, err := connect.WPCLI(s)
			if err != nil {
				t.Fatal(err)
			}
			stdout, stderr, calls := runScript(t, shell, text, stdin)
			rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
			if err != nil || !slices.Equal(rows[0], []string{"url", "username", "application_password", "client", "tags"}) {
				t.Fatalf("%s: %v in\n%s\n%s", shell, err, stdout, stderr)
			}
			var homes []string
			for _, row := range rows[1:] {
				homes = append(homes, row[0]+" "+row[1])
				if row[2] != "abcdEFGH1234ijklMNOP5678" || row[3] != s.Client || row[4] != "care" {
					t.Errorf("%s: %q", shell, row)
				}
			}
			want := []string{"https://one.example first-admin", "https://two.example first-admin", "https://told.example editor", "https://told.example first-admin",
				"https://told.example first-admin", "https://four.example o'brien $(touch owned) \"x\" y", "https://last.example first-admin"}
			if !slices.Equal(homes, want) {
				t.Errorf("%s, embedded %v: %q\n%s", shell, embedded, homes, stderr)
			}
			for _, said := range []string{"https://broken.example: no password", "silent.example: WP-CLI printed no password",
				"again.example: first-admin already has", "no host begins with a hyphen", "drover: 7 sites failed"} {
				if !strings.Contains(stderr, said) {
					t.Errorf("%s: %q is not in\n%s", shell, said, stderr)
				}
			}
			if strings.Contains(calls, "abcdEFGH") || strings.Contains(calls, "ProxyCommand") ||
				strings.Contains(stderr, "abcdEFGH") || !strings.Contains(calls, "<--path=/srv/told><user>") ||
				!strings.Contains(calls, "<--ssh=www@ssh.example/srv/www><user>") || !strings.Contains(calls, "<@alias><user>") {
				t.Errorf("%s: %s", shell, calls)
			}
		}
	}
}

func TestWhatNoScriptIsMadeOf(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]connect.Script{
		"username":  {Username: "--exec=touch owned"},
		"addresses": {Sites: "https://a.example,,-x"},
		"tags":      {Tags: []string{strings.Repeat("x", 80)}},
	} {
		_, err := connect.WPCLI(s)
		if p, is := err.(validation.Problems); !is || p[name] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, s := range []connect.Script{{Username: "12"}, {Sites: strings.Repeat("https://a.example\n", 20_001)}, {Sites: "a\x01b.example"}} {
		if _, err := connect.WPCLI(s); err == nil {
			t.Errorf("%.40q is taken", s)
		}
	}
}
