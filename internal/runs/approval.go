package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/validation"
)

// approvalWaits is how long a run waits for its second person.
const approvalWaits = 24 * time.Hour

// Errors of approving.
var (
	// ErrTooLate is returned for an approval that comes after its time.
	ErrTooLate = errors.New("the time to approve the run is over")
	// ErrNotIndependent is returned to a second person who is not independent of the first. It is access.ErrForbidden.
	ErrNotIndependent = fmt.Errorf("%w: who approves must be independent of who asked", access.ErrForbidden)
)

// ErrNotAwaitingApproval is returned where a run does not wait for approval, or not any more.
var ErrNotAwaitingApproval = errors.New("the run does not wait for approval")

// Approve lets a run begin that somebody else asked for. It must be within the actor's reach as a whole, and nobody approves a run of
// their own (access.ErrForbidden). Confirmed is the number of sites, for a run that destroys.
func (r *Runner) Approve(ctx context.Context, actor access.Actor, id int64, confirmed int) error {
	run, err := r.decide(ctx, actor, access.RunApprove, id)
	if err != nil {
		return err
	}
	if run.Effect == operation.Destroy && confirmed != run.Total {
		return validation.Problems{"confirm": fmt.Sprintf("This can't be undone automatically. Type the number of sites, %d, to confirm.", run.Total)}
	}
	if err := r.store.approve(ctx, actor, id); err != nil {
		if errors.Is(err, ErrNotIndependent) {
			err = errors.Join(err, r.log.Refuse(ctx, actor, access.RunApprove, access.On("run", id), "not_independent"))
		}
		return fmt.Errorf("runs: approve: %w", err)
	}
	return nil
}

// Decline ends a run that somebody asked for, and nothing was sent.
func (r *Runner) Decline(ctx context.Context, actor access.Actor, id int64) error {
	if _, err := r.decide(ctx, actor, access.RunDecline, id); err != nil {
		return err
	}
	if err := r.store.endUnapproved(ctx, actor, id, approvalDeclined, "Not sent: "+actor.Name+" declined the request."); err != nil {
		return fmt.Errorf("runs: decline: %w", err)
	}
	return nil
}

// decide admits who decides on a run that waits for approval, and returns it with its effect as it was stored or as it is judged now: an
// older Drover believed what a person said, and a site may say more of an ability than it did.
func (r *Runner) decide(ctx context.Context, actor access.Actor, action access.Action, id int64) (Run, error) {
	subject := access.On("run", id)
	if err := r.log.Authorize(ctx, actor, action, subject); err != nil {
		return Run{}, err
	}
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return Run{}, err
	}
	judged, err := r.EffectOf(ctx, run.Spec)
	if err != nil {
		return Run{}, err
	}
	run.Effect = operation.Most(run.Effect, judged)
	why := ""
	switch {
	case run.State != AwaitingApproval:
		return Run{}, ErrNotAwaitingApproval
	case run.OutsideScope > 0 || !r.covers(actor, run):
		why = "reach"
	case run.Actor.ID == actor.ID && run.Actor.ID != 0:
		why = "own_request"
	case !actor.May(Right(run.Effect)):
		why = "role"
	}
	if why != "" {
		return Run{}, r.log.Forbid(ctx, actor, action, subject, why)
	}
	return run, nil
}

// covers tells whether the actor's scope covers what the run does.
func (r *Runner) covers(actor access.Actor, run Run) bool {
	spec, err := r.store.opened(run)
	if err != nil {
		return false
	}
	made, err := Plan(spec)
	return err == nil && OperationInScope(actor, spec.Operation, made)
}

// RequireIndependence lets only those approve who are independent of the member who asked. Call it before anything else.
func (r *Runner) RequireIndependence(independent Independent) { r.store.independent = independent }
