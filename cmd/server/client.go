package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/remote"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/web"
)

// client is where a command works: on the data here, or through the API of a server elsewhere.
type client interface {
	// sites lists the selected sites, narrowed by the filters that web.NarrowSites takes.
	sites(ctx context.Context, sel sites.Selection, filters url.Values) ([]web.SiteLine, error)
	preview(context.Context, runs.Spec) ([]web.RequestLine, web.PreviewLine, error)
	// run starts the spec and waits for its end; each is told how far it is. An error with a run says that it goes on without us.
	run(ctx context.Context, spec runs.Spec, each func(web.RunLine)) (web.RunLine, error)
	runs(ctx context.Context, limit int) ([]web.RunLine, error)
	show(ctx context.Context, run int64) (web.RunLine, error)
	targets(ctx context.Context, run int64) ([]web.TargetLine, error)
	cancel(ctx context.Context, run int64) (web.RunLine, error)
	// rerun runs the same again on the chosen sites of an earlier run, as run does.
	rerun(ctx context.Context, run int64, chosen web.Rerun, each func(web.RunLine)) (web.RunLine, error)
	answers(ctx context.Context, run int64, q web.AnswerQuery, each func(web.AnswerLine) error) error
	operations(context.Context) ([]web.OperationLine, error)
	entries(context.Context, audit.Filter) ([]audit.Line, error)
}

// withClient opens the desk for one command and closes it.
func (c *config) withClient(ctx context.Context, f func(client) error) error {
	if c.server == "" {
		return c.withApp(ctx, func(h *app) error { return f(localClient{h}) })
	}
	authorities, err := authorities(c.caFile)
	if err != nil {
		return err
	}
	server, err := remote.New(c.server, vault.NewSecret(strings.TrimSpace(os.Getenv("DROVER_TOKEN"))), authorities)
	if err != nil {
		return usage("--server: %w", err)
	}
	return refusedByServer(f(remoteClient{server}))
}

// refusedByServer gives what a server says the exit code that it would have here.
func refusedByServer(err error) error {
	if p, is := errors.AsType[remote.Problem](err); is {
		switch p.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return exit{exitRefused, fmt.Errorf("refused: %w", err)}
		case http.StatusUnprocessableEntity, http.StatusBadRequest:
			return exit{exitUsage, err}
		}
	}
	return err
}

// localClient works on the data of this machine.
type localClient struct{ *app }

func (d localClient) sites(ctx context.Context, sel sites.Selection, filters url.Values) ([]web.SiteLine, error) {
	found, err := d.registry.Select(ctx, commandLine(), sel)
	return lines(web.NarrowSites(found, filters), web.LineOfSite), err
}

func lines[From, Line any](all []From, line func(From) Line) []Line {
	made := make([]Line, len(all))
	for i, each := range all {
		made[i] = line(each)
	}
	return made
}

func (d localClient) preview(ctx context.Context, spec runs.Spec) ([]web.RequestLine, web.PreviewLine, error) {
	spec, err := d.runner.WithIDs(ctx, commandLine(), spec)
	if err != nil {
		return nil, web.PreviewLine{}, err
	}
	p, err := d.runner.Preview(ctx, commandLine(), spec)
	if err != nil {
		return nil, web.PreviewLine{}, err
	}
	requests, last := web.LinesOfPreview(p)
	return requests, last, nil
}

func (d localClient) run(ctx context.Context, spec runs.Spec, each func(web.RunLine)) (web.RunLine, error) {
	spec, err := d.runner.WithIDs(ctx, commandLine(), spec)
	if err != nil {
		return web.RunLine{}, err
	}
	return d.work(ctx, func() (runs.Run, error) { return d.runner.Start(ctx, commandLine(), spec) }, each)
}

func (d localClient) rerun(ctx context.Context, run int64, chosen web.Rerun, each func(web.RunLine)) (web.RunLine, error) {
	which := runs.Which{Outcomes: chosen.Outcomes, Reason: chosen.Reason}
	return d.work(ctx, func() (runs.Run, error) { return d.runner.Rerun(ctx, commandLine(), run, which, chosen.Confirmed) }, each)
}

