package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress"
)

// rerunning is the flags of drover runs rerun.
type rerunning struct {
	starting
	failed, every bool
	outcomes      []string
	reason        string
}

func runsRerunCommand(c *config) *cobra.Command {
	var r rerunning
	cmd := &cobra.Command{
		Use:   "rerun ID (--failed | --outcome O… | --reason R | --all)",
		Short: "Rerun the operation of an earlier run on some of its sites; exit codes are those of drover run",
		Long: `Run the same operation again, with the same parameters and limits, on the sites of an earlier run that had a certain outcome.

--failed chooses the sites where the operation was not done. Sites with the outcome unknown may have been changed: choose them with
--outcome unknown.`,
		Example: "  drover runs rerun 12 --failed\n  drover runs rerun 12 --reason timeout --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := runID(args[0])
			if err != nil {
				return err
			}
			chosen, err := r.chosen()
			if err == nil {
				err = r.checkAnswers()
			}
			if err != nil {
				return err
			}
			return c.withClient(cmd.Context(), func(d client) error { return r.rerun(cmd, d, id, chosen) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.failed, "failed", false, "the sites that failed")
	f.StringSliceVar(&r.outcomes, "outcome", nil, "the sites with this outcome: ok, partial, skipped, failed or unknown; repeat for more")
	f.StringVar(&r.reason, "reason", "", "the sites with this reason, such as timeout")
	f.BoolVar(&r.every, "all", false, "all sites of the run")
	f.BoolVar(&r.asJSON, "json", false, "print one JSON object per line: each site's outcome, then the counts; with --answers, each row of the answers")
	f.BoolVar(&r.answers, "answers", false, "print what the sites answered")
	f.BoolVar(&r.yes, "yes", false, "do not ask for confirmation before a destructive operation")
	r.answering.register(cmd)
	_ = cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(outcomeNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func outcomeNames() []string { return []string{"ok", "partial", "skipped", "failed", "unknown"} }

// chosen is which sites are meant.
func (r *rerunning) chosen() (web.Rerun, error) {
	chosen := web.Rerun{Reason: wordpress.Reason(r.reason)}
	if r.failed {
		r.outcomes = append(r.outcomes, string(wordpress.Failed))
	}
	if !r.every && len(r.outcomes) == 0 && r.reason == "" {
		return chosen, usage("choose the sites with --failed, --outcome, --reason or --all")
	}
	for _, name := range r.outcomes {
		if !slices.Contains(outcomeNames(), name) {
			return chosen, usage("--outcome: %q is not valid; use ok, partial, skipped, failed or unknown", name)
		}
		chosen.Outcomes = append(chosen.Outcomes, wordpress.Outcome(name))
	}
	return chosen, nil
}

func (r *rerunning) rerun(cmd *cobra.Command, d client, id int64, chosen web.Rerun) error {
	run, err := d.show(cmd.Context(), id)
	if err != nil {
		return err
	}
	targets, err := d.targets(cmd.Context(), id)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if chosen.Matches(t) {
			chosen.Confirmed++
		}
	}
	if chosen.Confirmed == 0 {
		return usage("no site of run %d had that outcome; see drover runs show %d", id, id)
	}
	if run.Effect == operation.Destroy && !r.yes {
		if err := confirm(cmd, web.PreviewLine{Title: run.Title, Sites: chosen.Confirmed}); err != nil {
			return err
		}
	}
	return r.finish(cmd, d, func(each func(web.RunLine)) (web.RunLine, error) { return d.rerun(cmd.Context(), id, chosen, each) })
}
