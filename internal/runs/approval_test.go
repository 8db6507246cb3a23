package runs_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/runs/runstest"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

var (
	olga = access.Actor{Kind: access.KindMember, ID: 1, Name: "Olga", Role: access.Operator}
	adam = access.Actor{Kind: access.KindMember, ID: 2, Name: "Adam", Role: access.Admin}
	ada  = access.Actor{Kind: access.KindMember, ID: 3, Name: "Ada", Role: access.Admin}
)

func disableAll(confirmed int) runs.Spec {
	return runs.Spec{Operation: "disable-cache", Selection: sites.Selection{All: true}, Confirmed: confirmed}
}

// Require approval: what an operator asks for is sent when a second person has approved it, and not before, once.
func TestApprovalByASecondPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		h.Work(t)
		ctx := context.Background()
		if _, err := h.Runner.Start(ctx, olga, disableAll(2)); !errors.Is(err, access.ErrForbidden) {
			t.Fatalf("without the policy: %v", err)
		}
		if err := h.Runner.SetPolicy(ctx, runstest.Owner, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
			t.Fatal(err)
		}
		run, err := h.Runner.Start(ctx, olga, disableAll(2))
		if err != nil || run.State != runs.AwaitingApproval {
			t.Fatalf("%v %v", run.State, err)
		}
		// The workers are at work meanwhile, and nothing waits for them, neither in the queue nor beside it.
		if last := h.Wait(t, h.Start(t, runstest.Everywhere("status", nil)).ID); last.Counts.OK != 2 {
			t.Fatalf("another run: %+v", last.Counts)
		}
		if unowned, err := h.Runner.Store().CountUnowned(ctx); err != nil || unowned != 0 {
			t.Errorf("%d batches wait for a worker, %v", unowned, err)
		}
		calls := func(site int) (changing int) {
			for _, call := range h.Fake.Calls(site) {
				if call.Method != http.MethodGet {
					changing++
				}
			}
			return changing
		}
		if n := calls(0) + calls(1); n != 0 {
			t.Fatalf("%d requests were sent before the approval", n)
		}
		preview, err := h.Runner.PreviewOf(ctx, adam, run)
		if err != nil || preview.Total != 2 || len(preview.Requests) != 2 {
			t.Errorf("the dry run: %+v %v", preview, err)
		}
		limited := ada
		limited.Scope = access.NewScope(access.Restriction{Clients: []string{"nobody"}})
		restricted := ada
		restricted.Scope = access.NewScope(access.Restriction{Operations: []string{"read"}})
		token := olga
		token.Kind, token.Role = access.KindToken, access.Admin
		for name, c := range map[string]struct {
			actor access.Actor
			want  error
		}{
			"an operator": {olga, access.ErrForbidden}, "the asker's token": {token, access.ErrForbidden}, "somebody who cannot see it": {limited, runs.ErrNoRun},
			"somebody whose scope is reading": {restricted, runs.ErrNoRun},
		} {
			if err := h.Runner.Approve(ctx, c.actor, run.ID, 2); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.Runner.Approve(ctx, adam, run.ID, 1); err == nil {
			t.Error("approved without the number of sites")
		}
		errs := make(chan error, 2)
		for _, actor := range []access.Actor{adam, ada} {
			go func() { errs <- h.Runner.Approve(ctx, actor, run.ID, 2) }()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), runs.ErrNotAwaitingApproval) {
			t.Errorf("two at once: %v, %v", first, second)
		}
		if last := h.Wait(t, run.ID); last.Counts.OK != 2 || last.Run.State != runs.Done || last.Run.ApprovedBy == "" {
			t.Errorf("%+v", last)
		}
		if a, b := calls(0), calls(1); a != 1 || b != 1 {
			t.Errorf("the sites were called %d and %d times", a, b)
		}
		for _, action := range []access.Action{access.RunRequestApproval, access.RunApprove, access.RunStart} {
			if _, n, err := h.Log.Entries(ctx, access.System(), audit.Filter{Action: action, Subject: access.On("run", run.ID), Outcome: audit.Done}); err != nil ||
				n != 1 {
				t.Errorf("%d entries of %s: %v", n, action, err)
			}
		}
	})
}

