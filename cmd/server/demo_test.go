package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A demo larger than what is checked knows each site that has a fault, and its past is told as a person would have made it: by all sites or a
// client, with sites that were well before they broke.
func TestADemoHasAPast(t *testing.T) {
	if testing.Short() {
		t.Skip("runs fourteen days of 150 sites")
	}
	t.Parallel()
	ctx, described, dir := context.Background(), wptest.Demo(150), t.TempDir()
	fake, err := wptest.Start(wptest.Options{Sites: described, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	c := &config{data: dir, publicURL: "http://127.0.0.1:1", keyFile: filepath.Join(dir, "keyset.json"), concurrency: 256, perAddress: 2}
	if err := c.useDemo(fake); err != nil {
		t.Fatal(err)
	}
	err = c.withApp(ctx, func(h *app) error {
		if _, err := prepareDemo(ctx, h, fake, described); err != nil {
			return err
		}
		sitesHaveAPast(t, h, fake, described)
		runsHaveAPast(t, h)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sitesHaveAPast(t *testing.T, h *app, fake *wptest.Fake, described []wptest.Site) {
	t.Helper()
	found, _, err := h.registry.Sites(t.Context(), access.System(), sites.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	stored, broken, days := map[string]sites.Site{}, 0, map[time.Time]bool{}
	for _, s := range found {
		stored[s.Home] = s
		if time.Since(s.Credential.CreatedAt) < 24*time.Hour {
			t.Errorf("%s has a credential of %s", s.Home, s.Credential.CreatedAt)
		}
		if s.State == sites.Broken {
			broken++
			days[s.StateSince.Truncate(24*time.Hour)] = true
		}
	}
	for i, d := range described {
		s := stored[fake.URL(i)]
		if known := !s.CheckedAt.IsZero(); d.Fault != wptest.Healthy && known == (d.Fault == wptest.Silent) {
			t.Errorf("%s, %s, is %s", s.Home, d.Fault, s.State)
		}
	}
	if broken < 5 || len(days) < 3 {
		t.Errorf("%d sites broke on %d days", broken, len(days))
	}
}

func runsHaveAPast(t *testing.T, h *app) {
	t.Helper()
	all, _, err := h.runner.Runs(t.Context(), access.System(), runs.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	clients := 0
	for _, r := range all[:len(all)-3] { // the first three are what the others were made from
		if len(r.Spec.Selection.IDs) > 0 || time.Since(r.CreatedAt) > (pastDays+1)*24*time.Hour {
			t.Errorf("run %d of %s is on %v", r.ID, r.CreatedAt, r.Spec.Selection)
		}
		clients += len(r.Spec.Selection.Clients)
	}
	if len(all) < 20 || clients < 5 {
		t.Errorf("%d runs, %d by client", len(all), clients)
	}
}
