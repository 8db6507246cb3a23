package runs_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/validation"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// outcomes is what clearing the whole cache must give for each fault. Slow and silent sites have a test of their own.
var outcomes = map[wptest.Fault]string{
	wptest.Healthy: "ok", wptest.WrongPassword: "failed/not_authenticated", wptest.UnknownUserCode: "failed/bad_credential",
	wptest.HeaderStripped: "failed/not_authenticated", wptest.AppPasswordsOff: "failed/not_authenticated", wptest.HostBasicAuth: "failed/not_authenticated",
	wptest.Forbidden: "failed/forbidden", wptest.Administrator: "ok", wptest.NoPlugin: "skipped/no_route", wptest.Staging: "skipped/not_applicable",
	wptest.CacheDisabled: "skipped/not_applicable", wptest.Misconfigured: "skipped/not_applicable", wptest.OpcacheMissing: "ok",
	wptest.SuccessFalse: "failed/refused", wptest.HTML200: "failed/not_json", wptest.LoginWall: "failed/protected", wptest.PHPWarning: "ok", wptest.BOM: "ok",
	wptest.Challenge: "failed/blocked", wptest.Sucuri: "failed/blocked", wptest.ModSecurity406: "failed/blocked", wptest.VerbsBlocked: "ok",
	wptest.VerbsCut: "ok", wptest.OverrideStripped: "ok", wptest.PurgeIgnored: "ok", wptest.NotCached: "ok", wptest.RateLimited: "ok",
	wptest.RateLimitedForever: "failed/rate_limited", wptest.Maintenance: "failed/maintenance",
	wptest.MaintenanceHTML: "failed/maintenance", wptest.SiteError: "failed/site_error", wptest.FatalHTML: "failed/site_error",
	wptest.RedirectWWW: "failed/redirected", wptest.TooLarge: "unknown/unclear", wptest.GzipBomb: "unknown/unclear", wptest.CutBefore: "unknown/cut_off",
	wptest.CutAfter: "unknown/cut_off", wptest.CertExpired: "failed/tls", wptest.CertWrongHost: "failed/tls", wptest.CertUnknownCA: "failed/tls",
	wptest.Closed: "failed/unreachable", wptest.PlainPermalinks: "ok", wptest.IndexPHPRoot: "ok", wptest.NoLinkHeader: "ok", wptest.OtherSite: "failed/other_site",
	wptest.RenamedPrefix: "ok", wptest.InnerPort: "ok", wptest.HomeCut: "ok",
	wptest.IndexClosed: "ok", wptest.IndexMinimal: "ok", wptest.IndexLarge: "ok", wptest.NamespaceGaps: "ok", wptest.UsersClosed: "ok",
	wptest.OptionsByServer: "ok", wptest.PasswordsKept: "ok", wptest.DNSMissing: "failed/unreachable",
	wptest.DatabaseError: "ok", wptest.CrashAfter: "unknown/site_error", wptest.JSONCut: "unknown/unclear", wptest.BrowserCheck: "failed/blocked",
	wptest.PasswordWall:     "failed/protected",
	wptest.AccountSuspended: "failed/suspended", wptest.GatewayTimeout: "unknown/timeout", wptest.VerbsNotFound: "ok",
}

func TestEveryFaultHasItsOutcome(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var described []wptest.Site
		for fault := range outcomes {
			described = append(described, wptest.Site{Host: hostOf(fault), Fault: fault})
		}
		h := runstest.New(t, db, described)
		h.Work(t)
		last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID)
		targets := h.Targets(t, last.Run.ID)
		for i, s := range h.Sites {
			target := targets[s.ID]
			got := string(target.Outcome)
			if target.Reason != "" {
				got += "/" + string(target.Reason)
			}
			if want := outcomes[described[i].Fault]; got != want {
				t.Errorf("%s: %s, want %s (%d %s, %s)", described[i].Fault, got, want, target.Status, target.Code, target.Note)
			}
			// A busy machine may need another attempt, whose answer comes in time.
			calls := len(h.Fake.Calls(i))
			if target.Outcome == wordpress.OK && (calls == 0 || calls > target.Attempts) || target.Outcome == wordpress.Failed && calls != 0 {
				t.Errorf("%s: %s after %d attempts, but the site carried out %d calls", described[i].Fault, target.Outcome, target.Attempts, calls)
			}
		}
		if last.Counts.Ended() != len(described) || last.Run.State != runs.Done {
			t.Errorf("the run is %s with %+v", last.Run.State, last.Counts)
		}
		if v, err := h.Log.Verify(context.Background()); err != nil || !v.Intact() {
			t.Errorf("the record: %+v, %v", v, err)
		}
	})
}

func hostOf(f wptest.Fault) string {
	if f == wptest.Healthy {
		return "healthy.example"
	}
	return fmt.Sprintf("%s.example", replaceUnderscores(string(f)))
}

