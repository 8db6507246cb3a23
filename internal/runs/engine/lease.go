package engine

import (
	"context"
	"maps"
	"slices"
	"time"
)

// A batch belongs to its worker as long as the worker renews the lease. A worker that is gone is noticed when the lease has run
// out and the next sweep sees it: within leaseTime + sweepEvery.
const (
	leaseTime  = 8 * time.Second
	renewEvery = 2 * time.Second
	sweepEvery = 1 * time.Second
)

// lease is a batch that this process may work.
type lease struct {
	store     Store
	batch     int64
	owner     string
	cancelled chan struct{} // closed when the run was cancelled
}

// keep renews the lease until the context ends. It calls lost when another worker has the batch, or when the database did not
// answer for so long that another one may have it.
func (l *lease) keep(ctx context.Context, lost func()) {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		held, cancelled, err := l.store.RenewBatch(ctx, l.batch, l.owner, time.Now().Add(leaseTime))
		if err == nil && !held {
			lost()
			return
		}
		if cancelled && !told {
			told = true
			close(l.cancelled)
		}
	}
}

// sweep queues batches anew whose worker is gone, until the runner drains.
func (e *Engine) sweep(ctx context.Context) {
	defer e.sweeper.Done()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	unowned := map[int64]time.Time{}
	for {
		queued, err := e.store.RequeueExpired(ctx, func(batch int64) bool { _, own := e.working.Load(batch); return own })
		if err != nil && ctx.Err() == nil {
			e.logger.ErrorContext(ctx, "batches of lost workers could not be queued again", "err", err)
		} else if queued > 0 {
			e.logger.InfoContext(ctx, "batches of lost workers are queued again", "batches", queued)
		}
		if err := e.requeueLost(ctx, unowned); err != nil && ctx.Err() == nil {
			e.logger.ErrorContext(ctx, "batches that fell out of the queue could not be queued again", "err", err)
		}
		if err := e.store.EndUnapproved(ctx); err != nil && ctx.Err() == nil {
			e.logger.ErrorContext(ctx, "runs that nobody approved in time could not be ended", "err", err)
		}
		if err := e.store.EndOverdue(ctx); err != nil && ctx.Err() == nil {
			e.logger.ErrorContext(ctx, "runs whose time is over could not be ended", "err", err)
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

// lostAfter is how long a batch may be nobody's and not in the queue.
const lostAfter = 4 * time.Second

// requeueLost queues the batches anew that a worker took from the queue and died before it had the lease. Since is when each was first seen
// without an owner.
func (e *Engine) requeueLost(ctx context.Context, since map[int64]time.Time) error {
	ids, err := e.store.UnownedBatches(ctx)
	if err != nil {
		return err
	}
	maps.DeleteFunc(since, func(id int64, _ time.Time) bool { return !slices.Contains(ids, id) })
	var old []int64
	for _, id := range ids {
		if first, seen := since[id]; !seen {
			since[id] = time.Now()
		} else if time.Since(first) > lostAfter {
			old = append(old, id)
		}
	}
	if len(old) == 0 {
		return nil
	}
	waiting, err := queued(ctx, e.queue)
	if err != nil {
		return err
	}
	lost := slices.DeleteFunc(old, func(id int64) bool { return waiting[id] })
	for _, id := range lost {
		delete(since, id)
	}
	return e.store.EnqueueUnowned(ctx, lost)
}
