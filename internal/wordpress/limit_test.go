package wordpress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// gauge counts how much is under way at once.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

// allFree fails the test when somebody still holds a place or waits for one.
func (l *limits) allFree(t *testing.T) {
	t.Helper()
	for address, s := range l.servers {
		if s.users != 0 || s.running != 0 || s.waiting.waiting != 0 {
			t.Errorf("%s: %d users, %d under way, %d waiting", address, s.users, s.running, s.waiting.waiting)
		}
	}
	if l.running != 0 || l.waiting.waiting != 0 {
		t.Errorf("%d places are still held, %d wait", l.running, l.waiting.waiting)
	}
}

func TestLimits(t *testing.T) {
	for _, c := range []struct{ total, perAddress, addresses, most, mostEach int }{
		{100, 2, 1, 2, 2}, {3, 2, 8, 3, 2}, {100, 1, 5, 5, 1},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { contend(t, newLimits(c.total, c.perAddress), c.addresses, c.most, c.mostEach) })
		})
	}
}

// contend has 200 users ask at once for places at the addresses, and each hold its own while all others wait for theirs.
func contend(t *testing.T, l *limits, addresses, most, mostEach int) {
	t.Helper()
	var all gauge
	each := make([]gauge, addresses)
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			at := i % addresses
			free, err := l.take(context.Background(), netip.AddrFrom4([4]byte{10, 0, 0, byte(at)}), Gate{})
			if err != nil {
				t.Error(err)
				return
			}
			all.enter()
			each[at].enter()
			time.Sleep(time.Millisecond) // by the bubble's clock: it moves when everybody waits
			each[at].leave()
			all.leave()
			free(measured{})
		})
	}
	group.Wait()
	if got := int(all.most.Load()); got != most {
		t.Errorf("%d under way at once, want %d", got, most)
	}
	for i := range each {
		if got := int(each[i].most.Load()); got > mostEach {
			t.Errorf("%d at address %d, want at most %d", got, i, mostEach)
		}
	}
	l.allFree(t)
}

func TestWaitIsGivenUp(t *testing.T) {
	address := netip.MustParseAddr("10.0.0.1")
	otherServer := netip.MustParseAddr("10.0.0.2")
	for name, second := range map[string]netip.Addr{"for the address": address, "for one of all": otherServer} {
		t.Run(name, func(t *testing.T) {
			l := newLimits(1, 1)
			free, err := l.take(context.Background(), address, Gate{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if _, err := l.take(ctx, second, Gate{}); !errors.Is(err, ErrWait) || !errors.Is(err, ErrCancelled) {
				t.Errorf("take = %v", err)
			}
			late, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			if _, err := l.take(late, second, Gate{}); !errors.Is(err, ErrWait) || !errors.Is(err, ErrTimeout) {
				t.Errorf("take = %v", err)
			}
			free(measured{})
			l.allFree(t)
		})
	}
}

// A place is held until the body has been read, so that slow answers count too.
func TestSlowAnswersCount(t *testing.T) {
	var open gauge
	pair := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		open.enter()
		defer open.leave()
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		select { // the body comes later than the headers: when a second request is here
		case pair <- struct{}{}:
		case <-pair:
		}
		_, _ = w.Write([]byte(`{}`))
	})
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			if x := s.do(t, Request{Method: http.MethodGet, Path: "/"}); x.Fault != nil {
				t.Error(x.Fault)
			}
		})
	}
	group.Wait()
	if open.most.Load() > 2 {
		t.Errorf("%d answers at once, want at most 2", open.most.Load())
	}
}

// Many who wait delay somebody else's request by one turn each, not by all of theirs; dead names wait for nothing.
func TestTurnsByMemberAndRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(1, 1000)
		first, err := l.take(context.Background(), netip.MustParseAddr("10.0.0.1"), Gate{})
		if err != nil {
			t.Fatal(err)
		}
		var order []Turn
		var group sync.WaitGroup
		come := func(whose Turn, n int, address string) {
			for range n {
				group.Go(func() {
					free, err := l.take(context.Background(), netip.MustParseAddr(address), Gate{Turn: whose})
					if err != nil {
						t.Error(err)
						return
					}
					order = append(order, whose) // one at a time: there is one place in all
					free(measured{})
				})
			}
			synctest.Wait()
		}
		many, other, small, colleague := Turn{"mara", 1}, Turn{"mara", 2}, Turn{"mara", 3}, Turn{"olga", 4}
		come(many, 500, "10.0.0.1")
		come(other, 500, "10.0.0.2")
		come(small, 1, "10.0.0.3")
		come(colleague, 2, "10.0.0.1")
		first(measured{})
		group.Wait()
		if i := slices.Index(order, small); i < 0 || i > 5 {
			t.Errorf("another run of the member waited for %d requests", i)
		}
		if i := slices.Index(order, colleague); i < 0 || i > 1 {
			t.Errorf("another member waited for %d requests", i)
		}
		if len(order) != 1003 {
			t.Errorf("%d went through", len(order))
		}
		l.allFree(t)
	})
}

// Names that are still looked up, or that lead nowhere, take no place among the requests under way.
func TestNamesThatDoNotResolveTakeNoPlace(t *testing.T) {
	s := serve(t, echo)
	s.network.limits.total = 1
	requested, answer := make(chan struct{}), make(chan struct{})
	s.network.resolver.dns = func(ctx context.Context, _, host string) ([]netip.Addr, error) {
		requested <- struct{}{}
		<-answer
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	const dead = 50
	var group sync.WaitGroup
	for i := range dead {
		c := s.network.Client(Address{Home: fmt.Sprintf("https://dead-%d.example", i)}, "", "")
		group.Go(func() {
			if x := c.Do(context.Background(), patch); !errors.Is(x.Fault, ErrResolve) {
				t.Error(x.Fault)
			}
		})
	}
	for range dead {
		<-requested
	}
	if x := s.do(t, patch); x.Fault != nil {
		t.Errorf("while %d names were looked up: %v", dead, x.Fault)
	}
	close(answer)
	group.Wait()
	s.network.limits.allFree(t)
}
