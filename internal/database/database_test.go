package database_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

func TestOpenTwiceKeepsTheSchema(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		db, err := database.Open(context.Background(), database.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("drover.db has mode %v, want 0600", info.Mode().Perm())
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	cases := map[string]string{
		"own":   "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)",
		"queue": "INSERT INTO river_migration (line, version) VALUES ('main', 9999)",
	}
	for name, statement := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db, err := database.Open(context.Background(), database.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.SQL.Exec(statement); err != nil {
				t.Fatal(err)
			}
			db.Close()
			if _, err := database.Open(context.Background(), database.Config{Dir: dir}); !errors.Is(err, database.ErrNewer) {
				t.Fatalf("got %v, want ErrNewer", err)
			}
		})
	}
}

func TestManyProcessesMayOpenAtOnce(t *testing.T) {
	addresses := map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return dbtest.BarePostgresURL(t) },
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			c := database.Config{Dir: t.TempDir(), URL: address(t)}
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					db, err := database.Open(context.Background(), c)
					if err != nil {
						t.Error(err)
						return
					}
					db.Close()
				})
			}
			group.Wait()
		})
	}
}

// Without the write lock at the beginning of a transaction, most of these fail with "database is locked".
func TestReadThenWriteTransactionsWaitTheirTurn(t *testing.T) {
	db := dbtest.SQLite(t)
	if err := db.Gorm.Exec("CREATE TABLE counter (n BIGINT)").Error; err != nil {
		t.Fatal(err)
	}
	db.Gorm.Exec("INSERT INTO counter VALUES (0)")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				err := db.Gorm.Transaction(func(tx *gorm.DB) error {
					var n int64
					if err := tx.Raw("SELECT n FROM counter").Scan(&n).Error; err != nil {
						return err
					}
					return tx.Exec("UPDATE counter SET n = ?", n+1).Error
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	var n int64
	db.Gorm.Raw("SELECT n FROM counter").Scan(&n)
	if n != 160 {
		t.Errorf("counted %d, want 160", n)
	}
}

func TestWithConnIsOneTransaction(t *testing.T) {
	db := dbtest.Open(t, dbtest.PostgresURL(t))
	ctx := context.Background()
	if err := db.Gorm.Exec("CREATE TABLE pair (who TEXT)").Error; err != nil {
		t.Fatal(err)
	}
	write := func(fail error) error {
		return db.WithConn(ctx, func(tx *gorm.DB, raw pgx.Tx) error {
			if err := tx.Exec("INSERT INTO pair VALUES ('gorm')").Error; err != nil {
				return err
			}
			inner, err := raw.Begin(ctx)
			if err != nil {
				return err
			}
			if _, err := inner.Exec(ctx, "INSERT INTO pair VALUES ('pgx')"); err != nil {
				return err
			}
			return errors.Join(inner.Commit(ctx), fail)
		})
	}
	stop := errors.New("stop")
	if err := write(stop); !errors.Is(err, stop) {
		t.Fatalf("got %v, want the function's own error", err)
	}
	if err := write(nil); err != nil {
		t.Fatal(err)
	}
	var n int64
	db.Gorm.Raw("SELECT count(*) FROM pair").Scan(&n)
	if n != 2 {
		t.Errorf("%d rows, want the 2 of the transaction that was committed", n)
	}
}

func TestBackup(t *testing.T) {
	db := dbtest.SQLite(t)
	file := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	if err := db.Backup(context.Background(), file); err == nil {
		t.Error("a second backup overwrote the first")
	}
	gone, stop := context.WithCancel(context.Background())
	stop()
	if err := db.Backup(gone, file+".cut"); err == nil {
		t.Error("a backup without time was made")
	}
	if _, err := os.Stat(file + ".cut"); err == nil {
		t.Error("half a copy is left")
	}
}

// A connection that the pool opens while another one writes waits for nothing: a transaction may read beside itself.
func TestConnectionsOpenWhileAnotherWrites(t *testing.T) {
	db := dbtest.SQLite(t)
	db.SQL.SetMaxIdleConns(0) // each use opens a connection
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO settings (name, value) VALUES ('a', 'b')").Error; err != nil {
			return err
		}
		var n int
		return db.SQL.QueryRowContext(ctx, "SELECT count(*) FROM settings").Scan(&n)
	})
	if err != nil {
		t.Error(err)
	}
}
