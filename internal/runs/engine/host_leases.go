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

	"github.com/droverhq/drover/internal/database"
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
	grant   chan struct{} // closed when this process has it
	granted bool
	good    time.Time       // when the last claim or renewal that was confirmed began
	leased  context.Context // ends when the lease is lost
	lose    context.CancelCauseFunc
	users   int
	idle    time.Time // since when nobody uses it
}

// errHostLeaseLost ends the requests to an address that another process may speak to by now.
var errHostLeaseLost = errors.New("the lease of this server's address was lost")

// Claims begin claimApart apart: a lone address waits for nothing, and those of a batch that begins share one. Measured on one core, with a claim for
// each of 250 addresses: pages waited 70 ms for a processor. Another process's address is asked for again after claimEvery. One that nobody uses is
// given up after keepIdle: the next site of that server mostly follows at once.
const (
	claimsAtOnce = 500
	claimApart   = 20 * time.Millisecond
	claimEvery   = 300 * time.Millisecond
	keepIdle     = 200 * time.Millisecond
)

func newHostLeases(s Store, logger *slog.Logger) *hostLeases {
	return &hostLeases{store: s, owner: rand.Text(), logger: logger, wake: make(chan struct{}, 1), leases: map[netip.Addr]*hostLease{}}
}

func newHostLease() *hostLease {
	one := &hostLease{grant: make(chan struct{})}
	one.leased, one.lose = context.WithCancelCause(context.Background())
	return one
}

// acquire waits until this process may speak to the address. What it returns ends when the lease is lost. The error is errCancelled or
// errDrained when one of the channels closes first.
func (h *hostLeases) acquire(ctx context.Context, address netip.Addr, cancelled, drain <-chan struct{}) (leased context.Context, release func(), err error) {
	one, known := h.use(address)
	if !known {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	select {
	case <-one.grant:
		leased, end := context.WithCancelCause(ctx)
		stop := context.AfterFunc(one.leased, func() { end(context.Cause(one.leased)) })
		return leased, func() { stop(); end(nil); h.leave(one) }, nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-cancelled:
		err = errCancelled
	case <-drain:
		err = errDrained
	}
	h.leave(one)
	return nil, nil, err
}

// use counts a user of the address, and tells whether it was asked for before.
func (h *hostLeases) use(address netip.Addr) (one *hostLease, known bool) {
	h.guard.Lock()
	defer h.guard.Unlock()
	if one, known = h.leases[address]; !known {
		one = newHostLease()
		h.leases[address] = one
	}
	one.users++
	return one, known
}

func (h *hostLeases) leave(one *hostLease) {
	h.guard.Lock()
	defer h.guard.Unlock()
	if one.users--; one.users == 0 {
		one.idle = time.Now()
	}
}

// keep asks for addresses, renews those in use and gives up the others, until the context ends.
func (h *hostLeases) keep(ctx context.Context) {
	renew := time.NewTicker(renewEvery)
	defer renew.Stop()
	claim := time.NewTicker(claimEvery)
	defer claim.Stop()
	var claimed time.Time
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(claimed.Add(claimApart))):
			}
			claimed = time.Now()
			err = h.claim(ctx)
		case <-claim.C:
			err = errors.Join(h.giveUp(ctx), h.claim(ctx))
		case <-renew.C:
			err = h.renew(ctx)
		}
		if err != nil && ctx.Err() == nil && !database.Away(err) { // the sweep tells of an outage
			h.logger.ErrorContext(ctx, "the servers in use could not be stored", "err", err)
		}
	}
}

// watch ends what is sent to addresses whose lease was not confirmed for too long, until the context ends. It waits for no database.
func (h *hostLeases) watch(ctx context.Context) {
	ticker := time.NewTicker(claimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			h.lost(func(_ netip.Addr, one *hostLease) bool { return time.Since(one.good) >= leaseTime-leaseMargin })
		}
	}
}

// lost ends the leases of this process that match.
func (h *hostLeases) lost(match func(netip.Addr, *hostLease) bool) {
	h.guard.Lock()
	defer h.guard.Unlock()
	for address, one := range h.leases {
		if one.granted && match(address, one) {
			delete(h.leases, address)
			one.lose(errHostLeaseLost)
		}
	}
}

// claim claims the addresses that somebody waits for, many at once.
func (h *hostLeases) claim(ctx context.Context) error {
	for some := range slices.Chunk(h.wanted(), claimsAtOnce) {
		began := time.Now()
		got, err := h.store.LeaseHosts(ctx, h.owner, some, began.Add(leaseTime))
		if err != nil {
			return err
		}
		h.grant(got, began)
	}
	return nil
}

// wanted lists the addresses that are asked for, in the order in which PostgreSQL locks them, in every process.
func (h *hostLeases) wanted() []netip.Addr {
	h.guard.Lock()
	defer h.guard.Unlock()
	var wanted []netip.Addr
	for address, one := range h.leases {
		switch {
		case one.granted:
		case one.users == 0:
			delete(h.leases, address)
		default:
			wanted = append(wanted, address)
		}
	}
	slices.SortFunc(wanted, netip.Addr.Compare)
	return wanted
}

func (h *hostLeases) grant(got []netip.Addr, began time.Time) {
	h.guard.Lock()
	defer h.guard.Unlock()
	for _, address := range got {
		one := h.leases[address]
		if one == nil { // whoever wanted it is gone: it is given up with the others that are idle
			one = newHostLease()
			h.leases[address] = one
		}
		if !one.granted {
			one.granted, one.good, one.idle = true, began, time.Now()
			close(one.grant)
		}
	}
}

// giveUp lets other processes have what nobody uses here.
func (h *hostLeases) giveUp(ctx context.Context) error {
	idle := h.takeIdle()
	if len(idle) == 0 {
		return nil
	}
	return h.store.ReleaseHosts(ctx, h.owner, idle)
}

func (h *hostLeases) takeIdle() []netip.Addr {
	h.guard.Lock()
	defer h.guard.Unlock()
	var idle []netip.Addr
	for address, one := range h.leases {
		if one.granted && one.users == 0 && time.Since(one.idle) > keepIdle {
			delete(h.leases, address)
			one.lose(nil)
			idle = append(idle, address)
		}
	}
	return idle
}

// renew prolongs what is leased. What the database does not confirm is lost.
func (h *hostLeases) renew(ctx context.Context) error {
	granted := h.mine()
	if len(granted) == 0 {
		return nil
	}
	began := time.Now()
	confirmed, err := h.store.RenewHosts(ctx, h.owner, began.Add(leaseTime))
	if err != nil {
		return err
	}
	for _, address := range confirmed {
		if one := granted[address]; one != nil {
			h.confirm(one, began)
		}
	}
	h.lost(func(address netip.Addr, one *hostLease) bool {
		return granted[address] == one && one.good.Before(began)
	})
	return nil
}

func (h *hostLeases) confirm(one *hostLease, began time.Time) {
	h.guard.Lock()
	defer h.guard.Unlock()
	one.good = began
}

func (h *hostLeases) mine() map[netip.Addr]*hostLease {
	h.guard.Lock()
	defer h.guard.Unlock()
	granted := map[netip.Addr]*hostLease{}
	for address, one := range h.leases {
		if one.granted {
			granted[address] = one
		}
	}
	return granted
}

// close gives up everything that is leased.
func (h *hostLeases) close(ctx context.Context) error {
	if len(h.mine()) == 0 {
		return nil
	}
	return h.store.ReleaseAllHosts(ctx, h.owner)
}
