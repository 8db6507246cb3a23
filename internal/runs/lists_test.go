package runs_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// ofClient is an owner whose scope is one client's sites.
func ofClient(name string) access.Actor {
	return access.Actor{Kind: access.KindMember, ID: 8, Name: "Cleo", Role: access.Owner, Scope: access.NewScope(access.Restriction{Clients: []string{name}})}
}

// threeRuns are: 1 status everywhere, failed at Zulu; 2 clear-cache at Acme alone, by Mara; 3 status at Zulu alone, which still waits.
func threeRuns(t *testing.T, db *database.DB) *runstest.Harness {
	t.Helper()
	h := runstest.New(t, db, []wptest.Site{{Host: "a.example", Client: "Acme"}, {Host: "z.example", Client: "Zulu"}, {Host: "n.example"}})
	finish(t, h, h.Start(t, runstest.Everywhere("status", nil)).ID, map[string]wordpress.Outcome{"Zulu": wordpress.Failed, "": wordpress.Skipped})
	second, err := h.Runner.Start(t.Context(), runstest.Operator, runs.Spec{Operation: "clear-cache", Selection: sites.Selection{Clients: []string{"Acme"}}})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, h, second.ID, nil)
	h.Start(t, runs.Spec{Operation: "status", Selection: sites.Selection{Clients: []string{"Zulu"}}})
	return h
}

func TestListsOfRuns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := threeRuns(t, db)
		acme, zulu, all := ofClient("Acme"), ofClient("Zulu"), access.System()
		reads := runstest.Owner
		reads.Scope = access.NewScope(access.Restriction{Operations: []string{"read"}})
		zuluSite := h.Sites[1].ID
		for name, c := range map[string]struct {
			actor  access.Actor
			filter runs.Filter
			want   string
			total  int64
		}{
			"all":                            {all, runs.Filter{}, "[3 2 1]", 3},
			"a page":                         {all, runs.Filter{Limit: 1, Offset: 1}, "[2]", 3},
			"from the second on":             {all, runs.Filter{Offset: 1}, "[2 1]", 3},
			"past the end":                   {all, runs.Filter{Limit: 2, Offset: 3}, "[]", 3},
			"one":                            {all, runs.Filter{ID: 2}, "[2]", 1},
			"an operation":                   {all, runs.Filter{Operation: "status"}, "[3 1]", 2},
			"done":                           {all, runs.Filter{State: runs.Done}, "[2 1]", 2},
			"waiting":                        {all, runs.Filter{State: runs.Waiting}, "[3]", 1},
			"asked":                          {all, runs.Filter{State: runs.AwaitingApproval}, "[]", 0},
			"by somebody":                    {all, runs.Filter{Actor: "Mara"}, "[2]", 1},
			"with failures":                  {all, runs.Filter{Has: wordpress.Failed}, "[1]", 1},
			"with trouble":                   {all, runs.Filter{Has: runs.HasTrouble}, "[1]", 1},
			"before they began":              {all, runs.Filter{Until: time.Now().Add(-time.Hour)}, "[]", 0},
			"in the last hour":               {all, runs.Filter{Since: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)}, "[3 2 1]", 3},
			"of a site":                      {all, runs.Filter{Site: zuluSite}, "[3 1]", 2},
			"of Acme":                        {acme, runs.Filter{}, "[2 1]", 2},
			"of Zulu":                        {zulu, runs.Filter{}, "[3 1]", 2},
			"another's trouble":              {acme, runs.Filter{Has: runs.HasTrouble}, "[]", 0},
			"another's failure":              {acme, runs.Filter{Has: wordpress.Failed}, "[]", 0},
			"of a site of another's":         {acme, runs.Filter{Site: zuluSite}, "[]", 0},
			"of its own site":                {zulu, runs.Filter{Site: zuluSite}, "[3 1]", 2},
			"of operations that read":        {reads, runs.Filter{}, "[3 1]", 2},
			"of an operation out of a scope": {reads, runs.Filter{Operation: "clear-cache"}, "[]", 0},
		} {
			listed, total, err := h.Runner.Runs(t.Context(), c.actor, c.filter)
			ids := make([]int64, len(listed))
			for i, run := range listed {
				ids[i] = run.ID
			}
			if err != nil || fmt.Sprint(ids) != c.want || total != c.total {
				t.Errorf("%s: %v, %d, %v; want %s, %d", name, ids, total, err, c.want, c.total)
			}
		}
		for actor, want := range map[*access.Actor]string{&all: "[Mara Olga]", &zulu: "[Olga]"} {
			if names, err := h.Runner.Actors(t.Context(), *actor); err != nil || fmt.Sprint(names) != want {
				t.Errorf("%s is shown %v, %v", actor.Name, names, err)
			}
		}
	})
}

