package runs_test

import (
	"testing"
	"time"

	"github.com/droverhq/drover/internal/runs/runstest"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A list of runs counts one that goes on each time again, and shows the last counts once it has ended.
func TestCountsOfAListFollowTheRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := make([]wptest.Site, 12)
		for i := range described {
			described[i] = wptest.Site{Address: "127.77.9.1", Latency: [2]time.Duration{60 * time.Millisecond, 90 * time.Millisecond}}
		}
		described[3].Fault = wptest.WrongPassword
		h := runstest.New(t, db, described)
		listed := func() runs.Counts {
			t.Helper()
			all, _, err := h.Runner.Runs(t.Context(), access.System(), runs.Filter{Limit: 5})
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			return all[0].Counts
		}
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		if c := listed(); c.Waiting != 12 {
			t.Errorf("before the run: %+v", c)
		}
		h.Work(t)
		seen := map[runs.Counts]bool{}
		for s := range runs.NewWatch(h.Runner).Follow(t.Context(), access.System(), run.ID) {
			seen[listed()] = true
			if s.Run.Ended() {
				break
			}
		}
		if len(seen) < 2 {
			t.Errorf("the list showed the same counts all along: %v", seen)
		}
		for range 2 {
			if c := listed(); c.OK != 11 || c.Failed != 1 || c.Ended() != 12 {
				t.Errorf("after the run: %+v", c)
			}
		}
		troubled, _, err := h.Runner.Runs(t.Context(), access.System(), runs.Filter{Has: runs.HasTrouble})
		if err != nil || len(troubled) != 1 {
			t.Errorf("%d runs with trouble, %v", len(troubled), err)
		}
		last, err := h.Runner.LastTargets(t.Context(), access.System(), []int64{h.Sites[0].ID, h.Sites[3].ID})
		if err != nil || len(last) != 2 || last[h.Sites[3].ID].Outcome == last[h.Sites[0].ID].Outcome || last[h.Sites[0].ID].RunID != run.ID {
			t.Errorf("%+v, %v", last, err)
		}
	})
}
