package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
)

func backupCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a consistent copy of the SQLite database, whether or not a server is running",
		Long: `Write a consistent copy of the SQLite database, whether or not a server is running. On PostgreSQL, use pg_dump.

The copy cannot be used without the encryption keyset. Keep the keyset in another place: anyone with both can read every password.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withApp(cmd.Context(), func(h *app) error {
				actor := commandLine()
				if err := h.log.Authorize(cmd.Context(), actor, access.DatabaseBackup, ""); err != nil {
					return err
				}
				if err := h.db.Backup(cmd.Context(), args[0]); err != nil {
					return err
				}
				if err := h.log.RecordAlone(cmd.Context(), actor, audit.Event{Action: access.DatabaseBackup, Detail: map[string]any{"file": args[0]}}); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s contains the database. Keep the keyset %s in another place; the copy cannot be used without it.\n", args[0], c.keyFile)
				return nil
			})
		},
	}
}

func keysCommand(c *config) *cobra.Command {
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Add a new encryption key and seal every stored password with it",
		Long: "Add a new encryption key and seal every stored password with it. You can stop it at any time and run it again to finish. Back up the keyset again " +
			"afterwards.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), func(h *app) error {
				n, err := h.rotateKeys(cmd.Context())
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d credentials and %d authenticator apps are sealed with the new key", n[0], n[1])
				if n[2]+n[3] > 0 {
					fmt.Fprintf(cmd.OutOrStdout(), ", and so are %d changes and %d runs that wait", n[2], n[3])
				}
				fmt.Fprintf(cmd.OutOrStdout(), ". Back up %s now: older backups of it cannot open them.\n", c.keyFile)
				return nil
			})
		},
	}
	dropOld := &cobra.Command{
		Use:   "drop-old",
		Short: "Remove old encryption keys that nothing in the database needs any more",
		Long: `Remove every encryption key but the newest, after someone else could read the keyset. Run drover keys rotate first: nothing is removed while
anything in the database is sealed with an older key. Older backups of the database cannot be opened afterwards, except with an older backup
of the keyset.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), func(h *app) error {
				n, err := h.dropOldKeys(cmd.Context())
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%d old keys are removed. Back up %s now.\n", n, c.keyFile)
				}
				return err
			})
		},
	}
	return group("keys", "Manage the encryption keys", rotate, dropOld)
}

// expireChanges ends the changes that nobody approved in time, until the context ends: what they keep sealed goes with them.
func (h *app) expireChanges(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		if err := h.changes.Expire(ctx); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "changes that nobody approved in time could not be ended", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
