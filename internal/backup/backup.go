// Package backup copies the database while others work on it, keeps a number of such copies in a folder, and puts one back. SQLite copies
// itself; PostgreSQL's own pg_dump and pg_restore do it there. The keys are not in a copy: without them it opens no credential.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/droverhq/drover/internal/database"
)

// Source is a database that is open, and how its copies are made.
type Source struct {
	DB     *database.DB
	URL    string // of PostgreSQL
	PgDump string // the program; empty: found
}

// Endings of copies.
const (
	endSQLite   = ".db"
	endPostgres = ".dump"
)

// prefix begins the name of every copy in a folder; the time in UTC follows, so that names sort as they were made.
const (
	prefix = "drover-"
	stamp  = "20060102-150405"
)

// WriteFile makes a consistent copy in a new file, with mode 0600, and sees that it can be read. Nothing is overwritten, and nothing is left
// of a copy that failed.
func (s Source) WriteFile(ctx context.Context, file string) error {
	if !s.DB.Postgres() {
		if err := s.DB.Backup(ctx, file); err != nil {
			return err
		}
		return errors.Join(checked(ctx, file), onDisk(file))
	}
	return s.dump(ctx, file)
}

// checked removes the copy where SQLite finds it damaged.
func checked(ctx context.Context, file string) error {
	if err := database.Check(ctx, file); err != nil {
		return errors.Join(fmt.Errorf("backup: the copy %s is damaged and was removed: %w", file, err), os.Remove(file))
	}
	return nil
}

// onDisk waits until the file would outlast a power failure.
func onDisk(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// WriteFolder makes a copy in the folder, named after the time, and removes the oldest ones beyond keep; 0 keeps all. It returns the new file.
// Of two processes that do so at once, one returns an empty name.
func (s Source) WriteFolder(ctx context.Context, dir string, keep int, now time.Time) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	lock := flock.New(filepath.Join(dir, ".lock"))
	got, err := lock.TryLock()
	if err != nil || !got {
		return "", err
	}
	defer lock.Unlock()
	end := endSQLite
	if s.DB.Postgres() {
		end = endPostgres
	}
	file := filepath.Join(dir, prefix+now.UTC().Format(stamp)+end)
	partial := file + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("backup: %w", err)
	}
	if err := s.WriteFile(ctx, partial); err != nil {
		return "", err
	}
	if err := os.Rename(partial, file); err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	return file, rotate(dir, end, keep)
}

// Copy is one copy in a folder.
type Copy struct {
	File   string
	MadeAt time.Time
	Bytes  int64
}

// List returns the copies in the folder, the newest first. A folder that is not there has none.
func List(dir string) ([]Copy, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	var all []Copy
	for _, e := range entries {
		name, is := strings.CutPrefix(e.Name(), prefix)
		end := filepath.Ext(name)
		at, err := time.Parse(stamp, strings.TrimSuffix(name, end))
		if !is || err != nil || end != endSQLite && end != endPostgres {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		all = append(all, Copy{filepath.Join(dir, e.Name()), at, info.Size()})
	}
	slices.SortFunc(all, func(a, b Copy) int { return b.MadeAt.Compare(a.MadeAt) })
	return all, nil
}

func rotate(dir, end string, keep int) error {
	all, err := List(dir)
	if err != nil || keep < 1 {
		return err
	}
	all = slices.DeleteFunc(all, func(c Copy) bool { return filepath.Ext(c.File) != end })
	for _, old := range all[min(keep, len(all)):] {
		err = errors.Join(err, os.Remove(old.File))
	}
	return err
}

// Schedule makes copies in a folder from time to time.
type Schedule struct {
	Dir   string
	Every time.Duration
	Keep  int
}

// Due tells whether the newest copy is older than it may be.
func (s Schedule) Due(now time.Time) (bool, error) {
	all, err := List(s.Dir)
	return err == nil && (len(all) == 0 || now.Sub(all[0].MadeAt) >= s.Every), err
}
