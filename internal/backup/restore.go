package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/database"
)

// Errors of restoring, wrapped with what to do.
var (
	ErrNotEmpty  = errors.New("the database is not empty")
	ErrNotBackup = errors.New("this is not a backup of Drover's database")
)

// Restore puts a copy back.
type Restore struct {
	Target database.Config
	File   string
	PgDump string
	// Check says whether the restored data is what it should be, above all whether the keys open it. What it refuses is not put back.
	Check func(context.Context, *database.DB) error
}

// Run restores the copy, and returns where the SQLite database that stood there before is now, empty where there was none. The copy must not be of
// a newer schema (database.ErrNewer), nobody may have the database open (database.ErrInUse), and one of PostgreSQL must be empty (ErrNotEmpty).
// Where it returns an error, everything is as it was.
func (r Restore) Run(ctx context.Context, now time.Time) (before string, err error) {
	if r.Target.URL != "" {
		return "", r.postgres(ctx)
	}
	return r.sqlite(ctx, now)
}

// sqlite checks a copy of the copy beside the database, and only then lets it take the database's place.
func (r Restore) sqlite(ctx context.Context, now time.Time) (before string, err error) {
	release, err := database.Exclusive(r.Target.Dir)
	if err != nil {
		return "", err
	}
	defer release()
	trial, err := os.MkdirTemp(r.Target.Dir, "restore-")
	if err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(trial)
	file := filepath.Join(trial, "drover.db")
	if err := copyFile(r.File, file); err != nil {
		return "", err
	}
	if err := r.checkSchema(ctx, file, trial); err != nil {
		return "", err
	}
	if err := r.try(ctx, database.Config{Dir: trial}); err != nil {
		return "", err
	}
	if err := onDisk(file); err != nil {
		return "", err
	}
	current := filepath.Join(r.Target.Dir, "drover.db")
	if before, err = renameBefore(current, now); err != nil {
		return "", err
	}
	if err := os.Rename(file, current); err != nil {
		return before, fmt.Errorf("backup: the database from before is %s: %w", before, err)
	}
	return before, nil
}

func (r Restore) checkSchema(ctx context.Context, file, dir string) error {
	if err := database.Check(ctx, file); err != nil {
		return fmt.Errorf("backup: %w: %s: %w", ErrNotBackup, r.File, err)
	}
	state, err := database.Inspect(ctx, database.Config{Dir: dir})
	switch {
	case err != nil:
		return err
	case state.Schema == 0:
		return fmt.Errorf("backup: %w: %s", ErrNotBackup, r.File)
	}
	return newer(state.Schema)
}

func newer(schema int64) error {
	if known := database.Schema(); schema > known {
		return fmt.Errorf("backup: %w: the backup is at migration %d, this program knows %d; restore it with the newer program", database.ErrNewer, schema, known)
	}
	return nil
}

// try opens what was restored, which brings it to this program's schema, and lets the caller check it.
func (r Restore) try(ctx context.Context, c database.Config) error {
	db, err := database.Open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(r.Check(ctx, db), db.Close())
}

// renameBefore gives the database and what SQLite keeps beside it another name, and returns it.
func renameBefore(current string, now time.Time) (string, error) {
	if _, err := os.Stat(current); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	before := current + ".before-restore-" + now.UTC().Format(stamp)
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(current+end, before+end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("backup: %w", err)
		}
	}
	return before, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// tables lists what an empty database has none of.
const tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"

// postgres restores into an empty database alone, so that what fails can be taken out again, and no server can be at work on it.
func (r Restore) postgres(ctx context.Context) error {
	schema, err := schemaOfDump(ctx, r.PgDump, r.File)
	if err == nil {
		err = newer(schema)
	}
	if err != nil {
		return err
	}
	target, err := database.Connect(ctx, r.Target.URL)
	if err != nil {
		return err
	}
	defer target.Close()
	var found int
	if err := target.SQL.QueryRowContext(ctx, tables).Scan(&found); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if found > 0 {
		return fmt.Errorf("backup: %w: it has %d tables; create a new one with createdb, set DROVER_DATABASE_URL to it, and restore into it", ErrNotEmpty, found)
	}
	tool, err := Tool("pg_restore", r.PgDump)
	if err == nil {
		err = command(ctx, tool, r.Target.URL, nil, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
			"--dbname="+databaseName(target), r.File)
	}
	if err != nil {
		return err // its one transaction left nothing
	}
	if err := r.try(ctx, r.Target); err != nil {
		_, cleaned := target.SQL.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
		return errors.Join(err, cleaned)
	}
	return nil
}

// databaseName is what pg_restore connects to; the rest comes from the environment.
func databaseName(d *database.DB) string {
	return strings.TrimSpace(d.Pool.Config().ConnConfig.Database)
}
