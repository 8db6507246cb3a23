package runs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// A batch belongs to its worker as long as the worker renews the lease. A worker that is gone is noticed when the lease has run
// out and the next sweep sees it: within leaseTime + sweepEvery.
const (
	leaseTime  = 8 * time.Second
	renewEvery = 2 * time.Second
	sweepEvery = 1 * time.Second
)

var errLeaseLost = errors.New("runs: another worker has taken over the batch")

// lease is a batch that this process may work.
type lease struct {
	store     store
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
		held, cancelled, err := l.store.renew(ctx, l.batch, l.owner, time.Now().Add(leaseTime))
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

// sweep queues batches again whose worker is gone, until the runner drains.
func (r *Runner) sweep(ctx context.Context) {
	defer r.sweeper.Done()
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	unowned := map[int64]time.Time{}
	for {
		queued, err := r.store.requeue(ctx, func(batch int64) bool { _, own := r.working.Load(batch); return own })
		if err != nil && ctx.Err() == nil {
			r.logger.ErrorContext(ctx, "batches of lost workers could not be queued again", "err", err)
		} else if queued > 0 {
			r.logger.InfoContext(ctx, "batches of lost workers were queued again", "batches", queued)
		}
		if err := r.adopt(ctx, unowned); err != nil && ctx.Err() == nil {
			r.logger.ErrorContext(ctx, "batches missing from the queue could not be queued again", "err", err)
		}
		if err := r.endUnapproved(ctx); err != nil && ctx.Err() == nil {
			r.logger.ErrorContext(ctx, "runs that nobody approved in time could not be ended", "err", err)
		}
		if err := r.endOverdue(ctx); err != nil && ctx.Err() == nil {
			r.logger.ErrorContext(ctx, "runs past their time limit could not be ended", "err", err)
		}
		select {
		case <-r.drain:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lostAfter is how long a batch may be nobody's and not in the queue.
const lostAfter = 4 * time.Second

// adopt queues the batches again that a worker took from the queue and died before it had the lease. Since is when each was first seen
// without an owner.
func (r *Runner) adopt(ctx context.Context, since map[int64]time.Time) error {
	ids, err := r.store.unowned(ctx)
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
	waiting, err := queued(ctx, r.queue)
	if err != nil {
		return err
	}
	lost := slices.DeleteFunc(old, func(id int64) bool { return waiting[id] })
	for _, id := range lost {
		delete(since, id)
	}
	return r.store.enqueueUnowned(ctx, lost)
}

// endOverdue ends the runs whose time is over: what was not sent yet is not sent.
func (r *Runner) endOverdue(ctx context.Context) error {
	late, err := r.store.overdue(ctx)
	if err != nil {
		return err
	}
	for _, run := range late {
		note := fmt.Sprintf("Not sent: the run's time limit of %s had passed.", run.Spec.Limits.Deadline)
		if err := r.store.cancel(ctx, access.System(), run.ID, note); err != nil && !errors.Is(err, ErrEnded) {
			return err
		}
	}
	return nil
}
