package wordpress

import (
	"context"
	"net/netip"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// waiting is a congestion that is told how long work waits.
func waiting(most int, wait *time.Duration) *congestion {
	buckets := []float64{0, 0.001, 0.003, 0.005, 0.008, 0.020, 1}
	counts := make([]uint64, len(buckets)-1)
	c := newCongestion(most)
	c.waits = func() *metrics.Float64Histogram {
		seconds := time.Duration(atomic.LoadInt64((*int64)(wait))).Seconds()
		for i := range counts {
			if seconds >= buckets[i] && seconds < buckets[i+1] {
				counts[i] += 100
			}
		}
		return &metrics.Float64Histogram{Counts: counts, Buckets: buckets}
	}
	return c
}

func TestFewerExchangesWhileTheProcessorsAreBusy(t *testing.T) {
	var wait time.Duration
	c := waiting(256, &wait)
	now := time.Now()
	looks := func(n int) int {
		allowed := 0
		for range n {
			now = now.Add(congestionEvery)
			allowed = c.look(now)
		}
		return allowed
	}
	if got := looks(3); got != 256 {
		t.Errorf("idle: %d, want all 256", got)
	}
	wait = 20 * time.Millisecond
	if got := looks(1); got != 192 {
		t.Errorf("busy: %d, want three quarters", got)
	}
	if got := looks(100); got != leastAllowed {
		t.Errorf("busy for long: %d, want the least", got)
	}
	wait = 6 * time.Millisecond
	if got := looks(10); got != leastAllowed {
		t.Errorf("in between: %d, want no change", got)
	}
	wait = 0
	if got := looks(1); got != leastAllowed+16 {
		t.Errorf("idle again: %d, want more, step by step", got)
	}
	if got := looks(100); got != 256 {
		t.Errorf("idle for long: %d, want all", got)
	}
	wait = 20 * time.Millisecond
	if first, second := c.look(now.Add(congestionEvery/2)), c.look(now.Add(congestionEvery/2)); first != 256 || second != 256 {
		t.Errorf("it looked before its time: %d, %d", first, second)
	}
}

func TestASmallLimitIsNotNarrowed(t *testing.T) {
	wait := time.Second / 2
	c := waiting(4, &wait)
	if got := c.look(time.Now()); got != 4 {
		t.Errorf("%d of 4", got)
	}
}

// Exchanges that were under way before the limit was narrowed end, and whoever waits gets a place as soon as enough have.
func TestNarrowedLimitsGoOn(t *testing.T) {
	var wait time.Duration
	l := newLimits(64, 1000)
	l.congestion = waiting(64, &wait)
	address := netip.MustParseAddr("127.0.0.1")
	var running []func(measured)
	for range 64 {
		free, err := l.take(context.Background(), address, Gate{})
		if err != nil {
			t.Fatal(err)
		}
		running = append(running, free)
	}
	wait = 20 * time.Millisecond
	for range 10 {
		l.congestion.looked = time.Time{}
		l.congestion.look(time.Now())
	}
	taken := make(chan func(measured))
	go func() {
		free, err := l.take(context.Background(), address, Gate{})
		if err != nil {
			t.Error(err)
		}
		taken <- free
	}()
	for i, free := range running {
		free(measured{})
		if left := len(running) - i - 1; left >= leastAllowed {
			select {
			case <-taken:
				t.Fatalf("a place while %d exchanges were under way, and %d allowed", left, leastAllowed)
			default:
			}
		}
	}
	(<-taken)(measured{})
}

// Places that slow servers keep for long are not the reason why everybody else waits: as soon as the processors are free again, there are more.
func TestWhoWaitsGetsAPlaceWhileSlowExchangesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := 20 * time.Millisecond
		l := newLimits(64, 1000)
		l.congestion = waiting(64, &wait)
		for range 100 {
			l.congestion.looked = time.Time{}
			l.congestion.look(time.Now())
		}
		address := netip.MustParseAddr("127.0.0.1")
		for range leastAllowed {
			if _, err := l.take(t.Context(), address, Gate{}); err != nil {
				t.Fatal(err)
			}
		}
		got := make(chan error)
		go func() {
			_, err := l.take(t.Context(), address, Gate{})
			got <- err
		}()
		time.Sleep(time.Second)
		select {
		case <-got:
			t.Fatal("more than are allowed")
		default:
		}
		atomic.StoreInt64((*int64)(&wait), 0) // waiting reads it
		select {
		case err := <-got:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Error("nobody ended, and whoever waits got no place though the processors are free")
		}
	})
}

func TestPercentileOfWaits(t *testing.T) {
	c := newCongestion(1)
	all := c.waits()
	if len(all.Counts) == 0 || len(all.Buckets) != len(all.Counts)+1 {
		t.Fatal("Go's runtime tells no waits")
	}
	for _, tc := range []struct {
		counts []uint64
		want   time.Duration
	}{{make([]uint64, 3), 0}, {[]uint64{1, 1, 3}, 2 * time.Second}, {[]uint64{95, 1, 4}, 0}, {[]uint64{85, 5, 10}, time.Second}} {
		if got := percentile90(tc.counts, []float64{0, 1, 2, 3}); got != tc.want {
			t.Errorf("%v: %v, want %v", tc.counts, got, tc.want)
		}
	}
}
