package wordpress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// limits bounds the exchanges under way, in all and to one address, and spaces those to an address that cannot keep up.
type limits struct {
	total      int
	perAddress int
	congestion *congestion // nil where the processors do not count
	looksAgain bool        // a timer will

	guard     sync.Mutex
	attention attention
	running   int   // in all
	waiting   turns // for one of all places; they have one at their server
	servers   map[netip.Addr]*server
}

// server is one address that somebody speaks to, or spoke to lately.
type server struct {
	users   int // waiting or under way
	running int
	waiting turns
	pace    pace
	wake    *time.Timer
}

// waiter waits for a place at a server where at most so many exchanges may then be under way, or for one of all.
type waiter struct {
	whose Turn
	most  int
	turn  chan struct{} // closed when the place is there
}

// mostServers bounds how many addresses are remembered without being in use.
const mostServers = 20_000

func newLimits(total, perAddress int) *limits {
	return &limits{total: total, perAddress: perAddress, servers: map[netip.Addr]*server{}}
}

// take waits for a place at the address and then for one of all, so that sites which wait for one server take no place from others.
// At most gate.PerAddress exchanges are under way there then, the usual number when it is 0. The place is given back with what was felt.
// Where the server is in a pause that is longer than the gate allows, it returns ErrBusy.
func (l *limits) take(ctx context.Context, address netip.Addr, gate Gate) (free func(measured), err error) {
	if gate.MaxPause > 0 && l.pause(address) > gate.MaxPause {
		return nil, ErrBusy
	}
	s, w := l.enter(address, &waiter{whose: gate.Turn, most: cmp.Or(gate.PerAddress, l.perAddress), turn: make(chan struct{})})
	if err := l.wait(ctx, &s.waiting, w, func() { s.users-- }); err != nil {
		if errors.Is(err, errHadTurn) {
			l.leave(s, measured{unused: true})
		}
		return nil, fmt.Errorf("%w: %w", ErrWait, ended(ctx))
	}
	if err := l.wait(ctx, &l.waiting, l.enterAll(gate.Turn), func() {}); err != nil {
		if errors.Is(err, errHadTurn) {
			l.leaveAll()
		}
		l.leave(s, measured{unused: true})
		return nil, fmt.Errorf("%w: %w", ErrWait, ended(ctx))
	}
	return func(f measured) {
		l.leaveAll()
		l.leave(s, f)
	}, nil
}

// pause is how long nothing is sent to the address.
func (l *limits) pause(address netip.Addr) time.Duration {
	l.guard.Lock()
	defer l.guard.Unlock()
	if s := l.servers[address]; s != nil {
		return time.Until(s.pace.next)
	}
	return 0
}

// errGaveUp is why there is no place. errHadTurn is the same, but the turn came in the same moment: the place must be given back.
var (
	errGaveUp  = errors.New("the wait was given up")
	errHadTurn = errors.New("the wait was given up as its turn came")
)

// wait waits for the turn. When the context ends first, the waiter leaves the queue, and left is called under the guard.
func (l *limits) wait(ctx context.Context, queue *turns, w *waiter, left func()) error {
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
	}
	l.guard.Lock()
	defer l.guard.Unlock()
	if !queue.remove(w) {
		return errHadTurn
	}
	left()
	return errGaveUp
}

func (l *limits) enter(address netip.Addr, w *waiter) (*server, *waiter) {
	l.guard.Lock()
	defer l.guard.Unlock()
	s, found := l.servers[address]
	if !found {
		l.forget()
		s = &server{}
		l.servers[address] = s
	}
	s.users++
	s.waiting.push(w)
	l.grantServer(s, time.Now())
	return s, w
}

func (l *limits) enterAll(whose Turn) *waiter {
	l.guard.Lock()
	defer l.guard.Unlock()
	w := &waiter{whose: whose, turn: make(chan struct{})}
	l.waiting.push(w)
	l.grantTotal()
	return w
}

// grantTotal gives the places of all that are free to those who wait. The guard is held.
func (l *limits) grantTotal() {
	allowed, now := l.total, time.Now()
	if l.congestion != nil {
		allowed = l.congestion.look(now)
	}
	attends := l.attention.given(now)
	for w := l.waiting.next(); w != nil && l.running < allowed && !(attends && w.whose.Run != 0); w = l.waiting.next() {
		l.running++
		close(l.waiting.pop().turn)
	}
	if l.running < l.total && l.waiting.next() != nil {
		l.lookAgain()
	}
}

// lookAgain gives places when more may be allowed: those who have one may keep it for long. The guard is held.
func (l *limits) lookAgain() {
	if l.looksAgain {
		return
	}
	l.looksAgain = true
	time.AfterFunc(congestionEvery, func() {
		l.guard.Lock()
		defer l.guard.Unlock()
		l.looksAgain = false
		l.grantTotal()
	})
}

func (l *limits) leaveAll() {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.running--
	l.grantTotal()
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

// grantServer gives places to those who wait, in their turn, as far as the server's pace allows. The guard is held.
func (l *limits) grantServer(s *server, now time.Time) {
	for w := s.waiting.next(); w != nil; w = s.waiting.next() {
		if s.running >= s.pace.atOnce(w.most) {
			return
		}
		if wait := s.pace.next.Sub(now); wait > 0 {
			l.wakeIn(s, wait)
			return
		}
		s.waiting.pop()
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
		l.grantServer(s, time.Now())
	})
}

func (l *limits) leave(s *server, f measured) {
	l.guard.Lock()
	defer l.guard.Unlock()
	now := time.Now()
	s.users--
	s.running--
	s.pace.observe(f, now)
	l.grantServer(s, now)
}

// Load tells how many exchanges are under way, and to how many addresses Drover speaks less than it usually may.
func (n *Network) Load() (running, slowed int) {
	l := n.limits
	l.guard.Lock()
	defer l.guard.Unlock()
	for _, s := range l.servers {
		if s.pace.gap > 0 {
			slowed++
		}
	}
	return l.running, slowed
}
