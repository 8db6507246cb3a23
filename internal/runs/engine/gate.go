package engine

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/droverhq/drover/internal/wordpress"
)

// gate is what every request of a target passes, in this order: the run's own concurrency limit, the host lease, the server's limit and the
// limit of all requests (wordpress), then whether anything may still be sent. The first request after the site was located marks the target
// as running.
type gate struct {
	batch  *batch
	ctx    context.Context
	target int64
	site   int64
	begins bool // the next request belongs to what the run does
	begun  bool // the database says that the target may have been sent
	resent bool // a worker before this one may have sent it

	earlier time.Time // when that worker began it
}

func (g *gate) network() wordpress.Gate {
	return wordpress.Gate{Turn: g.batch.turn, PerAddress: g.batch.limits.AtOncePerServer, Lease: g.batch.leaseHost, Ready: g.ready}
}

// ready is asked right before a request leaves: a crash from here on means that it may have been sent.
func (g *gate) ready() error {
	if !g.batch.inScope(g.site) {
		return errOutsideScope
	}
	if err := g.batch.mayStillSend(g.ctx); err != nil || g.begun || !g.begins {
		return err
	}
	err := g.batch.writer.begin(g.ctx, g.target)
	if err == nil {
		g.begun = true
		err = g.batch.mayStillSend(g.ctx)
	}
	if err != nil && !errors.Is(err, errCancelled) && !g.resent {
		g.begun = false
		g.batch.writer.withdraw(g.target)
	}
	return err
}

// mayStillSend returns why nothing more may be sent. After the run's deadline it waits until the run is cancelled: whoever is told so relies on it.
func (b *batch) mayStillSend(ctx context.Context) error {
	if b.lease.overdue() {
		select {
		case <-b.engine.drain:
		case <-b.lease.cancelled:
		case <-ctx.Done():
		}
	}
	select {
	case <-b.engine.drain:
		return errDrained
	case <-b.lease.cancelled:
		return errCancelled
	default:
	}
	if err := b.lease.valid(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// leaseHost waits for a place of the run's own limit, and until this process may speak to the server.
func (b *batch) leaseHost(ctx context.Context, address netip.Addr) (leased context.Context, release func(), err error) {
	free, err := b.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	leased, give, err := b.engine.hosts.acquire(ctx, address, b.lease.cancelled, b.engine.drain)
	if err != nil {
		free()
		return nil, nil, err
	}
	return leased, func() { give(); free() }, nil
}

// place waits until the run's own limit lets another request leave.
func (b *batch) place(ctx context.Context) (free func(), err error) {
	if b.places == nil {
		return func() {}, nil
	}
	select {
	case b.places <- struct{}{}:
		return func() { <-b.places }, nil
	case <-b.engine.drain:
		return nil, errDrained
	case <-b.lease.cancelled:
		return nil, errCancelled
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
