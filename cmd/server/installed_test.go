package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where Drover is installed, every command works on its data, from whatever folder it is called.
func TestCommandsUseTheInstalledSettings(t *testing.T) {
	t.Parallel()
	data, settings := t.TempDir(), filepath.Join(t.TempDir(), "drover.env")
	if err := os.WriteFile(settings, []byte("# Settings\nDROVER_DATA="+data+"\nDROVER_CONCURRENCY='64'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"DROVER_DATA=", "DROVER_DATABASE_URL=", "DROVER_SETTINGS_FILE=" + settings}
	if code, out := run(t, env, "sites", "list"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(data, "drover.db")); err != nil {
		t.Error("another data folder was used:", err)
	}
	if _, out := run(t, env, "doctor"); !strings.Contains(out, "data folder "+data) {
		t.Errorf("doctor looked elsewhere: %s", out)
	}
	other := t.TempDir()
	for name, args := range map[string][]string{"a flag": {"doctor", "--data", other}, "the environment": {"doctor"}} {
		set := env
		if name == "the environment" {
			set = append(env[1:len(env):len(env)], "DROVER_DATA="+other)
		}
		if _, out := run(t, set, args...); !strings.Contains(out, "data folder "+other) {
			t.Errorf("%s says where the data is, and was not believed: %s", name, out)
		}
	}
	for name, text := range map[string]string{"a wrong value": "DROVER_CONCURRENCY=many\n", "a missing file": ""} {
		wrong := filepath.Join(t.TempDir(), "drover.env")
		if text != "" {
			if err := os.WriteFile(wrong, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code, out := run(t, append(env[:2:2], "DROVER_SETTINGS_FILE="+wrong), "sites", "list"); code != exitUsage {
			t.Errorf("%s: exit %d %s", name, code, out)
		}
	}
	if code, out := run(t, append(env[:2:2], "DROVER_SETTINGS_FILE=/nowhere"), "version"); code != 0 {
		t.Errorf("version needs no settings: exit %d %s", code, out)
	}
}

func TestReadSettings(t *testing.T) {
	got := readSettings("# no\n; no\n\nA=1\n B = two words \nC=\"a # b\"\nD='x=y'\nE=\nnothing\nF=\"\n")
	want := map[string]string{"A": "1", "B": "two words", "C": "a # b", "D": "x=y", "E": "", "F": "\""}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Files that root makes in the service's data folder would shut the service out.
func TestRootLeavesTheDataOfOthersAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can try this")
	}
	data := t.TempDir()
	if err := os.Chown(data, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	env := []string{"DROVER_DATA=" + data, "DROVER_DATABASE_URL="}
	if code, out := run(t, env, "sites", "list"); code != exitRefused {
		t.Errorf("exit %d: %s", code, out)
	}
	if _, out := run(t, env, "doctor"); !strings.Contains(out, "sudo -u 12345 drover") {
		t.Errorf("doctor does not say what to do: %s", out)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) > 0 {
		t.Errorf("root wrote %v %v", left, err)
	}
}
