package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/droverhq/drover/migrations"
)

// ErrInUse is returned where another process has the database open.
var ErrInUse = errors.New("another drover has the database open")

// Schema is the number of the last migration that this binary knows.
func Schema() int64 {
	names, err := fs.Glob(migrations.SQLite(), "*.sql")
	if err != nil || len(names) == 0 {
		return 0
	}
	number, _, _ := strings.Cut(filepath.Base(names[len(names)-1]), "_") // Glob sorts
	n, _ := strconv.ParseInt(number, 10, 64)                             // a file of another name would fail in goose
	return n
}

// State is what can be known of a database before it is opened for work.
type State struct {
	Exists bool
	Schema int64 // 0 where there is none yet
	Bytes  int64
}

const schemaOf = "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied"

// Inspect looks at a database and changes nothing: it makes no file and applies no migration.
func Inspect(ctx context.Context, c Config) (State, error) {
	var d *DB
	var err error
	if c.URL != "" {
		d, err = connectPostgres(ctx, c.URL)
	} else {
		file := filepath.Join(c.Dir, "drover.db")
		if info, failed := os.Stat(file); errors.Is(failed, fs.ErrNotExist) || failed == nil && info.Size() == 0 {
			return State{}, nil
		} else if failed != nil {
			return State{}, fmt.Errorf("database: %w", failed)
		}
		d, err = connectSQLite(file)
	}
	if err != nil {
		return State{}, err
	}
	s := State{Exists: true}
	if s.Bytes, err = d.Bytes(ctx); err != nil {
		return s, errors.Join(fmt.Errorf("database: %w", err), d.Close())
	}
	// An error means that the table is not there: a database that no Drover has used.
	_ = d.SQL.QueryRowContext(ctx, schemaOf).Scan(&s.Schema)
	return s, d.Close()
}

// Bytes is the size of the database, without what is beside a SQLite file until it is written into it.
func (d *DB) Bytes(ctx context.Context) (n int64, err error) {
	return n, d.SQL.QueryRowContext(ctx, d.sizeOf()).Scan(&n)
}

func (d *DB) sizeOf() string {
	if d.Postgres() {
		return "SELECT pg_database_size(current_database())"
	}
	return "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
}

// Ready tells whether the database answers, and holds the schema that this binary knows.
func (d *DB) Ready(ctx context.Context) error {
	var schema int64
	if err := d.SQL.QueryRowContext(ctx, schemaOf).Scan(&schema); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if schema != Schema() {
		return fmt.Errorf("%w: it is at migration %d, this binary knows %d", ErrNewer, schema, Schema())
	}
	return nil
}

// Exclusive keeps every other process from opening the SQLite database in the folder until release is called, or returns ErrInUse.
func Exclusive(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	lock := inUse(dir)
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if !got {
		return nil, fmt.Errorf("database: %w: stop every drover serve and every other command on %s first", ErrInUse, dir)
	}
	return func() { _ = lock.Unlock() }, nil
}

// ToolEnvironment is what the address says as the environment of PostgreSQL's own programs (libpq, 34.15). Everybody on the machine can read
// a command line, the password in it included.
func ToolEnvironment(address string) ([]string, error) {
	address, err := secured(address)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("%w: write it as postgres://user:password@host:5432/name", ErrConfig)
	}
	c := config.ConnConfig
	env := []string{"PGHOST=" + c.Host, "PGPORT=" + strconv.Itoa(int(c.Port)), "PGUSER=" + c.User, "PGPASSWORD=" + c.Password, "PGDATABASE=" + c.Database,
		"PGAPPNAME=drover"}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: write it as postgres://user:password@host:5432/name", ErrConfig)
	}
	for name, variable := range map[string]string{"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
		"connect_timeout": "PGCONNECT_TIMEOUT", "options": "PGOPTIONS"} {
		if value := u.Query().Get(name); value != "" {
			env = append(env, variable+"="+value)
		}
	}
	return env, nil
}
