package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// fleet is one site of each kind, and what clearing its cache, whatever it is, comes to without and with verification.
var fleet = []struct {
	name     string
	site     wptest.Site
	outcome  wordpress.Outcome
	reason   wordpress.Reason
	note     string
	verified wordpress.Outcome
	calls    []string // what the site carried out, in order
}{
	{"BigScoots Cache", wptest.Site{}, wordpress.OK, "", "Cleared: BigScoots Cache.", wordpress.OK, []string{"/bigscoots-cache/v2/clear-cache"}},
	{"SiteGround", wptest.Site{Caches: []wptest.Cache{wptest.SiteGround}}, wordpress.OK, "", "Cleared: SiteGround", wordpress.OK,
		[]string{"/siteground-optimizer/v1/purge-cache"}},
	{"WP Engine", wptest.Site{Caches: []wptest.Cache{wptest.WPEngine}}, wordpress.OK, "", "Cleared: WP Engine", wordpress.OK,
		[]string{"/wpe/cache-plugin/v1/clear_all_caches"}},
	{"WP Super Cache", wptest.Site{Caches: []wptest.Cache{wptest.WPSuperCache}}, wordpress.Unknown, wordpress.ReasonUnclear, "whether or not", wordpress.OK,
		[]string{"/wp-super-cache/v1/cache"}},
	{"two, the page cache first", wptest.Site{Caches: []wptest.Cache{wptest.WPEngine, wptest.WPSuperCache}}, wordpress.Unknown, wordpress.ReasonUnclear,
		"Cleared: WP Engine. WP Super Cache:", wordpress.OK,
		[]string{"/wp-super-cache/v1/cache", "/wpe/cache-plugin/v1/clear_all_caches"}},
	{"none", wptest.Site{Caches: []wptest.Cache{}}, wordpress.Skipped, wordpress.ReasonNotApplicable, "No supported cache plugin", wordpress.Skipped, nil},
	{"switched off", wptest.Site{Fault: wptest.CacheDisabled}, wordpress.Skipped, wordpress.ReasonNotApplicable, "BigScoots Cache: The cache is turned off",
		wordpress.Skipped, nil},
	{"no right", wptest.Site{Caches: []wptest.Cache{wptest.WPSuperCache, wptest.SiteGround}, Fault: wptest.Forbidden}, wordpress.Failed, wordpress.ReasonForbidden,
		"WP Super Cache:", wordpress.Failed, nil},
	{"refused", wptest.Site{Caches: []wptest.Cache{wptest.SiteGround}, Fault: wptest.SuccessFalse}, wordpress.Failed, wordpress.ReasonInvalidInput, "SiteGround",
		wordpress.Failed, nil},
	{"one of two refused", wptest.Site{Caches: []wptest.Cache{wptest.BigScoots, wptest.SiteGround}, Fault: wptest.CacheDisabled}, wordpress.OK, "",
		"Cleared: SiteGround", wordpress.OK, []string{"/siteground-optimizer/v1/purge-cache"}},
	{"limited by something in front", wptest.Site{Caches: []wptest.Cache{wptest.SiteGround}, Fault: wptest.RateLimited}, wordpress.OK, "", "Cleared", wordpress.OK,
		[]string{"/siteground-optimizer/v1/purge-cache"}},
	{"wrong password", wptest.Site{Fault: wptest.WrongPassword}, wordpress.Failed, wordpress.ReasonNotAuthenticated, "", wordpress.Failed, nil},
}

func described() []wptest.Site {
	all := make([]wptest.Site, len(fleet))
	for i, c := range fleet {
		all[i] = c.site
	}
	return all
}

func TestClearAnyCache(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, described())
		h.Work(t)
		run := h.Wait(t, h.Start(t, runstest.Everywhere("clear-any-cache", nil)).ID).Run
		targets := h.Targets(t, run.ID)
		for i, c := range fleet {
			got := targets[h.Sites[i].ID]
			if got.Outcome != c.outcome || got.Reason != c.reason || !strings.Contains(got.Note, c.note) {
				t.Errorf("%s: %s %s %q", c.name, got.Outcome, got.Reason, got.Note)
			}
			var calls []string
			for _, call := range h.Fake.Calls(i) {
				calls = append(calls, call.Route)
			}
			if !slices.Equal(calls, c.calls) {
				t.Errorf("%s: it carried out %v", c.name, calls)
			}
		}
	})
}

// Looking at the pages proves what a plugin's answer does not.
func TestVerificationProvesAClearedCache(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), append(described(), wptest.Site{Caches: []wptest.Cache{wptest.WPSuperCache}, Fault: wptest.NotCached}))
	h.Work(t)
	spec := runstest.Everywhere("clear-any-cache", nil)
	spec.Verify = true
	targets := h.Targets(t, h.Wait(t, h.Start(t, spec).ID).Run.ID)
	for i, c := range fleet {
		if got := targets[h.Sites[i].ID]; got.Outcome != c.verified || c.outcome == wordpress.Unknown &&
			(got.Verified != runs.VerifiedYes || strings.Contains(got.Note, "whether or not")) {
			t.Errorf("%s: %s %s, %s, %q", c.name, got.Outcome, got.Reason, got.Verified, got.Note)
		}
	}
	if got := targets[h.Sites[len(fleet)].ID]; got.Outcome != wordpress.Unknown || got.Verified != runs.VerifiedUnclear ||
		!strings.Contains(got.Note, "do not show it") {
		t.Errorf("no page is cached: %s, %s, %q", got.Outcome, got.Verified, got.Note)
	}
}

