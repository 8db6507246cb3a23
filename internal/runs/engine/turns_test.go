package engine_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Behind 12 runs of 500 names that no name server answers, every run gets its turn, and a run of one healthy site ends: one of the same
// member, one of another, one of a program. Nothing of the 12 has ended by then.
func TestRunsOfDeadNamesStarveNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("starts twelve runs on 500 sites")
	}
	const many, dead = 12, 500
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var begun atomic.Int64
		answer := make(chan struct{})
		h := runstest.NewResolving(t, db, []wptest.Site{{Client: "Healthy"}}, func(ctx context.Context, _, host string) ([]netip.Addr, error) {
			begun.Add(1)
			<-answer
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		})
		for i := range dead {
			draft := sites.Draft{URL: fmt.Sprintf("https://dead-%d.example", i), Client: "Dead", Username: "u", Password: vault.NewSecret("abcd efgh")}
			if _, err := h.Registry.Add(t.Context(), runstest.Owner, draft); err != nil {
				t.Fatal(err)
			}
		}
		start := func(actor access.Actor, client string) int64 {
			t.Helper()
			run, err := h.Runner.Start(t.Context(), actor, runs.Spec{Operation: "status", Selection: sites.Selection{Clients: []string{client}}})
			if err != nil {
				t.Fatal(err)
			}
			return run.ID
		}
		count := func(query string) (n int) {
			t.Helper()
			if err := db.Gorm.Raw(query).Scan(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		var large []int64
		for range many {
			large = append(large, start(runstest.Operator, "Dead"))
		}
		h.Work(t)
		underWay := func() int { return count("SELECT count(DISTINCT run_id) FROM batches WHERE owner <> '' AND NOT done") }
		poll.Until(t, "all runs are under way", func() bool { return underWay() == many && begun.Load() >= dead })
		program := runstest.Operator
		program.Kind, program.Name = access.KindToken, "Mara by the token CI"
		for name, actor := range map[string]access.Actor{"the same member": runstest.Operator, "another member": runstest.Owner, "a program": program} {
			if last := h.Wait(t, start(actor, "Healthy")); last.Counts.OK != 1 {
				t.Errorf("%s: %+v", name, last.Counts)
			}
		}
		if ended := count("SELECT count(*) FROM targets WHERE state = 'done' AND home LIKE 'https://dead-%'"); ended != 0 {
			t.Errorf("%d dead targets had ended: the load was none", ended)
		}
		for _, id := range large {
			if err := h.Runner.Cancel(t.Context(), runstest.Owner, id); err != nil {
				t.Error(err)
			}
		}
		close(answer)
		for _, id := range large {
			if last := h.Wait(t, id); last.Counts.NotSent != dead || last.Run.State != runs.Cancelled {
				t.Errorf("run %d: %s with %+v", id, last.Run.State, last.Counts)
			}
		}
	})
}
