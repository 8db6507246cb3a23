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
	"sync"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// Runner starts, works and cancels runs.
type Runner struct {
	store    store
	registry *sites.Registry
	log      *audit.Log
	logger   *slog.Logger
	queue    jobs

	drain   chan struct{} // closed when no further target may be sent
	drained sync.Once
	sweeper sync.WaitGroup
	working sync.Map // the batches that this process works, by id
	share   *share
	tallies tallies
	holds   *holds
	holding context.Context // ends when no batch is worked any more
	letGo   context.CancelFunc
	holder  sync.WaitGroup
}

// New returns a runner over the database. It works nothing until Work is called.
func New(db *database.DB, registry *sites.Registry, log *audit.Log, logger *slog.Logger) (*Runner, error) {
	r := &Runner{registry: registry, log: log, logger: logger, drain: make(chan struct{})}
	r.store = store{db: db, log: log}
	total, _ := registry.Limits()
	r.share = newShare(total)
	r.holds = newHolds(r.store, logger)
	r.holding, r.letGo = context.WithCancel(context.Background())
	var err error
	if r.queue, r.store.enqueue, err = openQueue(db, r.work, logger); err != nil {
		return nil, fmt.Errorf("runs: queue: %w", err)
	}
	return r, nil
}

// Start freezes the selection into targets and stores the run, its batches, the queue's jobs and the entry run.start in one
// transaction. It returns sites.Problems when the spec cannot be run. Nothing has been sent when it returns.
func (r *Runner) Start(ctx context.Context, actor access.Actor, spec Spec) (Run, error) {
	made, err := planOf(spec)
	if err != nil {
		// Somebody who may start nothing is told that, not what is wrong with the form.
		if refusal := r.log.Authorize(ctx, actor, access.RunStart, ""); refusal != nil {
			return Run{}, refusal
		}
		return Run{}, err
	}
	policy, err := r.admit(ctx, actor, spec, made)
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
	if problem := unconfirmed(spec, made, len(chosen.sites)); problem != nil {
		return Run{}, problem
	}
	run := Run{
		Spec: spec, Title: made.title, Effect: made.effect, State: Waiting, Actor: actor, Total: len(chosen.sites), AgainOf: spec.AgainOf, CreatedAt: time.Now().UTC(),
	}
	if limit := spec.Limits.Deadline; limit > 0 {
		run.DeadlineAt = run.CreatedAt.Add(limit)
	}
	if policy.holds(actor, made.effect, chosen.sites) {
		run.State, run.ApprovalUntil, run.DeadlineAt = Asked, run.CreatedAt.Add(approvalWaits), time.Time{}
	}
	run.ID, err = r.store.start(ctx, run, batches(chosen.sites, spec.Limits))
	if err != nil {
		return Run{}, fmt.Errorf("runs: start: %w", err)
	}
	return run, nil
}

// longestForm bounds the address of a form that a run remembers, in bytes.
const longestForm = 8 << 10

// admit lets the actor start what was planned, or ask for it under the policy that it returns. Who says that a request does less than
// its method may needs a right of its own.
func (r *Runner) admit(ctx context.Context, actor access.Actor, spec Spec, made plan) (Policy, error) {
	if made.lowered {
		if err := r.log.Authorize(ctx, actor, access.RunLower, ""); err != nil {
			return Policy{}, err
		}
	}
	if !actor.Scope.Operation(spec.Operation, string(made.most())) {
		return Policy{}, errors.Join(access.ErrForbidden, r.log.Refuse(ctx, actor, Right(made.effect), "", "operation"))
	}
	policy, err := r.Policy(ctx)
	if err != nil {
		return Policy{}, err
	}
	return policy, r.log.Authorize(ctx, actor, policy.right(actor, made.effect), "")
}

// most is the most that the plan may do, whatever a person says of it.
func (p plan) most() Effect {
	if p.lowered {
		return Destroy
	}
	return p.effect
}

