package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// hostLeases says which servers' addresses this process speaks to. The network limits the exchanges of one process; an address that
// another process has leased is waited for, so that the limit of each server holds across processes and runs.
type hostLeases struct {
	store  Store
	owner  string // this process
	logger *slog.Logger
	wake   chan struct{}

	guard  sync.Mutex
	leases map[netip.Addr]*hostLease
}

// hostLease is one address that is leased or asked for.
type hostLease struct {
	granted chan struct{} // closed when it is ours
	ours    bool
	users   int
	idle    time.Time // since when nobody uses it
}

// Another process's address is asked for again after askEvery. One that nobody uses is given up after keepIdle: the next site of that
// server mostly follows at once.
const (
	askedAtOnce = 60
	askEvery    = 300 * time.Millisecond
	keepIdle    = 200 * time.Millisecond
)

func newHostLeases(s Store, logger *slog.Logger) *hostLeases {
	return &hostLeases{store: s, owner: rand.Text(), logger: logger, wake: make(chan struct{}, 1), leases: map[netip.Addr]*hostLease{}}
}

// acquire waits until this process may speak to the address. It returns errCancelled or errDrained when one of the channels closes first.
func (h *hostLeases) acquire(ctx context.Context, address netip.Addr, cancelled, drain <-chan struct{}) (release func(), err error) {
	h.guard.Lock()
	one, found := h.leases[address]
	if !found {
		one = &hostLease{granted: make(chan struct{})}
		h.leases[address] = one
	}
	one.users++
	h.guard.Unlock()
	if !found {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	release = func() {
		h.guard.Lock()
		defer h.guard.Unlock()
		if one.users--; one.users == 0 {
			one.idle = time.Now()
		}
	}
	select {
	case <-one.granted:
		return release, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-cancelled:
		err = errCancelled
	case <-drain:
		err = errDrained
	}
	release()
	return nil, err
}

// keep asks for addresses, renews those in use and gives up the others, until the context ends.
func (h *hostLeases) keep(ctx context.Context) {
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
			err = h.ask(ctx)
		case <-ask.C:
			err = errors.Join(h.giveUp(ctx), h.ask(ctx))
		case <-renew.C:
			err = h.renew(ctx)
		}
		if err != nil && ctx.Err() == nil {
			h.logger.ErrorContext(ctx, "the servers in use could not be stored", "err", err)
		}
	}
}

// ask claims the addresses that somebody waits for, many at once.
func (h *hostLeases) ask(ctx context.Context) error {
	h.guard.Lock()
	var wanted []netip.Addr
	for address, one := range h.leases {
		switch {
		case one.ours:
		case one.users == 0:
			delete(h.leases, address)
		default:
			wanted = append(wanted, address)
		}
	}
	h.guard.Unlock()
	slices.SortFunc(wanted, netip.Addr.Compare) // PostgreSQL locks in this order, in every process
	for some := range slices.Chunk(wanted, askedAtOnce) {
		got, err := h.store.LeaseHosts(ctx, h.owner, some, time.Now().Add(leaseTime))
		if err != nil {
			return err
		}
		h.grant(got)
	}
	return nil
}

func (h *hostLeases) grant(got []netip.Addr) {
	h.guard.Lock()
	defer h.guard.Unlock()
	for _, address := range got {
		one := h.leases[address]
		if one == nil { // whoever wanted it is gone: it is given up with the others that are idle
			one = &hostLease{granted: make(chan struct{})}
			h.leases[address] = one
		}
		if !one.ours {
			one.ours, one.idle = true, time.Now()
			close(one.granted)
		}
	}
}

// giveUp lets other processes have what nobody uses here.
func (h *hostLeases) giveUp(ctx context.Context) error {
	h.guard.Lock()
	var idle []netip.Addr
	for address, one := range h.leases {
		if one.ours && one.users == 0 && time.Since(one.idle) > keepIdle {
			delete(h.leases, address)
			idle = append(idle, address)
		}
	}
	h.guard.Unlock()
	return h.store.ReleaseHosts(ctx, h.owner, idle)
}

// renew prolongs what is held.
func (h *hostLeases) renew(ctx context.Context) error {
	h.guard.Lock()
	none := len(h.leases) == 0
	h.guard.Unlock()
	if none {
		return nil
	}
	return h.store.RenewHosts(ctx, h.owner, time.Now().Add(leaseTime))
}

// close gives up everything that is held.
func (h *hostLeases) close(ctx context.Context) error {
	h.guard.Lock()
	defer h.guard.Unlock()
	if len(h.leases) == 0 {
		return nil
	}
	return h.store.ReleaseAllHosts(ctx, h.owner)
}
