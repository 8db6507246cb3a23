package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// with is the environment with some settings changed.
func with(env []string, changes ...string) []string {
	return append(append([]string{}, env...), changes...)
}

// A backup is worth what comes back of it: the audit log verifies, the credentials open, and runs run.
func TestBackupComesBack(t *testing.T) {
	t.Parallel() // it waits more than it works
	for name, address := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return dbtest.BarePostgresURL(t) }} {
		t.Run(name, func(t *testing.T) {
			s := simulate(t, []wptest.Site{{Host: "well.example"}, {Host: "second.example"}})
			data := strings.TrimPrefix(s.env[0], "DROVER_DATA=")
			env := with(s.env, "DROVER_DATABASE_URL="+address(t))
			folder := filepath.Join(t.TempDir(), "backups")
			file := filepath.Join(t.TempDir(), "drover.backup")
			tryCommands(t, env, []commandCase{
				{[]string{"sites", "import", s.csv}, 0, "2 added"},
				{[]string{"run", "clear-cache", "--all", "--json"}, 0, `"counts":{"ok":2}`},
				{[]string{"backup", file}, 0, "keyset"},
				{[]string{"backup", file}, 1, ""}, // nothing is overwritten
				{[]string{"sites", "retire", "--site", s.fake.URL(0)}, 0, "1 site retired"},
			})
			for range 3 {
				if code, _ := run(t, with(env, "DROVER_BACKUP_DIR="+folder, "DROVER_BACKUP_KEEP=2"), "backup"); code != 0 {
					t.Errorf("into a folder: exit %d", code)
				}
			}
			if made, err := filepath.Glob(filepath.Join(folder, "drover-*")); err != nil || len(made) == 0 || len(made) > 2 {
				t.Errorf("the folder holds %v %v", made, err)
			}
			restored := env
			if name == "postgres" {
				tryCommands(t, env, []commandCase{{[]string{"restore", file}, 3, ""}}) // it is not empty
				restored = with(s.env, "DROVER_DATABASE_URL="+address(t))
			}
			other := filepath.Join(t.TempDir(), "other.json")
			run(t, with(s.env, "DROVER_DATA="+t.TempDir(), "DROVER_KEY_FILE="+other), "sites", "list")
			tryCommands(t, with(restored, "DROVER_KEY_FILE="+other), []commandCase{{[]string{"restore", file}, 3, ""}})
			tryCommands(t, restored, []commandCase{
				{[]string{"restore", s.csv}, map[string]int{"sqlite": 3, "postgres": 1}[name], ""},
				{[]string{"restore", filepath.Join(data, "none")}, 2, ""},
				{[]string{"restore", file}, 0, "2 credentials can be decrypted"},
				{[]string{"audit", "verify"}, 0, "is intact up to entry"},
				{[]string{"audit", "list", "--json", "--action", "database.restore"}, 0, `"outcome":"done"`},
				{[]string{"sites", "list", "--json"}, 0, `"site":"` + s.fake.URL(0) + `"`}, // it was retired after the backup
				{[]string{"run", "clear-cache", "--all", "--json"}, 0, `"counts":{"ok":2}`},
			})
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t, []wptest.Site{{Host: "well.example"}})
	file := filepath.Join(t.TempDir(), "drover.db")
	tryCommands(t, s.env, []commandCase{{[]string{"sites", "import", s.csv}, 0, "1 added"}, {[]string{"backup", file}, 0, "keyset"}})
	p := start(t, append(s.env, "DROVER_ADDR="+freeAddress(t)), "serve")
	p.wait(t, "listens")
	tryCommands(t, s.env, []commandCase{{[]string{"restore", file}, 3, ""}})
	p.stop(t)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	before, err := os.ReadDir(strings.TrimPrefix(s.env[0], "DROVER_DATA="))
	if err != nil {
		t.Fatal(err)
	}
	tryCommands(t, s.env, []commandCase{{[]string{"restore", file}, 3, ""}, {[]string{"sites", "list", "--json"}, 0, s.fake.URL(0)}})
	if after, err := os.ReadDir(strings.TrimPrefix(s.env[0], "DROVER_DATA=")); err != nil || len(after) != len(before) {
		t.Errorf("a refused restore left %v in the place of %v", after, before)
	}
}

// A run that was active when the backup was made sends nothing after it was restored.
func TestRestoreSendsNothingOld(t *testing.T) {
	t.Parallel() // it waits more than it works
	s := simulate(t, []wptest.Site{{Host: "well.example"}})
	file := filepath.Join(t.TempDir(), "drover.db")
	tryCommands(t, s.env, []commandCase{{[]string{"sites", "import", s.csv}, 0, "1 added"}, {[]string{"run", "clear-cache", "--all", "--json"}, 0,
		`"ok":1`}, {[]string{"backup", file}, 0, "keyset"}})
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"UPDATE runs SET state = 'running', ended_at = 0", "UPDATE batches SET done = FALSE, owner = ''",
		"UPDATE targets SET state = 'waiting', ended_at = 0"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	sent := purged(s.fake)
	tryCommands(t, s.env, []commandCase{{[]string{"restore", file}, 0, "1 run that was active"}, {[]string{"run", "status", "--all", "--json"}, 0,
		`"ok":1`}, {[]string{"runs", "show", "1", "--json"}, 1, `"state":"cancelled"`}})
	if n := purged(s.fake); n != sent {
		t.Errorf("%d requests of the old run were sent", n-sent)
	}
}
