package engine

import (
	"context"
	"time"
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
	for {
		well := true
		for _, duty := range []struct {
			what string
			do   func(context.Context) error
		}{
			{"batches whose lease expired could not be queued again", e.requeueExpired},
			{"batches that have no job could not be queued again", func(ctx context.Context) error { return e.requeueMissing(ctx, &missing) }},
			{"runs whose wait is over could not begin", e.store.ReleaseDue},
			{"runs that nobody approved in time could not be ended", e.store.EndUnapproved},
			{"runs past their time limit could not be ended", e.store.EndOverdue},
		} {
			e.guarded(ctx, duty.what, func() {
				if err := duty.do(ctx); err != nil && ctx.Err() == nil {
					well = false
					e.logger.ErrorContext(ctx, duty.what, "err", err)
				}
			})
		}
		if well {
			e.swept.Store(time.Now().Unix())
		}
		select {
		case <-e.drain:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
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
