// Package migrations holds the numbered SQL that builds the database, one folder for each kind of database. A number means the
// same schema in both. It holds no Go beyond the embedding: internal/database applies it.
package migrations

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite returns the migrations for SQLite, at the root of the file system.
func SQLite() fs.FS { return folder("sqlite") }

// Postgres returns the migrations for PostgreSQL, at the root of the file system.
func Postgres() fs.FS { return folder("postgres") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the folder is embedded above, so only a misspelling gets here
	}
	return sub
}
