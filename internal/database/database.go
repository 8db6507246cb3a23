// Package database opens Drover's database, SQLite in a file or PostgreSQL, and brings it to the binary's schema. Everybody who
// stores something takes a *DB from here. No table of anybody's is known in this room, and nothing here decides what is stored.
package database

import (
	"context"
	"errors"
	"fmt"
	"os"
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
