package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/web"
)

func runsCommand(c *config) *cobra.Command {
	return group("runs", "List, show and cancel runs", runsListCommand(c), runsShowCommand(c), runsCancelCommand(c))
}

func runsListCommand(c *config) *cobra.Command {
	var asJSON bool
	limit := 50
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.at(cmd.Context(), func(d desk) error {
				listed, err := d.runs(cmd.Context(), limit)
				if err != nil {
					return err
				}
				listRuns(cmd.OutOrStdout(), listed, asJSON)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	cmd.Flags().IntVar(&limit, "limit", limit, "how many at most, 0 for all")
	return cmd
}

func listRuns(out io.Writer, listed []web.RunLine, asJSON bool) {
	if asJSON {
		for _, run := range listed {
			printJSON(out, run)
		}
		return
	}
	if len(listed) == 0 {
		fmt.Fprintln(out, "No runs yet. Start one with: drover run clear-cache --all")
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSTARTED\tSTATE\tWHAT\tSITES\tOK\tSKIPPED\tNEED A HAND\tBY")
	for _, run := range listed {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", run.Run, run.CreatedAt.Local().Format(time.DateTime), run.State, run.Title, run.Sites,
			run.Counts.OK, run.Counts.Skipped, run.Counts.Trouble(), run.By)
	}
	table.Flush()
}

func runsShowCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show what happened in a run; exits as drover run does",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := runID(args[0])
			if err != nil {
				return err
			}
			return c.at(cmd.Context(), func(d desk) error {
				run, err := d.show(cmd.Context(), id)
				if err != nil {
					return err
				}
				if run.EndedAt.IsZero() && !asJSON {
					fmt.Fprintf(cmd.OutOrStdout(), "%s (run %d) goes on: %d of %d sites have ended\n", run.Title, id, run.Counts.Ended(), run.Sites)
				}
				return reportRun(cmd.Context(), cmd.OutOrStdout(), d, run, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line: each site's outcome, and the counts last")
	return cmd
}

func runID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, usage("%q is not the number of a run; see them with: drover runs list", text)
	}
	return id, nil
}

func runsCancelCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: "Send nothing more in a run; what was sent is waited for",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := runID(args[0])
			if err != nil {
				return err
			}
			return c.at(cmd.Context(), func(d desk) error {
				run, err := d.cancel(cmd.Context(), id)
				if err != nil {
					return err
				}
				if asJSON {
					printJSON(cmd.OutOrStdout(), run.End())
					return nil
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Run %d is cancelled: %d sites are under way and waited for, nothing more is sent.\n", id, run.Counts.Running)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
