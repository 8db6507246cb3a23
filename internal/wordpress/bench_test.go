package wordpress_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	. "github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// sendAll sends one write to every site, side by side.
func sendAll(t testing.TB, fake *wptest.Fake, n *Network) {
	t.Helper()
	request := clearAll
	request.Timeout = 30 * time.Second
	var group sync.WaitGroup
	for i := range fake.Len() {
		client := connect(n, fake.URL(i), "", OverrideNone)
		group.Go(func() {
			if v := Classify(client.Do(context.Background(), request)); v.Outcome != OK {
				t.Errorf("site %d: %+v", i, v)
			}
		})
	}
	group.Wait()
}

// Nothing stays behind when a network is closed: no goroutine of a connection, a look-up or a wait.
func TestNothingLeaks(t *testing.T) {
	described := make([]wptest.Site, 40)
	described[7].Fault, described[9].Fault = wptest.CutAfter, wptest.Closed
	fake, err := wptest.Start(wptest.Options{Sites: described})
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	before := runtime.NumGoroutine()
	n := NewNetwork(Config{AllowNets: loopback, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	var group sync.WaitGroup
	for i := range described {
		group.Go(func() { connect(n, fake.URL(i), "", OverrideNone).Do(context.Background(), clearAll) })
	}
	group.Wait()
	n.Close()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond) // the runtime tells of no goroutine's end
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

// BenchmarkNetwork sends one write to each of many sites that answer in 50 to 300 ms, four to a server, first over new connections
// and then again. Both are compared with the floor: the sum of the latencies divided by what may be under way at once. The sites run
// in the same process and cost as much as the client.
func BenchmarkNetwork(b *testing.B) {
	for _, sites := range []int{500, 5000} {
		b.Run(fmt.Sprintf("%d sites", sites), func(b *testing.B) {
			described := make([]wptest.Site, sites)
			for i := range described {
				described[i].Latency = [2]time.Duration{50 * time.Millisecond, 300 * time.Millisecond}
			}
			for b.Loop() {
				measure(b, described)
			}
		})
	}
}

func measure(b *testing.B, described []wptest.Site) {
	b.StopTimer()
	fake, other := network(b, wptest.Options{Sites: described})
	sendAll(b, fake, other) // so that the simulated sites have made their certificates
	other.Close()
	n := NewNetwork(Config{AllowNets: loopback, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	sendOnce := func() float64 {
		began := time.Now()
		sendAll(b, fake, n)
		return time.Since(began).Seconds()
	}
	b.StartTimer()
	first := sendOnce()
	b.StopTimer()
	second := sendOnce()
	total, _ := n.Limits()
	floor := 0.175 * float64(len(described)) / float64(total)
	b.ReportMetric(floor, "floor-s")
	b.ReportMetric(first/floor, "first/floor")
	b.ReportMetric(second/floor, "second/floor")
	n.Close()
	fake.Close()
	b.StartTimer()
}
