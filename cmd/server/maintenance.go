package main

import (
	"fmt"

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
		Long:  "Add a new encryption key and seal every stored password with it. You can stop it at any time and run it again to finish. Back up the keyset again afterwards.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), func(h *app) error {
				n, err := h.registry.RotateKeys(cmd.Context(), commandLine())
				if err != nil {
					return err
				}
				factors, err := h.roster.RotateKeys(cmd.Context(), commandLine())
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d credentials and %d authenticator apps are sealed with the new key. Back up %s now: older backups of it cannot open them.\n", n, factors, c.keyFile)
				return nil
			})
		},
	}
	return group("keys", "Manage the encryption keys", rotate)
}
