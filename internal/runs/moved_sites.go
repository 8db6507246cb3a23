package runs

import (
	"context"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress"
)

// Move is a site of a run that sends requests to another address of the same owner.
type Move struct {
	SiteID   int64
	From, To string
}

// Moves lists where sites of the run that are within the actor's reach have moved to. It returns ErrNoRun where Run does. Those that point to another registrable domain are only counted: whether the
// credential may go there is for a person to decide, site by site.
func (r *Runner) Moves(ctx context.Context, actor access.Actor, run int64) (near []Move, far int, err error) {
	if _, err := r.Run(ctx, actor, run); err != nil {
		return nil, 0, err
	}
	targets, _, err := r.store.targets(ctx, actor.Scope, TargetFilter{Run: run, Reason: wordpress.ReasonRedirected})
	for _, t := range targets {
		switch to, same := wordpress.Moved(t.Home, t.Location); {
		case same:
			near = append(near, Move{t.SiteID, t.Home, to})
		case to != "":
			far++
		}
	}
	return near, far, err
}
