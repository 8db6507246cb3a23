package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/validation"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A verb that a firewall blocks goes through in disguise, and the next run begins with what worked.
func TestBlockedVerbsAreSentInDisguise(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ways := []struct {
			fault    wptest.Fault
			override string
			attempts int // of the first run
		}{
			{wptest.VerbsBlocked, wordpress.OverrideHeader, 2},
			{wptest.OverrideStripped, wordpress.OverrideQuery, 3},
			{wptest.VerbsCut, wordpress.OverrideHeader, 3}, // a cut has many causes: the same is tried once more first
			{wptest.Healthy, wordpress.OverrideNone, 1},
		}
		var described []wptest.Site
		for i, way := range ways {
			described = append(described, wptest.Site{Host: fmt.Sprintf("site-%d.example", i), Fault: way.fault})
		}
		h := runstest.New(t, db, described)
		h.Work(t)
		for round := range 2 {
			targets := h.Targets(t, h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID).Run.ID)
			for i, way := range ways {
				target, want := targets[h.Sites[i].ID], way.attempts
				if round == 1 {
					want = 1
				}
				if target.Outcome != wordpress.OK || target.Attempts != want || len(h.Fake.Calls(i)) != round+1 {
					t.Errorf("%s, run %d: %s after %d attempts, %d calls; %s", way.fault, round+1, target.Outcome, target.Attempts, len(h.Fake.Calls(i)), target.Note)
				}
				if s, err := h.Registry.Site(context.Background(), access.System(), h.Sites[i].ID); err != nil || s.Override != way.override {
					t.Errorf("%s: remembered %q, %v", way.fault, s.Override, err)
				}
			}
		}
		if _, n, err := h.Log.Entries(context.Background(), access.System(), audit.Filter{Action: access.SiteDetect}); err != nil || n != 3 {
			t.Errorf("%d entries tell of what was learnt, %v", n, err)
		}
	})
}

// A DELETE whose disguise is taken off would be a POST that WordPress's own endpoints answer with a success.
func TestADisguisedDeleteIsNeverAPost(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Fault: wptest.OverrideStripped}})
	h.Work(t)
	made := h.Wait(t, h.Start(t, runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts",
		"body": `{"title":"a","status":"draft"}`})).ID)
	if made.Counts.OK != 1 {
		t.Fatalf("%+v", made.Groups)
	}
	spec := runstest.Everywhere("request", map[string]string{"method": "DELETE", "path": "/wp/v2/posts/2001"})
	spec.Confirmed = 1
	run := h.Wait(t, h.Start(t, spec).ID)
	for _, target := range h.Targets(t, run.Run.ID) {
		_, attempts, err := h.Runner.Target(context.Background(), access.System(), run.Run.ID, target.ID)
		if err != nil || target.Outcome != wordpress.OK || len(attempts) != 2 || attempts[1].Override != wordpress.OverrideQuery {
			t.Errorf("%s %s, %v, attempts %+v", target.Outcome, target.Note, err, attempts)
		}
	}
}

func TestARunEndsInTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const n = 40
		described := make([]wptest.Site, n)
		for i := range described {
			described[i] = wptest.Site{Address: "127.77.7.1", Latency: [2]time.Duration{500 * time.Millisecond, 600 * time.Millisecond}}
		}
		h := runstest.New(t, db, described)
		h.Locate(t)
		h.Work(t)
		spec := runstest.Everywhere("clear-cache", nil)
		var last runs.Snapshot
		var limit time.Duration
		// On a machine with much else to do, a run's first second may pass before its first request.
		for limit = time.Second; limit <= 8*time.Second && last.Counts.OK == 0; limit *= 2 {
			spec.Limits.TimeLimit = limit
			last = h.Wait(t, h.Start(t, spec).ID)
		}
		limit /= 2
		sent := 0
		for i := range described {
			sent += len(h.Fake.Calls(i))
		}
		if last.Run.State != runs.Cancelled || last.Counts.OK != sent || last.Counts.OK == 0 || last.Counts.NotSent != n-sent {
			t.Errorf("%s with %+v, %d calls", last.Run.State, last.Counts, sent)
		}
		left, _, err := h.Runner.Targets(context.Background(), access.System(), runs.TargetFilter{Run: last.Run.ID, Reason: wordpress.ReasonCancelled})
		if err != nil || len(left) == 0 || !strings.Contains(left[0].Note, fmt.Sprintf("time limit of %v", limit)) {
			t.Errorf("%v %+v", err, left)
		}
	})
}