func replaceUnderscores(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] == '_' {
			b[i] = '-'
		}
	}
	return string(b)
}

func TestACheckLearnsTheRootOfPlainPermalinks(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Fault: wptest.PlainPermalinks}, {Fault: wptest.IndexPHPRoot}})
	h.Work(t)
	for _, s := range h.Sites {
		if report, err := h.Registry.Check(context.Background(), runstest.Owner, s.ID); err != nil || report.State() != "ready" {
			t.Fatalf("check: %+v, %v", report, err)
		}
	}
	if last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID); last.Counts.OK != 2 {
		t.Errorf("%+v", last.Counts)
	}
}

func TestWhoMayStartWhat(t *testing.T) {
	t.Parallel()
	cases := []struct {
		actor   access.Actor
		spec    runs.Spec
		allowed bool
	}{
		{runstest.Viewer, runstest.Everywhere("status", nil), false},
		{runstest.Viewer, runstest.Everywhere("clear-cache", nil), false},
		{runstest.Operator, runstest.Everywhere("clear-cache", nil), true},
		{runstest.Operator, runstest.Everywhere("disable-cache", nil), false},
		{runstest.Operator, runstest.Everywhere("request", map[string]string{"method": "DELETE", "path": "/wp/v2/posts/1"}), false},
		{runstest.Owner, runstest.Everywhere("disable-cache", nil), true},
	}
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	for _, c := range cases {
		c.spec.Confirmed = 1
		_, err := h.Runner.Start(context.Background(), c.actor, c.spec)
		if c.allowed != (err == nil) || err != nil && !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s %s: %v", c.actor.Role, c.spec.Operation, err)
		}
	}
}

func TestWhatCannotBeRunIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "two.example"}})
	cases := map[string]struct {
		spec  runs.Spec
		field string
	}{
		"no such operation": {runstest.Everywhere("explode", nil), "operation"},
		"no site":           {runs.Spec{Operation: "status"}, "selection"},
		"not chosen":        {runs.Spec{Operation: "clear-cache", Selection: sites.Selection{All: true}, Person: &runs.Person{}}, "purge_type"},
		"not filled in": {runs.Spec{Operation: "request", Selection: sites.Selection{All: true}, Person: &runs.Person{},
			Params: map[string]string{"path": "/wp/v2/plugins/" + operation.ToFill}}, "path"},
		"post id":           {runstest.Everywhere("clear-cache", map[string]string{"purge_type": "post_ids", "post_ids": "1, x"}), "post_ids"},
		"no post id":        {runstest.Everywhere("clear-cache", map[string]string{"purge_type": "post_ids"}), "post_ids"},
		"purge type":        {runstest.Everywhere("clear-cache", map[string]string{"purge_type": "some"}), "purge_type"},
		"foreign address":   {runstest.Everywhere("clear-cache", map[string]string{"purge_type": "urls", "urls": "https://other.example/"}), "urls"},
		"no address":        {runstest.Everywhere("clear-cache", map[string]string{"purge_type": "urls", "urls": "javascript:alert(1)"}), "urls"},
		"unknown parameter": {runstest.Everywhere("status", map[string]string{"x": "1"}), "x"},
		"not JSON":          {runstest.Everywhere("request", map[string]string{"method": "POST", "path": "/wp/v2/posts", "body": "{"}), "body"},
		"escaping path":     {runstest.Everywhere("request", map[string]string{"path": "/../../wp-admin/"}), "path"},
		"another host":      {runstest.Everywhere("request", map[string]string{"path": "//evil.example/"}), "path"},
		"not confirmed":     {runstest.Everywhere("disable-cache", nil), "confirm"},
	}
	for name, c := range cases {
		_, err := h.Runner.Start(context.Background(), runstest.Owner, c.spec)
		var problems validation.Problems
		if !errors.As(err, &problems) || problems[c.field] == "" {
			t.Errorf("%s: got %v, want a problem with %s", name, err, c.field)
		}
	}
	if n := h.Fake.Requests(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAddressesGoToTheSiteThatOwnsThem(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Host: "one.example"}, {Host: "two.example"}, {Host: "three.example"}})
	h.Work(t)
	urls := h.Sites[0].Home + "/a/ " + h.Sites[2].Home + "/b/"
	last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", map[string]string{"purge_type": "urls", "urls": urls})).ID)
	if last.Counts.OK != 2 || last.Run.Total != 2 {
		t.Fatalf("%+v", last.Counts)
	}
	want := fmt.Sprintf(`{"purge_type":"urls","urls":["%s/a/"]}`, h.Sites[0].Home)
	if calls := h.Fake.Calls(0); len(calls) != 1 || calls[0].Body != want {
		t.Errorf("the first site got %+v, want %s", calls, want)
	}
	if calls := h.Fake.Calls(1); len(calls) != 0 {
		t.Errorf("a site without addresses got %+v", calls)
	}
}

