package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/runs"
)

// A batch belongs to its worker as long as the worker renews the lease. A worker that is gone is noticed when the lease has run
// out and the next sweep sees it: within leaseTime + sweepEvery. The worker itself stops leaseMargin before, counted by its own clock
// from the beginning of the last renewal that the database confirmed.
const (
	leaseTime   = 8 * time.Second
	leaseMargin = 1 * time.Second
	renewEvery  = 2 * time.Second
)

// lease is a batch that this process may work.
type lease struct {
	store     Store
	batch     int64
	owner     string
	cancelled chan struct{} // closed when the run was cancelled

	guard  sync.Mutex
	good   time.Time // when the last renewal that was confirmed began
	expiry *time.Timer
	ending *time.Timer // at the run's deadline, nil without one
	until  time.Time   // the run's deadline, zero without one
	closed bool        // cancelled is closed
	check  func()      // called after each renewal; nil before the batch was read
}

// start keeps the lease until the context ends. Lost ends what it protects: another worker has the batch, or the database was silent for so
// long that another one may have it.
func (l *lease) start(ctx context.Context, e *Engine, lost context.CancelCauseFunc) {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.expiry = time.AfterFunc(time.Until(l.good.Add(leaseTime-leaseMargin)), func() {
		lost(fmt.Errorf("%w: no renewal was confirmed for %s", runs.ErrLeaseLost, leaseTime-leaseMargin))
	})
	go e.guarded(ctx, "a batch's lease", func() { l.keep(ctx, e, lost) })
}

// stop ends the clocks of the lease.
func (l *lease) stop() {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.expiry.Stop()
	if l.ending != nil {
		l.ending.Stop()
	}
}

func (l *lease) keep(ctx context.Context, e *Engine, lost context.CancelCauseFunc) {
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		began := time.Now()
		renewed, cancelled, err := l.store.RenewBatch(ctx, l.batch, l.owner, began.Add(leaseTime))
		switch {
		case err != nil && ctx.Err() == nil:
			e.logger.WarnContext(ctx, "a batch's lease could not be renewed", "err", err, "batch", l.batch)
		case err == nil && !renewed:
			lost(runs.ErrLeaseLost)
			return
		case err == nil:
			l.renewed(began)
		}
		if cancelled {
			l.cancel()
		}
		if check := l.checking(); check != nil && err == nil {
			check()
		}
	}
}

// renewed notes a renewal that the database confirmed and that began at the time.
func (l *lease) renewed(began time.Time) {
	l.guard.Lock()
	defer l.guard.Unlock()
	if !began.After(l.good) || l.expiry != nil && !l.expiry.Stop() {
		return // it came too late: what the lease protected has ended
	}
	l.good = began
	if l.expiry != nil {
		l.expiry.Reset(time.Until(began.Add(leaseTime - leaseMargin)))
	}
}

// onRenewal calls check after each renewal.
func (l *lease) onRenewal(check func()) {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.check = check
}

func (l *lease) checking() func() {
	l.guard.Lock()
	defer l.guard.Unlock()
	return l.check
}

// valid returns ErrLeaseLost when another worker may have the batch by now.
func (l *lease) valid() error {
	l.guard.Lock()
	defer l.guard.Unlock()
	if time.Since(l.good) >= leaseTime-leaseMargin {
		return runs.ErrLeaseLost
	}
	return nil
}

// cancel tells everything under way in the batch that the run was cancelled.
func (l *lease) cancel() {
	l.guard.Lock()
	defer l.guard.Unlock()
	if !l.closed {
		l.closed = true
		close(l.cancelled)
	}
}

// endAt cancels the run at its deadline, if there is one. That takes the database a moment: overdue tells of it at once.
func (l *lease) endAt(ctx context.Context, deadline time.Time) {
	if deadline.IsZero() {
		return
	}
	l.guard.Lock()
	defer l.guard.Unlock()
	l.until = deadline
	l.ending = time.AfterFunc(time.Until(deadline), func() {
		_ = l.store.EndOverdue(ctx) // the sweep tries again, and logs
		l.cancel()
	})
}

// overdue tells whether the run's deadline has passed. The run is cancelled then, or is about to be.
func (l *lease) overdue() bool {
	l.guard.Lock()
	defer l.guard.Unlock()
	return !l.until.IsZero() && !time.Now().Before(l.until)
}
