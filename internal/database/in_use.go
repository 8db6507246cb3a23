package database

import (
	"path/filepath"

	"github.com/gofrs/flock"
)

// inUse is the lock that every process holds, beside others, while it has a SQLite database open.
func inUse(dir string) *flock.Flock { return flock.New(filepath.Join(dir, "drover.use")) }
