package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// When a job that found no batch to work is offered again: what waits pauses, or the database failed.
const (
	offerPaused    = time.Second
	offerAfterFail = time.Second
)

// work takes the batch whose turn it is and works it, then the next one: a job is a ticket for any batch. The error is for the queue
// alone, which keeps the job where there is more to do.
func (e *Engine) work(ctx context.Context) error {
	for {
		taken, delay, err := e.take(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			e.logger.ErrorContext(ctx, "no batch could be taken", "err", err)
			return river.JobSnooze(offerAfterFail)
		case err != nil:
			return river.JobSnooze(offerAfterFail)
		case taken == nil && delay > 0:
			return river.JobSnooze(delay)
		case taken == nil:
			return nil
		}
		e.workOne(ctx, taken)
		if e.stopping(ctx) { // what waits has jobs of its own
			return nil
		}
	}
}

func (e *Engine) workOne(ctx context.Context, t *taken) {
	defer t.load.drop()
	e.working.Store(t.lease.batch, true)
	defer e.working.Delete(t.lease.batch)
	e.workTaken(ctx, t)
}

// stopping tells whether no further batch may be taken.
func (e *Engine) stopping(ctx context.Context) bool {
	select {
	case <-e.drain:
		return true
	default:
		return ctx.Err() != nil
	}
}

// taken is a batch that this process has leased.
type taken struct {
	next  runs.NextBatch
	load  *load
	lease *lease
}

// take leases the batch whose turn it is. Where there is none, delay says when to look again; 0: there is nothing more to do. One job at
// a time waits here for room in this process; all others are put off, and cost nothing meanwhile.
func (e *Engine) take(ctx context.Context) (t *taken, delay time.Duration, err error) {
	for {
		t, delay, err = e.tryTake(ctx)
		if t != nil || err != nil || delay != noRoom {
			return t, delay, err
		}
		if e.stopping(ctx) || !e.capacity.await(ctx, e.drain) {
			return nil, e.capacity.putOff(time.Now()), nil
		}
	}
}

// noRoom is the delay of a job for which this process has no room.
const noRoom = -1

func (e *Engine) tryTake(ctx context.Context) (t *taken, delay time.Duration, err error) {
	var load *load
	defer func() {
		if caught := recover(); caught != nil {
			err = e.panicked(ctx, caught)
		}
		if t == nil && load != nil {
			load.drop()
		}
	}()
	next, err := e.store.NextBatch(ctx)
	switch {
	case err != nil:
		return nil, 0, err
	case next.ID == 0 && next.Paused:
		return nil, offerPaused, nil
	case next.ID == 0:
		return nil, 0, nil
	}
	if load = e.capacity.reserve(next.Member, next.Run); load == nil {
		return nil, noRoom, nil
	}
	l := &lease{store: e.store, batch: next.ID, owner: rand.Text(), cancelled: make(chan struct{})}
	l.good = time.Now()
	mine, err := e.store.TakeBatch(ctx, next.ID, l.owner, l.good.Add(leaseTime))
	if err != nil || !mine {
		return nil, e.capacity.putOff(time.Now()), err
	}
	return &taken{next: next, load: load, lease: l}, 0, nil
}

// workTaken works a leased batch. A batch that fails as a whole, whatever the cause, goes back to the queue after a pause.
func (e *Engine) workTaken(ctx context.Context, t *taken) {
	err := e.workLeased(ctx, t)
	kept := context.WithoutCancel(ctx)
	id, owner := t.lease.batch, t.lease.owner
	switch {
	case err == nil:
		return
	case errors.Is(err, runs.ErrLeaseLost):
		e.logger.WarnContext(ctx, "a batch was left to another worker", "run", t.next.Run, "batch", id, "err", err)
		return
	case errors.Is(err, errDrained) || ctx.Err() != nil:
		err = e.store.ReturnBatch(kept, id, owner)
	default:
		e.logger.ErrorContext(ctx, "a batch could not be worked", "err", err, "run", t.next.Run, "batch", id)
		err = e.store.FailBatch(kept, id, owner, err)
	}
	if err != nil {
		e.logger.ErrorContext(ctx, "a batch could not be given back; it is queued again when its lease expires", "err", err, "batch", id)
	}
}

func (e *Engine) workLeased(ctx context.Context, t *taken) (err error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer func() {
		if caught := recover(); caught != nil {
			err = e.panicked(ctx, caught)
		}
	}()
	t.lease.start(sending, e, stop)
	defer t.lease.stop()
	b, targets, err := e.open(sending, t)
	if err != nil {
		return cmp.Or(context.Cause(sending), err)
	}
	return lostFirst(context.Cause(sending), b.work(ctx, sending, targets))
}

