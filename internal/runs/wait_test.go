package runs_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// byPerson is the spec as somebody starts it who saw what it does.
func byPerson(t *testing.T, h *runstest.Harness, spec runs.Spec, wait time.Duration) runs.Spec {
	t.Helper()
	p, err := h.Runner.Preview(t.Context(), runstest.Owner, spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.Person, spec.Confirmed = &runs.Person{Shown: p.Digest, Wait: wait}, p.Total
	return spec
}

func calls(h *runstest.Harness) int {
	n := 0
	for i := range h.Sites {
		n += len(h.Fake.Calls(i))
	}
	return n
}

func TestUndoSendsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}, {}})
		h.Work(t)
		run := h.Start(t, byPerson(t, h, runstest.Everywhere("disable-cache", nil), time.Hour))
		if run.StartsAt.IsZero() || run.State != runs.Waiting {
			t.Fatalf("%+v", run)
		}
		// A run that came later, and is not held, goes first: so the engine had its chance.
		h.Wait(t, h.Start(t, runstest.Everywhere("status", nil)).ID)
		before := calls(h)
		if err := h.Runner.Undo(t.Context(), runstest.Viewer, run.ID); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if err := h.Runner.Undo(t.Context(), runstest.Operator, run.ID); err != nil {
			t.Fatal(err)
		}
		last := h.Wait(t, run.ID)
		if last.Run.State != runs.Cancelled || last.Counts != (runs.Counts{NotSent: 3}) || calls(h) != before || !last.Run.StartedAt.IsZero() {
			t.Errorf("%+v, %+v, %d requests", last.Run, last.Counts, calls(h)-before)
		}
		for want, err := range map[string]error{"undone twice": h.Runner.Undo(t.Context(), runstest.Owner, run.ID), "started after": h.Runner.StartNow(t.Context(),
			runstest.Owner, run.ID)} {
			if !errors.Is(err, runs.ErrEnded) {
				t.Errorf("%s: %v", want, err)
			}
		}
		details := map[access.Action]map[string]any{}
		entries, _, err := h.Log.Entries(t.Context(), access.System(), audit.Filter{Subject: access.On("run", run.ID), Outcome: audit.Done})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			var detail map[string]any
			if err := json.Unmarshal(e.Detail, &detail); err != nil {
				t.Fatal(err)
			}
			details[e.Event.Action] = detail
		}
		if d := details[access.RunCancel]; d["undone"] != true || d["not_sent"] != 3.0 {
			t.Errorf("the entry of the undo: %v", d)
		}
		if counts, _ := details[access.RunFinish]["counts"].(map[string]any); counts["not_sent"] != 3.0 || counts["failed"] != nil {
			t.Errorf("the entry of the end: %v", details[access.RunFinish])
		}
	})
}

func TestAWaitEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		spec := byPerson(t, h, runstest.Everywhere("disable-cache", nil), time.Hour)
		now, due, later := h.Start(t, spec), h.Start(t, spec), h.Start(t, spec)
		if err := h.Runner.StartNow(t.Context(), runstest.Operator, now.ID); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an operator, who may not start it: %v", err)
		}
		if err := h.Runner.StartNow(t.Context(), runstest.Owner, now.ID); err != nil {
			t.Fatal(err)
		}
		// The process that took the run is gone by the time that its wait is over.
		h.Exec(t, "UPDATE runs SET starts_at = ? WHERE id = ?", time.Now().Add(-time.Minute).UnixMicro(), due.ID)
		h.Work(t)
		for _, run := range []runs.Run{now, due} {
			if last := h.Wait(t, run.ID); last.Counts != (runs.Counts{OK: 2}) || !last.Run.StartsAt.IsZero() {
				t.Errorf("run %d: %+v", run.ID, last)
			}
			if err := h.Runner.Undo(t.Context(), runstest.Owner, run.ID); !errors.Is(err, runs.ErrEnded) {
				t.Errorf("undone at the end: %v", err)
			}
		}
		if waiting, err := h.Runner.Run(t.Context(), access.System(), later.ID); err != nil || waiting.State != runs.Waiting || calls(h) != 4 {
			t.Errorf("%+v, %v, %d requests", waiting, err, calls(h))
		}
		_, n, err := h.Log.Entries(t.Context(), access.System(), audit.Filter{Action: access.RunStartNow, Outcome: audit.Done})
		if err != nil || n != 1 {
			t.Errorf("%d entries of runs started now, %v", n, err)
		}
	})
}

