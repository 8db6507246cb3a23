package runs_test

import (
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func TestAPanicAtOneSiteLeavesTheOthersAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newHouse(t, db, []wptest.Site{{}, {}, {}})
		h.work(t)
		spec := everywhere(runs.Explosive(t, h.sites[1].Home), nil)
		spec.Limits.AtOnce = 1 // a place that is not given back would stop the others
		run := h.start(t, spec)
		if s := h.wait(t, run.ID); s.Run.State != runs.Done {
			t.Errorf("the run is %s", s.Run.State)
		}
		for i, s := range h.sites {
			target := h.targets(t, run.ID)[s.ID]
			if exploded := i == 1; exploded != (target.Outcome == wordpress.Unknown && strings.Contains(target.Note, "Drover failed while it worked")) || !exploded && target.Outcome != wordpress.OK {
				t.Errorf("site %d: %s %s %q", i, target.Outcome, target.Reason, target.Note)
			}
		}
	})
}
