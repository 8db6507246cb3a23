package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/glebarez/sqlite"
	"github.com/gofrs/flock"
	"gorm.io/gorm"
)

// connections bounds SQLite's pool: one writer works at a time whatever the number, readers beside it do not wait for it.
const connections = 12

// openSQLite opens and migrates one process at a time: a new file's change to WAL does not wait for another's, it fails.
func openSQLite(ctx context.Context, dir string) (*DB, error) {
	file := filepath.Join(dir, "drover.db")
	if err := touch(file); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "drover.lock"))
	if err := lock.Lock(); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer lock.Unlock()
	use := inUse(dir)
	if got, err := use.TryRLock(); err != nil || !got {
		return nil, errors.Join(fmt.Errorf("database: %w: a backup is being restored to %s", ErrInUse, dir), err)
	}
	if err := reclaimable(ctx, file); err != nil {
		return nil, errors.Join(err, use.Unlock())
	}
	d, err := connectSQLite(file)
	if err != nil {
		return nil, errors.Join(err, use.Unlock())
	}
	d.use = use
	if err := d.migrateSQLite(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// reclaimable makes a new file one whose free pages can be given back. Only an empty file can be made so; and the pragma takes the write
// lock, so that no connection of the pool may run it: one that opens while another writes would wait for it in vain.
func reclaimable(ctx context.Context, file string) error {
	info, err := os.Stat(file)
	if err != nil || info.Size() > 0 {
		return err
	}
	pool, err := sql.Open(sqlite.DriverName, file)
	if err != nil {
		return fmt.Errorf("database: open %s: %w", file, err)
	}
	pool.SetMaxOpenConns(1)
	_, err = pool.ExecContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
	return errors.Join(err, pool.Close())
}

func connectSQLite(file string) (*DB, error) {
	pool, err := sql.Open(sqlite.DriverName, dataSource(file))
	if err != nil {
		return nil, fmt.Errorf("database: open %s: %w", file, err)
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	g, err := gorm.Open(sqlite.Dialector{Conn: pool}, gormConfig())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database: open %s: %w", file, err), pool.Close())
	}
	return &DB{Gorm: g, SQL: pool, file: file}, nil
}

// touch makes the file before SQLite does, so that it is never readable to others, and says in plain words when it cannot be written.
func touch(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("database: %s cannot be opened for writing; give this user the right to write there, or choose another data folder: %w", file, err)
	}
	return f.Close()
}

// dataSource carries the pragmas, so that every connection of the pool has them. Transactions take the write lock at their
// beginning: one that reads first and writes later would fail instead of waiting its turn.
func dataSource(file string) string {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// Backup writes a consistent copy of a SQLite database to file, which must not exist, while others go on reading and writing.
func (d *DB) Backup(ctx context.Context, file string) error {
	if d.Postgres() {
		return errors.New("database: this is PostgreSQL: pg_dump makes its copies")
	}
	// SQLite takes an empty file as a new one; its own would be readable to others until it is whole.
	empty, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("database: %s exists already; name a new file, nothing was overwritten", file)
	}
	if err == nil {
		err = empty.Close()
	}
	if err != nil {
		return fmt.Errorf("database: backup to %s: %w", file, err)
	}
	if _, err := d.SQL.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return errors.Join(fmt.Errorf("database: backup to %s: %w", file, err), os.Remove(file))
	}
	return nil
}

// Check reads all of a SQLite file, which it does not change, and says what is damaged.
func Check(ctx context.Context, file string) error {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: file}).EscapedPath(), RawQuery: "mode=ro&immutable=1"}
	pool, err := sql.Open(sqlite.DriverName, u.String())
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer pool.Close()
	var found string
	if err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if found != "ok" {
		return fmt.Errorf("database: %s", found)
	}
	return nil
}

// reclaimedAtOnce is how many pages one step gives back; others wait for no more than that.
const reclaimedAtOnce = 500

// Reclaim gives some of the room that removed rows leave back to the disk, and tells whether there is more. PostgreSQL does so by itself; a SQLite
// file from before Drover could needs Compact once.
func (d *DB) Reclaim(ctx context.Context) (more bool, err error) {
	if d.Postgres() {
		return false, nil
	}
	var mode, free int
	if err := d.SQL.QueryRowContext(ctx, "SELECT auto_vacuum, freelist_count FROM pragma_auto_vacuum, pragma_freelist_count").Scan(&mode, &free); err != nil {
		return false, fmt.Errorf("database: %w", err)
	}
	if mode != incremental || free == 0 {
		return false, nil
	}
	// Each row that is read is a page that was given back.
	rows, err := d.SQL.QueryContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", reclaimedAtOnce))
	if err != nil {
		return false, fmt.Errorf("database: reclaim: %w", err)
	}
	defer rows.Close()
	before := free
	for rows.Next() {
		free--
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("database: reclaim: %w", err)
	}
	return free > 0 && free < before, nil
}

// incremental is SQLite's number for the mode of auto_vacuum.
const incremental = 2

// Compact rewrites a SQLite file without the room that removed rows leave. Nobody else can write meanwhile.
func (d *DB) Compact(ctx context.Context) error {
	if d.Postgres() {
		return errors.New("database: PostgreSQL reclaims room by itself")
	}
	conn, err := d.SQL.Conn(ctx) // the mode holds for the connection that vacuums
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer conn.Close()
	for _, statement := range []string{"PRAGMA auto_vacuum = INCREMENTAL", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("database: compact: %w", err)
		}
	}
	return nil
}
