// Package dbtest opens real databases for tests: a SQLite file, and PostgreSQL where DROVER_TEST_POSTGRES names a server (make
// test starts one). Only tests import it.
package dbtest

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
)

// Each runs the test once on SQLite and once on PostgreSQL, each time on an empty database of its own, side by side with other
// parallel tests: it calls t.Parallel.
func Each(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Open(t, PostgresURL(t)))
	})
}

// SQLite opens an empty SQLite database in a folder that goes with the test.
func SQLite(t testing.TB) *database.DB {
	t.Helper()
	dir := t.TempDir()
	SQLiteIn(t, dir)
	return open(t, database.Config{Dir: dir})
}

// SQLiteIn writes an empty SQLite database into the folder, which must exist.
func SQLiteIn(t testing.TB, dir string) {
	t.Helper()
	migrated, err := sqliteTemplate()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "drover.db"), migrated, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Open opens the PostgreSQL database at the address, and closes it with the test.
func Open(t testing.TB, address string) *database.DB {
	t.Helper()
	return open(t, database.Config{URL: address})
}

func open(t testing.TB, c database.Config) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// PostgresURL makes an empty database on the test server and returns its address; the database is dropped with the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	template, err := postgresTemplate(postgresServer(t))
	if err != nil {
		t.Fatal(err)
	}
	return createPostgres(t, template)
}

// BarePostgresURL is PostgresURL without a schema.
func BarePostgresURL(t testing.TB) string {
	t.Helper()
	return createPostgres(t, "template1")
}

func createPostgres(t testing.TB, template string) string {
	t.Helper()
	server := postgresServer(t)
	admin, err := adminPool()
	if err != nil {
		t.Fatal(err)
	}
	name := "drover_" + strings.ToLower(rand.Text()[:12])
	if _, err := admin.Exec(createFrom(admin, name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	address, err := at(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func postgresServer(t testing.TB) string {
	t.Helper()
	server := os.Getenv("DROVER_TEST_POSTGRES")
	if server == "" {
		t.Skip("DROVER_TEST_POSTGRES is not set: run `make test`, which starts PostgreSQL, or name a server")
	}
	return server
}
