package engine_test

import (
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A run that was cancelled, or whose time was over, while no process worked it ends when one does again. What may have been sent is unknown and is
// not sent again; what was not is not sent.
func TestACancelledRunEndsAfterACrash(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *runstest.Harness, int64){
		"cancelled": func(t *testing.T, h *runstest.Harness, run int64) {
			if err := h.Runner.Cancel(t.Context(), runstest.Owner, run); err != nil {
				t.Fatal(err)
			}
		},
		"overdue": func(t *testing.T, h *runstest.Harness, run int64) {
			h.Exec(t, "UPDATE runs SET deadline_at = 1 WHERE id = ?", run)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				h := runstest.New(t, db, make([]wptest.Site, 4))
				h.Locate(t)
				run := h.Start(t, runstest.Everywhere("clear-cache", nil))
				orphan(t, h, run.ID, 2)
				end(t, h, run.ID)
				h.Work(t)
				last := h.Wait(t, run.ID)
				if c := last.Counts; c.Unknown != 2 || c.NotSent != 2 || h.Fake.Requests() != 0 {
					t.Errorf("%+v after %d requests", c, h.Fake.Requests())
				}
				for _, target := range h.Targets(t, run.ID) {
					if target.Outcome == wordpress.Unknown && !strings.Contains(target.Note, "cancelled") {
						t.Errorf("%q", target.Note)
					}
				}
			})
		})
	}
}

// What a worker began, and withdrew as it was stopped, waits. Where the run was cancelled in between, it is not sent, and the run ends.
func TestACancelledRunEndsAfterAStop(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 2))
		h.Locate(t)
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		orphan(t, h, run.ID, 1)
		if err := h.Runner.Cancel(t.Context(), runstest.Owner, run.ID); err != nil {
			t.Fatal(err)
		}
		h.Exec(t, "UPDATE targets SET state = 'waiting', started_at = 0 WHERE run_id = ? AND state = 'running'", run.ID)
		h.Work(t)
		if last := h.Wait(t, run.ID); last.Counts.NotSent != 2 || h.Fake.Requests() != 0 {
			t.Errorf("%+v after %d requests", last.Counts, h.Fake.Requests())
		}
	})
}

// What may have been sent before a crash is unknown also where nothing can be sent any more.
func TestWhatMayHaveBeenSentIsNotNotSent(t *testing.T) {
	for name, change := range map[string]string{
		"retired": "UPDATE sites SET retired_at = 1", "moved": "UPDATE sites SET home = home || '/moved'", "without a credential": "DELETE FROM credentials",
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				h := runstest.New(t, db, make([]wptest.Site, 2))
				h.Locate(t)
				run := h.Start(t, runstest.Everywhere("clear-cache", nil))
				orphan(t, h, run.ID, 1)
				h.Exec(t, change)
				h.Work(t)
				if last := h.Wait(t, run.ID); last.Counts.Unknown != 1 || h.Fake.Requests() != 0 {
					t.Errorf("%+v after %d requests", last.Counts, h.Fake.Requests())
				}
			})
		})
	}
}

// A site that cannot be reached after a crash may have done what it was asked before.
func TestWhatMayHaveBeenSentIsUnknownWhereTheSiteIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, make([]wptest.Site, 2))
		h.Locate(t)
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		orphan(t, h, run.ID, 1)
		h.Fake.Close()
		h.Work(t)
		last := h.Wait(t, run.ID)
		if last.Counts.Unknown != 1 || last.Counts.Failed != 1 {
			t.Errorf("%+v", last.Counts)
		}
		for _, target := range h.Targets(t, run.ID) {
			if target.Outcome == wordpress.Unknown && (target.StartedAt.IsZero() || !strings.Contains(target.Note, "may have taken effect")) {
				t.Errorf("%+v", target)
			}
		}
	})
}