func TestPartialPurge(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	h.Work(t)
	last := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", map[string]string{"purge_type": "post_ids", "post_ids": "1, 10, 999"})).ID)
	target := h.Targets(t, last.Run.ID)[h.Sites[0].ID]
	if target.Outcome != wordpress.Partial || target.Note != "Posts 999 do not exist. Posts 10 are not published." {
		t.Errorf("%s, %q", target.Outcome, target.Note)
	}
}

func TestCancelSendsNothingMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := make([]wptest.Site, 30)
		for i := range described {
			described[i] = wptest.Site{Address: "127.77.9.1", Latency: [2]time.Duration{600 * time.Millisecond, 700 * time.Millisecond}}
		}
		h := runstest.New(t, db, described)
		h.Locate(t)
		h.Work(t)
		run := h.Start(t, runstest.Everywhere("clear-cache", nil))
		for s := range runs.NewWatch(h.Runner).Follow(t.Context(), access.System(), run.ID) {
			if s.Counts.OK > 0 {
				break
			}
		}
		if err := h.Runner.Cancel(context.Background(), runstest.Operator, run.ID); err != nil {
			t.Fatal(err)
		}
		last := h.Wait(t, run.ID)
		sent := 0
		for i := range described {
			sent += len(h.Fake.Calls(i))
		}
		if last.Run.State != runs.Cancelled || last.Counts.OK == 0 || last.Counts.OK != sent || last.Counts.NotSent != 30-sent {
			t.Errorf("%s with %+v, and %d calls carried out", last.Run.State, last.Counts, sent)
		}
		if err := h.Runner.Cancel(context.Background(), runstest.Operator, run.ID); !errors.Is(err, runs.ErrEnded) {
			t.Errorf("a second cancel: %v", err)
		}
	})
}

func TestCancelWithNobodyAtWorkEndsTheRun(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}, {}, {Host: "third.example"}}[2:])
	run := h.Start(t, runstest.Everywhere("clear-cache", nil))
	if err := h.Runner.Cancel(context.Background(), runstest.Owner, run.ID); err != nil {
		t.Fatal(err)
	}
	if last := h.Wait(t, run.ID); last.Run.State != runs.Cancelled || last.Counts.NotSent != 1 {
		t.Errorf("%s with %+v", last.Run.State, last.Counts)
	}
}

func TestServersTakeTurns(t *testing.T) {
	t.Parallel()
	described := make([]wptest.Site, 40)
	for i := range described {
		described[i] = wptest.Site{Address: fmt.Sprintf("127.77.8.%d", i%2+1), Latency: [2]time.Duration{5 * time.Millisecond, 20 * time.Millisecond}}
	}
	h := runstest.New(t, dbtest.SQLite(t), described)
	h.Work(t)
	h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID)
	for _, address := range []string{"127.77.8.1", "127.77.8.2"} {
		if most := h.Fake.MaxInFlight(netip.MustParseAddr(address)); most > 2 {
			t.Errorf("%s had %d requests at once, want at most 2", address, most)
		}
	}
}

func TestRerun(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}, {Fault: wptest.SiteError}})
	h.Work(t)
	first := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID)
	h.Fake.SetFault(1, wptest.Healthy)
	run, err := h.Runner.Rerun(context.Background(), runstest.Operator, first.Run.ID, runs.Which{Outcomes: []wordpress.Outcome{wordpress.Failed}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if last := h.Wait(t, run.ID); last.Run.Total != 1 || last.Counts.OK != 1 || last.Run.RerunOf != first.Run.ID {
		t.Errorf("%+v", last)
	}
}

func TestTheRecordTellsOfARunTwice(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{}})
	h.Work(t)
	run := h.Wait(t, h.Start(t, runstest.Everywhere("clear-cache", nil)).ID).Run
	entries, _, err := h.Log.Entries(context.Background(), access.System(), audit.Filter{Subject: access.On("run", run.ID)})
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if entries[0].Event.Action != access.RunFinish || entries[1].Event.Action != access.RunStart || entries[1].Actor.Name != "Olga" {
		t.Errorf("%+v", entries)
	}
}

// Whoever comes later to a run that is watched already sees it at once, too.
func TestALaterWatcherSeesTheRunAtOnce(t *testing.T) {
	t.Parallel()
	h := runstest.New(t, dbtest.SQLite(t), []wptest.Site{{Latency: [2]time.Duration{2 * time.Second, 2*time.Second + 1}}})
	h.Work(t)
	run := h.Start(t, runstest.Everywhere("status", nil))
	watch := runs.NewWatch(h.Runner)
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	first := watch.Follow(ctx, access.System(), run.ID)
	<-first
	for range 5 {
		later := watch.Follow(ctx, access.System(), run.ID)
		select {
		case s := <-later:
			if s.Run.ID != run.ID {
				t.Errorf("%+v", s)
			}
		default:
			t.Fatal("a later watcher waits")
		}
	}
	for range first {
	}
}
