package runs_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// batchOf is the first batch of a run that is not done.
func batchOf(t *testing.T, h *runstest.Harness, run int64) int64 {
	t.Helper()
	var id int64
	if err := h.DB.Gorm.Raw("SELECT coalesce(min(id), 0) FROM batches WHERE run_id = ? AND NOT done", run).Scan(&id).Error; err != nil || id == 0 {
		t.Fatalf("run %d has no open batch: %v", run, err)
	}
	return id
}

const soon = 10 * time.Minute

// takenBy is the run's batch, which the owner works from now on.
func takenBy(t *testing.T, h *runstest.Harness, run int64, owner string) runs.Batch {
	t.Helper()
	store, id := h.Runner.Store(), batchOf(t, h, run)
	if got, err := store.TakeBatch(t.Context(), id, owner, time.Now().Add(soon)); err != nil || !got {
		t.Fatalf("taken: %v, %v", got, err)
	}
	if err := store.BeginRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	batch, err := store.Batch(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// finish ends a run as if its sites had answered, each with the outcome of its name: ok for those that are not named.
func finish(t *testing.T, h *runstest.Harness, run int64, outcomes map[string]wordpress.Outcome) {
	t.Helper()
	batch, id := takenBy(t, h, run, "worker"), batchOf(t, h, run)
	var p runs.Progress
	for _, target := range batch.Targets {
		p.Begun = append(p.Begun, target.ID)
		outcome, named := outcomes[target.Client]
		if !named {
			outcome = wordpress.OK
		}
		now := time.Now()
		p.Attempts = append(p.Attempts, runs.TargetAttempt{Target: target.ID, Attempt: runs.Attempt{N: 1, Method: "GET", URL: target.Home + "/wp-json/x", Sent: true,
			Status: 200, Outcome: outcome, Body: []byte(`{"of":"` + target.Home + `"}`), StartedAt: now}})
		target.State, target.Outcome, target.Attempts, target.EndedAt = runs.TargetDone, outcome, 1, now
		p.Ended = append(p.Ended, target)
	}
	if refused, err := h.Runner.Store().StoreProgress(t.Context(), id, "worker", time.Now().Add(soon), p); err != nil || len(refused) > 0 {
		t.Fatalf("%v, %v", refused, err)
	}
	if err := h.Runner.Store().FinishBatch(t.Context(), run, id, "worker"); err != nil {
		t.Fatal(err)
	}
}

// Of two workers one has a batch. What the other one stores, renews or returns changes nothing.
func TestABatchHasOneWorker(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}})
		store, ctx := h.Runner.Store(), t.Context()
		run := h.Start(t, runstest.Everywhere("status", nil))
		batch := takenBy(t, h, run.ID, "a")
		id, target := batchOf(t, h, run.ID), batch.Targets[0]
		ended := target
		ended.State, ended.Outcome = runs.TargetDone, wordpress.OK
		for name, c := range map[string]struct {
			do   func() (bool, error)
			want error
		}{
			"taken once more": {func() (bool, error) { return store.TakeBatch(ctx, id, "b", time.Now().Add(soon)) }, nil},
			"renewed": {func() (bool, error) {
				renewed, _, err := store.RenewBatch(ctx, id, "b", time.Now().Add(soon))
				return renewed, err
			}, nil},
			"stored": {func() (bool, error) {
				_, err := store.StoreProgress(ctx, id, "b", time.Now().Add(soon), runs.Progress{Begun: []int64{target.ID}, Ended: []runs.Target{ended}})
				return err == nil, err
			}, runs.ErrLeaseLost},
			"finished":                   {func() (bool, error) { err := store.FinishBatch(ctx, run.ID, id, "b"); return err == nil, err }, runs.ErrLeaseLost},
			"finished with open targets": {func() (bool, error) { err := store.FinishBatch(ctx, run.ID, id, "a"); return err == nil, err }, runs.ErrLeaseLost},
			"returned":                   {func() (bool, error) { return false, store.ReturnBatch(ctx, id, "b") }, nil},
			"failed":                     {func() (bool, error) { return false, store.FailBatch(ctx, id, "b", errors.New("x")) }, nil},
			"expired, though it is good": {func() (bool, error) {
				n, err := store.RequeueExpired(ctx, func(int64) bool { return false })
				return n > 0, err
			}, nil},
		} {
			if done, err := c.do(); done || !errors.Is(err, c.want) {
				t.Errorf("%s by another one: %v, %v", name, done, err)
			}
		}
		if got := h.Targets(t, run.ID)[target.SiteID]; got.State != runs.TargetWaiting || got.Outcome != "" {
			t.Errorf("what was refused is stored: %+v", got)
		}
		if renewed, cancelled, err := store.RenewBatch(ctx, id, "a", time.Now().Add(-time.Second)); !renewed || cancelled || err != nil {
			t.Errorf("its own: %v, %v, %v", renewed, cancelled, err)
		}
		for want, own := range map[int]bool{0: true, 1: false} {
			if n, err := store.RequeueExpired(ctx, func(int64) bool { return own }); n != want || err != nil {
				t.Errorf("%d batches queued again, want %d, %v", n, want, err)
			}
		}
		if n, err := store.CountUnowned(ctx); n != 1 || err != nil {
			t.Errorf("%d unowned, %v", n, err)
		}
		finish(t, h, run.ID, nil)
		if n, err := store.CountUnowned(ctx); n != 0 || err != nil {
			t.Errorf("%d unowned at the end, %v", n, err)
		}
	})
}

