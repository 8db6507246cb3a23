package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/database"
)

// ErrNoTool is returned where PostgreSQL's own program is not on this machine.
var ErrNoTool = errors.New("the program is not installed")

// Tool finds one of PostgreSQL's programs: beside the one that is named, in PATH, or where Debian and others put them, the newest version.
func Tool(name, pgDump string) (string, error) {
	if pgDump != "" {
		if name == "pg_dump" {
			return pgDump, nil
		}
		return filepath.Join(filepath.Dir(pgDump), name), nil
	}
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql@*/bin/",
		"/usr/local/opt/postgresql@*/bin/"} {
		some, _ := filepath.Glob(pattern + name) // the patterns are good
		found = append(found, some...)
	}
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) }), nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("backup: %s: %w; install the client programs of PostgreSQL (Debian: apt install postgresql-client), or name them with "+
		"--pg-dump (DROVER_PG_DUMP)", name, ErrNoTool)
}

// versionOf is the number in the folder's name.
func versionOf(path string) int {
	for part := range strings.SplitSeq(path, "/") {
		if n, err := strconv.Atoi(strings.TrimLeft(part, "abcdefghijklmnopqrstuvwxyz@-")); err == nil {
			return n
		}
	}
	return 0
}

// dump lets pg_dump write the copy in its custom format.
func (s Source) dump(ctx context.Context, file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("backup: %s exists already; name a new file, nothing was overwritten", file)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	tool, err := Tool("pg_dump", s.PgDump)
	if err == nil {
		err = command(ctx, tool, s.URL, f, "--format=custom", "--no-owner", "--no-privileges")
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}

// mostText bounds what is repeated of what a program says is wrong, in bytes.
const mostText = 2000

// command runs one of PostgreSQL's programs against the database at the address.
func command(ctx context.Context, tool, address string, out *os.File, args ...string) error {
	env, err := database.ToolEnvironment(address)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, tool, args...) // #nosec G204 -- who runs Drover names the program
	cmd.Env = append(os.Environ(), env...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &output
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(output.String())
		return fmt.Errorf("backup: %s: %w: %s", filepath.Base(tool), err, text[:min(len(text), mostText)])
	}
	return nil
}

// schemaOfDump reads the number of the last migration out of a copy, without restoring it.
func schemaOfDump(ctx context.Context, pgDump, file string) (int64, error) {
	tool, err := Tool("pg_restore", pgDump)
	if err != nil {
		return 0, err
	}
	out, err := exec.CommandContext(ctx, tool, "--data-only", "--table=goose_db_version", "--file=-", file).Output() // #nosec G204 -- as above
	if err != nil {
		return 0, fmt.Errorf("backup: %s is not a copy that pg_dump made, or is damaged: %w", file, err)
	}
	schema, rows := int64(0), false
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case strings.HasPrefix(line, "COPY "):
			rows = true
		case strings.HasPrefix(line, `\.`):
			rows = false
		case rows && len(fields) > 2:
			n, _ := strconv.ParseInt(fields[1], 10, 64) // what is no number is no migration
			schema = max(schema, n)
		}
	}
	if schema == 0 {
		return 0, fmt.Errorf("backup: %s is not a copy of Drover's database", file)
	}
	return schema, nil
}
