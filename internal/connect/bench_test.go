package connect_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// BenchmarkLook looks at 5,000 addresses of sites that answer in 50 to 300 ms, from the addresses to what the page shows. The simulated sites are in the
// same process: theirs is half of the work.
func BenchmarkLook(b *testing.B) {
	const n, limit = 5000, 30 * time.Second
	described := make([]wptest.Site, n)
	for i := range described {
		described[i].Latency = [2]time.Duration{50 * time.Millisecond, 300 * time.Millisecond}
	}
	h := newBench(b, dbtest.SQLite(b), wptest.Options{Sites: described})
	h.fake.Warm()
	addresses := make([]string, n)
	for i := range addresses {
		addresses[i] = h.fake.URL(i) + "/wp-admin/"
	}
	before := processorTime(b)
	for b.Loop() {
		h.must(h.db.Gorm.Exec("DELETE FROM connections").Error)
		added, err := h.queue.Add(b.Context(), ada, connect.Wanted{Addresses: addresses})
		h.must(err)
		h.must(h.queue.Look(b.Context(), ada, added))
		if o, err := h.queue.Overview(b.Context(), ada, connect.Ready, 0, 10); err != nil || o.Total != n {
			b.Fatalf("%d of %d are ready: %v, %v", o.Total, n, o.Counts, err)
		}
	}
	perLook := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(perLook.Seconds(), "s")
	b.ReportMetric((processorTime(b)-before).Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(perLook.Seconds()/limit.Seconds(), "time/limit")
}

// processorTime is what this process has used of the processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
