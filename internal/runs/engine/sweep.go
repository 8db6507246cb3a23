package engine

import (
	"context"
	"errors"
	"time"

	"github.com/droverhq/drover/internal/database"
)

const sweepEvery = 1 * time.Second

// guarded runs f and logs a panic in it.
func (e *Engine) guarded(ctx context.Context, what string, f func()) {
	defer func() {
		if caught := recover(); caught != nil {
			e.logger.ErrorContext(ctx, what+" failed", "err", e.panicked(ctx, caught))
		}
	}()
	f()
}

// sweep does once a second what is due in all runs, until the engine drains.
func (e *Engine) sweep(ctx context.Context) {
	defer e.sweeper.Done()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	var missing missingJobs
	duties := []duty{
		{"batches whose lease expired could not be queued again", e.requeueExpired},
		{"batches that have no job could not be queued again", func(ctx context.Context) error { return e.requeueMissing(ctx, &missing) }},
		{"runs whose wait is over could not begin", e.store.ReleaseDue},
		{"runs that nobody approved in time could not be ended", e.store.EndUnapproved},
		{"runs past their time limit could not be ended", e.store.EndOverdue},
	}
	for away := false; ; {
		away = e.sweepOnce(ctx, duties, away)
		select {
		case <-e.drain:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sweepOnce does all duties and tells whether the database is away. An outage is one line in the log when it begins and one when it ends.
func (e *Engine) sweepOnce(ctx context.Context, duties []duty, wasAway bool) (away bool) {
	well := true
	for _, d := range duties {
		err := errPanicked
		e.guarded(ctx, d.failed, func() { err = d.do(ctx) })
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return wasAway
		case errors.Is(err, errPanicked): // the guard has logged it
		case database.Away(err):
			if !wasAway {
				e.logger.ErrorContext(ctx, "the database is away: runs wait for it", "err", err)
			}
			return true
		default:
			e.logger.ErrorContext(ctx, d.failed, "err", err)
		}
		well = false
	}
	if wasAway {
		e.logger.InfoContext(ctx, "the database is back: runs continue")
	}
	if well {
		e.swept.Store(time.Now().Unix())
	}
	return false
}

var errPanicked = errors.New("engine: a duty of the sweep panicked")

// duty is what a sweep does, and what the log says where it failed.
type duty struct {
	failed string
	do     func(context.Context) error
}

// requeueExpired queues the batches whose lease has run out, without those that this process works itself.
func (e *Engine) requeueExpired(ctx context.Context) error {
	queued, err := e.store.RequeueExpired(ctx, func(batch int64) bool { _, own := e.working.Load(batch); return own })
	if queued > 0 {
		e.logger.InfoContext(ctx, "batches of lost workers are queued again", "batches", queued)
	}
	return err
}

// missingFor is how long batches may outnumber the jobs in the queue: a worker that takes a job has its batch a moment later.
const missingFor = 4 * time.Second

// missingJobs is since when there were fewer jobs than batches that nobody works.
type missingJobs struct{ since time.Time }

// requeueMissing makes jobs for batches that have none: their worker died after it took the job and before it had the lease.
func (e *Engine) requeueMissing(ctx context.Context, missing *missingJobs) error {
	unowned, err := e.store.CountUnowned(ctx)
	if err != nil || unowned == 0 {
		missing.since = time.Time{}
		return err
	}
	jobs, err := countQueued(ctx, e.queue, unowned, listedAtOnce)
	if err != nil {
		return err
	}
	switch {
	case jobs >= unowned:
		missing.since = time.Time{}
		return nil
	case missing.since.IsZero():
		missing.since = time.Now()
		return nil
	case time.Since(missing.since) < missingFor:
		return nil
	}
	missing.since = time.Time{}
	return e.store.Enqueue(ctx, unowned-jobs)
}
