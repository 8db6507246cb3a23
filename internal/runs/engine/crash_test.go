package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/runs/runstest"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/engine"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// orphan makes the run look as a killed process leaves it: its batch is leased to nobody alive, some targets were under way.
func orphan(t *testing.T, h *runstest.Harness, run int64, running int) {
	t.Helper()
	h.Exec(t, "UPDATE batches SET owner = 'a dead process', lease_until = 1 WHERE run_id = ?", run)
	h.Exec(t, "UPDATE targets SET state = 'running', started_at = 1 WHERE id IN (SELECT id FROM targets WHERE run_id = ? ORDER BY id LIMIT ?)", run, running)
	h.Exec(t, "DELETE FROM river_job")
}

// A worker that took a batch from the queue and died before it had the lease leaves no trace of itself.
func TestABatchThatFellOutOfTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 3))
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		h.Exec(t, "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = created_at")
		h.Work(t)
		if last := h.Wait(t, run.ID); last.Counts.OK != 3 {
			t.Errorf("%+v", last.Counts)
		}
	})
}

func TestAfterACrash(t *testing.T) {
	cases := map[string]struct {
		spec    runs.Spec
		unknown int
		sent    int64
	}{
		"what is idempotent is sent again": {runstest.Everywhere("clear-cache", nil), 0, 4},
		"what is not is unknown":           {runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": "{}"}), 2, 2},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				for _, table := range []string{"attempts", "targets", "batches", "runs", "credentials", "sites"} {
					if err := db.Gorm.Exec("DELETE FROM " + table).Error; err != nil {
						t.Fatal(err)
					}
				}
				h := runstest.New(t, db, make([]wptest.Site, 4))
				h.Locate(t)
				run := h.Start(t, c.spec)
				orphan(t, h, run.ID, 2)
				h.Work(t)
				last := h.Wait(t, run.ID)
				if last.Counts.Unknown != c.unknown || last.Counts.OK != 4-c.unknown || h.Fake.Requests() != c.sent {
					t.Errorf("%+v after %d requests", last.Counts, h.Fake.Requests())
				}
			})
		}
	})
}

func TestAStoppedProcessGivesItsBatchBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := make([]wptest.Site, 20)
		for i := range described {
			described[i] = wptest.Site{Address: "127.77.7.1", Latency: [2]time.Duration{500 * time.Millisecond, 600 * time.Millisecond}}
		}
		h := runstest.New(t, db, described)
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		first := h.NewEngine(t)
		if err := first.Work(context.Background()); err != nil {
			t.Fatal(err)
		}
		for s := range runs.NewWatch(h.Runner).Follow(t.Context(), access.System(), run.ID) {
			if s.Counts.OK > 0 {
				break
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := first.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		s, err := h.Runner.Snapshot(context.Background(), access.System(), run.ID)
		if err != nil || s.Counts.Running != 0 || s.Counts.Waiting == 0 {
			t.Fatalf("after the stop: %+v, %v", s.Counts, err)
		}
		h.Work(t)
		if last := h.Wait(t, run.ID); last.Counts.OK != 20 {
			t.Errorf("%+v", last.Counts)
		}
		for i := range described {
			if n := len(h.Fake.Calls(i)); n != 1 {
				t.Errorf("site %d was purged %d times", i, n)
			}
		}
	})
}

// stopsAtBegin is a store during whose first beginning of a target the process is told to stop.
type stopsAtBegin struct {
	*runs.Store
	began    chan struct{}
	draining func() <-chan struct{}
}

func (s stopsAtBegin) StoreProgress(ctx context.Context, batch int64, owner string, until time.Time, p runs.Progress) ([]int64, error) {
	refused, err := s.Store.StoreProgress(ctx, batch, owner, until, p)
	if len(p.Begun) > 0 {
		select {
		case s.began <- struct{}{}:
		default:
		}
		<-s.draining()
	}
	return refused, err
}

func TestAStopBetweenBeginningAndSendingLeavesTheTargetWaiting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 3))
		h.Locate(t)
		var first *engine.Engine
		store := stopsAtBegin{h.Runner.Store(), make(chan struct{}, 1), func() <-chan struct{} { return first.Draining() }}
		first = h.NewEngineFrom(t, store)
		run := h.Start(t, runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": "{}"}))
		if err := first.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-store.began
		if err := first.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := h.Runner.Snapshot(t.Context(), access.System(), run.ID)
		if err != nil || s.Counts.Waiting != 3 || h.Fake.Requests() != 0 {
			t.Fatalf("after the stop: %+v, %d requests, %v", s.Counts, h.Fake.Requests(), err)
		}
		h.Work(t)
		if last := h.Wait(t, run.ID); last.Counts.Unknown != 0 {
			t.Errorf("nothing was sent before the stop, but %+v", last.Counts)
		}
	})
}

func TestSilentSitesAreUnknown(t *testing.T) {
	if testing.Short() {
		t.Skip("waits 30 s for a site that never answers")
	}
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Fault: wptest.Silent}, {Host: "slow.example", Fault: wptest.Slow}})
	h.Work(t)
	last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID)
	for _, target := range h.Targets(t, last.Run.ID) {
		if target.Outcome != wordpress.Unknown || target.Reason != wordpress.ReasonTimeout {
			t.Errorf("%s: %s/%s", target.Home, target.Outcome, target.Reason)
		}
	}
}
