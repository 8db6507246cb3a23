package runs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func problemWith(err error, field string) bool {
	var problems validation.Problems
	return errors.As(err, &problems) && problems[field] != ""
}

// atOnce does all of it at the same time.
func atOnce(all ...func() error) []error {
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, do := range all {
		group.Go(func() { errs[i] = do() })
	}
	group.Wait()
	return errs
}

// asked is a run that waits for a second person.
func asked(t *testing.T, h *runstest.Harness) runs.Run {
	t.Helper()
	spec := runstest.Everywhere("disable-cache", nil)
	spec.Confirmed = len(h.Sites)
	run, err := h.Runner.Start(t.Context(), runstest.Owner, spec)
	if err != nil || run.State != runs.AwaitingApproval {
		t.Fatalf("%s, %v", run.State, err)
	}
	return run
}

// Of several who decide at once one decides; the others are told that it was decided, and the audit log tells of one decision.
func TestOneDecides(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		if err := h.Runner.SetPolicy(t.Context(), runstest.Owner, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
			t.Fatal(err)
		}
		second := func(id int64) access.Actor {
			return access.Actor{Kind: access.KindMember, ID: id, Name: fmt.Sprint("Admin ", id), Role: access.Admin}
		}
		ctx := context.WithoutCancel(t.Context())
		for range 4 {
			run := asked(t, h).ID
			errs := atOnce(
				func() error { return h.Runner.Approve(ctx, second(11), run, 2) }, func() error { return h.Runner.Approve(ctx, second(12), run, 2) },
				func() error { return h.Runner.Decline(ctx, second(13), run) }, func() error { return h.Runner.Decline(ctx, second(14), run) },
			)
			decided := 0
			for _, err := range errs {
				if err == nil {
					decided++
				} else if !errors.Is(err, runs.ErrNotAwaitingApproval) {
					t.Error(err)
				}
			}
			now, err := h.Runner.Run(ctx, access.System(), run)
			if err != nil || decided != 1 || (now.ApprovedBy != "") == now.Ended() {
				t.Errorf("%d decided: %+v, %v", decided, now, err)
			}
			var entries int64
			for _, action := range []access.Action{access.RunApprove, access.RunDecline} {
				_, n, err := h.Log.Entries(ctx, access.System(), audit.Filter{Action: action, Subject: access.On("run", run), Outcome: audit.Done})
				if entries += n; err != nil {
					t.Fatal(err)
				}
			}
			if entries != 1 {
				t.Errorf("%d entries of the decision", entries)
			}
		}
	})
}

