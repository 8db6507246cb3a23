package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/droverhq/drover/internal/runs"
)

// starting is the flags of drover run.
type starting struct {
	selecting
	params             []string
	method, path, body string
	limits             runs.Limits
	verify             bool
	asJSON             bool
	dryRun, yes        bool
}

func runCommand(c *config) *cobra.Command {
	var s starting
	cmd := &cobra.Command{
		Use:   "run OPERATION (--all | --client C | --tag T | --site URL)…",
		Short: "Run an operation on the chosen sites, and wait until it has ended",
		Long: "Run an operation on the chosen sites, and wait until it has ended.\n\nOperations:\n" + describeOperations() + `
It exits with 0 when every site is ok or skipped, 1 when any is failed, partial or unknown, 2 on bad usage, 3 when refused.
Stopping it does not lose the run: a server on the same data goes on with it, or the next drover command that works.`,
		Example: `  drover run clear-cache --all
  drover run clear-cache --client Acme --param purge_type=post_ids --param post_ids=1,17
  drover run clear-cache --all --param purge_type=urls --param urls=/prices/ --verify
  drover run clear-cache --all --param purge_type=post_ids --param post_ids=@posts.csv   # lines such as https://acme.example,1 17
  drover run request --method GET --path /wp/v2/plugins --tag care-plan --json
  drover run disable-cache --site https://acme.example --dry-run`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: operationNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := s.spec(args[0])
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), func(h *house) error { return s.run(cmd, h, spec) })
		},
	}
	f := cmd.Flags()
	s.register(c, cmd)
	f.StringArrayVar(&s.params, "param", nil, "a parameter of the operation, as name=value, or name=@file to read it from a file")
	f.StringVar(&s.method, "method", "", "for request: GET, POST, PUT, PATCH, DELETE, OPTIONS or HEAD")
	f.StringVar(&s.path, "path", "", "for request: the path below the REST root, such as /wp/v2/plugins")
	f.StringVar(&s.body, "body", "", "for request: the JSON body")
	f.BoolVar(&s.verify, "verify", false, "after clearing a cache, look at the sites' pages for up to 30 s and say where the old one still comes from it")
	f.IntVar(&s.limits.AtOnce, "at-once", 0, "sites under way at once in this run (default: the server's limit)")
	f.IntVar(&s.limits.PerAddress, "at-once-per-server", 0, "requests under way at once to one server in this run (default: the server's limit)")
	f.DurationVar(&s.limits.Deadline, "time-limit", 0, "such as 10m: what was not sent by then is not sent")
	f.BoolVar(&s.asJSON, "json", false, "print one JSON object a line: each site's outcome, and the counts last")
	f.BoolVar(&s.dryRun, "dry-run", false, "show what would be sent, and send nothing")
	f.BoolVar(&s.yes, "yes", false, "do not ask before an operation that destroys")
	return cmd
}

func operationNames() []string {
	var names []string
	for _, o := range runs.Operations() {
		names = append(names, o.Name+"\t"+o.Sentence)
	}
	return names
}

func describeOperations() string {
	var text strings.Builder
	for _, o := range runs.Operations() {
		fmt.Fprintf(&text, "  %-14s %s\n", o.Name, o.Sentence)
		for _, p := range o.Params {
			var values []string
			for _, choice := range p.Choices {
				values = append(values, choice.Value)
			}
			fmt.Fprintf(&text, "      %s %s\n", p.Name, strings.TrimSpace(strings.Join(values, "|")+" "+p.Help))
		}
	}
	return text.String()
}

func (s *starting) spec(operation string) (runs.Spec, error) {
	if s.empty() {
		return runs.Spec{}, usage("say on which sites: --all, --client, --tag or --site")
	}
	params := map[string]string{}
	for _, param := range s.params {
		name, value, found := strings.Cut(param, "=")
		if !found {
			return runs.Spec{}, usage("--param %q: write it as name=value", param)
		}
		text, err := valueOf(value)
		if err != nil {
			return runs.Spec{}, usage("--param %s: %w", name, err)
		}
		params[name] = text
	}
	for name, value := range map[string]string{"method": s.method, "path": s.path, "body": s.body} {
		if value != "" {
			params[name] = value
		}
	}
	return runs.Spec{Operation: operation, Params: params, Selection: s.selection(), Limits: s.limits, Verify: s.verify}, nil
}

