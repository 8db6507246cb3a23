package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// panicsAt is a store whose plans panic at one site.
type panicsAt struct {
	*runs.Store
	home string
}

func (s panicsAt) Batch(ctx context.Context, id int64) (runs.Batch, error) {
	batch, err := s.Store.Batch(ctx, id)
	request := batch.Plan.Request
	batch.Plan.Request = func(site operation.Site) (wordpress.Request, bool) {
		if site.Home == s.home {
			panic("an answer that nobody thought of")
		}
		return request(site)
	}
	return batch, err
}

func TestAPanicAtOneSiteLeavesTheOthersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}, {}})
		h.WorkFrom(t, panicsAt{h.Runner.Store(), h.Sites[1].Home})
		spec := runstest.Everywhere("status", nil)
		spec.Limits.AtOnce = 1 // a place that is not given back would stop the others
		run := h.Start(t, spec)
		if s := h.Wait(t, run.ID); s.Run.State != runs.Done {
			t.Errorf("the run is %s", s.Run.State)
		}
		for i, s := range h.Sites {
			target := h.Targets(t, run.ID)[s.ID]
			if exploded := i == 1; exploded != (target.Outcome == wordpress.Unknown && strings.Contains(target.Note, "Drover failed while")) || !exploded &&
				target.Outcome != wordpress.OK {
				t.Errorf("site %d: %s %s %q", i, target.Outcome, target.Reason, target.Note)
			}
		}
	})
}
