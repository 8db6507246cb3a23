package database

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"gorm.io/gorm"

	"github.com/droverhq/drover/migrations"
)

func (d *DB) migrateSQLite(ctx context.Context) error {
	if err := d.migrateOwn(ctx, goose.DialectSQLite3, migrations.SQLite()); err != nil {
		return err
	}
	return migrateQueue(ctx, d.SQL, riversqlite.New(d.SQL))
}

func (d *DB) migratePostgres(ctx context.Context) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := d.migrateOwn(ctx, goose.DialectPostgres, migrations.Postgres(), goose.WithSessionLocker(locker)); err != nil {
		return err
	}
	return migrateQueue(ctx, d.SQL, riverpgxv5.New(d.Pool))
}

func (d *DB) migrateOwn(ctx context.Context, dialect goose.Dialect, files fs.FS, options ...goose.ProviderOption) error {
	options = append(options, goose.WithSlog(slog.New(slog.NewTextHandler(io.Discard, nil))))
	provider, err := goose.NewProvider(dialect, d.SQL, files, options...)
	if err != nil {
		return fmt.Errorf("database: migrations: %w", err)
	}
	if _, err := provider.GetDBVersion(ctx); err != nil { // creates goose's table
		return fmt.Errorf("database: migrations: %w", err)
	}
	if err := d.renumber(ctx); err != nil {
		return err
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("database: migrations: %w", err)
	}
	if current > known {
		return fmt.Errorf("%w: it is at migration %d, this binary knows %d; start the newer binary, or restore the backup made before it", ErrNewer, current, known)
	}
	if current == known {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("database: migrations: %w", err)
	}
	return nil
}

// renumbered closes the gap after migration 5 that databases of earlier versions have in their history. The condition finds only those:
// every other database has a migration 6.
const renumbered = `UPDATE goose_db_version SET version_id = version_id - 2
	WHERE version_id BETWEEN 8 AND 12 AND NOT EXISTS (SELECT 1 FROM goose_db_version AS other WHERE other.version_id = 6)`

// renumberLock is the number of the PostgreSQL advisory lock that makes processes which start at the same moment renumber one after another.
const renumberLock = 0x64726f766573

func (d *DB) renumber(ctx context.Context) error {
	return d.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if d.Postgres() {
			if err := tx.Exec("SELECT pg_advisory_xact_lock(?)", int64(renumberLock)).Error; err != nil {
				return fmt.Errorf("database: renumber migrations: %w", err)
			}
		}
		if err := tx.Exec(renumbered).Error; err != nil {
			return fmt.Errorf("database: renumber migrations: %w", err)
		}
		return nil
	})
}

func migrateQueue[T any](ctx context.Context, db *sql.DB, driver riverdriver.Driver[T]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return fmt.Errorf("database: queue: %w", err)
	}
	versions := migrator.AllVersions()
	known := versions[len(versions)-1].Version
	var current int
	// An error means that the table is not there yet, which is version 0; a broken database fails again in Migrate.
	_ = db.QueryRowContext(ctx, "SELECT max(version) FROM river_migration WHERE line = 'main'").Scan(&current)
	if current > known {
		return fmt.Errorf("%w: its queue is at version %d, this binary knows %d; start the newer binary, or restore the backup made before it", ErrNewer, current,
			known)
	}
	if current == known {
		return nil
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("database: queue: %w", err)
	}
	return nil
}