// Within tells whether the operation is within the actor's reach, with some parameters at least. It records nothing: for showing and hiding.
func Within(actor access.Actor, o Operation) bool {
	if o.Name != "request" {
		return actor.Scope.Operation(o.Name, string(o.Effect))
	}
	return slices.ContainsFunc([]Effect{Read, Change, Destroy}, func(e Effect) bool { return actor.Scope.Operation(o.Name, string(e)) })
}

// Right is the action that a person must be allowed to start a run of this effect.
func Right(effect Effect) access.Action {
	if effect == Destroy {
		return access.RunStartDestroy
	}
	return access.RunStart
}

func unconfirmed(spec Spec, made plan, total int) error {
	if made.effect != Destroy || spec.Confirmed == total {
		return nil
	}
	return sites.Problems{"confirm": fmt.Sprintf("This can't be undone automatically. Type the number of sites, %d, to confirm.", total)}
}

// choice is a selection resolved for an operation.
type choice struct {
	sites   []sites.Site
	leftOut []sites.Site // chosen, but the operation has nothing to do on them
}

// choose resolves the selection and leaves out the sites on which the operation has nothing to do.
func (r *Runner) choose(ctx context.Context, actor access.Actor, spec Spec, made plan) (choice, error) {
	all, err := r.registry.Select(ctx, actor, spec.Selection)
	if err != nil {
		return choice{}, err
	}
	if len(all) == 0 {
		return choice{}, sites.Problems{"selection": "No sites are selected. Choose sites, a client, a tag, or all sites."}
	}
	var c choice
	for _, s := range all {
		if _, applies := made.request(s); applies {
			c.sites = append(c.sites, s)
		} else {
			c.leftOut = append(c.leftOut, s)
		}
	}
	if made.strays != nil {
		if p := made.strays(all); len(p) > 0 {
			return choice{}, p
		}
	}
	if len(c.sites) == 0 {
		return choice{}, sites.Problems{"selection": "This operation has nothing to do on the selected sites. Select other sites, or change its parameters."}
	}
	return c, nil
}

// Cancel stops a run: what was sent is waited for, nothing more is sent.
func (r *Runner) Cancel(ctx context.Context, actor access.Actor, id int64) error {
	if err := r.log.Authorize(ctx, actor, access.RunCancel, access.On("run", id)); err != nil {
		return err
	}
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return err
	}
	if run.Beyond > 0 {
		return errors.Join(access.ErrForbidden, r.log.Refuse(ctx, actor, access.RunCancel, access.On("run", id), "reach"))
	}
	if err := r.store.cancel(ctx, actor, id, "Not sent: the run was cancelled first."); err != nil {
		return fmt.Errorf("runs: cancel: %w", err)
	}
	return nil
}

// Which chooses targets of a run by how they ended; a zero field does not narrow.
type Which struct {
	Outcomes []wordpress.Outcome
	Reason   wordpress.Reason
}

// Again starts a run of the same operation on the chosen targets of an earlier one. Confirmed is as in Spec.
func (r *Runner) Again(ctx context.Context, actor access.Actor, id int64, which Which, confirmed int) (Run, error) {
	spec, err := r.AgainSpec(ctx, actor, id, which)
	if err != nil {
		return Run{}, err
	}
	spec.Confirmed = confirmed
	return r.Start(ctx, actor, spec)
}

// AgainSpec is the spec that Again would start.
func (r *Runner) AgainSpec(ctx context.Context, actor access.Actor, id int64, which Which) (Spec, error) {
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return Spec{}, err
	}
	if run.Beyond > 0 {
		return Spec{}, sites.Problems{"outcome": "This run includes sites outside your access. Start a run of your own."}
	}
	ids, err := r.store.sitesOf(ctx, id, which)
	if err != nil {
		return Spec{}, err
	}
	if len(ids) == 0 {
		return Spec{}, sites.Problems{"outcome": "No site of this run ended that way."}
	}
	slices.Sort(ids)
	spec := run.Spec
	spec.Selection, spec.AgainOf = sites.Selection{IDs: ids}, id
	return spec, nil
}
