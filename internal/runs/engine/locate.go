package engine

import (
	"context"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// locate makes sure before the first request that the site that answers is the site that was meant, and finds its REST API: a run needs
// no check before it. It tells whether another site answers, where nothing is sent.
func (b *batch) locate(ctx context.Context, t runs.Target, client *wordpress.Client) (located sites.Located, otherServer bool) {
	located, err := b.engine.registry.Locate(ctx, access.System(), b.sites[t.SiteID], client)
	if err != nil && ctx.Err() == nil {
		b.engine.logger.ErrorContext(ctx, "where a site's REST API is could not be stored", "err", err, "site", t.SiteID)
	}
	return located, located.Verdict.Outcome != ""
}