// A plugin that says that it cleared, while the page is still the old one, did not.
func TestAPageThatStaysOldIsNoSuccess(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at a page for 30 s")
	}
	t.Parallel()
	var described []wptest.Site
	for _, cache := range []wptest.Cache{wptest.WPSuperCache, wptest.SiteGround, wptest.WPEngine} {
		described = append(described, wptest.Site{Caches: []wptest.Cache{cache}, Fault: wptest.PurgeIgnored})
	}
	h := runstest.New(t, dbtest.SQLite(t), described)
	h.Work(t)
	spec := runstest.Everywhere("clear-any-cache", nil)
	spec.Verify = true
	for _, got := range h.Targets(t, h.Wait(t, h.Start(t, spec).ID).Run.ID) {
		if got.Outcome != wordpress.Partial || got.Verified != runs.VerifiedNo || !strings.Contains(got.Note, "still served") {
			t.Errorf("%s: %s, %s, %q", got.SiteName, got.Outcome, got.Verified, got.Note)
		}
	}
}

// WP Engine refuses a second clear within 10 s. Drover waits as long and tries again, and says so where that does not help.
func TestWPEngineIsNotClearedTooOften(t *testing.T) {
	if testing.Short() {
		t.Skip("waits 20 s as WP Engine asks")
	}
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Caches: []wptest.Cache{wptest.WPEngine}, Fault: wptest.PurgeTooSoon}})
	h.Work(t)
	for _, got := range h.Targets(t, h.Wait(t, h.Start(t, runstest.Everywhere("clear-any-cache", nil)).ID).Run.ID) {
		if got.Outcome != wordpress.Failed || got.Reason != wordpress.ReasonRateLimited || got.Attempts != 3 || got.Status != 429 ||
			!strings.Contains(got.Note, "WP Engine") {
			t.Errorf("%s %s after %d attempts, %q", got.Outcome, got.Reason, got.Attempts, got.Note)
		}
	}
}

// What a run found out is remembered: the next one, and its preview, need no look. A check tells the same.
func TestCachePluginsAreRemembered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{Caches: []wptest.Cache{wptest.SiteGround}}, {Caches: []wptest.Cache{}},
			{Caches: []wptest.Cache{wptest.BigScoots, wptest.WPSuperCache}}})
		want := []string{"sg-cachepress", "none", "wp-super-cache,bigscoots-cache"}
		h.Locate(t) // located without a look at the plugins, as every site of an older Drover
		h.Work(t)
		spec := runstest.Everywhere("clear-any-cache", nil)
		before, err := h.Runner.Preview(context.Background(), runstest.Owner, spec)
		if err != nil || len(before.Requests) != 3 || !strings.Contains(before.Requests[0].Warning, "not known yet") ||
			!strings.HasSuffix(before.Requests[0].URL, "/wp-json/?_fields=namespaces") {
			t.Fatalf("%+v, %v", before.Requests, err)
		}
		h.Wait(t, h.Start(t, spec).ID)
		for i, plugins := range want {
			if s, err := h.Registry.Site(context.Background(), runstest.Owner, h.Sites[i].ID); err != nil || s.CachePlugins != plugins {
				t.Errorf("%q, %v", s.CachePlugins, err)
			}
		}
		if sent := h.Fake.Requests(); sent != 3+3 {
			t.Errorf("%d requests, with one look at each site", sent)
		}
		after, err := h.Runner.Preview(context.Background(), runstest.Owner, spec)
		if err != nil || after.Total != 3 {
			t.Fatalf("%+v, %v", after, err)
		}
		var shown []string
		for _, r := range after.Requests {
			_, path, _ := strings.Cut(r.URL, "/wp-json")
			shown = append(shown, strings.TrimSpace(r.Method+" "+path))
		}
		slices.Sort(shown)
		if !slices.Equal(shown, []string{"", "PATCH /bigscoots-cache/v2/clear-cache", "POST /wp-super-cache/v1/cache", "PUT /siteground-optimizer/v1/purge-cache"}) {
			t.Errorf("the preview shows %q", shown)
		}
		if !slices.ContainsFunc(after.Warnings, func(w string) bool { return strings.Contains(w, "Turn on verification") }) {
			t.Errorf("%q", after.Warnings)
		}
		h.Exec(t, "UPDATE sites SET cache_plugins = ''")
		for i, plugins := range want {
			if _, err := h.Registry.Check(context.Background(), runstest.Owner, h.Sites[i].ID); err != nil {
				t.Fatal(err)
			}
			if s, err := h.Registry.Site(context.Background(), runstest.Owner, h.Sites[i].ID); err != nil || s.CachePlugins != plugins {
				t.Errorf("after a check: %q, %v", s.CachePlugins, err)
			}
		}
	})
}

// The operation is within reach by its name, whatever plugin is there.
func TestClearAnyCacheNeedsItsOwnName(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Caches: []wptest.Cache{wptest.SiteGround}}})
	for name, allowed := range map[string]bool{"clear-any-cache": true, "clear-cache": false} {
		actor := runstest.Operator
		actor.Scope = access.Scope{{Operations: []string{name}}}
		_, err := h.Runner.Start(context.Background(), actor, runs.Spec{Operation: "clear-any-cache", Selection: sites.Selection{All: true}})
		if (err == nil) != allowed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
