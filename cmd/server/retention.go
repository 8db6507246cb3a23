package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/runs"
)

// expireEvery is how often a server looks for what is old enough to be removed.
const expireEvery = time.Hour

// keepRetention removes what the rule in force does not keep, and gives the room back, until the context ends.
func (h *app) keepRetention(ctx context.Context, logger *slog.Logger) {
	for {
		removed, err := h.runner.Expire(ctx, time.Now())
		if err == nil {
			err = h.reclaim(ctx)
		}
		if err == nil {
			err = h.registry.DropOldEvents(ctx, time.Now())
		}
		if err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "what runs left could not be removed; Drover tries again in an hour", "err", err)
		}
		if n := removed[runs.AnswersExpired] + removed[runs.AttemptsExpired] + removed[runs.TargetsExpired]; n > 0 {
			logger.InfoContext(ctx, "what runs left was removed as the retention rule says", "runs", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(expireEvery):
		}
	}
}

// reclaim gives the room back step by step.
func (h *app) reclaim(ctx context.Context) error {
	for {
		more, err := h.db.Reclaim(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func compactCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the SQLite file to free unused space",
		Long: `Rewrite the SQLite file to free unused space. A server frees space automatically, unless an older Drover created the file: then run
this once. Writing is blocked while it runs, and it needs as much free disk space as the size of the file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withData(cmd, func(h *app) error {
				before, err := h.db.Bytes(cmd.Context())
				if err != nil {
					return err
				}
				if err := h.db.Compact(cmd.Context()); err != nil {
					return err
				}
				after, err := h.db.Bytes(cmd.Context())
				if err == nil {
					fmt.Fprintf(cmd.OutOrStdout(), "%s, before %s\n", size(after), size(before))
				}
				return err
			})
		},
	}
}
