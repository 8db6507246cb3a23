package main

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/web"
)

func runsCommand(c *config) *cobra.Command {
	return group("runs", "List, show, cancel and rerun runs, and show their answers", runsListCommand(c), runsShowCommand(c), runsAnswersCommand(c),
		runsRerunCommand(c), runsCancelCommand(c))
}

func runsListCommand(c *config) *cobra.Command {
	var asJSON bool
	limit := 50
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withClient(cmd.Context(), func(d client) error {
				listed, err := d.runs(cmd.Context(), limit)
				if err != nil {
					return err
				}
				listRuns(cmd.OutOrStdout(), listed, asJSON)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	cmd.Flags().IntVar(&limit, "limit", limit, "maximum number of entries, 0 for all")
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
	rows := table{fixed: 3, heads: []string{"RUN", "STARTED", "STATE", "WHAT", "SITES", "OK", "SKIPPED", "ATTENTION", "BY"}}
	for _, run := range listed {
		rows.add(run.Run, run.CreatedAt.Local().Format(time.DateTime), run.State, run.Title, run.Sites, run.Counts.OK, run.Counts.Skipped,
			run.Counts.Trouble(), run.By)
	}
	rows.print(out)
}

func runsShowCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show the results of a run; exit codes are those of drover run",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := runID(args[0])
			if err != nil {
				return err
			}
			return c.withClient(cmd.Context(), func(d client) error {
				run, err := d.show(cmd.Context(), id)
				if err != nil {
					return err
				}
				if run.EndedAt.IsZero() && !asJSON {
					fmt.Fprintf(cmd.OutOrStdout(), "%s (run %d) is running: %d of %s finished\n", run.Title, id, run.Counts.Ended(),
						english.Plural(run.Sites, "site", "sites"))
				}
				return reportRun(cmd.Context(), cmd.OutOrStdout(), d, run, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line: each site's outcome, then the counts")
	return cmd
}

func runsCancelCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a run: send no more requests; those already sent will finish",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := runID(args[0])
			if err != nil {
				return err
			}
			return c.withClient(cmd.Context(), func(d client) error {
				run, err := d.cancel(cmd.Context(), id)
				if err != nil {
					return err
				}
				if asJSON {
					printJSON(cmd.OutOrStdout(), run.End())
					return nil
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Run %d is cancelled: no more requests will be sent; %d already sent will finish.\n", id, run.Counts.Running)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