func (d localClient) answers(ctx context.Context, run int64, q web.AnswerQuery, each func(web.AnswerLine) error) error {
	place, err := expression.NewPool(expression.Limits{}).Enter(ctx, "command line")
	if err != nil {
		return err
	}
	defer place.Leave()
	return web.EachAnswer(ctx, d.runner, commandLine(), place, run, q, each)
}

func (d localClient) operations(ctx context.Context) ([]web.OperationLine, error) {
	found, err := saved.New(d.db, d.log).Usable(ctx, commandLine())
	return lines(found, web.LineOfOperation), err
}

// work works the run that start starts in this process beside any server.
func (d localClient) work(ctx context.Context, start func() (runs.Run, error), each func(web.RunLine)) (line web.RunLine, err error) {
	if err := d.engine.Work(context.WithoutCancel(ctx)); err != nil {
		return line, err
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
		defer cancel()
		err = errors.Join(err, d.engine.Stop(grace))
	}()
	run, err := start()
	if err != nil {
		return line, err
	}
	line = web.LineOfRun(run, runs.Counts{Waiting: run.Total})
	each(line)
	for s := range runs.NewWatch(d.runner).Follow(ctx, commandLine(), run.ID) {
		line = web.LineOfRun(s.Run, s.Counts)
		each(line)
	}
	if line.EndedAt.IsZero() {
		return line, errStoppedWatching(run.ID)
	}
	return line, nil
}

func errStoppedWatching(run int64) error {
	return fmt.Errorf("stopped watching; run %d continues: see it with drover runs show %d, cancel it with drover runs cancel %d", run, run, run)
}

func (d localClient) runs(ctx context.Context, limit int) ([]web.RunLine, error) {
	listed, _, err := d.runner.Runs(ctx, commandLine(), runs.Filter{Limit: limit})
	return lines(listed, func(run runs.Listed) web.RunLine { return web.LineOfRun(run.Run, run.Counts) }), err
}

func (d localClient) show(ctx context.Context, run int64) (web.RunLine, error) {
	s, err := d.runner.Snapshot(ctx, commandLine(), run)
	return web.LineOfRun(s.Run, s.Counts), err
}

func (d localClient) targets(ctx context.Context, run int64) ([]web.TargetLine, error) {
	targets, _, err := d.runner.Targets(ctx, commandLine(), runs.TargetFilter{Run: run})
	return lines(targets, web.LineOfTarget), err
}

func (d localClient) cancel(ctx context.Context, run int64) (web.RunLine, error) {
	if err := d.runner.Cancel(ctx, commandLine(), run); err != nil {
		return web.RunLine{}, err
	}
	return d.show(ctx, run)
}

func (d localClient) entries(ctx context.Context, f audit.Filter) ([]audit.Line, error) {
	found, _, err := d.log.Entries(ctx, commandLine(), f)
	return lines(found, audit.Entry.Line), err
}

// remoteClient works through the API of a server.
type remoteClient struct{ *remote.Drover }

const api = "/api/v1"

func (d remoteClient) sites(ctx context.Context, sel sites.Selection, filters url.Values) ([]web.SiteLine, error) {
	q := url.Values{}
	maps.Copy(q, filters)
	q["client"], q["tag"], q["site"] = sel.Clients, sel.Tags, sel.Homes
	if sel.State != "" {
		q.Set("state", string(sel.State))
	}
	if sel.Query != "" {
		q.Set("q", sel.Query)
	}
	return remote.Lines[web.SiteLine](ctx, d.Drover, api+"/sites", q)
}

func startOf(spec runs.Spec) web.Start {
	limits := web.Limits{AtOnce: spec.Limits.AtOnce, AtOncePerServer: spec.Limits.AtOncePerServer}
	if spec.Limits.TimeLimit != 0 {
		limits.TimeLimit = spec.Limits.TimeLimit.String()
	}
	return web.Start{Operation: spec.Operation, Params: spec.Params, Selection: spec.Selection, Limits: limits, Verify: spec.Verify,
		Confirmed: spec.Confirmed, Table: spec.Table}
}

