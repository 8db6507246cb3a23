// Package runs is what Drover exists for: one operation over many sites. It freezes a selection into targets, works them in
// batches through a queue that survives a crash, and keeps what happened. How a site is spoken to and what its answer means is
// not known here (internal/wordpress), nor is any secret (internal/sites).
package runs

import (
	"context"
	"errors"
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

// Start freezes the selection into targets and stores the run, its batches, the queue's jobs and the entry run.start in one
// transaction. It returns validation.Problems when the spec cannot be run. Nothing has been sent when it returns.
func (r *Runner) Start(ctx context.Context, actor access.Actor, spec Spec) (Run, error) {
	made, err := r.planNew(ctx, spec)
	if err != nil {
		// Somebody who may start nothing is told that, not what is wrong with the form.
		if refusal := r.log.Authorize(ctx, actor, access.RunStart, ""); refusal != nil {
			return Run{}, refusal
		}
		return Run{}, err
	}
	policy, err := r.authorize(ctx, actor, spec, made)
	if err != nil {
		return Run{}, err
	}
	chosen, err := r.choose(ctx, actor, spec, made)
	if err != nil {
		return Run{}, err
	}
	if len(spec.Form) > longestForm {
		spec.Form = "" // a convenience only
	}
	if spec.Wait, err = r.confirmed(ctx, spec, made, chosen.sites); err != nil {
		return Run{}, err
	}
	stored, taken := withoutSecrets(spec)
	run := Run{
		Spec: stored, Title: titled(spec, made), Effect: made.Effect, State: Waiting, Actor: actor, Total: len(chosen.sites), RerunOf: spec.RerunOf,
		CreatedAt: time.Now().UTC(),
	}
	if spec.Wait > 0 {
		run.StartsAt = run.CreatedAt.Add(spec.Wait)
	}
	if limit := spec.Limits.TimeLimit; limit > 0 {
		run.DeadlineAt = run.CreatedAt.Add(spec.Wait + limit)
	}
	if policy.appliesTo(actor, made.Effect, chosen.sites) {
		run.State, run.ApprovalUntil, run.DeadlineAt, run.StartsAt = AwaitingApproval, run.CreatedAt.Add(approvalWaits), time.Time{}, time.Time{}
	}
	seal := func(int64) ([]byte, error) { return nil, nil }
	if taken {
		seal = func(id int64) ([]byte, error) { return r.seal(id, spec.Params) }
	}
	run.ID, err = r.store.start(ctx, run, batches(chosen.sites, spec.Limits), seal)
	if err != nil {
		return Run{}, fmt.Errorf("runs: start: %w", err)
	}
	return run, nil
}

// longestForm bounds the address of a form that a run remembers, in bytes.
const longestForm = 8 << 10

// authorize lets the actor start what was planned, or ask for it under the policy that it returns. Who says that a request does less than
// its method may needs a right of its own.
func (r *Runner) authorize(ctx context.Context, actor access.Actor, spec Spec, made operation.Plan) (Policy, error) {
	if made.Lowered() {
		if err := r.log.Authorize(ctx, actor, access.RunLower, ""); err != nil {
			return Policy{}, err
		}
	}
	if !OperationInScope(actor, spec.Operation, made) {
		return Policy{}, errors.Join(access.ErrForbidden, r.log.Refuse(ctx, actor, Right(made.Effect), "", "operation"))
	}
	policy, err := r.Policy(ctx)
	if err != nil {
		return Policy{}, err
	}
	return policy, r.log.Authorize(ctx, actor, policy.right(actor, made.Effect), "")
}

// choice is a selection resolved for an operation.
type choice struct {
	plan    operation.Plan // for these sites
	sites   []sites.Site
	leftOut []sites.Site // chosen, but the operation has nothing to do on them
}

func homes(all []sites.Site) []string {
	homes := make([]string, len(all))
	for i, s := range all {
		homes[i] = s.Home
	}
	return homes
}

// choose resolves the selection and leaves out the sites on which the operation has nothing to do.
func (r *Runner) choose(ctx context.Context, actor access.Actor, spec Spec, made operation.Plan) (choice, error) {
	all, err := r.registry.Select(ctx, actor, spec.Selection)
	if err != nil {
		return choice{}, err
	}
	if len(all) == 0 {
		return choice{}, validation.Problems{"selection": "No sites are selected. Choose sites, a client, a tag, or all sites."}
	}
	if made.Unmatched != nil {
		if p := made.Unmatched(planned(all)); len(p) > 0 {
			return choice{}, p
		}
	}
	c := choice{plan: made.WithSites(homes(all))}
	for _, s := range all {
		switch request, applies := c.plan.Request(s.Planned()); {
		case !applies:
			c.leftOut = append(c.leftOut, s)
		case made.Exceeded(request):
			return choice{}, validation.Problems{"path": "With the values of " + s.Name + ", this becomes a different request with a greater effect. " +
				"Enter that request directly."}
		default:
			c.sites = append(c.sites, s)
		}
	}
	if len(c.sites) == 0 {
		return choice{}, validation.Problems{"selection": "This operation has nothing to do on the selected sites. Select other sites, or change its parameters."}
	}
	return c, nil
}

func planned(all []sites.Site) []operation.Site {
	those := make([]operation.Site, len(all))
	for i, s := range all {
		those[i] = s.Planned()
	}
	return those
}
