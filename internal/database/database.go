// Package database opens Drover's database, SQLite in a file or PostgreSQL, and brings it to the binary's schema. Everybody who
// stores something takes a *DB from here. No table of anybody's is known in this room, and nothing here decides what is stored.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Errors that Open returns, wrapped with what to do about them.
var (
	ErrNewer  = errors.New("the database was written by a newer Drover")
	ErrConfig = errors.New("the database address is not usable")
)

// Config says which database to open.
type Config struct {
	Dir string // the data folder, made with mode 0700 when it is missing; holds drover.db
	URL string // postgres://… ; empty for SQLite in Dir
}

// DB is one open database: GORM and database/sql over the same connections.
type DB struct {
	Gorm *gorm.DB
	SQL  *sql.DB
	// Pool is PostgreSQL's own pool, beneath SQL, and nil on SQLite.
	Pool *pgxpool.Pool
	file string
	use  *flock.Flock // of a SQLite file, nil where nothing is locked
}

// Postgres tells which of the two databases this is.
func (d *DB) Postgres() bool { return d.Pool != nil }

// File is the path of the SQLite file, empty on PostgreSQL.
func (d *DB) File() string { return d.file }

// Open opens the database and applies the migrations it lacks. It returns ErrNewer, having changed nothing, where the database
// holds migrations that this binary does not know.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Dir != "" {
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("database: the data folder cannot be made: %w", err)
		}
	}
	if c.URL != "" {
		return openPostgres(ctx, c.URL)
	}
	return openSQLite(ctx, c.Dir)
}

// Close closes every connection.
func (d *DB) Close() error {
	err := d.SQL.Close()
	if d.use != nil {
		err = errors.Join(err, d.use.Unlock())
	}
	if d.Pool != nil {
		d.Pool.Close()
	}
	return err
}

func gormConfig() *gorm.Config {
	return &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true, // a single statement is a transaction already; several are put in one on purpose
		Logger:                 logger.Discard,
	}
}
