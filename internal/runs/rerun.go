package runs

import (
	"context"
	"fmt"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Cancel stops a run: what was sent is waited for, nothing more is sent.
func (r *Runner) Cancel(ctx context.Context, actor access.Actor, id int64) error {
	return r.cancelWith(ctx, actor, id, func() error { return r.store.cancel(ctx, actor, id, "Not sent: the run was cancelled first.") })
}

// cancelWith admits who cancels or undoes a run, and calls do.
func (r *Runner) cancelWith(ctx context.Context, actor access.Actor, id int64, do func() error) error {
	if err := r.log.Authorize(ctx, actor, access.RunCancel, access.On("run", id)); err != nil {
		return err
	}
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return err
	}
	if run.OutsideScope > 0 {
		return r.log.Forbid(ctx, actor, access.RunCancel, access.On("run", id), "reach")
	}
	if err := do(); err != nil {
		return fmt.Errorf("runs: cancel: %w", err)
	}
	return nil
}

// Which chooses targets of a run by how they ended; a zero field does not narrow.
type Which struct {
	Outcomes []wordpress.Outcome
	Reason   wordpress.Reason
}

// Rerun starts a run of the same operation on the chosen targets of an earlier one. Confirmed is as in Spec.
func (r *Runner) Rerun(ctx context.Context, actor access.Actor, id int64, which Which, confirmed int) (Run, error) {
	return r.RerunAs(ctx, actor, id, which, Spec{Confirmed: confirmed})
}

// RerunAs is Rerun by the Person of the spec, of which nothing else but Confirmed is read.
func (r *Runner) RerunAs(ctx context.Context, actor access.Actor, id int64, which Which, by Spec) (Run, error) {
	spec, err := r.RerunSpec(ctx, actor, id, which)
	if err != nil {
		return Run{}, err
	}
	spec.Confirmed, spec.Person = by.Confirmed, by.Person
	return r.Start(ctx, actor, spec)
}

// RerunSpec is the spec that Rerun would start.
func (r *Runner) RerunSpec(ctx context.Context, actor access.Actor, id int64, which Which) (Spec, error) {
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return Spec{}, err
	}
	if run.OutsideScope > 0 {
		return Spec{}, validation.Problems{"outcome": "This run includes sites outside your access. Start a run of your own."}
	}
	ids, err := r.store.sitesOf(ctx, id, which)
	if err != nil {
		return Spec{}, err
	}
	if len(ids) == 0 {
		return Spec{}, validation.Problems{"outcome": "No site in this run had that outcome."}
	}
	slices.Sort(ids)
	spec := run.Spec
	spec.Selection, spec.RerunOf, spec.Sealed, spec.Wait = sites.Selection{IDs: ids}, id, nil, 0
	return spec, nil
}
