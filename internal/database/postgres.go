package database

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

func openPostgres(ctx context.Context, url string) (*DB, error) {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, fmt.Errorf("%w: it must begin with postgres://, or be empty for SQLite in the data folder", ErrConfig)
	}
	d, err := connectPostgres(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := d.migratePostgres(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func connectPostgres(ctx context.Context, url string) (*DB, error) {
	url, err := secured(url)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The parser's own error quotes the address, password and all.
		return nil, fmt.Errorf("%w: write it as postgres://user:password@host:5432/name", ErrConfig)
	}
	config.MaxConns = max(config.MaxConns, 16)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database: PostgreSQL at %s:%d does not answer; check the address, the name and the password, and that its certificate can be "+
			"verified (or say sslmode in the address): %w",
			config.ConnConfig.Host, config.ConnConfig.Port, err)
	}
	db := stdlib.OpenDBFromPool(pool)
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: db}), gormConfig())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database: %w", err), db.Close())
	}
	return &DB{Gorm: g, SQL: db, Pool: pool}, nil
}

// WithConn lends one connection of PostgreSQL's pool twice over: as GORM, and as the pgx.Tx that a library wants which knows
// pgx alone. Both are inside the same transaction, which is committed when f returns nil.
func (d *DB) WithConn(ctx context.Context, f func(tx *gorm.DB, raw pgx.Tx) error) error {
	conn, err := d.SQL.Conn(ctx)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer conn.Close()
	var raw *pgx.Conn
	if err := conn.Raw(func(c any) error { raw = c.(*stdlib.Conn).Conn(); return nil }); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	g := d.Gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = conn
	return g.Transaction(func(tx *gorm.DB) error { return f(tx, lentTx{raw}) })
}

// lentTx is a transaction that somebody else began and will end: its own ending is a savepoint's, or nothing.
type lentTx struct{ *lent }

// lent gives the embedded connection a name of its own, since pgx.Tx has a method Conn.
type lent = pgx.Conn

func (t lentTx) Begin(ctx context.Context) (pgx.Tx, error) {
	if _, err := t.Exec(ctx, "SAVEPOINT lent"); err != nil {
		return nil, err
	}
	return savepoint{t}, nil
}
func (lentTx) Commit(context.Context) error   { return nil }
func (lentTx) Rollback(context.Context) error { return nil }
func (t lentTx) Conn() *pgx.Conn              { return t.lent }
func (lentTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

type savepoint struct{ lentTx }

func (s savepoint) Commit(ctx context.Context) error {
	_, err := s.Exec(ctx, "RELEASE SAVEPOINT lent")
	return err
}

func (s savepoint) Rollback(ctx context.Context) error {
	_, err := s.Exec(ctx, "ROLLBACK TO SAVEPOINT lent")
	return err
}

// Connect opens a PostgreSQL database as it is: no migration is applied.
func Connect(ctx context.Context, url string) (*DB, error) { return connectPostgres(ctx, url) }
