package engine

import (
	"context"
	"errors"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
)

// revoked tells whether who started the run may not go on with it: they were removed, demoted, held to something else, or their token does
// not work any more. Then it ends the run: what waits is not sent.
func (e *Engine) revoked(ctx context.Context, run runs.Run, plan operation.Plan) (actor access.Actor, is bool, err error) {
	actor, err = e.standing(ctx, run.Actor)
	if err != nil && !errors.Is(err, access.ErrForbidden) {
		return actor, false, err
	}
	if err == nil && runs.MayGoOn(actor, run, plan) {
		return actor, false, nil
	}
	return actor, true, e.store.Revoke(ctx, run.ID, notSentRevoked)
}

// watchActor ends the batch when who started the run may not go on with it, and keeps it to the sites that are in their scope.
func (b *batch) watchActor(ctx context.Context, run runs.Run) {
	actor, revoked, err := b.engine.revoked(ctx, run, b.plan)
	if err == nil && !revoked {
		b.actor.Store(&actor)
	}
	if err != nil && ctx.Err() == nil {
		b.engine.logger.ErrorContext(ctx, "whether a run may continue could not be determined", "err", err, "run", run.ID)
	}
	if revoked {
		b.lease.cancel()
	}
}

// inScope tells whether who started the run may still reach the site, as far as it is known.
func (b *batch) inScope(site int64) bool {
	s, found := b.sites[site]
	return !found || b.actor.Load().Scope.Site(s.Client, s.Tags)
}