// lostFirst is the error of a batch. Where its lease was lost, that is said first: the batch is another worker's, whatever else failed.
func lostFirst(cause, err error) error {
	if err == nil || !errors.Is(cause, runs.ErrLeaseLost) || errors.Is(err, runs.ErrLeaseLost) {
		return err
	}
	return fmt.Errorf("%w; %w", cause, err)
}

// panicked is a panic as an error. It is logged here, with the stack.
func (e *Engine) panicked(ctx context.Context, caught any) error {
	e.logger.ErrorContext(ctx, "panic", "err", fmt.Sprint(caught), "stack", string(debug.Stack()))
	return fmt.Errorf("engine: panic: %v", caught)
}

// open reads what a leased batch needs, and estimates its load.
func (e *Engine) open(ctx context.Context, t *taken) (*batch, []runs.Target, error) {
	stored, err := e.store.Batch(ctx, t.lease.batch)
	if err != nil {
		return nil, nil, err
	}
	run, targets := stored.Run, stored.Targets
	actor, revoked, err := e.revoked(ctx, run, stored.Plan)
	if err != nil {
		return nil, nil, err
	}
	if err := e.store.BeginRun(ctx, run.ID); err != nil {
		return nil, nil, err
	}
	b := &batch{
		engine: e, lease: t.lease, load: t.load, run: run.ID, turn: wordpress.Turn{Member: t.next.Member, Run: run.ID},
		revoked: revoked, cancelled: !run.CancelledAt.IsZero(), plan: stored.Plan,
		limits: run.Spec.Limits, verify: run.Spec.Verify && stored.Plan.Purges,
	}
	b.actor.Store(&actor)
	if b.limits.AtOnce > 0 {
		b.places = make(chan struct{}, b.limits.AtOnce)
	}
	t.lease.endAt(ctx, run.DeadlineAt)
	t.lease.onRenewal(func() { b.watchActor(ctx, run) })
	if err := b.connect(ctx, targets); err != nil {
		return nil, nil, err
	}
	b.estimate(targets)
	return b, targets, nil
}

// estimate tells the process how much the batch has before it.
func (b *batch) estimate(targets []runs.Target) {
	_, perAddress := b.engine.registry.Limits()
	servers := map[string]int{}
	for _, t := range targets {
		s := b.sites[t.SiteID]
		servers[cmp.Or(s.Address, s.Host)]++
	}
	b.load.estimated(servers, cmp.Or(b.limits.AtOncePerServer, perAddress))
}

// work sends all targets and stores what came of them. Sending ends with the lease; what is known by then is stored all the same, as far as
// the batch is still this worker's.
func (b *batch) work(ctx, sending context.Context, targets []runs.Target) error {
	b.writer = newWriter(ctx, b.lease, b.engine.metrics)
	b.send(sending, targets)
	if err := b.writer.close(); err != nil {
		return err
	}
	if cause := context.Cause(sending); cause != nil {
		return cause
	}
	if b.left {
		return errDrained
	}
	return b.engine.store.FinishBatch(ctx, b.run, b.lease.batch, b.lease.owner)
}

// batch is a batch under way.
type batch struct {
	engine    *Engine
	lease     *lease
	load      *load
	run       int64
	turn      wordpress.Turn
	actor     atomic.Pointer[access.Actor] // who started the run, as they are now
	revoked   bool                         // they may not go on with it
	cancelled bool                         // before this worker took the batch
	plan      operation.Plan
	writer    *writer
	sites     map[int64]sites.Site
	clients   map[int64]*wordpress.Client
	undial    map[int64]error // why there is no client for a site
	limits    runs.Limits
	places    chan struct{} // of the run's own limit, nil without one
	verify    bool

	guard sync.Mutex
	left  bool // some target has not ended
}

func (b *batch) connect(ctx context.Context, targets []runs.Target) error {
	ids := make([]int64, len(targets))
	for i, t := range targets {
		ids[i] = t.SiteID
	}
	chosen, err := b.engine.registry.Select(ctx, access.System(), sites.Selection{IDs: ids})
	if err != nil {
		return err
	}
	b.sites = make(map[int64]sites.Site, len(chosen))
	for _, s := range chosen {
		b.sites[s.ID] = s
	}
	b.clients, b.undial, err = b.engine.registry.DialAll(ctx, chosen)
	return err
}

// send works all targets side by side. The network decides how many requests are under way at once, in all and for each server.
func (b *batch) send(ctx context.Context, targets []runs.Target) {
	var group sync.WaitGroup
	for _, t := range targets {
		group.Go(func() {
			defer b.load.ended()
			if !b.safely(ctx, t) {
				b.guard.Lock()
				defer b.guard.Unlock()
				b.left = true
			}
		})
	}
	group.Wait()
}
