package runs

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

// holds says which servers' addresses this process speaks to. The network limits the exchanges of one process; an address that
// another process holds is waited for, so that the limit of each server holds across processes and runs.
type holds struct {
	store  store
	owner  string // this process
	logger *slog.Logger
	wake   chan struct{}

	guard sync.Mutex
	held  map[netip.Addr]*held
}

// held is one address that is held or asked for.
type held struct {
	granted chan struct{} // closed when it is ours
	ours    bool
	users   int
	idle    time.Time // since when nobody uses it
}

// Another process's address is asked for again after askEvery. One that nobody uses is given up after keepIdle: the next site of that
// server mostly follows at once.
const (
	askEvery = 300 * time.Millisecond
	keepIdle = 200 * time.Millisecond
)

func newHolds(s store, logger *slog.Logger) *holds {
	return &holds{store: s, owner: rand.Text(), logger: logger, wake: make(chan struct{}, 1), held: map[netip.Addr]*held{}}
}

// hold waits until this process may speak to the address. It returns errCancelled or errDrained when one of the channels closes first.
func (h *holds) hold(ctx context.Context, address netip.Addr, cancelled, drain <-chan struct{}) (release func(), err error) {
	h.guard.Lock()
	one, found := h.held[address]
	if !found {
		one = &held{granted: make(chan struct{})}
		h.held[address] = one
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
func (h *holds) keep(ctx context.Context) {
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
func (h *holds) ask(ctx context.Context) error {
	h.guard.Lock()
	var wanted []netip.Addr
	for address, one := range h.held {
		switch {
		case one.ours:
		case one.users == 0:
			delete(h.held, address)
		default:
			wanted = append(wanted, address)
		}
	}
	h.guard.Unlock()
	slices.SortFunc(wanted, netip.Addr.Compare) // PostgreSQL locks in this order, in every process
	for some := range slices.Chunk(wanted, insertedAtOnce) {
		got, err := h.store.claim(ctx, h.owner, some, time.Now().Add(leaseTime))
		if err != nil {
			return err
		}
		h.grant(got)
	}
	return nil
}

func (h *holds) grant(got []netip.Addr) {
	h.guard.Lock()
	defer h.guard.Unlock()
	for _, address := range got {
		one := h.held[address]
		if one == nil { // whoever wanted it is gone: it is given up with the others that are idle
			one = &held{granted: make(chan struct{})}
			h.held[address] = one
		}
		if !one.ours {
			one.ours, one.idle = true, time.Now()
			close(one.granted)
		}
	}
}

// giveUp lets other processes have what nobody uses here.
func (h *holds) giveUp(ctx context.Context) error {
	h.guard.Lock()
	var idle []netip.Addr
	for address, one := range h.held {
		if one.ours && one.users == 0 && time.Since(one.idle) > keepIdle {
			delete(h.held, address)
			idle = append(idle, address)
		}
	}
	h.guard.Unlock()
	return h.store.unhold(ctx, h.owner, idle)
}

// renew prolongs what is held.
func (h *holds) renew(ctx context.Context) error {
	h.guard.Lock()
	none := len(h.held) == 0
	h.guard.Unlock()
	if none {
		return nil
	}
	return h.store.renewHolds(ctx, h.owner, time.Now().Add(leaseTime))
}

// close gives up everything that is held.
func (h *holds) close(ctx context.Context) error {
	h.guard.Lock()
	defer h.guard.Unlock()
	if len(h.held) == 0 {
		return nil
	}
	return h.store.unholdAll(ctx, h.owner)
}
