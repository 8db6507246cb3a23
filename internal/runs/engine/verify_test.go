package engine_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Looking at pages is under the same limits as the request itself.
func TestVerificationKeepsTheLimits(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]runs.Limits{"of a server": {AtOncePerServer: 1}, "of the run": {AtOnce: 1}} {
		t.Run(name, func(t *testing.T) {
			described := make([]wptest.Site, 6)
			for i := range described {
				described[i] = wptest.Site{Address: "127.77.4.1", Latency: [2]time.Duration{30 * time.Millisecond, 50 * time.Millisecond}}
			}
			h := runstest.New(t, dbtest.SQLite(t), described)
			h.Work(t)
			spec := runstest.Everywhere("clear-cache", nil)
			spec.Verify, spec.Limits = true, limits
			last := h.Wait(t, h.Start(t, spec).ID)
			if last.Counts.OK != 6 || last.Verified[runs.VerifiedYes] != 6 {
				t.Errorf("%+v, %+v", last.Counts, last.Verified)
			}
			if most := h.Fake.MaxInFlight(netip.MustParseAddr("127.77.4.1")); most != 1 {
				t.Errorf("%d requests at once", most)
			}
		})
	}
}

// A cancelled run looks at no more pages, and no target that had not begun is sent anything.
func TestCancelEndsVerification(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const n = 12
		described := make([]wptest.Site, n)
		for i := range described {
			described[i] = wptest.Site{Fault: wptest.PurgeIgnored} // looked at for 30 s
		}
		h := runstest.New(t, db, described)
		h.Work(t)
		spec := runstest.Everywhere("clear-cache", nil)
		spec.Verify = true
		run := h.Start(t, spec)
		answered := func() int {
			calls := 0
			for i := range described {
				calls += len(h.Fake.Calls(i))
			}
			return calls
		}
		for range runs.NewWatch(h.Runner).Follow(t.Context(), access.System(), run.ID) {
			if answered() == n {
				break
			}
		}
		if err := h.Runner.Cancel(context.Background(), runstest.Owner, run.ID); err != nil {
			t.Fatal(err)
		}
		before := h.Fake.Requests()
		last := h.Wait(t, run.ID)
		atEnd := h.Fake.Requests()
		// The cancel is seen with the next renewal of the lease: two looks at each page at most.
		if last.Run.State != runs.Cancelled || last.Counts.OK != n || last.Verified[runs.VerifiedUnclear] != n || atEnd-before > 3*n {
			t.Errorf("%s, %+v, %+v, %d requests after the cancel", last.Run.State, last.Counts, last.Verified, atEnd-before)
		}
		if took := last.Run.EndedAt.Sub(last.Run.CancelledAt); took > 25*time.Second { // the pages are looked at for 30 s
			t.Errorf("it ended %v after the cancel", took)
		}
	})
}
