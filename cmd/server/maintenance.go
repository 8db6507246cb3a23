package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
)

func keysCommand(c *config) *cobra.Command {
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Add a new encryption key and encrypt every stored password with it",
		Long: "Add a new encryption key and encrypt every stored password with it. You can stop it at any time and run it again to finish. Back up the " +
			"keyset again afterwards.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error {
				n, err := h.rotateKeys(cmd.Context())
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Encrypted with the new key: %s. Back up %s now: older backups of it cannot decrypt them.\n", sealedCounts(n), c.keyFile)
				return nil
			})
		},
	}
	dropOld := &cobra.Command{
		Use:   "drop-old",
		Short: "Remove old encryption keys that nothing in the database needs",
		Long: `Remove every encryption key but the newest, after someone else could read the keyset. Run drover keys rotate first: nothing is removed while
anything in the database is encrypted with an older key. Older backups of the database cannot be decrypted afterwards, except with an older backup
of the keyset.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error {
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