// What a cancelled run did not send is no trouble and no failure, took no time, and says nothing of the rate.
func TestWhatWasNotSentIsNoTrouble(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}})
		first, second := h.Start(t, runstest.Everywhere("status", nil)), h.Start(t, runstest.Everywhere("status", nil))
		finish(t, h, first.ID, nil)
		h.Exec(t, "UPDATE targets SET attempts = 1, took_us = 1000000 WHERE run_id = ?", first.ID)
		if err := h.Runner.Cancel(t.Context(), runstest.Owner, second.ID); err != nil {
			t.Fatal(err)
		}
		for _, has := range []wordpress.Outcome{runs.HasTrouble, wordpress.Failed} {
			if listed, total, err := h.Runner.Runs(t.Context(), access.System(), runs.Filter{Has: has}); err != nil || total != 0 {
				t.Errorf("%s: %+v, %v", has, listed, err)
			}
		}
		h.Exec(t, "UPDATE runs SET started_at = ended_at - 1000000 WHERE id = ?", second.ID)
		if s, err := h.Runner.Snapshot(t.Context(), access.System(), second.ID); err != nil || s.Rate != 0 || s.Counts.NotSent != 2 {
			t.Errorf("%v sites a second, %+v, %v", s.Rate, s.Counts, err)
		}
		if p, err := h.Runner.Preview(t.Context(), runstest.Owner, runstest.Everywhere("status", nil)); err != nil || p.Expected != time.Second {
			t.Errorf("the next run is to take %v, %v", p.Expected, err)
		}
	})
}

