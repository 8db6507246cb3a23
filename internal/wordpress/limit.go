package wordpress

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// limits bounds the exchanges under way, in all and to one address, and spaces those to an address that cannot keep up.
type limits struct {
	total      chan struct{}
	perAddress int

	guard   sync.Mutex
	servers map[netip.Addr]*server
}

// server is one address that somebody speaks to, or spoke to lately.
type server struct {
	users   int // waiting or under way
	running int
	waiting []*waiter // in the order in which they came
	pace    pace
	wake    *time.Timer
}

// waiter waits for a place at a server where at most so many exchanges may then be under way.
type waiter struct {
	most int
	turn chan struct{} // closed when the place is there
}

// mostServers bounds how many addresses are remembered without being in use.
const mostServers = 20_000

func newLimits(total, perAddress int) *limits {
	return &limits{total: make(chan struct{}, total), perAddress: perAddress, servers: map[netip.Addr]*server{}}
}

// take waits for a place at the address and then for one of all, so that sites which wait for one server take no place from others.
// At most `most` exchanges are under way there then, the usual number when it is 0. The place is given back with what was felt.
func (l *limits) take(ctx context.Context, address netip.Addr, most int) (free func(felt), err error) {
	if most == 0 {
		most = l.perAddress
	}
	s, w := l.enter(address, most)
	select {
	case <-w.turn:
	case <-ctx.Done():
		l.giveUp(s, w)
		return nil, fmt.Errorf("%w: %w", ErrWait, ended(ctx))
	}
	select {
	case l.total <- struct{}{}:
	case <-ctx.Done():
		l.leave(s, felt{unused: true})
		return nil, fmt.Errorf("%w: %w", ErrWait, ended(ctx))
	}
	return func(f felt) {
		<-l.total
		l.leave(s, f)
	}, nil
}

func (l *limits) enter(address netip.Addr, most int) (*server, *waiter) {
	l.guard.Lock()
	defer l.guard.Unlock()
	s, found := l.servers[address]
	if !found {
		l.forget()
		s = &server{}
		l.servers[address] = s
	}
	w := &waiter{most: most, turn: make(chan struct{})}
	s.users++
	s.waiting = append(s.waiting, w)
	l.admit(s, time.Now())
	return s, w
}

// forget drops the servers that nobody uses when there are too many. The guard is held.
func (l *limits) forget() {
	if len(l.servers) < mostServers {
		return
	}
	for address, s := range l.servers {
		if s.users == 0 {
			delete(l.servers, address)
		}
	}
}

// admit gives places to those who wait, in their order, as far as the server's pace allows. The guard is held.
func (l *limits) admit(s *server, now time.Time) {
	for len(s.waiting) > 0 {
		w := s.waiting[0]
		if s.running >= s.pace.atOnce(w.most) {
			return
		}
		if wait := s.pace.next.Sub(now); wait > 0 {
			l.wakeIn(s, wait)
			return
		}
		s.waiting = s.waiting[1:]
		s.running++
		s.pace.began(now)
		close(w.turn)
	}
}

// wakeIn admits again when the server's pause is over. The guard is held.
func (l *limits) wakeIn(s *server, wait time.Duration) {
	if s.wake != nil {
		s.wake.Stop()
	}
	s.wake = time.AfterFunc(wait, func() {
		l.guard.Lock()
		defer l.guard.Unlock()
		l.admit(s, time.Now())
	})
}

func (l *limits) giveUp(s *server, w *waiter) {
	l.guard.Lock()
	i := slices.Index(s.waiting, w)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.users--
	}
	l.guard.Unlock()
	if i < 0 { // its turn came in the same moment
		l.leave(s, felt{unused: true})
	}
}

func (l *limits) leave(s *server, f felt) {
	l.guard.Lock()
	defer l.guard.Unlock()
	now := time.Now()
	s.users--
	s.running--
	s.pace.feel(f, now)
	l.admit(s, now)
}