// longestParam bounds a parameter that is read from a file, in bytes.
const longestParam = 5 << 20

// valueOf is a parameter's value: what follows an @ is the name of a file that holds it.
func valueOf(text string) (string, error) {
	name, is := strings.CutPrefix(text, "@")
	if !is {
		return text, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, longestParam+1))
	if err == nil && len(content) > longestParam {
		err = fmt.Errorf("%s is larger than %d MB", name, longestParam>>20)
	}
	return string(content), err
}

func (s *starting) run(cmd *cobra.Command, h *house, spec runs.Spec) error {
	preview, err := h.runner.Preview(cmd.Context(), commandLine(), spec)
	if err != nil {
		return err
	}
	if s.dryRun {
		return s.showPreview(cmd.OutOrStdout(), preview)
	}
	if preview.Effect == runs.Destroy && !s.yes {
		if err := confirm(cmd, preview); err != nil {
			return err
		}
	}
	spec.Confirmed = preview.Total
	return s.workAndWait(cmd, h, spec)
}

// confirm asks on a terminal; elsewhere there is nobody to ask, and the run is refused.
func confirm(cmd *cobra.Command, p runs.Preview) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return exit{exitRefused, fmt.Errorf("refused: %q destroys, on %d sites, and nobody is here to confirm; look with --dry-run, then say --yes", p.Title, p.Total)}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s on %d sites. Type the number of sites to go on: ", p.Title, p.Total)
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != fmt.Sprint(p.Total) {
		return exit{exitRefused, errors.New("refused: that is not the number of sites; nothing was sent")}
	}
	return nil
}

func (s *starting) showPreview(out io.Writer, p runs.Preview) error {
	for _, request := range p.Requests {
		if s.asJSON {
			printJSON(out, map[string]any{"site": request.Home, "method": request.Method, "url": request.URL, "body": request.Body, "warning": request.Warning})
			continue
		}
		fmt.Fprintf(out, "%s %s %s\n", request.Method, request.URL, request.Body)
		if request.Warning != "" {
			fmt.Fprintf(out, "    %s\n", request.Warning)
		}
	}
	if s.asJSON {
		printJSON(out, map[string]any{"dry_run": true, "title": p.Title, "effect": p.Effect, "sites": p.Total, "left_out": len(p.LeftOut), "warnings": append([]string{}, p.Warnings...)})
		return nil
	}
	for _, warning := range p.Warnings {
		fmt.Fprintln(out, "Note:", warning)
	}
	fmt.Fprintf(out, "%s on %d sites (%s). Nothing was sent.\n", p.Title, p.Total, p.Effect)
	return nil
}

// workAndWait starts the run, works it in this process beside any server, and waits for its end.
func (s *starting) workAndWait(cmd *cobra.Command, h *house, spec runs.Spec) (err error) {
	ctx := cmd.Context()
	if err := h.runner.Work(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
		defer cancel()
		err = errors.Join(err, h.runner.Stop(grace))
	}()
	run, err := h.runner.Start(ctx, commandLine(), spec)
	if err != nil {
		return err
	}
	last, err := s.follow(ctx, cmd.ErrOrStderr(), h, run)
	if err != nil {
		return err
	}
	return reportRun(ctx, cmd.OutOrStdout(), h, last, s.asJSON)
}