func TestWhoMayDecide(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{Client: "Acme"}, {Client: "Zulu"}})
		if err := h.Runner.SetPolicy(t.Context(), runstest.Owner, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
			t.Fatal(err)
		}
		run := asked(t, h)
		admin := access.Actor{Kind: access.KindMember, ID: 11, Name: "Ann", Role: access.Admin}
		scoped, reader := admin, admin
		scoped.Scope = access.NewScope(access.Restriction{Clients: []string{"Acme"}})
		reader.Scope = access.NewScope(access.Restriction{Operations: []string{"read"}})
		for name, c := range map[string]struct {
			actor     access.Actor
			confirmed int
			want      error
		}{
			"the one who asked":           {runstest.Owner, 2, access.ErrForbidden},
			"an operator":                 {runstest.Operator, 2, access.ErrForbidden},
			"who sees some of the sites":  {scoped, 2, access.ErrForbidden},
			"who may not do what it does": {reader, 2, runs.ErrNoRun},
			"without the number":          {admin, 0, validation.Problems{}},
			"with another number":         {admin, 1, validation.Problems{}},
		} {
			err := h.Runner.Approve(t.Context(), c.actor, run.ID, c.confirmed)
			if _, typed := c.want.(validation.Problems); typed && !problemWith(err, "confirm") || !typed && !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		if err := h.Runner.StartNow(t.Context(), runstest.Owner, run.ID); !errors.Is(err, runs.ErrBegun) {
			t.Errorf("begun without a second person: %v", err)
		}
		h.Exec(t, "UPDATE runs SET approval_until = 1 WHERE id = ?", run.ID)
		if err := h.Runner.Approve(t.Context(), admin, run.ID, 2); !errors.Is(err, runs.ErrTooLate) {
			t.Errorf("too late: %v", err)
		}
		if err := h.Runner.Store().EndUnapproved(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{"approve": h.Runner.Approve(t.Context(), admin, run.ID, 2), "decline": h.Runner.Decline(t.Context(), admin, run.ID)} {
			if !errors.Is(err, runs.ErrNotAwaitingApproval) {
				t.Errorf("%s at the end: %v", name, err)
			}
		}
		if s, err := h.Runner.Snapshot(t.Context(), access.System(), run.ID); err != nil || s.Run.State != runs.Cancelled || s.Counts.NotSent != 2 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// A time limit counts from when the run may begin, and ends what was not sent by then.
func TestTimeLimits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		spec := runstest.Everywhere("status", nil)
		spec.Limits = runs.Limits{TimeLimit: time.Minute, AtOnce: 1}
		late, good := h.Start(t, spec), h.Start(t, spec)
		h.Exec(t, "UPDATE runs SET deadline_at = 1 WHERE id = ?", late.ID)
		if err := h.Runner.Store().EndOverdue(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[int64]runs.State{late.ID: runs.Cancelled, good.ID: runs.Waiting} {
			if run, err := h.Runner.Run(t.Context(), access.System(), id); err != nil || run.State != want {
				t.Errorf("run %d is %s, want %s, %v", id, run.State, want, err)
			}
		}
		for _, target := range h.Targets(t, late.ID) {
			if !strings.Contains(target.Note, "time limit of 1m") {
				t.Errorf("%q", target.Note)
			}
		}
		for name, c := range map[string]struct {
			limits runs.Limits
			field  string
		}{
			"at most": {runs.Limits{AtOnce: runs.MostAtOnce, AtOncePerServer: runs.MostPerAddress, TimeLimit: runs.LongestRun}, ""},
			"least":   {runs.Limits{AtOnce: 1, AtOncePerServer: 1, TimeLimit: time.Second}, ""}, "fewer than none": {runs.Limits{AtOnce: -1}, "at_once"},
			"too many":   {runs.Limits{AtOnce: runs.MostAtOnce + 1}, "at_once"},
			"per server": {runs.Limits{AtOncePerServer: runs.MostPerAddress + 1}, "at_once_per_server"},
			"negative":   {runs.Limits{AtOncePerServer: -1}, "at_once_per_server"}, "too short": {runs.Limits{TimeLimit: time.Millisecond}, "time_limit"},
			"too long": {runs.Limits{TimeLimit: runs.LongestRun + 1}, "time_limit"}, "before": {runs.Limits{TimeLimit: -time.Hour}, "time_limit"},
		} {
			spec.Limits = c.limits
			if _, err := runs.Plan(spec); (err == nil) != (c.field == "") || err != nil && !problemWith(err, c.field) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What a person was shown names the addresses that would be asked: a site whose URL was changed since is not what they saw.
func TestASiteThatChangesAfterItWasShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		spec := byPerson(t, h, runstest.Everywhere("clear-cache", map[string]string{"purge_type": "all"}), 0)
		s := h.Sites[0]
		if _, err := h.Registry.Edit(t.Context(), runstest.Owner, s.ID, sites.Draft{URL: s.Home, Name: "Renamed", Client: "Acme"}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Runner.Start(t.Context(), runstest.Owner, spec); err != nil {
			t.Errorf("after another name: %v", err)
		}
		if _, err := h.Registry.ChangeURL(t.Context(), runstest.Owner, s.ID, s.Home, s.Home+"/blog"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Runner.Start(t.Context(), runstest.Owner, spec); !errors.Is(err, runs.ErrNotShown) {
			t.Errorf("after another URL: %v", err)
		}
	})
}
