package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs/runstest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// everywhere runs an operation on all sites, confirmed, and waits for its end.
func everywhere(t *testing.T, h *runstest.Harness, operation string) {
	t.Helper()
	spec := runstest.Everywhere(operation, nil)
	spec.Confirmed = len(h.Sites)
	h.Wait(t, h.Start(t, spec).ID)
}

// What a run is answered changes what Drover shows of the site: the list, and the check of the site's page alike.
func TestAnswersUpdateTheSite(t *testing.T) {
	const healthy, revoked, staging, unchecked, gone, wrong = 0, 1, 2, 3, 4, 5
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}, {}, {Fault: wptest.Staging}, {}, {}, {Fault: wptest.WrongPassword}})
		checked := []sites.Site{h.Sites[healthy], h.Sites[revoked], h.Sites[staging], h.Sites[gone]}
		h.Registry.CheckAll(t.Context(), runstest.Owner, checked, func(sites.Site, wordpress.Report, error) {})
		for _, i := range []int{healthy, revoked, staging, gone} {
			if s := site(t, h, i); s.State != sites.Ready || s.CacheState != "Enabled" || s.SetupMode == "" {
				t.Fatalf("after the check: %+v", s)
			}
		}
		h.Work(t)

		everywhere(t, h, "disable-cache")
		off := site(t, h, healthy)
		if off.CacheState != "Disabled" || off.State != sites.Warning || off.Finding == "" || !off.CacheAt.After(off.CheckedAt) ||
			!off.SeenAt.After(off.CheckedAt) || !off.Credential.WorkedAt.After(off.CheckedAt) {
			t.Errorf("after disable-cache: %+v", off)
		}
		if s := site(t, h, unchecked); s.CacheState != "Disabled" || s.State != sites.Warning {
			t.Errorf("one that nobody checked, after disable-cache: %+v", s)
		}
		if s := site(t, h, wrong); s.State != sites.Broken || !strings.Contains(s.Finding, "no signed-in user") || !s.Credential.WorkedAt.IsZero() {
			t.Errorf("with a wrong password: %+v", s)
		}

		h.Fake.SetFault(revoked, wptest.WrongPassword)
		h.Fake.SetFault(gone, wptest.NoPlugin)
		everywhere(t, h, "enable-cache")
		if s := site(t, h, healthy); s.CacheState != "Enabled" || s.State != sites.Ready || s.Finding != "" {
			t.Errorf("after enable-cache: %+v", s)
		}
		broken := site(t, h, revoked)
		if broken.State != sites.Broken || broken.CacheState != "Disabled" {
			t.Errorf("after its credential was revoked: %+v", broken)
		}
		if step, is := report(t, h, revoked).Failing(); !is || step.Name != wordpress.StepCredential || step.Fix == "" {
			t.Errorf("the check says %+v", step)
		}

		h.Fake.SetFault(revoked, wptest.Healthy)
		everywhere(t, h, "status")
		if s := site(t, h, revoked); s.State != sites.Broken || s.CacheState != "Disabled" {
			t.Errorf("a route open to everybody proves no credential: %+v", s)
		}
		if s := site(t, h, gone); s.CacheState != "" || s.PluginVersion != "" || s.HasPlugin != "no" || s.State != sites.Warning {
			t.Errorf("after its plugin was switched off: %+v", s)
		}
		if s := site(t, h, staging); s.Environment != "Staging" || s.CacheState != "Enabled" {
			t.Errorf("a staging site: %+v", s)
		}
		everywhere(t, h, "clear-cache")
		if s := site(t, h, revoked); s.State != sites.Warning {
			t.Errorf("after its credential worked again: %+v", s)
		}
	})
}

// What is older than a site's credential, URL or last news changes nothing.
func TestOldNewsChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := runstest.New(t, db, []wptest.Site{{}})
		before := h.Sites[0]
		refused := wordpress.Observation{At: before.CreatedAt.Add(-time.Second), Step: wordpress.StepCredential, Failed: true,
			Reason: wordpress.ReasonNotAuthenticated}
		now := refused
		now.At = time.Now()
		for name, o := range map[string]sites.Observed{
			"with the credential before":  {Site: before.ID, Home: before.Home, Observation: refused},
			"to the address before":       {Site: before.ID, Home: "https://before.example", Observation: now},
			"of a site that is not there": {Site: before.ID + 1, Home: before.Home, Observation: now},
		} {
			if err := sites.StoreObserved(db.Gorm, []sites.Observed{o}); err != nil {
				t.Fatal(err)
			}
			if s := site(t, h, 0); s.State != sites.Unchecked {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if err := sites.StoreObserved(db.Gorm, []sites.Observed{{Site: before.ID, Home: before.Home, Observation: now}}); err != nil {
			t.Fatal(err)
		}
		if s := site(t, h, 0); s.State != sites.Broken {
			t.Errorf("with the present credential: %+v", s)
		}
	})
}

func report(t *testing.T, h *runstest.Harness, i int) wordpress.Report {
	t.Helper()
	r, err := h.Registry.Report(context.Background(), h.Sites[i].ID)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func site(t *testing.T, h *runstest.Harness, i int) sites.Site {
	t.Helper()
	s, err := h.Registry.Site(context.Background(), access.System(), h.Sites[i].ID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
