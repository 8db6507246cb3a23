// Package dbtest opens real databases for tests: a SQLite file, and PostgreSQL where DROVER_TEST_POSTGRES names a server (make
// test starts one). Only tests import it.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
)

// Each runs the test once on SQLite and once on PostgreSQL, each time on an empty database of its own.
func Each(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Open(t, PostgresURL(t))) })
}

// SQLite opens an empty SQLite database in a folder that goes with the test.
func SQLite(t testing.TB) *database.DB { return Open(t, "") }

// Open opens the database at the address, or SQLite where it is empty, and closes it with the test.
func Open(t testing.TB, address string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), database.Config{Dir: t.TempDir(), URL: address})
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
	server := os.Getenv("DROVER_TEST_POSTGRES")
	if server == "" {
		t.Skip("DROVER_TEST_POSTGRES is not set: run `make test`, which starts PostgreSQL, or name a server")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "drover_" + strings.ToLower(rand.Text()[:12])
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
		admin.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
