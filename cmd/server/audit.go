package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/audit"
)

func auditCommand(c *config) *cobra.Command {
	return group("audit", "Read and verify the record", auditListCommand(c), auditVerifyCommand(c))
}

func auditListCommand(c *config) *cobra.Command {
	var asJSON bool
	var action, subject, since string
	f := audit.Filter{Limit: 100}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the entries of the record, the newest first",
		Example: "  drover audit list --action run.start --since 2026-01-31",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Action, f.Subject = audit.Action(action), audit.Subject(subject)
			if since != "" {
				at, err := time.ParseInLocation(time.DateOnly, since, time.Local)
				if err != nil {
					return usage("--since: %q is not a date; write it as 2026-01-31", since)
				}
				f.Since = at
			}
			return c.with(cmd.Context(), func(h *house) error {
				entries, _, err := h.log.Entries(cmd.Context(), f)
				if err != nil {
					return err
				}
				listEntries(cmd.OutOrStdout(), entries, asJSON)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print one JSON object a line")
	flags.StringVar(&f.Actor, "actor", "", "only by this person, or part of the name")
	flags.StringVar(&action, "action", "", "only this action, such as run.start")
	flags.StringVar(&subject, "subject", "", "only about this, such as site:12")
	flags.StringVar(&since, "since", "", "only from this date on, such as 2026-01-31")
	flags.IntVar(&f.Limit, "limit", f.Limit, "how many at most")
	return cmd
}

func listEntries(out io.Writer, entries []audit.Entry, asJSON bool) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(table, "ENTRY\tWHEN\tWHO\tACTION\tSUBJECT\tRESULT\tDETAIL")
	}
	for _, e := range entries {
		if asJSON {
			printJSON(out, map[string]any{
				"seq": e.Seq, "at": e.At, "actor_kind": e.Actor.Kind, "actor_id": e.Actor.ID, "actor": e.Actor.Name, "role": e.Actor.Role, "addr": e.Actor.Addr,
				"action": e.Event.Action, "subject": e.Event.Subject, "outcome": e.Event.Result, "detail": e.Detail, "prev": e.Prev, "hash": e.Hash,
			})
			continue
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Seq, e.At.Local().Format(time.DateTime), e.Actor.Name, e.Event.Action, e.Event.Subject, e.Event.Result, e.Detail)
	}
	table.Flush()
}

func auditVerifyCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check that no entry of the record was changed, removed or reordered",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(h *house) error {
				v, err := h.log.Verify(cmd.Context())
				if err != nil {
					return err
				}
				if !v.Whole() {
					return fmt.Errorf("the record is broken at entry %d: %s; the %d entries before it are whole", v.Broken, v.Why, v.Entries)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "The record is whole: %d entries, each as it was written.\n", v.Entries)
				return nil
			})
		},
	}
}
