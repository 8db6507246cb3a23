package runs

import (
	"context"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// locate makes sure before the first request that the site that answers is the site that was meant, and finds its REST API: a run needs
// no check before it. It tells whether another site answers, where nothing is sent.
func (b *batch) locate(ctx context.Context, t Target) (located sites.Located, elsewhere bool) {
	gate := wordpress.Request{PerAddress: b.limits.PerAddress, Hold: b.hold, Ready: func() error { return b.open(ctx) }}
	located, err := b.runner.registry.Locate(ctx, audit.System(), b.sites[t.SiteID], b.clients[t.SiteID], gate)
	if err != nil && ctx.Err() == nil {
		b.runner.logger.ErrorContext(ctx, "where a site's REST API is could not be stored", "err", err, "site", t.SiteID)
	}
	return located, located.Verdict.Outcome != ""
}

// open tells why nothing may be sent any more.
func (b *batch) open(ctx context.Context) error {
	select {
	case <-b.runner.drain:
		return errDrained
	case <-b.lease.cancelled:
		return errCancelled
	default:
		return ctx.Err()
	}
}
