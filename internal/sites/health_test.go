package sites_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Each site has its own moment of the interval, always the same, and the moments are spread evenly.
func TestChecksAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)
	for _, every := range []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
		const n, parts = 4800, 24
		var counts [parts]int
		for site := int64(1); site <= n; site++ {
			at := sites.NextCheck(site, now, every, 0)
			if !at.After(now) || at.Sub(now) > every {
				t.Fatalf("site %d is checked at %s, every %s", site, at, every)
			}
			if again := sites.NextCheck(site, at, every, 0); again.Sub(at) != every {
				t.Fatalf("site %d is checked %s after its turn", site, again.Sub(at))
			}
			counts[int(at.Sub(now)*parts/(every+1))]++
		}
		for i, count := range counts {
			if count < n/parts*3/4 || count > n/parts*5/4 {
				t.Errorf("every %s: %d checks in part %d, %d would be even", every, count, i, n/parts)
			}
		}
	}
}

// A broken site is checked again after pauses that grow, and that are bounded.
func TestPausesOfBrokenSitesGrow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC)
	last := time.Duration(0)
	for failures := 1; failures < 100; failures++ {
		pause := sites.NextCheck(7, now, 24*time.Hour, failures).Sub(now)
		if pause < last || pause > 27*time.Hour || failures == 1 && pause > 17*time.Minute {
			t.Errorf("after %d failures it waits %s, before that %s", failures, pause, last)
		}
		last = pause
	}
	if last < 24*time.Hour {
		t.Errorf("it ends with %s", last)
	}
	if at := sites.NextCheck(7, now, 0, 3); !at.IsZero() {
		t.Errorf("without a schedule it is checked at %s", at)
	}
}

func TestStreaks(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }
	state := func(n int, was, became sites.State) sites.Event {
		return sites.Event{At: day(n), Kind: sites.EventState, Was: string(was), Became: string(became)}
	}
	for name, c := range map[string]struct {
		events []sites.Event // in order
		want   sites.Streak
	}{
		"nothing":        {nil, sites.Streak{}},
		"not checked":    {[]sites.Event{state(1, "ready", "unchecked")}, sites.Streak{}},
		"good":           {[]sites.Event{state(1, "unchecked", "ready")}, sites.Streak{Good: true, Since: day(1)}},
		"good in two":    {[]sites.Event{state(1, "unchecked", "ready"), state(5, "ready", "warning")}, sites.Streak{Good: true, Since: day(1)}},
		"broken at once": {[]sites.Event{state(3, "unchecked", "broken")}, sites.Streak{Since: day(3)}},
		"broken": {[]sites.Event{state(1, "unchecked", "ready"), state(5, "ready", "warning"), {At: day(6), Kind: sites.EventPlugin, Was: "1", Became: "2"},
			state(20, "warning", "broken")}, sites.Streak{Since: day(20), Before: 19 * 24 * time.Hour}},
		"good again": {[]sites.Event{state(1, "unchecked", "ready"), state(20, "ready", "broken"), state(22, "broken", "warning")},
			sites.Streak{Good: true, Since: day(22), Before: 2 * 24 * time.Hour}},
	} {
		var latest []sites.Event
		for _, e := range c.events {
			latest = append([]sites.Event{e}, latest...)
		}
		if got := sites.StreakOf(latest); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// due makes it every site's turn.
func (h testRegistry) due(t *testing.T) {
	t.Helper()
	if err := h.db.Gorm.Exec("UPDATE sites SET next_check_at = 1").Error; err != nil {
		t.Fatal(err)
	}
}

func (h testRegistry) checkDue(t *testing.T) {
	t.Helper()
	if err := h.registry.CheckDue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h testRegistry) site(t *testing.T, id int64) sites.Site {
	t.Helper()
	s, err := h.registry.Site(t.Context(), admin, id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Sites are checked without a person; only what changes is kept and recorded.
func TestSitesAreCheckedByThemselves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{}, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s, other := h.addFake(t, fake, 0), h.addFake(t, fake, 1)
		h.checkDue(t) // new sites are left a moment
		if got := h.site(t, s.ID); got.State != sites.Unchecked || got.NextCheckAt.IsZero() || time.Until(got.NextCheckAt) > 3*time.Minute {
			t.Errorf("a new site: %s, next at %s", got.State, got.NextCheckAt)
		}
		for range 3 {
			h.due(t)
			h.checkDue(t)
		}
		got := h.site(t, s.ID)
		if got.State != sites.Ready || got.WordPressVersion != "7.1" || time.Until(got.CertificateEnds) < 24*time.Hour || got.StateSince.IsZero() ||
			time.Until(got.NextCheckAt) <= 0 || time.Until(got.NextCheckAt) > 24*time.Hour {
			t.Errorf("%+v", got)
		}
		if n := h.entries(t, access.SiteCheck); n != 2 {
			t.Errorf("%d entries of two sites that became ready", n)
		}
		fake.SetFault(0, wptest.WrongPassword)
		h.due(t)
		h.checkDue(t)
		broken := h.site(t, s.ID)
		if broken.State != sites.Broken || time.Until(broken.NextCheckAt) > 17*time.Minute || h.entries(t, access.SiteCheck) != 3 {
			t.Errorf("%+v", broken)
		}
		news, err := h.registry.News(t.Context(), admin, time.Now().Add(-time.Hour), 10)
		if err != nil || len(news) != 1 || news[0].Site.ID != s.ID || news[0].Became != string(sites.Broken) || news[0].Finding == "" {
			t.Errorf("%+v %v", news, err)
		}
		fake.SetFault(0, wptest.Healthy)
		h.due(t)
		h.checkDue(t)
		events, err := h.registry.Events(t.Context(), s)
		if err != nil || len(events) != 3 || !sites.StreakOf(events).Good || sites.StreakOf(events).Before <= 0 {
			t.Errorf("%+v %v", events, err)
		}
		if events, err := h.registry.Events(t.Context(), other); err != nil || len(events) != 1 {
			t.Errorf("the other site: %+v %v", events, err)
		}
	})
}

