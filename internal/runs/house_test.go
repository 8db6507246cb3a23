package runs_test

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

var (
	owner    = audit.Actor{Kind: audit.KindMember, ID: 1, Name: "Olga", Role: audit.Owner}
	operator = audit.Actor{Kind: audit.KindMember, ID: 2, Name: "Mara", Role: audit.Operator}
	viewer   = audit.Actor{Kind: audit.KindMember, ID: 3, Name: "Vera", Role: audit.Viewer}
)

// house is everything that a run needs, over simulated sites.
type house struct {
	db       *database.DB
	fake     *wptest.Fake
	log      *audit.Log
	keys     *vault.Vault
	allow    []netip.Prefix
	registry *sites.Registry
	runner   *runs.Runner
	sites    []sites.Site // in the order of the simulated ones
}

func newHouse(t testing.TB, db *database.DB, described []wptest.Site) *house {
	t.Helper()
	fake, err := wptest.Start(wptest.Options{Sites: described})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fake.Close() })
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{db: db, fake: fake, log: audit.New(db.Gorm), keys: keys, allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	network := wordpress.NewNetwork(wordpress.Config{AllowNets: h.allow, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	t.Cleanup(network.Close)
	h.registry = sites.New(db, keys, h.log, network)
	for i := range described {
		s, err := h.registry.Add(context.Background(), owner, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword), Client: described[i].Client, Tags: described[i].Tags})
		if err != nil {
			t.Fatal(err)
		}
		h.sites = append(h.sites, s)
	}
	h.runner = h.newRunner(t)
	return h
}

func (h *house) newRunner(t testing.TB) *runs.Runner {
	t.Helper()
	runner, err := runs.New(h.db, h.registry, h.log, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	return runner
}

// located marks all sites as seen lately, so that a run sends nothing but its own requests.
func (h *house) located(t *testing.T) {
	t.Helper()
	h.exec(t, "UPDATE sites SET located_at = ?", time.Now().UnixMicro())
}

// work lets the runner work until the test ends.
func (h *house) work(t testing.TB) {
	t.Helper()
	if err := h.runner.Work(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		h.runner.Stop(ctx)
	})
}

func (h *house) start(t testing.TB, spec runs.Spec) runs.Run {
	t.Helper()
	run, err := h.runner.Start(context.Background(), owner, spec)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// wait follows the run to its end.
func (h *house) wait(t testing.TB, id int64) runs.Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	var last runs.Snapshot
	for s := range runs.NewWatch(h.runner).Follow(ctx, audit.System(), id) {
		last = s
	}
	if !last.Run.Ended() {
		t.Fatalf("run %d has not ended: %+v", id, last.Counts)
	}
	return last
}

// targets returns the run's targets by site.
func (h *house) targets(t testing.TB, id int64) map[int64]runs.Target {
	t.Helper()
	all, _, err := h.runner.Targets(context.Background(), audit.System(), runs.TargetFilter{Run: id})
	if err != nil {
		t.Fatal(err)
	}
	by := map[int64]runs.Target{}
	for _, target := range all {
		by[target.SiteID] = target
	}
	return by
}

func everywhere(operation string, params map[string]string) runs.Spec {
	return runs.Spec{Operation: operation, Params: params, Selection: sites.Selection{All: true}}
}
