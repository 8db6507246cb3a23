package wordpress

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

func answers(p *pace, now *time.Time, n int, f measured) {
	for range n {
		*now = now.Add(f.took)
		p.observe(f, *now)
	}
}

func TestPaceSlowsDownAndRecovers(t *testing.T) {
	usual := measured{answered: true, took: 200 * time.Millisecond}
	for name, strain := range map[string]measured{
		"busy":   {answered: true, busy: true, took: 20 * time.Millisecond},
		"rising": {answered: true, took: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			now := time.Unix(1_800_000_000, 0)
			answers(&p, &now, 20, usual)
			if p.gap != 0 || p.atOnce(2) != 2 {
				t.Fatalf("gap %v before anything happened", p.gap)
			}
			answers(&p, &now, 8, strain)
			if p.gap < firstGap || p.gap > longestGap || p.atOnce(2) != 1 || !p.next.After(now) {
				t.Errorf("under strain: gap %v, next in %v, %d at once", p.gap, p.next.Sub(now), p.atOnce(2))
			}
			answers(&p, &now, 30, usual)
			if p.gap != 0 || p.atOnce(2) != 2 {
				t.Errorf("after it: gap %v, %d at once", p.gap, p.atOnce(2))
			}
		})
	}
}

func TestPaceKeepsUp(t *testing.T) {
	for name, f := range map[string]func(i int) measured{
		"one slow site among many": func(i int) measured {
			if i%5 == 0 {
				return measured{answered: true, took: 8 * time.Second}
			}
			return measured{answered: true, took: 150 * time.Millisecond}
		},
		"always slow": func(int) measured { return measured{answered: true, took: 9 * time.Second} },
		"no answers":  func(int) measured { return measured{took: 30 * time.Second} },
		"small changes": func(i int) measured {
			return measured{answered: true, took: time.Duration(50+40*(i%7)) * time.Millisecond}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			now := time.Unix(1_800_000_000, 0)
			for i := range 60 {
				answers(&p, &now, 1, f(i))
				if p.gap != 0 {
					t.Fatalf("after %d answers: gap %v", i, p.gap)
				}
			}
		})
	}
}

// The wish of a busy server is honoured for all of its sites, but not for longer than longestGap: it may be one site's.
func TestPaceHonoursTheWish(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for wish, want := range map[time.Duration]time.Duration{0: firstGap, 4 * time.Second: 4 * time.Second, time.Hour: longestGap} {
		var p pace
		p.observe(measured{answered: true, busy: true, retryAfter: wish}, now)
		if got := p.next.Sub(now); got != want {
			t.Errorf("a wish of %v: %v, want %v", wish, got, want)
		}
	}
}

// A pause of the server ends by itself: whoever waits gets the place then, one after the other.
func TestWaitersAreWoken(t *testing.T) {
	l := newLimits(10, 2)
	address := netip.MustParseAddr("10.0.0.1")
	free, err := l.take(context.Background(), address, Gate{})
	if err != nil {
		t.Fatal(err)
	}
	free(measured{answered: true, busy: true})
	began := time.Now()
	for range 2 {
		retaken, err := l.take(context.Background(), address, Gate{})
		if err != nil {
			t.Fatal(err)
		}
		retaken(measured{})
	}
	if waited := time.Since(began); waited < 2*firstGap {
		t.Errorf("two exchanges began within %v", waited)
	}
	l.allFree(t)
}

func TestMoreAtOnceForOneRun(t *testing.T) {
	l := newLimits(10, 2)
	address := netip.MustParseAddr("10.0.0.1")
	for i := range 5 {
		if _, err := l.take(context.Background(), address, Gate{PerAddress: 5}); err != nil {
			t.Fatalf("place %d: %v", i, err)
		}
	}
	late, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := l.take(late, address, Gate{}); err == nil {
		t.Error("the usual limit gave a place where five are under way")
	}
}

// A real exchange that is answered 429 slows its server down.
func TestBusyServerIsSpared(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	s.do(t, patch)
	x := s.do(t, patch)
	if x.Waited < firstGap/2 || x.Took > x.Waited {
		t.Errorf("waited %v, took %v", x.Waited, x.Took)
	}
}

// Whoever the client answers to may keep it from the address, before the request and under way.
func TestLeaseOfAHost(t *testing.T) {
	arrived := make(chan struct{}, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("slow") {
			arrived <- struct{}{}
			<-r.Context().Done()
			return
		}
		echo(w, r)
	})
	released := 0
	leased, lose := context.WithCancelCause(t.Context())
	gate := Gate{Lease: func(_ context.Context, address netip.Addr) (context.Context, func(), error) {
		if address != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("asked about %v", address)
		}
		return leased, func() { released++ }, nil
	}}
	if x := s.client(OverrideNone).Through(gate).Do(t.Context(), patch); x.Fault != nil || released != 1 {
		t.Errorf("%v, released %d times", x.Fault, released)
	}
	lost := errors.New("another process has it")
	go func() {
		<-arrived
		lose(lost)
	}()
	if x := s.client(OverrideNone).Through(gate).Do(t.Context(), Request{Method: http.MethodGet, Path: "/?slow=1"}); !errors.Is(x.Fault, ErrCutOff) ||
		!errors.Is(x.Fault, lost) || !x.Sent || released != 2 {
		t.Errorf("after the lease was lost: %+v", x)
	}
	gate.Lease = func(context.Context, netip.Addr) (context.Context, func(), error) { return nil, nil, ErrCancelled }
	if x := s.client(OverrideNone).Through(gate).Do(t.Context(), patch); x.Sent || x.Fault == nil {
		t.Errorf("sent all the same: %+v", x)
	}
}
