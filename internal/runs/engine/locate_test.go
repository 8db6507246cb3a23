package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A run needs no check before it: it finds the REST API by one look, and remembers it.
func TestAFirstRunFindsTheRoot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {Fault: wptest.PlainPermalinks}, {Fault: wptest.IndexPHPRoot}, {Fault: wptest.RenamedPrefix}})
		h.Work(t)
		if last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID); last.Counts.OK != 4 {
			t.Fatalf("%+v", last.Counts)
		}
		for i, below := range []string{"/wp-json/", "/index.php?rest_route=/", "/index.php/wp-json/", "/api/"} {
			s, err := h.Registry.Site(context.Background(), runstest.Owner, h.Sites[i].ID)
			if err != nil || s.Root != s.Home+below || s.ReportedHome != s.Home || s.LocatedAt.IsZero() {
				t.Errorf("%q, %q, %v, %v", s.Root, s.ReportedHome, s.LocatedAt, err)
			}
		}
		if _, n, err := h.Log.Entries(context.Background(), access.System(), audit.Filter{Action: access.SiteDetect}); err != nil || n != 3 {
			t.Errorf("%d entries of roots that are not the usual one, %v", n, err)
		}
		before := h.Fake.Requests()
		if last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID); last.Counts.OK != 4 || h.Fake.Requests()-before != 4 {
			t.Errorf("%+v after %d more requests", last.Counts, h.Fake.Requests()-before)
		}
	})
}

func TestAFirstRunCostsOneLocate(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), make([]wptest.Site, 3))
	h.Work(t)
	if last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID); last.Counts.OK != 3 || h.Fake.Requests() != 6 {
		t.Errorf("%+v after %d requests", last.Counts, h.Fake.Requests())
	}
}

// A site that another one answers for gets nothing, whether it was checked or not, and the target says who answers.
func TestNothingIsSentToAnotherSite(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Fault: wptest.OtherSite}, {Fault: wptest.OtherSite}})
	if report, err := h.Registry.Check(context.Background(), runstest.Owner, h.Sites[0].ID); err != nil || report.State() != "broken" {
		t.Fatalf("%+v, %v", report, err)
	}
	h.Work(t)
	for _, spec := range []runs.Spec{runstest.Everywhere("clear-cache", nil),
		runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": "{}"}), runstest.Everywhere("status", nil)} {
		last := h.Wait(t, h.Start(t, spec).ID)
		for _, target := range h.Targets(t, last.Run.ID) {
			if target.Outcome != wordpress.Failed || target.Reason != wordpress.ReasonOtherSite || !strings.Contains(target.Note, "https://main.example") {
				t.Errorf("%s: %s %s %q", spec.Operation, target.Outcome, target.Reason, target.Note)
			}
		}
	}
	if calls := append(h.Fake.Calls(0), h.Fake.Calls(1)...); len(calls) != 0 {
		t.Errorf("it carried out %+v", calls)
	}
}

// A site that was another's when it was last seen is looked at again: the check may be old.
func TestAnOldLocationIsRefreshed(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), make([]wptest.Site, 1))
	h.Work(t)
	if last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID); last.Counts.OK != 1 {
		t.Fatalf("%+v", last.Counts)
	}
	h.Fake.SetFault(0, wptest.OtherSite)
	h.Exec(t, "UPDATE sites SET located_at = 1")
	if last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID); last.Counts.Failed != 1 || len(h.Fake.Calls(0)) != 1 {
		t.Errorf("%+v, %+v", last.Counts, h.Fake.Calls(0))
	}
}
