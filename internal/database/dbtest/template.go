package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/migrations"
)

// Tests copy a database that was migrated once: the migrations take longer than most tests.

// sqliteTemplate is the file of an empty database.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "drover-template-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := migrate(database.Config{Dir: dir}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "drover.db"))
})

// migrate leaves nothing open; on SQLite the last connection moves everything from the journal into the file.
func migrate(c database.Config) error {
	db, err := database.Open(context.Background(), c)
	if err != nil {
		return err
	}
	return db.Close()
}

var templates struct {
	sync.Mutex
	name string
}

// postgresTemplate is the name of an empty database on the server. Test processes share it, and it stays there for the next ones.
func postgresTemplate(server string) (string, error) {
	templates.Lock()
	defer templates.Unlock()
	if templates.name != "" {
		return templates.name, nil
	}
	name, err := templateName()
	if err == nil {
		err = createTemplate(server, name)
	}
	if err == nil {
		templates.name = name
	}
	return name, err
}

// templateName is another one for other migrations.
func templateName() (string, error) {
	hash, files := sha256.New(), migrations.Postgres()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		fmt.Fprintf(hash, "%s %d %s", name, len(text), text)
		return err
	})
	return fmt.Sprintf("drover_template_%x", hash.Sum(nil)[:8]), err
}

// adminPool is the process's one pool for making and dropping databases: each connection is a process on the server.
var adminPool = sync.OnceValues(func() (*sql.DB, error) { return sql.Open("pgx", os.Getenv("DROVER_TEST_POSTGRES")) })

// createFrom copies the template's files. PostgreSQL 15 would write each of their pages to its journal too; those before it always copy.
func createFrom(admin *sql.DB, name, template string) string {
	statement := "CREATE DATABASE " + name + " TEMPLATE " + template
	var version int
	if err := admin.QueryRow("SELECT current_setting('server_version_num')::int").Scan(&version); err == nil && version >= 150000 {
		statement += " STRATEGY FILE_COPY"
	}
	return statement
}

// templateLock is the number of the advisory lock under which one process makes the template.
const templateLock = 0x64726f766574

// createTemplate makes the template unless it is there. It gets its name when it is whole.
func createTemplate(server, name string) (err error) {
	ctx := context.Background()
	pool, err := adminPool()
	if err != nil {
		return err
	}
	admin, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { // the pool keeps the connection, and the lock would stay with it
		_, unlocked := admin.ExecContext(ctx, "SELECT pg_advisory_unlock_all()")
		err = errors.Join(err, unlocked, admin.Close())
	}()
	if _, err := admin.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return err
	}
	var there bool
	if err := admin.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
		return err
	}
	unfinished := name + "_unfinished"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)", "CREATE DATABASE " + unfinished} {
		if _, err := admin.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	address, err := at(server, unfinished)
	if err == nil {
		err = migrate(database.Config{URL: address})
	}
	if err == nil {
		_, err = admin.ExecContext(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
	}
	return err
}

// at is the address of a database on the server.
func at(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}
