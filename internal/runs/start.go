// Package runs is what Drover exists for: one operation over many sites. It freezes a selection into targets, works them in
// batches through a queue that survives a crash, and keeps what happened. How a site is spoken to and what its answer means is
// not known here (internal/wordpress), nor is any secret (internal/sites).
package runs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

// Runner starts and cancels runs, and answers what is asked of them. The engine works them (internal/runs/engine).
type Runner struct {
	store    *Store
	registry *sites.Registry
	log      *audit.Log
	counts   countCache
	logger   *slog.Logger
}

// New returns a runner over the database.
func New(db *database.DB, registry *sites.Registry, log *audit.Log, logger *slog.Logger) (*Runner, error) {
	enqueue, err := openQueue(db, logger)
	if err != nil {
		return nil, fmt.Errorf("runs: queue: %w", err)
	}
	counts, err := newCountCache()
	if err != nil {
		return nil, fmt.Errorf("runs: counts: %w", err)
	}
	store := &Store{db: db, log: log, enqueue: enqueue, open: registry.OpenForRun}
	return &Runner{store: store, registry: registry, log: log, counts: counts, logger: logger}, nil
}

// Store is what the engine works from.
func (r *Runner) Store() *Store { return r.store }

// Start freezes the selection, which names no homes (WithIDs), into targets and stores the run, its batches, the queue's jobs and the
// entry run.start in one transaction. It returns validation.Problems when the spec cannot be run. Nothing has been sent when it returns.
func (r *Runner) Start(ctx context.Context, actor access.Actor, spec Spec) (Run, error) {
	p, err := r.propose(ctx, actor, spec)
	if err != nil {
		return Run{}, err
	}
	if len(spec.Form) > longestForm {
		spec.Form = "" // a convenience only
	}
	if spec.Wait, err = r.confirmed(ctx, spec, p); err != nil {
		return Run{}, err
	}
	stored, seal := r.sealed(spec)
	run := Run{
		Spec: stored, Title: p.plan.Title, Effect: p.plan.Effect, State: Waiting, Actor: actor, Total: len(p.sites), RerunOf: spec.RerunOf,
		CreatedAt: time.Now().UTC(),
	}
	if spec.Saved != "" {
		run.Title = spec.Saved + ": " + run.Title // always also by what it sends
	}
	if spec.Wait > 0 {
		run.StartsAt = run.CreatedAt.Add(spec.Wait)
	}
	if limit := spec.Limits.TimeLimit; limit > 0 {
		run.DeadlineAt = run.CreatedAt.Add(spec.Wait + limit)
	}
	if p.needsApproval {
		run.State, run.ApprovalUntil, run.DeadlineAt, run.StartsAt = AwaitingApproval, run.CreatedAt.Add(approvalWaits), time.Time{}, time.Time{}
	}
	run.ID, err = r.store.start(ctx, run, batches(p.sites, spec.Limits), seal)
	if err != nil {
		return Run{}, fmt.Errorf("runs: start: %w", err)
	}
	return run, nil
}

// longestForm bounds the address of a form that a run remembers, in bytes.
const longestForm = 8 << 10

// proposal is a spec that was checked, and resolved to its sites.
type proposal struct {
	plan          operation.Plan // for these sites
	sites         []sites.Site
	leftOut       []sites.Site // chosen, but the operation has nothing to do on them
	needsApproval bool         // by a second person
}

// propose checks the spec, lets the actor start it or ask for it, and resolves its selection.
func (r *Runner) propose(ctx context.Context, actor access.Actor, spec Spec) (proposal, error) {
	made, policy, err := r.authorized(ctx, actor, spec)
	if err != nil {
		return proposal{}, err
	}
	p, err := r.resolve(ctx, actor, spec.Selection, made)
	p.needsApproval = policy.appliesTo(actor, made.Effect, p.sites)
	return p, err
}

// authorized is what the spec plans, for an actor who may start it, or ask for it under the policy.
func (r *Runner) authorized(ctx context.Context, actor access.Actor, spec Spec) (operation.Plan, Policy, error) {
	made, err := r.planNew(ctx, spec)
	if err != nil {
		return made, Policy{}, err
	}
	policy, err := r.Policy(ctx)
	if err != nil {
		return made, policy, err
	}
	return made, policy, r.authorize(ctx, actor, policy, spec.Operation, made)
}

// WithIDs is the spec with the ids of sites in the place of its selection's homes, for Start and Preview. Whoever may not run it learns that, not
// which of its sites is unknown.
func (r *Runner) WithIDs(ctx context.Context, actor access.Actor, spec Spec) (Spec, error) {
	if len(spec.Selection.Homes) == 0 {
		return spec, nil
	}
	_, _, err := r.authorized(ctx, actor, spec)
	if err == nil {
		spec.Selection, err = r.registry.WithIDs(ctx, actor, spec.Selection)
	}
	return spec, err
}

// resolve finds the sites that are selected, and leaves out those on which the operation has nothing to do.
func (r *Runner) resolve(ctx context.Context, actor access.Actor, selection sites.Selection, made operation.Plan) (proposal, error) {
	all, err := r.registry.Selected(ctx, actor, selection)
	if err != nil {
		return proposal{}, err
	}
	if len(all) == 0 {
		return proposal{}, validation.Problems{"selection": "No sites are selected. Choose sites, a client, a tag, or all sites."}
	}
	selected, homes := make([]operation.Site, len(all)), make([]string, len(all))
	for i, s := range all {
		selected[i], homes[i] = s.Planned(), s.Home
	}
	if made.Unmatched != nil {
		if problems := made.Unmatched(selected); len(problems) > 0 {
			return proposal{}, problems
		}
	}
	p := proposal{plan: made.WithSites(homes)}
	for i, s := range all {
		switch request, applies := p.plan.Request(selected[i]); {
		case !applies:
			p.leftOut = append(p.leftOut, s)
		case made.Exceeded(request):
			return proposal{}, validation.Problems{"path": "With the values of " + s.Name + ", this becomes a different request with a greater effect. " +
				"Enter that request directly."}
		default:
			p.sites = append(p.sites, s)
		}
	}
	if len(p.sites) == 0 {
		return proposal{}, validation.Problems{"selection": "This operation has nothing to do on the selected sites. Select other sites, or change its parameters."}
	}
	return p, nil
}
