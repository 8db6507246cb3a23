package runs_test

import (
	"context"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A run needs no check before it: it finds the REST API by one look, and remembers it.
func TestAFirstRunFindsTheRoot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newHouse(t, db, []wptest.Site{{}, {Fault: wptest.PlainPermalinks}, {Fault: wptest.IndexPHPRoot}, {Fault: wptest.RenamedPrefix}})
		h.work(t)
		if last := h.wait(t, h.start(t, everywhere("clear-cache", nil)).ID); last.Counts.OK != 4 {
			t.Fatalf("%+v", last.Counts)
		}
		for i, below := range []string{"/wp-json/", "/index.php?rest_route=/", "/index.php/wp-json/", "/api/"} {
			s, err := h.registry.Site(context.Background(), owner, h.sites[i].ID)
			if err != nil || s.Root != s.Home+below || s.ReportedHome != s.Home || s.LocatedAt.IsZero() {
				t.Errorf("%q, %q, %v, %v", s.Root, s.ReportedHome, s.LocatedAt, err)
			}
		}
		if _, n, err := h.log.Entries(context.Background(), audit.System(), audit.Filter{Action: audit.SiteLearn}); err != nil || n != 3 {
			t.Errorf("%d entries of roots that are not the usual one, %v", n, err)
		}
		before := h.fake.Requests()
		if last := h.wait(t, h.start(t, everywhere("clear-cache", nil)).ID); last.Counts.OK != 4 || h.fake.Requests()-before != 4 {
			t.Errorf("%+v after %d more requests", last.Counts, h.fake.Requests()-before)
		}
	})
}

func TestAFirstRunCostsOneLook(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t), make([]wptest.Site, 3))
	h.work(t)
	if last := h.wait(t, h.start(t, everywhere("clear-cache", nil)).ID); last.Counts.OK != 3 || h.fake.Requests() != 6 {
		t.Errorf("%+v after %d requests", last.Counts, h.fake.Requests())
	}
}

// A site that another one answers for gets nothing, whether it was checked or not, and the target says who answers.
func TestNothingIsSentToAnotherSite(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t), []wptest.Site{{Fault: wptest.OtherSite}, {Fault: wptest.OtherSite}})
	if report, err := h.registry.Check(context.Background(), owner, h.sites[0].ID); err != nil || report.State() != "broken" {
		t.Fatalf("%+v, %v", report, err)
	}
	h.work(t)
	for _, spec := range []runs.Spec{everywhere("clear-cache", nil), everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": "{}"}), everywhere("status", nil)} {
		last := h.wait(t, h.start(t, spec).ID)
		for _, target := range h.targets(t, last.Run.ID) {
			if target.Outcome != wordpress.Failed || target.Reason != wordpress.ReasonOtherSite || !strings.Contains(target.Note, "https://main.example") {
				t.Errorf("%s: %s %s %q", spec.Operation, target.Outcome, target.Reason, target.Note)
			}
		}
	}
	if calls := append(h.fake.Calls(0), h.fake.Calls(1)...); len(calls) != 0 {
		t.Errorf("it carried out %+v", calls)
	}
}

// A site that was another's when it was last seen is looked at again: the check may be old.
func TestAnOldLocationIsLookedAtAgain(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t), make([]wptest.Site, 1))
	h.work(t)
	if last := h.wait(t, h.start(t, everywhere("clear-cache", nil)).ID); last.Counts.OK != 1 {
		t.Fatalf("%+v", last.Counts)
	}
	h.fake.SetFault(0, wptest.OtherSite)
	h.exec(t, "UPDATE sites SET located_at = 1")
	if last := h.wait(t, h.start(t, everywhere("clear-cache", nil)).ID); last.Counts.Failed != 1 || len(h.fake.Calls(0)) != 1 {
		t.Errorf("%+v, %+v", last.Counts, h.fake.Calls(0))
	}
}
