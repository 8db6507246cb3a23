package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/sites"
)

// longestPause is how long the command waits for a rotation that pauses: a server goes on with it later, or the next call.
const longestPause = time.Minute

func sitesRotateCommand(c *config) *cobra.Command {
	var chosen selecting
	var asJSON, look bool
	var olderThan int
	cmd := &cobra.Command{
		Use:   "rotate (--all | --client C | --tag T | --site URL)…",
		Short: "Replace application passwords with new ones, and revoke the old ones",
		Long: `Replace application passwords with new ones, and revoke the old ones.

On each site, Drover creates a new application password with the old one, signs in with it, stores it, and then revokes the old one. You can
stop it at any time: a server, or the next call, finishes or reverts it. While a run uses the old password, it is not revoked. A password
that several sites of a network share is rotated for all of them in one step, whichever of them you choose. Passwords
that cannot be rotated are listed with the reason, and nothing is changed there: connect those sites again in WordPress.`,
		Example: `  drover sites rotate --all --older-than 90 --look
  drover sites rotate --client Acme`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if chosen.empty() {
				return usage("choose the sites with --all, --client, --tag or --site")
			}
			return c.withData(cmd, func(h *app) error {
				found, err := h.registry.Select(cmd.Context(), commandLine(), chosen.selection())
				if err != nil {
					return err
				}
				ids := lines(olderCredentials(found, olderThan, time.Now()), func(s sites.Site) int64 { return s.ID })
				if len(ids) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "No application password to rotate.")
					return nil
				}
				if ids, err = h.registry.WithSamePassword(cmd.Context(), commandLine(), ids...); err != nil {
					return err
				}
				return h.rotate(cmd.Context(), cmd.OutOrStdout(), ids, look, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&look, "look", false, "find out which passwords can be rotated, and change nothing")
	cmd.Flags().IntVar(&olderThan, "older-than", 0, "only those that were stored more than this many days ago")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	chosen.register(c, cmd)
	return cmd
}

func olderCredentials(found []sites.Site, days int, now time.Time) []sites.Site {
	return slices.DeleteFunc(found, func(s sites.Site) bool {
		at := s.Credential.CreatedAt
		return at.IsZero() || days > 0 && !at.Before(now.AddDate(0, 0, -days))
	})
}

// rotate rotates the passwords of the sites, or only looks, and says what became of each.
func (h *app) rotate(ctx context.Context, out io.Writer, ids []int64, look, asJSON bool) error {
	start := h.registry.StartRotation
	if look {
		start = h.registry.LookAtRotation
	}
	if err := start(ctx, commandLine(), ids...); err != nil {
		return err
	}
	all, err := h.untilRotated(ctx, ids)
	if err != nil {
		return err
	}
	return reportRotations(out, all, asJSON)
}

// untilRotated works until the rotations are over, or pause for too long.
func (h *app) untilRotated(ctx context.Context, ids []int64) ([]sites.Rotation, error) {
	soon := func(r sites.Rotation) bool { return r.Step.UnderWay() && time.Until(r.NextAt) < longestPause }
	for {
		if err := h.registry.WorkRotations(ctx); err != nil {
			return nil, err
		}
		all, err := h.registry.Rotations(ctx, commandLine())
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(r sites.Rotation) bool { return !slices.Contains(ids, r.Site.ID) })
		if !slices.ContainsFunc(all, soon) {
			return all, nil
		}
		select {
		case <-ctx.Done():
			return all, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// rotationWords are the steps as the command line names them.
var rotationWords = map[sites.RotationStep]string{
	sites.RotationReady: "can be rotated", sites.RotationBlocked: "cannot be rotated", sites.RotationDone: "rotated", sites.RotationFailed: "not rotated",
	sites.RotationUnrevoked: "rotated, old password not revoked",
}

func reportRotations(out io.Writer, all []sites.Rotation, asJSON bool) error {
	trouble := 0
	counts := map[sites.RotationStep]int{}
	for _, r := range all {
		counts[r.Step]++
		if r.Step != sites.RotationDone && r.Step != sites.RotationReady {
			trouble++
		}
		word, over := rotationWords[r.Step]
		if !over {
			word = "not finished yet"
		}
		switch {
		case asJSON:
			printJSON(out, map[string]any{"site": r.Site.Home, "step": r.Step, "reason": r.Reason, "finding": r.Finding, "fix": r.Fix})
		case r.Finding != "":
			fmt.Fprintf(out, "%s: %s. %s %s\n", r.Site.Home, word, r.Finding, r.Fix)
		}
	}
	if !asJSON {
		fmt.Fprintf(out, "%d rotated, %d can be rotated, %d not rotated\n", counts[sites.RotationDone]+counts[sites.RotationUnrevoked],
			counts[sites.RotationReady], trouble-counts[sites.RotationUnrevoked])
	}
	if trouble > 0 {
		return exit{code: exitTrouble}
	}
	return nil
}
