package runs

import (
	"context"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress"
)

// Redirect is a site of a run that sends requests to another address of the same owner.
type Redirect struct {
	SiteID   int64
	From, To string
}

// Redirects lists where sites of the run that are within the actor's reach have moved to. It returns ErrNoRun where Run does. Those that
// point to another registrable domain are only counted: whether the credential may go there is for a person to decide, site by site.
func (r *Runner) Redirects(ctx context.Context, actor access.Actor, run int64) (sameDomain []Redirect, otherDomain int, err error) {
	if _, err := r.Run(ctx, actor, run); err != nil {
		return nil, 0, err
	}
	targets, _, err := r.store.targets(ctx, actor.Scope, TargetFilter{Run: run, Reason: wordpress.ReasonRedirected})
	for _, t := range targets {
		switch to, same := wordpress.RedirectedHome(t.Home, t.Location); {
		case same:
			sameDomain = append(sameDomain, Redirect{t.SiteID, t.Home, to})
		case to != "":
			otherDomain++
		}
	}
	return sameDomain, otherDomain, err
}