func (d remoteClient) preview(ctx context.Context, spec runs.Spec) (requests []web.RequestLine, last web.PreviewLine, err error) {
	err = d.Call(ctx, http.MethodPost, api+"/runs/preview", nil, startOf(spec), func(line json.RawMessage) error {
		if err := json.Unmarshal(line, &last); err != nil || last.DryRun {
			return err
		}
		var request web.RequestLine
		err := json.Unmarshal(line, &request)
		requests = append(requests, request)
		return err
	})
	return requests, last, err
}

// pollEvery is how often a run elsewhere is asked for.
const pollEvery = 500 * time.Millisecond

func (d remoteClient) run(ctx context.Context, spec runs.Spec, each func(web.RunLine)) (web.RunLine, error) {
	return d.follow(ctx, api+"/runs", startOf(spec), each)
}

func (d remoteClient) rerun(ctx context.Context, run int64, chosen web.Rerun, each func(web.RunLine)) (web.RunLine, error) {
	return d.follow(ctx, fmt.Sprintf("%s/runs/%d/rerun", api, run), chosen, each)
}

func (d remoteClient) answers(ctx context.Context, run int64, q web.AnswerQuery, each func(web.AnswerLine) error) error {
	return d.Call(ctx, http.MethodGet, fmt.Sprintf("%s/runs/%d/answers", api, run), q.Values(), nil, func(text json.RawMessage) error {
		var line web.AnswerLine
		if err := json.Unmarshal(text, &line); err != nil {
			return err
		}
		return each(line)
	})
}

func (d remoteClient) operations(ctx context.Context) ([]web.OperationLine, error) {
	return remote.Lines[web.OperationLine](ctx, d.Drover, api+"/operations", nil)
}

// follow starts a run with what is posted, and asks until it has ended.
func (d remoteClient) follow(ctx context.Context, path string, start any, each func(web.RunLine)) (web.RunLine, error) {
	line, err := remote.One[web.RunLine](ctx, d.Drover, http.MethodPost, path, start)
	if err != nil {
		return line, err
	}
	if line.State == runs.AwaitingApproval {
		return line, exit{exitRefused, fmt.Errorf("run %d is waiting for a second person to approve it; nothing is sent until then. See it with drover runs show %d",
			line.Run, line.Run)}
	}
	for started := line.Run; line.EndedAt.IsZero(); {
		each(line)
		select {
		case <-ctx.Done():
			return line, errStoppedWatching(started)
		case <-time.After(pollEvery):
		}
		if line, err = d.show(ctx, started); err != nil {
			return line, fmt.Errorf("%w; %w", err, errStoppedWatching(started))
		}
	}
	each(line)
	return line, nil
}

func (d remoteClient) runs(ctx context.Context, limit int) ([]web.RunLine, error) {
	query := url.Values{}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return remote.Lines[web.RunLine](ctx, d.Drover, api+"/runs", query)
}

func (d remoteClient) show(ctx context.Context, run int64) (web.RunLine, error) {
	return remote.One[web.RunLine](ctx, d.Drover, http.MethodGet, fmt.Sprintf("%s/runs/%d", api, run), nil)
}

func (d remoteClient) targets(ctx context.Context, run int64) ([]web.TargetLine, error) {
	all, err := remote.Lines[web.TargetLine](ctx, d.Drover, fmt.Sprintf("%s/runs/%d/targets", api, run), nil)
	if len(all) > 0 {
		all = all[:len(all)-1] // the last line holds the counts
	}
	return all, err
}

func (d remoteClient) cancel(ctx context.Context, run int64) (web.RunLine, error) {
	return remote.One[web.RunLine](ctx, d.Drover, http.MethodPost, fmt.Sprintf("%s/runs/%d/cancel", api, run), struct{}{})
}

func (d remoteClient) entries(ctx context.Context, f audit.Filter) ([]audit.Line, error) {
	query := url.Values{"actor": {f.Actor}, "action": {string(f.Action)}, "subject": {string(f.Subject)}, "limit": {strconv.Itoa(f.Limit)}}
	if !f.Since.IsZero() {
		query.Set("since", f.Since.UTC().Format(time.RFC3339))
	}
	return remote.Lines[audit.Line](ctx, d.Drover, api+"/audit", query)
}