// A cancelled run's targets that wait never begin, and what was already sent keeps how it ended.
func TestACancelDuringABatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		store, ctx := h.Runner.Store(), t.Context()
		run := h.Start(t, runstest.Everywhere("status", nil))
		batch, id := takenBy(t, h, run.ID, "a"), batchOf(t, h, run.ID)
		sent, waits := batch.Targets[0], batch.Targets[1]
		store1 := func(p runs.Progress) []int64 {
			t.Helper()
			refused, err := store.StoreProgress(ctx, id, "a", time.Now().Add(soon), p)
			if err != nil {
				t.Fatal(err)
			}
			return refused
		}
		store1(runs.Progress{Begun: []int64{sent.ID, waits.ID}})
		store1(runs.Progress{Withdrawn: []int64{waits.ID}})
		if err := h.Runner.Cancel(ctx, runstest.Operator, run.ID); err != nil {
			t.Fatal(err)
		}
		if renewed, cancelled, err := store.RenewBatch(ctx, id, "a", time.Now().Add(soon)); !renewed || !cancelled || err != nil {
			t.Errorf("the worker is told: %v, %v, %v", renewed, cancelled, err)
		}
		if refused := store1(runs.Progress{Begun: []int64{waits.ID}}); len(refused) != 1 || refused[0] != waits.ID {
			t.Errorf("refused %v", refused)
		}
		sent.State, sent.Outcome, sent.EndedAt = runs.TargetDone, wordpress.OK, time.Now()
		late := waits
		late.State, late.Outcome = runs.TargetDone, wordpress.OK
		store1(runs.Progress{Ended: []runs.Target{sent, late}})
		if err := store.FinishBatch(ctx, run.ID, id, "a"); err != nil {
			t.Fatal(err)
		}
		s, err := h.Runner.Snapshot(ctx, access.System(), run.ID)
		if err != nil || s.Run.State != runs.Cancelled || s.Counts != (runs.Counts{OK: 1, NotSent: 1}) {
			t.Errorf("%s with %+v, %v", s.Run.State, s.Counts, err)
		}
		if err := store.Revoke(ctx, run.ID, "late"); err != nil {
			t.Errorf("revoked at the end: %v", err)
		}
	})
}

// A batch that fails as a whole pauses, is given up at last, and what is left of it tells whether it may have been sent.
func TestABatchThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		cause    error
		attempts int
	}{"again and again": {errors.New("no vault, caf\xc3"), 5}, "for good": {validation.Problems{"operation": "There is no such operation."}, 1}} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				h := runstest.New(t, db, []wptest.Site{{}, {}})
				store, ctx := h.Runner.Store(), t.Context()
				run := h.Start(t, runstest.Everywhere("status", nil))
				for attempt := range c.attempts {
					batch, id := takenBy(t, h, run.ID, "a"), batchOf(t, h, run.ID)
					if _, err := store.StoreProgress(ctx, id, "a", time.Now().Add(soon), runs.Progress{Begun: []int64{batch.Targets[0].ID}}); err != nil {
						t.Fatal(err)
					}
					if err := store.FailBatch(ctx, id, "a", c.cause); err != nil {
						t.Fatal(err)
					}
					if next, err := store.NextBatch(ctx); attempt < c.attempts-1 && (next.ID != 0 || !next.Paused) || err != nil {
						t.Errorf("after failure %d: %+v, %v", attempt+1, next, err)
					}
				}
				s, err := h.Runner.Snapshot(ctx, access.System(), run.ID)
				if err != nil || s.Run.State != runs.Done || s.Run.Fault == "" || s.Counts != (runs.Counts{Failed: 1, Unknown: 1}) {
					t.Errorf("%+v, %+v, %v", s.Run, s.Counts, err)
				}
				entries, n, err := h.Log.Entries(ctx, access.System(), audit.Filter{Action: access.RunFail})
				var detail struct{ Failed, Unknown, Attempts int }
				if err != nil || n != 1 || json.Unmarshal(entries[0].Detail, &detail) != nil || detail.Failed != 1 || detail.Unknown != 1 || detail.Attempts != c.attempts {
					t.Errorf("%d entries, %+v, %v", n, detail, err)
				}
				if faulted, n, err := h.Runner.Runs(ctx, access.System(), runs.Filter{Faulted: true}); n != 1 || len(faulted) != 1 || err != nil {
					t.Errorf("%d runs with a fault, %v", n, err)
				}
			})
		})
	}
}

// What is to do in all runs, as the health page and Prometheus show it.
func TestLoad(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		if err := h.Runner.SetPolicy(t.Context(), runstest.Owner, runs.Policy{Effects: []operation.Effect{"destroy"}}); err != nil {
			t.Fatal(err)
		}
		asked := runstest.Everywhere("disable-cache", nil)
		asked.Confirmed = 2
		h.Start(t, asked)
		h.Start(t, runstest.Everywhere("status", nil))
		takenBy(t, h, h.Start(t, runstest.Everywhere("status", nil)).ID, "a")
		finish(t, h, h.Start(t, runstest.Everywhere("status", nil)).ID, nil)
		load, err := h.Runner.Load(context.Background())
		if err != nil || load.Runs[runs.Waiting] != 1 || load.Runs[runs.Running] != 1 || load.Runs[runs.AwaitingApproval] != 1 || len(load.Runs) != 3 ||
			load.Oldest.IsZero() {
			t.Errorf("%+v, %v", load, err)
		}
		if next, err := h.Runner.Store().NextBatch(t.Context()); err != nil || next.ID == 0 || next.Run != 2 {
			t.Errorf("what waits for approval, or is another's, is not worked: %+v, %v", next, err)
		}
	})
}
