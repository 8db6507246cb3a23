package wordpress

import (
	"runtime/metrics"
	"slices"
	"time"
)

// congestion narrows how many exchanges are under way while this process's own work waits for a processor: pages that people open would wait
// behind them all.
type congestion struct {
	least, most, allowed int

	waits  func() *metrics.Float64Histogram // how long work that could go on waited for a processor, since the process began
	before []uint64                         // the counts of the last look
	looked time.Time
}

// A look every congestionEvery decides by the 90th percentile of the waits since the last one: above tooLong fewer exchanges are allowed, below
// short more. Measured on one core with 5,000 sites: a page without a query takes 4 to 8 ms, and the slowest hundredth of all pages 70 to 105 ms. At
// 6 and 3 ms a run took twice as long, and pages no less.
const (
	congestionEvery = 50 * time.Millisecond
	tooLong         = 10 * time.Millisecond
	short           = 5 * time.Millisecond
	leastAllowed    = 32
)

// LeaveRoom is for a process that serves pages too: fewer exchanges are under way while its own work waits for a processor. Call it before
// anything is sent.
func (n *Network) LeaveRoom() { n.limits.congestion = newCongestion(n.limits.total) }

func newCongestion(most int) *congestion {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}} // documented in package runtime/metrics
	return &congestion{least: min(leastAllowed, most), most: most, allowed: most, waits: func() *metrics.Float64Histogram {
		metrics.Read(sample)
		return sample[0].Value.Float64Histogram()
	}}
}

// look returns how many exchanges may be under way now.
func (c *congestion) look(now time.Time) int {
	if now.Sub(c.looked) < congestionEvery {
		return c.allowed
	}
	c.looked = now
	all := c.waits()
	since := slices.Clone(all.Counts)
	for i, n := range c.before {
		since[i] -= n
	}
	c.before = append(c.before[:0], all.Counts...)
	switch wait := percentile90(since, all.Buckets); {
	case wait > tooLong:
		c.allowed = max(c.least, c.allowed*3/4)
	case wait < short:
		c.allowed = min(c.most, c.allowed+max(1, c.most/16))
	}
	return c.allowed
}

// percentile90 is the lower bound of the bucket that holds the 90th percentile, 0 without any.
func percentile90(counts []uint64, buckets []float64) time.Duration {
	var total, sum uint64
	for _, n := range counts {
		total += n
	}
	for i, n := range counts {
		if sum += n; total > 0 && 10*sum >= 9*total {
			return time.Duration(max(0, buckets[i]) * float64(time.Second))
		}
	}
	return 0
}
