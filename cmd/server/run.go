package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/views"
)

// starting is the flags of drover run.
type starting struct {
	selecting
	params             []string
	method, path, body string
	limits             runs.Limits
	verify             bool
	dryRun, yes        bool
	answers            bool
	answering
}

func runCommand(c *config) *cobra.Command {
	var s starting
	cmd := &cobra.Command{
		Use:   "run OPERATION (--all | --client C | --tag T | --site URL)…",
		Short: "Run an operation on the selected sites, and wait until it has finished",
		Long: "Run an operation on the selected sites, and wait until it has finished.\n\nOperations:\n" + describeOperations() + `
It exits with 0 when every site is ok or skipped, 1 when any is failed, partial, unknown or not sent, 2 on bad usage, 3 when refused.
Stopping the command does not lose the run: a server on the same data, or the next drover command, continues it.`,
		Example: `  drover run clear-cache --all
  drover run clear-cache --client Acme --param purge_type=post_ids --param post_ids=1,17
  drover run clear-cache --all --param purge_type=urls --param urls=/prices/ --verify
  drover run clear-cache --all --param purge_type=post_ids --param post_ids=@posts.csv   # lines such as https://acme.example,1 17
  drover run request --method GET --path /wp/v2/plugins --tag care-plan --answers --columns name,version
  drover run disable-cache --site https://acme.example --dry-run`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: operationNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := s.spec(args[0])
			if err == nil {
				err = s.checkAnswers()
			}
			if err != nil {
				return err
			}
			return c.withClient(cmd.Context(), func(d client) error { return s.run(cmd, d, spec) })
		},
	}
	s.register(c, cmd)
	f := cmd.Flags()
	f.StringVar(&s.method, "method", "", "for request: GET, POST, PUT, PATCH, DELETE, OPTIONS or HEAD")
	f.StringVar(&s.path, "path", "", "for request: the path below the REST root, such as /wp/v2/plugins")
	f.StringVar(&s.body, "body", "", "for request: the JSON body")
	return cmd
}

// register adds the flags that every command has which starts a run from nothing.
func (s *starting) register(c *config, cmd *cobra.Command) {
	f := cmd.Flags()
	s.selecting.register(c, cmd)
	f.StringArrayVar(&s.params, "param", nil, "a parameter of the operation, as name=value, or name=@file to read it from a file")
	f.BoolVar(&s.verify, "verify", false, "after clearing a cache, load pages of the sites for up to 30 s and list the sites that still serve an old one")
	f.IntVar(&s.limits.AtOnce, "at-once", 0, "maximum concurrent sites in this run (default: the server's limit)")
	f.IntVar(&s.limits.AtOncePerServer, "at-once-per-server", 0, "maximum concurrent requests to one server in this run (default: the server's limit)")
	f.DurationVar(&s.limits.TimeLimit, "time-limit", 0, "time limit, such as 10m; after it, nothing more is sent")
	f.BoolVar(&s.asJSON, "json", false, "print one JSON object per line: each site's outcome, then the counts; with --answers, each row of the answers")
	f.BoolVar(&s.answers, "answers", false, "print what the sites answered, in the form set by --columns, --jq, --csv or --json; outcomes go to standard error")
	s.answering.register(cmd)
	f.BoolVar(&s.dryRun, "dry-run", false, "show what would be sent, but send nothing")
	f.BoolVar(&s.yes, "yes", false, "do not ask for confirmation before a destructive operation")
}

func operationNames() []string {
	var names []string
	for _, o := range operation.Builtins() {
		names = append(names, o.Name+"\t"+o.Sentence)
	}
	return names
}