// Of two who undo a run and start it now, one comes too late, and what happens is what the other one asked for.
func TestUndoAgainstStartNow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}})
		h.Work(t)
		for range 6 {
			run := h.Start(t, byPerson(t, h, runstest.Everywhere("disable-cache", nil), time.Hour))
			before := calls(h)
			var undone, started error
			var both sync.WaitGroup
			both.Go(func() { undone = h.Runner.Undo(context.WithoutCancel(t.Context()), runstest.Owner, run.ID) })
			both.Go(func() { started = h.Runner.StartNow(context.WithoutCancel(t.Context()), runstest.Owner, run.ID) })
			both.Wait()
			last := h.Wait(t, run.ID)
			switch sent := calls(h) - before; {
			case undone == nil && errors.Is(started, runs.ErrEnded) && sent == 0 && last.Counts.NotSent == 1:
			case started == nil && (errors.Is(undone, runs.ErrBegun) || errors.Is(undone, runs.ErrEnded)) && sent == 1 && last.Counts.OK == 1:
			default:
				t.Errorf("undone %v, started %v, %d sent, %+v", undone, started, sent, last.Counts)
			}
		}
	})
}

func TestWhatAPersonConfirmsAndWaitsFor(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}, {}, {}})
	if err := h.Runner.SetConfirmAbove(t.Context(), runstest.Operator, 2); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("an operator sets it: %v", err)
	}
	if err := h.Runner.SetConfirmAbove(t.Context(), runstest.Owner, 2); err != nil {
		t.Fatal(err)
	}
	clearAll := map[string]string{"purge_type": "all"}
	two := sites.Selection{IDs: []int64{h.Sites[0].ID, h.Sites[1].ID}}
	for name, c := range map[string]struct {
		spec           runs.Spec
		program        bool
		confirms, wait bool
	}{
		"a read":                     {runstest.Everywhere("status", nil), false, false, false},
		"a change on few sites":      {runs.Spec{Operation: "clear-cache", Params: clearAll, Selection: two}, false, false, false},
		"a change on many":           {runstest.Everywhere("clear-cache", clearAll), false, true, true},
		"what destroys on few":       {runs.Spec{Operation: "disable-cache", Selection: two}, false, true, true},
		"a program's change on many": {runstest.Everywhere("clear-cache", nil), true, false, false},
		"what a program destroys":    {runstest.Everywhere("disable-cache", nil), true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			spec := byPerson(t, h, c.spec, time.Hour)
			number := spec.Confirmed
			if spec.Confirmed = 0; c.program {
				spec.Person = nil
			}
			run, err := h.Runner.Start(t.Context(), runstest.Owner, spec)
			var problems validation.Problems
			if asked := errors.As(err, &problems) && problems["confirm"] != ""; asked != c.confirms || !asked && err != nil {
				t.Fatalf("confirmed: %v, %v", asked, err)
			}
			if c.confirms {
				spec.Confirmed = number
				run = h.Start(t, spec)
			}
			if run.StartsAt.IsZero() == c.wait {
				t.Errorf("it starts at %v", run.StartsAt)
			}
		})
	}
}

func TestAPersonStartsWhatTheySaw(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}, {}, {}})
	saw := byPerson(t, h, runs.Spec{Operation: "clear-cache", Params: map[string]string{"purge_type": "urls", "urls": "/a/"},
		Selection: sites.Selection{IDs: []int64{h.Sites[0].ID, h.Sites[1].ID}}}, 0)
	for name, change := range map[string]func(*runs.Spec){
		"another operation":     func(s *runs.Spec) { s.Operation, s.Params = "clear-opcache", nil },
		"other parameters":      func(s *runs.Spec) { s.Params = map[string]string{"purge_type": "all"} },
		"another address":       func(s *runs.Spec) { s.Params = map[string]string{"purge_type": "urls", "urls": "/b/"} },
		"more sites":            func(s *runs.Spec) { s.Selection = sites.Selection{All: true} },
		"as many, other sites":  func(s *runs.Spec) { s.Selection.IDs = []int64{h.Sites[0].ID, h.Sites[2].ID} },
		"verification":          func(s *runs.Spec) { s.Verify = true },
		"nothing was shown":     func(s *runs.Spec) { s.Person = &runs.Person{} },
		"something was made up": func(s *runs.Spec) { s.Person = &runs.Person{Shown: "0123456789abcdef0123456789abcdef"} },
	} {
		spec := saw
		change(&spec)
		if _, err := h.Runner.Start(t.Context(), runstest.Owner, spec); !errors.Is(err, runs.ErrNotShown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Runner.Start(t.Context(), runstest.Owner, saw); err != nil {
		t.Errorf("what was shown: %v", err)
	}
	if _, n, err := h.Runner.Runs(t.Context(), access.System(), runs.Filter{}); n != 1 || err != nil {
		t.Errorf("%d runs, %v", n, err)
	}
}
