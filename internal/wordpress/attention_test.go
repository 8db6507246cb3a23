package wordpress

import (
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inTurn asks for a place and returns how long it took to get one.
func inTurn(t *testing.T, n *Network, whose Turn) time.Duration {
	t.Helper()
	asked := time.Now()
	free, err := n.limits.take(t.Context(), netip.MustParseAddr("127.0.0.1"), Gate{Turn: whose})
	if err != nil {
		t.Fatal(err)
	}
	free(measured{unused: true})
	return time.Since(asked)
}

func TestRunsGiveWayToPages(t *testing.T) {
	ofRun := Turn{Member: "mara", Run: 7}
	for name, c := range map[string]struct {
		pages func(n *Network)
		whose Turn
		waits time.Duration
	}{
		"nobody waits":       {func(*Network) {}, ofRun, 0},
		"a page takes 30 ms": {func(n *Network) { time.AfterFunc(30*time.Millisecond, n.Attend()) }, ofRun, 30 * time.Millisecond},
		"a stream stays":     {func(n *Network) { n.Attend() }, ofRun, attendFor},
		"two pages at once": {func(n *Network) {
			time.AfterFunc(10*time.Millisecond, n.Attend())
			time.AfterFunc(40*time.Millisecond, n.Attend())
		}, ofRun, 40 * time.Millisecond},
		"what a page asks a site itself": {func(n *Network) { n.Attend() }, Turn{}, 0},
		"the page after a page, too soon": {func(n *Network) {
			done := n.Attend()
			time.Sleep(80 * time.Millisecond)
			done()
			n.Attend()
		}, ofRun, 0},
		"the page after a page, as long after": {func(n *Network) {
			done := n.Attend()
			time.Sleep(80 * time.Millisecond)
			done()
			time.Sleep(80 * time.Millisecond)
			time.AfterFunc(20*time.Millisecond, n.Attend())
		}, ofRun, 20 * time.Millisecond},
		"the page after a long one": {func(n *Network) {
			done := n.Attend()
			time.Sleep(time.Second)
			done()
			time.AfterFunc(20*time.Millisecond, n.Attend())
		}, ofRun, 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &Network{limits: newLimits(4, 4)}
				c.pages(n)
				if took := inTurn(t, n, c.whose); took != c.waits {
					t.Errorf("waited %s, want %s", took, c.waits)
				}
			})
		})
	}
}

// Whoever opens pages without end slows runs down by half at most.
func TestPagesWithoutEndDoNotStopARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Network{limits: newLimits(4, 4)}
		began := time.Now()
		var pages sync.WaitGroup
		pages.Go(func() {
			for time.Since(began) < 10*time.Second {
				done := n.Attend()
				time.Sleep(10 * time.Millisecond)
				done()
			}
		})
		exchanges := 0
		for time.Since(began) < 10*time.Second {
			inTurn(t, n, Turn{Run: 7})
			time.Sleep(time.Millisecond)
			exchanges++
		}
		pages.Wait()
		if exchanges < 4500 {
			t.Errorf("%d exchanges in 10 s, of 10,000 without pages", exchanges)
		}
	})
}