// A site that broke stays in the news whatever else is checked: many new sites, or one whose state changes all the time.
func TestNewsOfASiteAmongManyFirstChecks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := aList(t, db)
		at := time.Now().Add(-time.Hour).UnixMicro()
		event := func(site int, was, became string) {
			at++
			run(t, db, fmt.Sprintf("INSERT INTO site_events (site_id, at, kind, was, became, finding) VALUES (%d, %d, 'state', '%s', '%s', '')", site, at, was, became))
		}
		event(1, "unchecked", "ready")
		event(1, "ready", "broken")
		run(t, db, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
			INSERT INTO site_events (site_id, at, kind, was, became, finding) SELECT 2, %d + i, 'state', 'unchecked', 'ready', '' FROM n`, at))
		event(3, "broken", "ready")
		event(3, "ready", "warning")
		event(3, "warning", "unchecked")
		news, err := h.registry.News(t.Context(), admin, time.Now().Add(-2*time.Hour), 10)
		if err != nil || len(news) != 2 {
			t.Fatalf("%+v %v", news, err)
		}
		if news[0].Site.ID != 3 || news[0].Became != "ready" || news[1].Site.ID != 1 || news[1].Became != "broken" {
			t.Errorf("%+v", news)
		}
		if latest, err := h.registry.News(t.Context(), admin, time.Now().Add(-2*time.Hour), 1); err != nil || len(latest) != 1 || latest[0].Site.ID != 3 {
			t.Errorf("the latest: %+v %v", latest, err)
		}
	})
}

// Several processes check each site once.
func TestProcessesDivideChecks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const n = 20
		fake := startFake(t, make([]wptest.Site, n)...)
		h := newTestRegistry(t, db, fake)
		for i := range n {
			h.addFake(t, fake, i)
		}
		h.due(t)
		failed := make(chan error, 3)
		for range 3 {
			go func() { failed <- h.registry.CheckDue(t.Context()) }()
		}
		for range 3 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		if got := h.entries(t, access.SiteCheck); got != n {
			t.Errorf("%d checks of %d sites", got, n)
		}
	})
}

// A site that fails in a run is checked at once, unless it was checked a moment ago; and a retired one, or one without a credential, never.
func TestAFailureInARunLeadsToACheck(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{}, wptest.Site{}, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		a, b, retired := h.addFake(t, fake, 0), h.addFake(t, fake, 1), h.addFake(t, fake, 2)
		h.due(t)
		h.checkDue(t)
		if err := h.registry.Retire(t.Context(), admin, retired.ID); err != nil {
			t.Fatal(err)
		}
		later := time.Now().Add(time.Hour).UnixMicro() // their own turn may come at any moment of the day
		err := h.db.Gorm.Exec("UPDATE sites SET next_check_at = ?, checked_at = CASE WHEN id = ? THEN checked_at ELSE checked_at - 3600000000 END", later, b.ID).Error
		if err != nil {
			t.Fatal(err)
		}
		before := h.entries(t, access.SiteCheck)
		var all []sites.Observed
		for _, s := range []sites.Site{a, b, retired} {
			all = append(all, sites.Observed{Site: s.ID, Home: s.Home, Suspect: true, Observation: wordpress.Observation{At: time.Now()}})
		}
		if err := sites.StoreObserved(db.Gorm, all); err != nil {
			t.Fatal(err)
		}
		fake.SetFault(0, wptest.WrongPassword)
		fake.SetFault(1, wptest.WrongPassword)
		h.checkDue(t)
		if h.site(t, a.ID).State != sites.Broken || h.site(t, b.ID).State != sites.Ready || h.entries(t, access.SiteCheck) != before+1 {
			t.Errorf("%s, %s", h.site(t, a.ID).State, h.site(t, b.ID).State)
		}
	})
}

// What was found with one credential is not true of another: a new one is checked at once, however it came.
func TestANewCredentialIsChecked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{}, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		edited := h.add(t, sites.Draft{URL: fake.URL(0), Username: wptest.DefaultUser, Password: vault.NewSecret("revoked")})
		imported := h.add(t, sites.Draft{URL: fake.URL(1), Username: wptest.DefaultUser, Password: vault.NewSecret("revoked")})
		h.due(t)
		h.checkDue(t)
		if a, b := h.site(t, edited.ID), h.site(t, imported.ID); a.State != sites.Broken || b.State != sites.Broken {
			t.Fatalf("%s %s", a.State, b.State)
		}
		if err := h.registry.ReplaceCredential(t.Context(), admin, edited.ID, wptest.DefaultUser, vault.NewSecret(fake.Password(0))); err != nil {
			t.Fatal(err)
		}
		file := "url,username,application_password\n" + imported.Home + "," + wptest.DefaultUser + "," + fake.Password(1) + "\n"
		if _, err := h.registry.Import(t.Context(), admin, strings.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		h.checkDue(t)
		if a, b := h.site(t, edited.ID), h.site(t, imported.ID); a.State != sites.Ready || b.State != sites.Ready {
			t.Errorf("%s: %s; %s: %s", a.State, a.Finding, b.State, b.Finding)
		}
	})
}

// The list is filtered and sorted by what the checks found.
func TestTheListByHealth(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		now := time.Now()
		for i := range 4 {
			s := h.add(t, draft(fmt.Sprintf("https://site-%d.example", i)))
			if i > 0 {
				if err := db.Gorm.Exec("UPDATE sites SET certificate_ends = ?, state_since = ?, wordpress_version = ? WHERE id = ?",
					now.AddDate(0, 0, 10*i).UnixMicro(), now.AddDate(0, 0, -i).UnixMicro(), fmt.Sprintf("6.%d", 9-i), s.ID).Error; err != nil {
					t.Fatal(err)
				}
			}
		}
		names := func(f sites.Filter) string {
			found, _, err := h.registry.Sites(t.Context(), admin, f)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, s := range found {
				text += s.Host[5:6]
			}
			return text
		}
		for _, c := range []struct {
			filter sites.Filter
			want   string
		}{
			{sites.Filter{Certificate: now.AddDate(0, 0, 25)}, "12"},
			{sites.Filter{Sort: "certificate"}, "1230"},
			{sites.Filter{Sort: "since"}, "3210"},
			{sites.Filter{Sort: "wordpress"}, "3210"},
			{sites.Filter{Sort: "wordpress", Descending: true}, "1230"},
		} {
			if got := names(c.filter); got != c.want {
				t.Errorf("%+v: %s, want %s", c.filter, got, c.want)
			}
		}
	})
}

// The team's rule may switch the schedule off, and on again.
func TestTheScheduleFollowsTheRule(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s := h.addFake(t, fake, 0)
		for _, wrong := range []sites.Upkeep{{CheckHours: -1}, {CheckHours: 10_000}} {
			if err := h.registry.SetUpkeep(t.Context(), admin, wrong); err == nil {
				t.Errorf("%+v is taken", wrong)
			}
		}
		if err := h.registry.SetUpkeep(t.Context(), admin, sites.Upkeep{CredentialDays: 90}); err != nil {
			t.Fatal(err)
		}
		h.due(t)
		h.checkDue(t)
		if got := h.site(t, s.ID); got.State != sites.Unchecked {
			t.Errorf("it was checked: %s", got.State)
		}
		if err := h.registry.SetUpkeep(t.Context(), admin, sites.Upkeep{CheckHours: 6, CredentialDays: 90}); err != nil {
			t.Fatal(err)
		}
		h.checkDue(t)
		h.due(t)
		h.checkDue(t)
		if got := h.site(t, s.ID); got.State != sites.Ready || time.Until(got.NextCheckAt) > 6*time.Hour {
			t.Errorf("%s, next at %s", got.State, got.NextCheckAt)
		}
	})
}
