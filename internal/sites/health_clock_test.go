package sites_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// clocked is a registry whose time a test decides.
type clocked struct {
	testRegistry
	now time.Time
}

// nextCheck lets the time pass until the site's next check, does it, and returns how long that took.
func (h *clocked) nextCheck(t *testing.T, id int64) time.Duration {
	t.Helper()
	before := h.now
	at := h.site(t, id).NextCheckAt
	if h.now = at; !at.After(before) {
		t.Fatalf("at %s, the next check is at %s", before, at)
	}
	h.checkDue(t)
	return h.now.Sub(before)
}

// A site is good for 41 days, fails in a run on a Tuesday at 14:02 and is checked at once, stays broken, with pauses between checks that grow, and recovers.
// Only the three changes are events, news and audit entries.
func TestASiteBreaksOnATuesday(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := &clocked{newTestRegistry(t, db, fake), time.Date(2026, 1, 21, 9, 30, 0, 0, time.UTC)}
		h.registry.SetClock(func() time.Time { return h.now })
		s := h.addFake(t, fake, 0)
		h.checkDue(t) // gives it its turn
		h.nextCheck(t, s.ID)
		good := h.site(t, s.ID)
		if good.State != sites.Ready || h.now.Sub(good.StateSince) > time.Second {
			t.Fatalf("%s since %s", good.State, good.StateSince)
		}
		tuesday := time.Date(2026, 3, 3, 14, 2, 0, 0, time.UTC)
		checks := 0
		for h.site(t, s.ID).NextCheckAt.Before(tuesday) {
			if pause := h.nextCheck(t, s.ID); checks > 0 && pause != 24*time.Hour {
				t.Errorf("a good site is checked after %s", pause)
			}
			checks++
		}
		if checks < 40 || checks > 42 {
			t.Errorf("%d checks in 41 days", checks)
		}
		h.now = tuesday
		h.checkDue(t)
		fake.SetFault(0, wptest.WrongPassword)
		if got := h.site(t, s.ID); got.State != sites.Ready || !got.NextCheckAt.After(tuesday) {
			t.Errorf("before the run: %s, next check at %s", got.State, got.NextCheckAt)
		}
		observed := []sites.Observed{{Site: s.ID, Home: s.Home, Observation: wordpress.Observation{At: tuesday}, Suspect: true}}
		if err := db.Gorm.Transaction(func(tx *gorm.DB) error { return sites.StoreObserved(tx, observed) }); err != nil {
			t.Fatal(err)
		}
		if got := h.site(t, s.ID); got.NextCheckAt.After(tuesday) {
			t.Errorf("a site that failed in a run is checked at %s", got.NextCheckAt)
		}
		h.checkDue(t)
		h.saysBroken(t, s, tuesday)
		var pauses []time.Duration
		for h.now.Before(tuesday.Add(4 * 24 * time.Hour)) {
			pauses = append(pauses, h.nextCheck(t, s.ID))
		}
		for i, pause := range pauses {
			if i > 0 && pause < pauses[i-1] || pause > 27*time.Hour {
				t.Errorf("pause %d is %s: %v", i+1, pause, pauses)
			}
		}
		if pauses[0] > 17*time.Minute || pauses[len(pauses)-1] < 24*time.Hour || len(pauses) > 14 {
			t.Errorf("the pauses: %v", pauses)
		}
		h.saysBroken(t, s, tuesday)
		fake.SetFault(0, wptest.Healthy)
		h.nextCheck(t, s.ID)
		recovered := h.now
		for range 3 {
			h.nextCheck(t, s.ID)
		}
		events, err := h.registry.Events(t.Context(), s)
		streak := sites.StreakOf(events)
		if err != nil || len(events) != 3 || !streak.Good || !streak.Since.Equal(recovered) || streak.Before != recovered.Sub(tuesday) {
			t.Errorf("%+v, %+v, %v", streak, events, err)
		}
		news, err := h.registry.News(t.Context(), admin, tuesday.AddDate(-1, 0, 0), 10)
		if err != nil || len(news) != 1 || news[0].Became != string(sites.Ready) {
			t.Errorf("%+v, %v", news, err)
		}
		if n := h.entries(t, access.SiteCheck); n != 3 {
			t.Errorf("%d audit entries of three changes", n)
		}
	})
}

// saysBroken checks what the site's page is made of: broken since then, after 41 good days.
func (h *clocked) saysBroken(t *testing.T, s sites.Site, since time.Time) {
	t.Helper()
	events, err := h.registry.Events(t.Context(), s)
	streak := sites.StreakOf(events)
	if err != nil || len(events) != 2 || streak.Good || !streak.Since.Equal(since) || int(streak.Before/(24*time.Hour)) != 41 || events[0].Finding == "" {
		t.Errorf("%+v, %+v, %v", streak, events, err)
	}
	if got := h.site(t, s.ID); got.State != sites.Broken || !got.StateSince.Equal(since) {
		t.Errorf("%s since %s", got.State, got.StateSince)
	}
}
