package database

import (
	"database/sql"
	"errors"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

func gormConfig() *gorm.Config {
	return &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true, // a single statement is a transaction already; several are put in one on purpose
		Logger:                 logger.Discard,
	}
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
