// Package engine works runs: it takes batches from the queue by lease, sends their targets, retries and verifies what may be, and stores
// what came of it.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/metrics"
	"github.com/droverhq/drover/internal/sites"
)

// Engine works queued batches.
type Engine struct {
	store    Store
	registry *sites.Registry
	standing func(context.Context, access.Actor) (access.Actor, error)
	logger   *slog.Logger
	metrics  *metrics.Metrics
	queue    jobs
	swept    atomic.Int64 // when the last sweep succeeded, as Unix time

	drain    chan struct{} // closed when no further target may be sent
	drained  sync.Once
	sweeper  sync.WaitGroup
	working  sync.Map // the batches that this process works, by id
	capacity *capacity

	hosts        *hostLeases
	keepHosts    context.Context // ends when no batch is worked any more
	releaseHosts context.CancelFunc
	hostKeeper   sync.WaitGroup
}

// errDrained stops a target that has not begun when the process stops.
var errDrained = errors.New("engine: the process is stopping")

// Parts is what an engine works with.
type Parts struct {
	DB       *database.DB // of the queue
	Store    Store
	Registry *sites.Registry
	// Standing returns who started a run as they are now, or access.ErrForbidden where they may do nothing any more.
	Standing func(context.Context, access.Actor) (access.Actor, error)
	Logger   *slog.Logger
	Metrics  *metrics.Metrics // nil counts nothing
}

// New returns an engine. It works nothing until Work is called.
func New(p Parts) (*Engine, error) {
	e := &Engine{store: p.Store, registry: p.Registry, standing: p.Standing, logger: p.Logger, metrics: p.Metrics, drain: make(chan struct{})}
	total, _ := p.Registry.Limits()
	e.capacity = newCapacity(total)
	e.hosts = newHostLeases(p.Store, p.Logger)
	e.keepHosts, e.releaseHosts = context.WithCancel(context.Background())
	var err error
	if e.queue, err = openQueue(p.DB, e.work, p.Logger); err != nil {
		return nil, fmt.Errorf("engine: queue: %w", err)
	}
	return e, nil
}

// Work begins to work queued batches, and queues those again whose worker is gone, until Stop.
func (e *Engine) Work(ctx context.Context) error {
	if err := e.queue.Start(ctx); err != nil {
		return fmt.Errorf("engine: queue: %w", err)
	}
	e.sweeper.Add(1)
	go e.sweep(ctx)
	for _, keep := range []func(context.Context){e.hosts.keep, e.hosts.watch} {
		e.hostKeeper.Go(func() {
			for e.keepHosts.Err() == nil {
				e.guarded(e.keepHosts, "keeping host leases", func() { keep(e.keepHosts) })
			}
		})
	}
	return nil
}

// Stop sends no further target, waits until those under way have ended, and gives unfinished batches back to the queue. When the
// context ends first, what is under way is cut off.
func (e *Engine) Stop(ctx context.Context) error {
	e.drained.Do(func() { close(e.drain) })
	e.sweeper.Wait()
	err := e.queue.Stop(ctx)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if ctx.Err() != nil {
		err = e.queue.StopAndCancel(grace)
	}
	e.releaseHosts()
	e.hostKeeper.Wait()
	return errors.Join(err, e.hosts.close(grace))
}

// quiet is how long the sweep may fail before the queue counts as stuck: it is due once a second.
const quiet = 30 * time.Second

// Alive returns an error where runs are not worked: the engine was not started, stops, or could not look after its queue of late.
func (e *Engine) Alive() error {
	select {
	case <-e.drain:
		return errDrained
	default:
	}
	last := time.Unix(e.swept.Load(), 0)
	if since := time.Since(last); since > quiet {
		return fmt.Errorf("engine: the queue was last looked after at %s", last.UTC().Format(time.RFC3339))
	}
	return nil
}