// An approval past its time is refused when it is given, whether or not the run has been ended for it yet: here nobody sweeps.
func TestApprovalAfterItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}})
		ctx := t.Context()
		if err := h.Runner.SetPolicy(ctx, runstest.Owner, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
			t.Fatal(err)
		}
		run, err := h.Runner.Start(ctx, adam, disableAll(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Gorm.Exec("UPDATE runs SET approval_until = ? WHERE id = ?", time.Now().Add(-time.Millisecond).UnixMicro(), run.ID).Error; err != nil {
			t.Fatal(err)
		}
		if err := h.Runner.Approve(ctx, ada, run.ID, 1); !errors.Is(err, runs.ErrTooLate) {
			t.Errorf("a late approval: %v", err)
		}
		if now, err := h.Runner.Run(ctx, ada, run.ID); err != nil || now.State != runs.AwaitingApproval {
			t.Errorf("the run is %s, %v", now.State, err)
		}
		if err := db.Gorm.Exec("UPDATE runs SET approval_until = ? WHERE id = ?", time.Now().Add(time.Hour).UnixMicro(), run.ID).Error; err != nil {
			t.Fatal(err)
		}
		if err := h.Runner.Approve(ctx, ada, run.ID, 1); err != nil {
			t.Errorf("in time: %v", err)
		}
	})
}

// A run of an admin's own waits as well, is declined or withdrawn without a byte sent, and ends by itself when nobody decides.
func TestApprovalThatIsNotGiven(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	h.Work(t)
	ctx := context.Background()
	if err := h.Runner.SetPolicy(ctx, runstest.Owner, runs.Policy{Effects: []operation.Effect{operation.Destroy}}); err != nil {
		t.Fatal(err)
	}
	request := func() int64 {
		t.Helper()
		run, err := h.Runner.Start(ctx, adam, disableAll(1))
		if err != nil || run.State != runs.AwaitingApproval {
			t.Fatalf("%v %v", run.State, err)
		}
		return run.ID
	}
	own := request()
	if err := h.Runner.Approve(ctx, adam, own, 1); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("one's own: %v", err)
	}
	if err := h.Runner.Decline(ctx, ada, own); err != nil {
		t.Error(err)
	}
	withdrawn := request()
	if err := h.Runner.Cancel(ctx, adam, withdrawn); err != nil {
		t.Error(err)
	}
	late := request()
	if err := h.DB.Gorm.Exec("UPDATE runs SET approval_until = 1 WHERE id = ?", late).Error; err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{own, withdrawn, late} {
		if last := h.Wait(t, id); last.Run.State != runs.Cancelled || last.Counts.NotSent != 1 {
			t.Errorf("run %d: %+v", id, last)
		}
		if err := h.Runner.Approve(ctx, ada, id, 1); !errors.Is(err, runs.ErrNotAwaitingApproval) {
			t.Errorf("approving run %d afterwards: %v", id, err)
		}
	}
	if n := len(h.Fake.Calls(0)); n != 0 {
		t.Errorf("%d calls", n)
	}
	if run, err := h.Runner.Start(ctx, access.Actor{Kind: access.KindCommandLine, Name: "root", Role: access.Owner}, disableAll(1)); err != nil ||
		run.State == runs.AwaitingApproval {
		t.Errorf("on the command line of the server: %v %v", run.State, err)
	}
}

// The policy can name clients: then every run that does more than read there waits.
func TestApprovalByClient(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Client: "Acme"}, {Client: "Zulu"}})
	h.Work(t)
	ctx := context.Background()
	if err := h.Runner.SetPolicy(ctx, ada, runs.Policy{}); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("an admin set the policy: %v", err)
	}
	if err := h.Runner.SetPolicy(ctx, runstest.Owner, runs.Policy{Clients: []string{"Acme"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		operation string
		clients   []string
		want      runs.State
	}{{"clear-cache", []string{"Acme"}, runs.AwaitingApproval}, {"clear-cache", []string{"Zulu"}, runs.Waiting},
		{"clear-cache", []string{"Acme", "Zulu"}, runs.AwaitingApproval}, {"status", []string{"Acme"}, runs.Waiting}} {
		run, err := h.Runner.Start(ctx, olga, runs.Spec{Operation: c.operation, Selection: sites.Selection{Clients: c.clients}})
		if err != nil || run.State != c.want {
			t.Errorf("%s on %v: %s, want %s (%v)", c.operation, c.clients, run.State, c.want, err)
		}
	}
}