// follow waits for the run's end and shows how far it is, on a terminal.
func (s *starting) follow(ctx context.Context, out io.Writer, h *house, run runs.Run) (runs.Snapshot, error) {
	var last runs.Snapshot
	var bar *mpb.Bar
	if file, is := out.(*os.File); is && term.IsTerminal(int(file.Fd())) && !s.asJSON {
		progress := mpb.New(mpb.WithOutput(out), mpb.WithRefreshRate(150*time.Millisecond))
		bar = progress.AddBar(int64(run.Total),
			mpb.PrependDecorators(decor.Name(run.Title+" "), decor.CountersNoUnit("%d of %d")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
				return fmt.Sprintf("%d ok, %d skipped, %d need a hand", last.Counts.OK, last.Counts.Skipped, last.Counts.Trouble())
			})))
		defer progress.Wait()
	}
	for snapshot := range runs.NewWatch(h.runner).Follow(ctx, commandLine(), run.ID) {
		last = snapshot
		if bar != nil {
			bar.SetCurrent(int64(snapshot.Counts.Ended()))
		}
	}
	if !last.Run.Ended() {
		if bar != nil {
			bar.Abort(false)
		}
		return last, fmt.Errorf("stopped watching; run %d is not lost: see it with drover runs show %d, stop it with drover runs cancel %d", run.ID, run.ID, run.ID)
	}
	return last, nil
}

// reportRun prints what happened, and returns the exit code for it.
func reportRun(ctx context.Context, out io.Writer, h *house, s runs.Snapshot, asJSON bool) error {
	if asJSON {
		if err := printTargets(ctx, out, h, s.Run.ID); err != nil {
			return err
		}
		printJSON(out, map[string]any{"run": s.Run.ID, "state": s.Run.State, "counts": s.Counts})
	} else if err := printGroups(ctx, out, h, s); err != nil {
		return err
	}
	if s.Counts.Trouble() > 0 {
		return exit{code: exitTrouble}
	}
	return nil
}

func printTargets(ctx context.Context, out io.Writer, h *house, id int64) error {
	targets, _, err := h.runner.Targets(ctx, commandLine(), runs.TargetFilter{Run: id})
	for _, t := range targets {
		printJSON(out, struct {
			Site     string `json:"site"`
			Outcome  string `json:"outcome"`
			Reason   string `json:"reason"`
			Status   int    `json:"status"`
			Code     string `json:"code"`
			Message  string `json:"message"`
			Note     string `json:"note,omitempty"`
			Attempts int    `json:"attempts"`
			TookMS   int64  `json:"took_ms"`
			Verified string `json:"verified,omitempty"`
		}{t.Home, string(t.Outcome), string(t.Reason), t.Status, t.Code, t.Message, t.Note, t.Attempts, t.Took.Milliseconds(), string(t.Verified)})
	}
	return err
}

func printGroups(ctx context.Context, out io.Writer, h *house, s runs.Snapshot) error {
	for _, g := range s.Groups {
		if g.Reason == "" {
			continue
		}
		fmt.Fprintf(out, "%d × %s: %s %s\n", g.Count, g.Outcome, g.Reason.Sentence(), g.Reason.Mend())
		targets, _, err := h.runner.Targets(ctx, commandLine(), runs.TargetFilter{Run: s.Run.ID, Outcomes: []outcome{g.Outcome}, Reason: g.Reason})
		if err != nil {
			return err
		}
		for _, t := range targets {
			fmt.Fprintf(out, "    %s %s\n", t.Home, t.Note)
		}
	}
	took := s.Run.EndedAt.Sub(s.Run.CreatedAt).Round(10 * time.Millisecond)
	c := s.Counts
	if s.Run.Spec.Verify {
		v := s.Verified
		fmt.Fprintf(out, "Purges verified on %d of %d sites", v[runs.VerifiedYes], v[runs.VerifiedYes]+v[runs.VerifiedNo]+v[runs.VerifiedUnclear])
		fmt.Fprintf(out, "; on %d the old page still came from the cache, on %d nothing was cached before\n", v[runs.VerifiedNo], v[runs.VerifiedUnclear])
	}
	fmt.Fprintf(out, "%s (run %d): %d ok, %d partial, %d skipped, %d failed, %d unknown, in %s\n", s.Run.Title, s.Run.ID, c.OK, c.Partial, c.Skipped, c.Failed, c.Unknown, took)
	return nil
}
