package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/backup"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// backupOptions are the settings of backups.
type backupOptions struct {
	dir    string
	every  time.Duration
	keep   int
	pgDump string
}

func (o *backupOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.dir, "backup-dir", "", "folder in which serve keeps backups of the database; empty for none")
	f.DurationVar(&o.every, "backup-every", 24*time.Hour, "time between two backups in the folder")
	f.IntVar(&o.keep, "backup-keep", 14, "number of backups to keep in the folder, 0 for all")
	f.StringVar(&o.pgDump, "pg-dump", "", "pg_dump of the server's version or a later one, with pg_restore beside it (default: the newest on this machine)")
}

func (o *backupOptions) check() error {
	if o.every < time.Minute || o.keep < 0 {
		return usage("--backup-every must be at least 1m, and --backup-keep at least 0")
	}
	return nil
}

func (c *config) source(h *app) backup.Source {
	return backup.Source{DB: h.db, URL: c.databaseURL, PgDump: c.backup.pgDump}
}

func backupCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "backup [FILE | FOLDER]",
		Short: "Copy the database to a new file, whether or not a server is running",
		Long: `Copy the database to a new file, whether or not a server is running. Into a folder, the file is named after the time, and the oldest ones beyond
--backup-keep are removed; without an argument, the folder is --backup-dir. On PostgreSQL, pg_dump makes the copy.

The copy cannot be used without the encryption keyset. Keep the keyset in another place: anyone with both can read every password.`,
		Example: "  drover backup /backups/drover.db\n  drover backup /backups/",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to := c.backup.dir
			if len(args) > 0 {
				to = args[0]
			}
			if to == "" {
				return usage("name a file or a folder, or set --backup-dir")
			}
			return c.withData(cmd, func(h *app) error {
				file, err := c.backUp(cmd.Context(), h, commandLine(), to)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s contains the database. Keep the keyset %s in another place; the copy cannot be used without it.\n", file, c.keyFile)
				return nil
			})
		},
	}
}

// backUp makes a copy in a file or in a folder, and records it. It returns an empty name where another process is at it.
func (c *config) backUp(ctx context.Context, h *app, actor access.Actor, to string) (file string, err error) {
	if err := h.log.Authorize(ctx, actor, access.DatabaseBackup, ""); err != nil {
		return "", err
	}
	file = to
	if info, failed := os.Stat(to); failed == nil && info.IsDir() || to == c.backup.dir {
		file, err = c.source(h).WriteFolder(ctx, to, c.backup.keep, time.Now())
	} else {
		err = c.source(h).WriteFile(ctx, to)
	}
	if err != nil || file == "" {
		return "", err
	}
	return file, h.log.RecordAlone(ctx, actor, audit.Event{Action: access.DatabaseBackup, Detail: map[string]any{"file": file}})
}

// backUpEvery is how often a server looks whether a backup is due.
const backUpEvery = time.Minute

// keepBackups makes the scheduled backups until the context ends.
func (c *config) keepBackups(ctx context.Context, h *app, logger *slog.Logger) {
	schedule := backup.Schedule{Dir: c.backup.dir, Every: c.backup.every, Keep: c.backup.keep}
	for schedule.Dir != "" {
		due, err := schedule.Due(time.Now())
		if due {
			var file string
			if file, err = c.backUp(ctx, h, access.System(), schedule.Dir); file != "" {
				logger.InfoContext(ctx, "the database was backed up", "file", file)
			}
		}
		if err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "the database could not be backed up; Drover tries again in a minute", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backUpEvery):
		}
	}
}

func restoreCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the database with a backup; no server may be running",
		Long: `Replace the database with a backup, using the keyset that --key-file names.

It refuses a backup of a newer Drover, a keyset that cannot decrypt its credentials, and a SQLite database that another drover has open. The
previous database is kept beside the restored one. On PostgreSQL, the backup is restored into an empty database: create one with createdb, and
set DROVER_DATABASE_URL to it. Runs that were active at the time of the backup are cancelled, so that nothing outdated is sent to any site.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.server != "" {
				return usage("restore works only on local data; leave out --server and DROVER_SERVER")
			}
			if _, err := os.Stat(args[0]); err != nil {
				return usage("%w", err)
			}
			return c.restore(cmd, args[0])
		},
	}
}

func (c *config) restore(cmd *cobra.Command, file string) error {
	ctx := cmd.Context()
	keys, err := vault.Load(c.keyFile)
	if err != nil {
		return err
	}
	opened := 0
	before, err := backup.Restore{
		Target: database.Config{Dir: c.data, URL: c.databaseURL}, File: file, PgDump: c.backup.pgDump,
		Check: func(ctx context.Context, db *database.DB) (err error) {
			opened, err = sites.CheckKeys(ctx, db, keys)
			return err
		},
	}.Run(ctx, time.Now())
	if err != nil {
		return explainRestore(err, c.keyFile)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s is restored; %s can be decrypted with %s.\n", filepath.Base(file), english.Plural(opened, "credential", "credentials"), c.keyFile)
	if before != "" {
		fmt.Fprintf(out, "The previous database is %s. Delete it when you no longer need it.\n", before)
	}
	return c.withApp(ctx, func(h *app) error { return afterRestore(cmd, h, file) })
}

func explainRestore(err error, keyFile string) error {
	switch {
	case errors.Is(err, sites.ErrWrongKey):
		return exit{exitRefused, fmt.Errorf("%w; nothing was changed. Replace %s with the keyset that belongs to this backup, or set it with "+
			"--key-file", err, keyFile)}
	case errors.Is(err, database.ErrInUse), errors.Is(err, database.ErrNewer), errors.Is(err, backup.ErrNotEmpty), errors.Is(err, backup.ErrNotBackup):
		return exit{exitRefused, fmt.Errorf("%w; nothing was changed", err)}
	}
	return err
}

// afterRestore ends what the backup would continue, records the restore, and says whether the audit log is whole.
func afterRestore(cmd *cobra.Command, h *app, file string) error {
	ctx, cancelled := cmd.Context(), 0
	for _, state := range []runs.State{runs.Waiting, runs.Running, runs.AwaitingApproval} {
		active, _, err := h.runner.Runs(ctx, commandLine(), runs.Filter{State: state})
		if err != nil {
			return err
		}
		for _, run := range active {
			if err := h.runner.Cancel(ctx, commandLine(), run.ID); err != nil && !errors.Is(err, runs.ErrEnded) {
				return err
			}
			cancelled++
		}
	}
	if cancelled > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "Cancelled %s active when the backup was made.\n", english.Plural(cancelled, "run that was", "runs that were"))
	}
	event := audit.Event{Action: access.DatabaseRestore, Detail: map[string]any{"file": filepath.Base(file), "cancelled_runs": cancelled}}
	if err := h.log.RecordAlone(ctx, commandLine(), event); err != nil {
		return err
	}
	return verifyRecord(cmd, h, "", false)
}
