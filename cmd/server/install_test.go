package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestInstallShowsFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	env := []string{"DROVER_DATA=" + t.TempDir(), "DROVER_DATABASE_URL="}
	args := []string{"install", "--public-url", "https://drover.agency.example", "--root", root}
	if code, out := run(t, env, args...); code != 0 || !strings.Contains(out, "Nothing was changed") || !strings.Contains(out,
		"DROVER_PUBLIC_URL=https://drover.agency.example") {
		t.Errorf("dry run: exit %d %s", code, out)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("a dry run wrote %v %v", left, err)
	}
	if code, out := run(t, env, append(args, "--yes", "--database-url", "postgres://drover:secret-word@db/drover")...); code != 0 || strings.Contains(out,
		"secret-word") {
		t.Errorf("exit %d %s", code, out)
	}
	settings := filepath.Join(root, installedSettings)
	text, err := os.ReadFile(settings)
	if err != nil || !strings.Contains(string(text), "secret-word") {
		t.Errorf("the settings: %s %v", text, err)
	}
	if info, err := os.Stat(settings); err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("others can read the settings: %v %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Join(root, installedProgram)); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the program: %v", err)
	}
	if err := os.WriteFile(settings, []byte("DROVER_DATA=/mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, env, append(args, "--yes")...)
	if text, _ := os.ReadFile(settings); string(text) != "DROVER_DATA=/mine\n" {
		t.Errorf("settings were overwritten: %s", text)
	}
	for _, wrong := range [][]string{{"install"}, {"install", "--public-url", "drover"}} {
		if code, _ := run(t, env, wrong...); code != 2 {
			t.Errorf("%v: exit %d", wrong, code)
		}
	}
}

// systemd's own judgement of the unit, where it is installed: below 2.5 of 10.
func TestUnitIsHardened(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not installed")
	}
	exposure := regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`)
	for _, text := range []string{unit(true, ""), unit(false, "/backups")} {
		if strings.Contains(text, "{{") {
			t.Fatalf("something is not filled in: %s", text)
		}
		file := filepath.Join(t.TempDir(), "drover.service")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", file).CombinedOutput()
		found := exposure.FindStringSubmatch(string(out))
		if found == nil {
			t.Skipf("this systemd cannot judge a file: %v %.200s", err, out)
		}
		if level, err := strconv.ParseFloat(found[1], 64); err != nil || level >= 2.5 {
			t.Errorf("exposure %s %v\n%s", found[1], err, out)
		}
	}
}
