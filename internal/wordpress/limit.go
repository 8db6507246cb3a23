package wordpress

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
)

// limits bounds the exchanges under way, in all and to one address.
type limits struct {
	total      chan struct{}
	perAddress int

	guard   sync.Mutex
	servers map[netip.Addr]*server
}

// server is one address that somebody speaks to or waits for.
type server struct {
	places chan struct{}
	users  int
}

func newLimits(total, perAddress int) *limits {
	return &limits{total: make(chan struct{}, total), perAddress: perAddress, servers: map[netip.Addr]*server{}}
}

// take waits for a place at the address and then for one of all, so that sites which wait for one server take no place from others.
func (l *limits) take(ctx context.Context, address netip.Addr) (free func(), err error) {
	s := l.enter(address)
	select {
	case s.places <- struct{}{}:
	case <-ctx.Done():
		l.leave(address, s)
		return nil, fmt.Errorf("%w: %w", ErrWait, ended(ctx))
	}
	select {
	case l.total <- struct{}{}:
	case <-ctx.Done():
		<-s.places
		l.leave(address, s)
		return nil, fmt.Errorf("%w: %w", ErrWait, ended(ctx))
	}
	return func() {
		<-l.total
		<-s.places
		l.leave(address, s)
	}, nil
}

func (l *limits) enter(address netip.Addr) *server {
	l.guard.Lock()
	defer l.guard.Unlock()
	s, found := l.servers[address]
	if !found {
		s = &server{places: make(chan struct{}, l.perAddress)}
		l.servers[address] = s
	}
	s.users++
	return s
}

func (l *limits) leave(address netip.Addr, s *server) {
	l.guard.Lock()
	defer l.guard.Unlock()
	if s.users--; s.users == 0 {
		delete(l.servers, address)
	}
}