func describeOperations() string {
	var text strings.Builder
	for _, o := range operation.Builtins() {
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
		return runs.Spec{}, usage("choose the sites with --all, --client, --tag or --site")
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

// checkAnswers makes sure that the flags about answers fit; --columns, --jq and --csv ask for the answers by themselves.
func (s *starting) checkAnswers() error {
	s.answers = s.answers || len(s.columns) > 0 || s.jq != "" || s.asCSV
	return s.check()
}

func (s *starting) run(cmd *cobra.Command, d client, spec runs.Spec) error {
	requests, preview, err := d.preview(cmd.Context(), spec)
	if err != nil {
		return err
	}
	if s.dryRun {
		s.showPreview(cmd.OutOrStdout(), requests, preview)
		return nil
	}
	if preview.Effect == operation.Destroy && !s.yes {
		if err := confirm(cmd, preview); err != nil {
			return err
		}
	}
	spec.Confirmed = preview.Sites
	return s.finish(cmd, d, func(each func(web.RunLine)) (web.RunLine, error) { return d.run(cmd.Context(), spec, each) })
}

// finish lets the run begin, waits for its end, and prints what happened, or what was answered.
func (s *starting) finish(cmd *cobra.Command, d client, begin beginning) error {
	last, err := s.wait(cmd, begin)
	if err != nil {
		return err
	}
	if !s.answers {
		return reportRun(cmd.Context(), cmd.OutOrStdout(), d, last, s.asJSON)
	}
	if err := s.print(cmd.Context(), cmd.OutOrStdout(), d, last.Run); err != nil {
		return err
	}
	return reportRun(cmd.Context(), cmd.ErrOrStderr(), d, last, false)
}

// beginning starts a run, tells how far it is, and returns what it is at its end.
type beginning func(each func(web.RunLine)) (web.RunLine, error)

// confirm asks on a terminal; elsewhere there is nobody to ask, and the run is refused.
func confirm(cmd *cobra.Command, p web.PreviewLine) error {
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return exit{exitRefused, fmt.Errorf("refused: %q is destructive, on %s, and needs confirmation; check it with --dry-run, then add --yes", p.Title,
			english.Plural(p.Sites, "site", "sites"))}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s on %s. Type the number of sites to continue: ", p.Title, english.Plural(p.Sites, "site", "sites"))
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != fmt.Sprint(p.Sites) {
		return exit{exitRefused, errors.New("refused: that is not the number of sites; nothing was sent")}
	}
	return nil
}

func (s *starting) showPreview(out io.Writer, requests []web.RequestLine, p web.PreviewLine) {
	for _, request := range requests {
		if s.asJSON {
			printJSON(out, request)
			continue
		}
		if request.Method == "" {
			fmt.Fprintf(out, "%s: nothing is sent\n", request.Site)
		} else {
			fmt.Fprintf(out, "%s %s %s\n", request.Method, request.URL, request.Body)
		}
		if request.Warning != "" {
			fmt.Fprintf(out, "    %s\n", request.Warning)
		}
	}
	if s.asJSON {
		printJSON(out, p)
		return
	}
	for _, warning := range p.Warnings {
		fmt.Fprintln(out, "Note:", warning)
	}
	fmt.Fprintf(out, "%s on %s (%s). Nothing was sent.\n", p.Title, english.Plural(p.Sites, "site", "sites"), p.Effect)
}

// wait starts the run, waits for its end, and shows how far it is, on a terminal.
func (s *starting) wait(cmd *cobra.Command, begin beginning) (web.RunLine, error) {
	file, is := cmd.ErrOrStderr().(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) || s.asJSON {
		return begin(func(web.RunLine) {})
	}
	var bar *mpb.Bar
	var now web.RunLine
	progress := mpb.New(mpb.WithOutput(file), mpb.WithRefreshRate(150*time.Millisecond))
	defer progress.Wait()
	last, err := begin(func(line web.RunLine) {
		if now = line; bar == nil {
			bar = progress.AddBar(int64(line.Sites),
				mpb.PrependDecorators(decor.Name(line.Title+" "), decor.CountersNoUnit("%d of %d")),
				mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
					return fmt.Sprintf("%d succeeded, %d skipped, %d need attention", now.Counts.OK, now.Counts.Skipped, now.Counts.Trouble())
				})))
		}
		bar.SetCurrent(int64(line.Counts.Ended()))
	})
	if err != nil && bar != nil {
		bar.Abort(false)
	}
	return last, err
}

// reportRun prints what happened, and returns the exit code for it.
func reportRun(ctx context.Context, out io.Writer, d client, run web.RunLine, asJSON bool) error {
	targets, err := d.targets(ctx, run.Run)
	if err != nil {
		return err
	}
	if asJSON {
		for _, t := range targets {
			printJSON(out, t)
		}
		printJSON(out, run.End())
	} else {
		printGroups(out, targets)
		printSum(out, run, targets)
	}
	if run.Counts.Trouble()+run.Counts.NotSent > 0 {
		return exit{code: exitTrouble}
	}
	return nil
}

// printGroups prints the sites by how they ended, those that need attention first.
func printGroups(out io.Writer, targets []web.TargetLine) {
	type group struct{ outcome, reason string }
	sites := map[group][]web.TargetLine{}
	for _, t := range targets {
		if t.Reason != "" {
			g := group{t.Outcome, t.Reason}
			sites[g] = append(sites[g], t)
		}
	}
	order := []wordpress.Outcome{wordpress.Failed, wordpress.Unknown, wordpress.Partial, wordpress.Skipped, wordpress.OK}
	weight := func(g group) int { return slices.Index(order, wordpress.Outcome(g.outcome)) }
	groups := slices.SortedFunc(maps.Keys(sites), func(a, b group) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(len(sites[b]), len(sites[a])), cmp.Compare(a.reason, b.reason))
	})
	for _, g := range groups {
		reason, outcome := wordpress.Reason(g.reason), strings.ReplaceAll(views.TargetBadge("done", g.outcome, g.reason), "_", " ")
		fmt.Fprintf(out, "%d × %s: %s %s\n", len(sites[g]), outcome, reason.Sentence(), reason.Fix())
		for _, t := range sites[g] {
			fmt.Fprintf(out, "    %s %s\n", t.Site, t.Note)
		}
	}
}

func printSum(out io.Writer, run web.RunLine, targets []web.TargetLine) {
	if run.Verify {
		verified := map[string]int{}
		for _, t := range targets {
			verified[t.Verified]++
		}
		yes, no, unclear := verified[string(runs.VerifiedYes)], verified[string(runs.VerifiedNo)], verified[string(runs.VerifiedUnclear)]
		fmt.Fprintf(out, "Purge verified on %d of %s", yes, english.Plural(yes+no+unclear, "site", "sites"))
		fmt.Fprintf(out, "; %d still served the old page from the cache, %d had no cached page to compare\n", no, unclear)
	}
	took, c := run.EndedAt.Sub(run.CreatedAt).Round(10*time.Millisecond), run.Counts
	fmt.Fprintf(out, "%s (run %d): %d ok, %d partial, %d skipped, %d failed, %d unknown", run.Title, run.Run, c.OK, c.Partial, c.Skipped, c.Failed, c.Unknown)
	if c.NotSent > 0 {
		fmt.Fprintf(out, ", %d not sent", c.NotSent)
	}
	fmt.Fprintf(out, ", in %s\n", took)
}
