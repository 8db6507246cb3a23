// Package runs is what Drover exists for: one operation over many sites. It freezes a selection into targets, works them in
// batches through a queue that survives a crash, and keeps what happened. How a site is spoken to and what its answer means is
// not known here (internal/wordpress), nor is any secret (internal/sites).
package runs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
		Spec: stored, Title: made.Title, Effect: made.Effect, State: Waiting, Actor: actor, Total: len(chosen.sites), RerunOf: spec.RerunOf,
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

// Within tells whether the operation is within the actor's reach, with some parameters at least. It records nothing: for showing and hiding.
func Within(actor access.Actor, o operation.Operation) bool {
	if o.Name != "request" {
		return actor.Scope.Operation(o.Name, string(o.Effect))
	}
	return slices.ContainsFunc([]operation.Effect{operation.Read, operation.Change, operation.Destroy},
		func(e operation.Effect) bool { return actor.Scope.Operation(o.Name, string(e)) })
}

// Right is the action that a person must be allowed to start a run of this effect.
func Right(effect operation.Effect) access.Action {
	if effect == operation.Destroy {
		return access.RunStartDestroy
	}
	return access.RunStart
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
			return choice{}, validation.Problems{"path": "With the values of " + s.Name + " this is another request, which does more. Write that request itself."}
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

// Plan checks the spec's operation, parameters and limits. What is wrong stands in the Problems, by field.
func Plan(spec Spec) (operation.Plan, error) {
	p := validation.Problems{}
	made := operation.New(spec.Operation, spec.Params, p)
	spec.Limits.check(p)
	return made, p.OrNil()
}

// planNew is Plan for a run that is to be started: what a run before it did not keep must be written again.
func (r *Runner) planNew(ctx context.Context, spec Spec) (operation.Plan, error) {
	p := validation.Problems{}
	notKept(spec.Params, p)
	if len(p) > 0 {
		return operation.Plan{}, p
	}
	return r.plan(ctx, spec)
}

// plan is Plan with what sites say of the abilities that the request runs: that may raise its effect, and never lowers it.
func (r *Runner) plan(ctx context.Context, spec Spec) (operation.Plan, error) {
	made, err := Plan(spec)
	if err != nil {
		return made, err
	}
	effect, err := r.registry.AbilityEffect(ctx, made.Abilities)
	made.Effect = operation.Most(made.Effect, operation.Effect(effect))
	return made, err
}

// EffectOf is the most that the spec may do, whatever a person says of it. It is empty where the spec cannot be run.
func (r *Runner) EffectOf(ctx context.Context, spec Spec) (operation.Effect, error) {
	made, err := r.plan(ctx, spec)
	if _, wrong := errors.AsType[validation.Problems](err); wrong {
		return "", nil
	}
	return made.Effect, err
}

// OperationInScope tells whether the actor's scope covers the operation that was asked for, and those that a request is in truth.
func OperationInScope(actor access.Actor, name string, made operation.Plan) bool {
	covered := func(name string) bool { return actor.Scope.Operation(name, string(made.Effect)) }
	return covered(name) && !slices.ContainsFunc(made.Operations, func(name string) bool { return !covered(name) })
}

// MayGoOn tells whether the actor might still start the run, or ask for it where a second person approved it.
func MayGoOn(actor access.Actor, run Run, made operation.Plan) bool {
	right := Right(run.Effect)
	if run.ApprovedBy != "" {
		right = access.RunRequestApproval
	}
	return actor.May(right) && (!made.Lowered() || actor.May(access.RunLower)) && OperationInScope(actor, run.Spec.Operation, made)
}
