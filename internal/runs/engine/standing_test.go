package engine_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A run that waits is looked at once more before it is sent: whoever started it must still be allowed to.
func TestARunOfSomebodyWhoMayNoMore(t *testing.T) {
	demoted, narrowed, operations := runstest.Owner, runstest.Owner, runstest.Owner
	demoted.Role = access.Viewer
	narrowed.Scope = access.NewScope(access.Restriction{Clients: []string{"Acme"}})
	operations.Scope = access.NewScope(access.Restriction{Operations: []string{"read"}})
	cases := map[string]struct {
		now     access.Actor
		err     error
		ok      int
		state   runs.State
		noteHas string
	}{
		"as before":                {runstest.Owner, nil, 2, runs.Done, ""},
		"removed":                  {runstest.Owner, access.ErrForbidden, 0, runs.Cancelled, "no longer has permission"},
		"demoted":                  {demoted, nil, 0, runs.Cancelled, "no longer has permission"},
		"held to other operations": {operations, nil, 0, runs.Cancelled, "no longer has permission"},
		"held to one client":       {narrowed, nil, 1, runs.Done, "no longer has access"},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{Client: "Acme"}, {Client: "Zulu"}})
		var now atomic.Pointer[access.Actor]
		var gone atomic.Pointer[error]
		h.Standing = func(access.Actor) (access.Actor, error) { return *now.Load(), *gone.Load() }
		started := map[string]int64{}
		for name := range cases {
			started[name] = h.Start(t, runstest.Everywhere("clear-cache", nil)).ID
			h.Exec(t, "UPDATE batches SET retry_at = ? WHERE run_id = ?", time.Now().Add(time.Hour).UnixMicro(), started[name])
		}
		h.Work(t)
		for name, c := range cases {
			now.Store(&c.now)
			gone.Store(&c.err)
			before := len(h.Fake.Calls(0)) + len(h.Fake.Calls(1))
			h.Exec(t, "UPDATE batches SET retry_at = 0 WHERE run_id = ?", started[name])
			last := h.Wait(t, started[name])
			if last.Counts.OK != c.ok || last.Counts.NotSent != 2-c.ok || last.Run.State != c.state || len(h.Fake.Calls(0))+len(h.Fake.Calls(1))-before != c.ok {
				t.Errorf("%s: %s with %+v, %d calls", name, last.Run.State, last.Counts, len(h.Fake.Calls(0))+len(h.Fake.Calls(1))-before)
			}
			for _, target := range h.Targets(t, started[name]) {
				if target.Outcome != wordpress.OK && !strings.Contains(target.Note, c.noteHas) {
					t.Errorf("%s: %q", name, target.Note)
				}
			}
		}
	})
}

// While a run goes on, it is looked at with every renewal of its lease.
func TestARunUnderWayOfSomebodyWhoIsRemoved(t *testing.T) {
	t.Parallel()
	const n = 24
	described := make([]wptest.Site, n)
	for i := range described {
		described[i] = wptest.Site{Address: "127.77.3.1", Latency: [2]time.Duration{600 * time.Millisecond, 700 * time.Millisecond}}
	}
	h := runstest.New(t, dbtest.SQLite(t), described)
	h.Locate(t)
	var removed atomic.Bool
	h.Standing = func(actor access.Actor) (access.Actor, error) {
		if removed.Load() {
			return actor, access.ErrForbidden
		}
		return runstest.Owner, nil
	}
	h.Work(t)
	run := h.Start(t, runstest.Everywhere("clear-cache", nil))
	for s := range runs.NewWatch(h.Runner).Follow(t.Context(), access.System(), run.ID) {
		if s.Counts.OK > 0 {
			break
		}
	}
	removed.Store(true)
	last := h.Wait(t, run.ID)
	if last.Run.State != runs.Cancelled || last.Counts.OK == 0 || last.Counts.OK > n-2 || last.Counts.OK+last.Counts.NotSent != n {
		t.Errorf("%s with %+v", last.Run.State, last.Counts)
	}
}

// Who started a run may be held to other sites while it goes on: what was not sent there by then is not.
func TestARunUnderWayOfSomebodyWithLessAccess(t *testing.T) {
	t.Parallel()
	const n = 24
	described := make([]wptest.Site, n)
	for i := range described {
		described[i] = wptest.Site{Address: "127.77.3.2", Client: []string{"Acme", "Zulu"}[i%2],
			Latency: [2]time.Duration{600 * time.Millisecond, 700 * time.Millisecond}}
	}
	h := runstest.New(t, dbtest.SQLite(t), described)
	h.Locate(t)
	var narrowed atomic.Bool
	h.Standing = func(access.Actor) (access.Actor, error) {
		now := runstest.Owner
		if narrowed.Load() {
			now.Scope = access.NewScope(access.Restriction{Clients: []string{"Acme"}})
		}
		return now, nil
	}
	h.Work(t)
	run := h.Start(t, runstest.Everywhere("clear-cache", nil))
	for s := range runs.NewWatch(h.Runner).Follow(t.Context(), access.System(), run.ID) {
		if s.Counts.OK > 0 {
			break
		}
	}
	narrowed.Store(true)
	last := h.Wait(t, run.ID)
	if last.Run.State != runs.Done || last.Counts.NotSent == 0 || last.Counts.OK < n/2 || last.Counts.OK+last.Counts.NotSent != n {
		t.Errorf("%s with %+v", last.Run.State, last.Counts)
	}
	for _, target := range h.Targets(t, run.ID) {
		if target.Outcome != wordpress.OK && (target.Client != "Zulu" || !strings.Contains(target.Note, "no longer has access")) {
			t.Errorf("%s: %q", target.Client, target.Note)
		}
	}
}