func TestARunHasItsOwnLimits(t *testing.T) {
	t.Parallel()
	described := make([]wptest.Site, 24)
	for i := range described {
		described[i] = wptest.Site{Address: fmt.Sprintf("127.77.6.%d", i%3+1), Latency: [2]time.Duration{20 * time.Millisecond, 40 * time.Millisecond}}
	}
	h := runstest.New(t, dbtest.SQLite(t), described)
	h.Work(t)
	spec := runstest.Everywhere("clear-cache", nil)
	for _, limits := range []runs.Limits{{AtOnce: 2, AtOncePerServer: 1}, {AtOnce: 1, AtOncePerServer: 8}} {
		spec.Limits = limits
		if last := h.Wait(t, h.Start(t, spec).ID); last.Counts.OK != 24 {
			t.Errorf("%+v", last.Counts)
		}
		for i := range 3 {
			if most := h.Fake.MaxInFlight(netip.MustParseAddr(fmt.Sprintf("127.77.6.%d", i+1))); most != 1 {
				t.Errorf("%+v: server %d had %d requests at once", limits, i, most)
			}
		}
	}
	spec.Limits = runs.Limits{AtOnce: 10, AtOncePerServer: 8}
	if last := h.Wait(t, h.Start(t, spec).ID); last.Counts.OK != 24 {
		t.Errorf("%+v", last.Counts)
	}
	for _, wrong := range []runs.Limits{{AtOnce: -1}, {AtOnce: 5000}, {AtOncePerServer: 99}, {TimeLimit: time.Millisecond}, {TimeLimit: 48 * time.Hour}} {
		spec.Limits = wrong
		var problems validation.Problems
		if _, err := h.Runner.Start(context.Background(), runstest.Owner, spec); !errors.As(err, &problems) || len(problems) != 1 {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// Two processes with a run each over the same server keep its limit together.
func TestServersTakeTurnsAcrossProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := make([]wptest.Site, 30)
		for i := range described {
			described[i] = wptest.Site{Address: "127.77.5.1", Latency: [2]time.Duration{20 * time.Millisecond, 40 * time.Millisecond}}
		}
		h := runstest.New(t, db, described)
		first := h.Start(t, runstest.Everywhere("clear-cache", nil))
		second := h.Start(t, runstest.Everywhere("clear-opcache", nil))
		h.Work(t)
		h.WorkBeside(t)
		for _, run := range []runs.Run{first, second} {
			if last := h.Wait(t, run.ID); last.Counts.OK != 30 {
				t.Errorf("%s: %+v", run.Title, last.Counts)
			}
		}
		if most := h.Fake.MaxInFlight(netip.MustParseAddr("127.77.5.1")); most > 2 {
			t.Errorf("the server had %d requests at once, want at most 2", most)
		}
	})
}

func TestPostsOfEachSite(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "two.example"}, {Host: "three.example"}})
	h.Work(t)
	text := "url;post_ids\n" + h.Sites[0].Home + ";1 17\n" + h.Sites[1].Home + "/;\"5, 6\"\n"
	spec := runstest.Everywhere("clear-cache", map[string]string{"purge_type": "post_ids", "post_ids": text, "purge_related_urls": "true"})
	preview, err := h.Runner.Preview(context.Background(), runstest.Owner, spec)
	if err != nil || preview.Total != 2 || len(preview.LeftOut) != 1 || preview.LeftOut[0].Host != h.Sites[2].Host {
		t.Fatalf("%+v, %v", preview, err)
	}
	if last := h.Wait(t, h.Start(t, spec).ID); last.Counts.OK != 2 || last.Run.Title != "Clear the cache of 4 posts of 2 sites and related pages" {
		t.Errorf("%q %+v", last.Run.Title, last.Counts)
	}
	for i, want := range []string{`{"post_ids":[1,17],"purge_related_urls":true,"purge_type":"post_ids"}`,
		`{"post_ids":[5,6],"purge_related_urls":true,"purge_type":"post_ids"}`} {
		if calls := h.Fake.Calls(i); len(calls) != 1 || calls[0].Body != want {
			t.Errorf("site %d got %+v", i, calls)
		}
	}
	for name, wrong := range map[string]string{
		"a stray":      "https://other.example,4",
		"no id":        h.Sites[0].Home + ",x",
		"no ids":       h.Sites[0].Home + ",",
		"no address":   "http://,3",
		"a loose line": h.Sites[0].Home + ",\"4",
	} {
		spec.Params["post_ids"] = wrong
		var problems validation.Problems
		if _, err := h.Runner.Preview(context.Background(), runstest.Owner, spec); !errors.As(err, &problems) || problems["post_ids"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifiedPurge(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "bypassed.example", Fault: wptest.NotCached},
		{Host: "staging.example", Fault: wptest.Staging}})
	h.Work(t)
	spec := runstest.Everywhere("clear-cache", map[string]string{"purge_type": "post_ids", "post_ids": "1", "purge_related_urls": "true"})
	spec.Verify = true
	last := h.Wait(t, h.Start(t, spec).ID)
	if last.Verified[runs.VerifiedYes] != 1 || last.Verified[runs.VerifiedUnclear] != 1 || last.Counts.OK != 2 || last.Counts.Skipped != 1 {
		t.Fatalf("%+v, %+v", last.Verified, last.Counts)
	}
	samples := h.Targets(t, last.Run.ID)[h.Sites[0].ID].Samples
	if len(samples) != 2 || samples[0].URL != h.Sites[0].Home+"/" || samples[1].URL != h.Sites[0].Home+"/post-1/" ||
		samples[0].Before.State != wordpress.CachedHit {
		t.Errorf("%+v", samples)
	}
}

// A success of the plugin that left the pages in the cache is none.
func TestAPurgeThatDidNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at a page for 30 s")
	}
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Fault: wptest.PurgeIgnored}})
	h.Work(t)
	spec := runstest.Everywhere("clear-cache", nil)
	spec.Verify = true
	last := h.Wait(t, h.Start(t, spec).ID)
	target := h.Targets(t, last.Run.ID)[h.Sites[0].ID]
	if last.Verified[runs.VerifiedNo] != 1 || target.Outcome != wordpress.Partial ||
		!strings.Contains(target.Note, "was still served from it 30s later (HIT, 1 h ") {
		t.Errorf("%+v, %s: %s", last.Verified, target.Outcome, target.Note)
	}
}
