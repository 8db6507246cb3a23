package backup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/backup"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

func TestFolderKeepsTheNewest(t *testing.T) {
	db, dir := dbtest.SQLite(t), filepath.Join(t.TempDir(), "backups")
	source := backup.Source{DB: db}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	schedule := backup.Schedule{Dir: dir, Every: 24 * time.Hour, Keep: 3}
	if due, err := schedule.Due(at); !due || err != nil {
		t.Errorf("an empty folder: %v %v", due, err)
	}
	for day := range 5 {
		if file, err := source.WriteFolder(t.Context(), dir, 3, at.AddDate(0, 0, day)); err != nil || file == "" {
			t.Fatalf("%s %v", file, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := backup.List(dir)
	if err != nil || len(all) != 3 || !all[0].MadeAt.Equal(at.AddDate(0, 0, 4)) || !all[2].MadeAt.Equal(at.AddDate(0, 0, 2)) {
		t.Errorf("kept %v %v", all, err)
	}
	if info, err := os.Stat(all[0].File); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info, err)
	}
	for after, want := range map[time.Duration]bool{4*24*time.Hour + 23*time.Hour: false, 5 * 24 * time.Hour: true} {
		if due, err := schedule.Due(at.Add(after)); due != want || err != nil {
			t.Errorf("after %s: %v %v", after, due, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Error("a file that is no backup was removed")
	}
}

func TestFailedCopyLeavesNothing(t *testing.T) {
	db, dir := dbtest.SQLite(t), t.TempDir()
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (backup.Source{DB: db}).WriteFolder(gone, dir, 1, time.Now()); err == nil {
		t.Error("a copy without time was made")
	}
	if all, err := backup.List(dir); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "drover-*"))
	if len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestDamagedCopyIsNotRestored(t *testing.T) {
	db, dir := dbtest.SQLite(t), t.TempDir()
	file := filepath.Join(dir, "copy.db")
	if err := (backup.Source{DB: db}).WriteFile(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"cut": text[:len(text)/2], "empty": nil,
		"other": []byte("not a database, but long enough to be looked at as one, with a header that is wrong")} {
		bad := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(bad, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		target := t.TempDir()
		_, err := backup.Restore{Target: database.Config{Dir: target}, File: bad, Check: func(context.Context,
			*database.DB) error {
			return nil
		}}.Run(t.Context(), time.Now())
		if !errors.Is(err, backup.ErrNotBackup) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(filepath.Join(target, "*.db*")); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
