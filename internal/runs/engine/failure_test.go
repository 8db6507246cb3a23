package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A credential that does not open costs its own site, and says what to do.
func TestAnUnreadableCredential(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 3))
		h.Exec(t, "UPDATE credentials SET sealed = ? WHERE site_id = ?", []byte("not sealed by any key"), h.Sites[1].ID)
		h.Exec(t, "DELETE FROM credentials WHERE site_id = ?", h.Sites[2].ID)
		h.Work(t)
		last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID)
		targets := h.Targets(t, last.Run.ID)
		for i, want := range []string{"", "cannot be decrypted. Replace it", "no credential is stored"} {
			target := targets[h.Sites[i].ID]
			if ok := want == ""; ok != (target.Outcome == wordpress.OK) || !ok && target.Outcome != wordpress.Failed || !strings.Contains(target.Note, want) {
				t.Errorf("site %d: %s %q", i, target.Outcome, target.Note)
			}
		}
	})
}

// A run that this version of Drover cannot work ends at once.
func TestAnOperationThatIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 2))
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		h.Exec(t, `UPDATE runs SET spec = replace(spec, 'clear-cache', 'purge-all') WHERE id = ?`, run.ID)
		h.Work(t)
		last := h.Wait(t, run.ID)
		if last.Counts.Failed != 2 || !strings.Contains(last.Run.Fault, "no operation with this name") {
			t.Errorf("%+v, %q", last.Counts, last.Run.Fault)
		}
	})
}

// A batch that fails as a whole pauses longer each time. After a bound, what may have been sent is unknown and the rest failed.
func TestABatchThatFailsPausesLonger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 3))
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		h.Exec(t, "UPDATE targets SET state = 'running' WHERE site_id = ?", h.Sites[0].ID)
		store, ctx := h.Runner.Store(), t.Context()
		var pause time.Duration
		failures := 0
		for ; failures < 20; failures++ {
			next, err := store.NextBatch(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if next.ID == 0 {
				break
			}
			if mine, err := store.TakeBatch(ctx, next.ID, "a worker", time.Now().Add(time.Minute)); err != nil || !mine {
				t.Fatal(mine, err)
			}
			if err := store.FailBatch(ctx, next.ID, "another worker", errors.New("not its own")); err != nil {
				t.Fatal(err)
			}
			before := time.Now()
			if err := store.FailBatch(ctx, next.ID, "a worker", errors.New("the disk is on fire")); err != nil {
				t.Fatal(err)
			}
			after := time.Now()
			var retryAt int64
			if err := db.Gorm.Raw("SELECT retry_at FROM batches WHERE id = ?", next.ID).Scan(&retryAt).Error; err != nil {
				t.Fatal(err)
			}
			paused := time.UnixMicro(retryAt).Sub(before) // at most: it was decided between before and after
			if s, err := h.Runner.Snapshot(ctx, access.System(), run.ID); err != nil || !s.Run.Ended() && paused < pause+pause/2 {
				t.Errorf("failure %d: a pause of %v after one of %v, %v", failures+1, paused, pause, err)
			}
			if paused > 0 {
				next, err := store.NextBatch(ctx)
				if over := time.Now().UnixMicro() > retryAt; err != nil || !over && (next.ID != 0 || !next.Paused) {
					t.Errorf("offered in its pause: %+v, %v", next, err)
				}
			}
			pause = time.UnixMicro(retryAt).Sub(after)
			h.Exec(t, "UPDATE batches SET retry_at = 0")
		}
		last := h.Wait(t, run.ID)
		if failures < 3 || failures > 10 || last.Counts.Unknown != 1 || last.Counts.Failed != 2 || last.Run.Fault == "" {
			t.Errorf("after %d failures: %+v, %q", failures, last.Counts, last.Run.Fault)
		}
		entries, n, err := h.Log.Entries(ctx, access.System(), audit.Filter{Action: access.RunFail, Subject: access.On("run", run.ID)})
		if err != nil || n != 1 || !strings.Contains(string(entries[0].Detail), "the disk is on fire") {
			t.Errorf("%d entries, %v", n, err)
		}
		faulted, _, err := h.Runner.Runs(ctx, access.System(), runs.Filter{Faulted: true})
		if err != nil || len(faulted) != 1 || faulted[0].ID != run.ID {
			t.Errorf("runs with a fault: %+v, %v", faulted, err)
		}
	})
}

// panicsOnOpen is a store that panics when a batch of one run is opened for the first times.
type panicsOnOpen struct {
	*runs.Store
	run   int64
	times *atomic.Int64
}

func (s panicsOnOpen) Batch(ctx context.Context, id int64) (runs.Batch, error) {
	batch, err := s.Store.Batch(ctx, id)
	if batch.Run.ID == s.run && s.times.Add(-1) >= 0 {
		panic("nobody thought of that")
	}
	return batch, err
}

func TestAPanicWhileABatchIsOpenedStopsNoOtherRun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 2))
		first, second := h.Start(t, runstest.Everywhere("clear-cache", nil)), h.Start(t, runstest.Everywhere("status", nil))
		times := new(atomic.Int64)
		times.Store(2)
		h.WorkFrom(t, panicsOnOpen{h.Runner.Store(), first.ID, times})
		for _, run := range []runs.Run{second, first} {
			if last := h.Wait(t, run.ID); last.Counts.OK != 2 {
				t.Errorf("%s: %+v", run.Title, last.Counts)
			}
		}
		if times.Load() >= 0 {
			t.Error("it did not panic")
		}
	})
}

// Whoever has the fewest batches under way is next: by member, then by run.
func TestRunsTakeTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 1))
		ctx, store := t.Context(), h.Runner.Store()
		start := func(actor access.Actor, batches int) int64 {
			t.Helper()
			run, err := h.Runner.Start(ctx, actor, runstest.Everywhere("status", nil))
			if err != nil {
				t.Fatal(err)
			}
			for range batches - 1 {
				h.Exec(t, "INSERT INTO batches (run_id, done) VALUES (?, FALSE)", run.ID)
			}
			return run.ID
		}
		take := func() int64 {
			t.Helper()
			next, err := store.NextBatch(ctx)
			if err != nil || next.ID == 0 {
				t.Fatal(next, err)
			}
			if mine, err := store.TakeBatch(ctx, next.ID, "a worker", time.Now().Add(time.Minute)); err != nil || !mine {
				t.Fatal(mine, err)
			}
			return next.Run
		}
		var large []int64
		for range 12 {
			large = append(large, start(runstest.Operator, 20))
		}
		for i := range 24 {
			if got := take(); got != large[i%12] {
				t.Errorf("batch %d is of run %d, want %d", i, got, large[i%12])
			}
		}
		small, other := start(runstest.Operator, 1), start(runstest.Owner, 1)
		token := runstest.Operator
		token.Kind, token.Name = access.KindToken, "Mara by the token CI"
		program := start(token, 1)
		for i, want := range []int64{other, small, program} {
			if got := take(); got != want {
				t.Errorf("turn %d is run %d's, want %d", i, got, want)
			}
		}
	})
}