// Somebody whose scope covers some of a run's sites sees a run of those alone: how many, how they ended, and nothing that was typed.
func TestARunWithinAScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := threeRuns(t, db)
		acme, ctx := ofClient("Acme"), t.Context()
		listed, _, err := h.Runner.Runs(ctx, acme, runs.Filter{ID: 1})
		if err != nil || len(listed) != 1 || listed[0].Total != 1 || listed[0].OutsideScope != 2 || listed[0].Counts != (runs.Counts{OK: 1}) {
			t.Errorf("listed: %+v, %v", listed, err)
		}
		s, err := h.Runner.Snapshot(ctx, acme, 1)
		if err != nil || s.Run.Total != 1 || s.Counts != (runs.Counts{OK: 1}) || len(s.Latest) != 1 || len(s.Groups) != 1 || s.Run.Spec.Selection.All {
			t.Errorf("the snapshot: %+v, %v", s, err)
		}
		targets, n, err := h.Runner.Targets(ctx, acme, runs.TargetFilter{Run: 1, Limit: 9})
		if err != nil || n != 1 || len(targets) != 1 || targets[0].Client != "Acme" {
			t.Errorf("the targets: %+v, %d, %v", targets, n, err)
		}
		hidden := h.Targets(t, 1)[h.Sites[1].ID]
		if _, _, err := h.Runner.Target(ctx, acme, 1, hidden.ID); !errors.Is(err, runs.ErrNoTarget) {
			t.Errorf("a hidden target: %v", err)
		}
		if _, _, err := h.Runner.Target(ctx, access.System(), 2, hidden.ID); !errors.Is(err, runs.ErrNoTarget) {
			t.Errorf("a target of another run: %v", err)
		}
		for name, err := range map[string]error{
			"read":     second(h.Runner.Run(ctx, acme, 3)),
			"snapshot": second(h.Runner.Snapshot(ctx, acme, 3)),
			"cancel":   h.Runner.Cancel(ctx, acme, 3),
			"rerun":    second(h.Runner.RerunSpec(ctx, acme, 3, runs.Which{})),
			"none":     second(h.Runner.Run(ctx, access.System(), 99)),
		} {
			if !errors.Is(err, runs.ErrNoRun) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := h.Runner.Redirects(ctx, acme, 3); !errors.Is(err, runs.ErrNoRun) {
			t.Errorf("redirects: %v", err)
		}
		if _, err := h.Runner.RerunSpec(ctx, acme, 1, runs.Which{}); !problemWith(err, "outcome") {
			t.Errorf("a rerun of others' sites: %v", err)
		}
		counted, err := h.Runner.ClientCounts(ctx, acme, 1)
		if err != nil || fmt.Sprint(counted) != "[{Acme 1}]" {
			t.Errorf("clients: %v, %v", counted, err)
		}
		sent, err := h.Runner.LastRequests(ctx, acme, 1)
		if err != nil || len(sent) != 1 {
			t.Errorf("requests: %v, %v", sent, err)
		}
		ids := []int64{h.Sites[0].ID, h.Sites[1].ID, h.Sites[2].ID, 99}
		last, err := h.Runner.LastTargets(ctx, acme, ids)
		if err != nil || len(last) != 1 || last[h.Sites[0].ID].RunID != 2 {
			t.Errorf("the last targets: %v, %v", last, err)
		}
		if _, n, err := h.Log.Entries(ctx, access.System(), audit.Filter{Outcome: audit.Refused}); n == 0 || err != nil {
			t.Errorf("%d refusals are recorded, %v", n, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestTargetsOfARun(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := threeRuns(t, db)
		for name, c := range map[string]struct {
			filter runs.TargetFilter
			want   string
		}{
			"by name":        {runs.TargetFilter{Run: 1}, "Acme  Zulu"},
			"from the third": {runs.TargetFilter{Run: 1, Offset: 2}, "Zulu"},
			"failed":         {runs.TargetFilter{Run: 1, Outcomes: []wordpress.Outcome{wordpress.Failed, wordpress.Unknown}}, "Zulu"},
			"a client":       {runs.TargetFilter{Run: 1, Client: "Acme"}, "Acme"},
			"a site":         {runs.TargetFilter{Run: 1, Site: h.Sites[1].ID}, "Zulu"},
			"no reason":      {runs.TargetFilter{Run: 1, NoReason: true, Client: "Zulu"}, "Zulu"},
			"a reason":       {runs.TargetFilter{Run: 1, Reason: wordpress.ReasonTLS}, ""},
			"waiting":        {runs.TargetFilter{Run: 3, State: runs.TargetWaiting}, "Zulu"},
			"the latest":     {runs.TargetFilter{Run: 3, Latest: true}, ""},
		} {
			found, _, err := h.Runner.Targets(t.Context(), access.System(), c.filter)
			clients := ""
			for i, target := range found {
				if clients += target.Client; i < len(found)-1 {
					clients += " "
				}
			}
			if err != nil || clients != c.want {
				t.Errorf("%s: %q, %v; want %q", name, clients, err, c.want)
			}
		}
	})
}

// Answers come in the order of the targets, of the scope, and stop at once where the reader does, with its error.
func TestAnswersBreakOff(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := make([]wptest.Site, 20)
		for i := range described {
			described[i] = wptest.Site{Host: fmt.Sprintf("s%02d.example", i), Client: []string{"Acme", "Zulu", "Bad"}[i%3]}
		}
		h := runstest.New(t, db, described)
		run := h.Start(t, runstest.Everywhere("status", nil)).ID
		finish(t, h, run, map[string]wordpress.Outcome{"Bad": wordpress.Failed})
		var read []int64
		if err := h.Runner.Answers(t.Context(), ofClient("Acme"), run, func(a endpoint.Answer) error {
			read = append(read, a.Site)
			return nil
		}); err != nil || len(read) != 7 || !slices.IsSorted(read) {
			t.Errorf("%v, %v", read, err)
		}
		full, n := errors.New("the disk is full"), 0
		if err := h.Runner.Answers(t.Context(), access.System(), run, func(endpoint.Answer) error {
			if n++; n == 10 {
				return full
			}
			return nil
		}); !errors.Is(err, full) || n != 10 {
			t.Errorf("%d answers, %v", n, err)
		}
		h.Exec(t, "DROP TABLE attempts")
		if err := h.Runner.Answers(t.Context(), access.System(), run, func(endpoint.Answer) error { return nil }); err == nil {
			t.Error("a failure of the database looks like a run without answers")
		}
	})
}
