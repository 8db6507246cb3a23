// Package runstest is everything that a run needs, over simulated sites, for tests.
package runstest

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/engine"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Members of some roles.
var (
	Owner    = access.Actor{Kind: access.KindMember, ID: 1, Name: "Olga", Role: access.Owner}
	Operator = access.Actor{Kind: access.KindMember, ID: 2, Name: "Mara", Role: access.Operator}
	Viewer   = access.Actor{Kind: access.KindMember, ID: 3, Name: "Vera", Role: access.Viewer}
)

// Harness is a runner with its sites and its database.
type Harness struct {
	DB       *database.DB
	Fake     *wptest.Fake
	Log      *audit.Log
	Vault    *vault.Vault
	Registry *sites.Registry
	Runner   *runs.Runner
	Sites    []sites.Site // in the order of the simulated ones

	// Standing says what became of an actor; nil: they are as they were, with the role of the variables of that name.
	Standing func(access.Actor) (access.Actor, error)

	network wordpress.Config
	logger  *slog.Logger
}

// New returns a harness over the described sites. Nothing is worked before Work.
func New(t testing.TB, db *database.DB, described []wptest.Site) *Harness {
	t.Helper()
	return NewResolving(t, db, described, nil)
}

// NewResolving is New where every host but those of the described sites is looked up with dns.
func NewResolving(t testing.TB, db *database.DB, described []wptest.Site, dns wordpress.LookUp) *Harness {
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
	h := &Harness{
		DB: db, Fake: fake, Log: audit.New(db.Gorm, sites.Subjects(), runs.Subjects()), Vault: keys,
		network: wordpress.Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: fake.CA(), Hosts: fake.Hosts(), DNS: dns},
		logger:  slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	h.Registry = h.newRegistry(t)
	if h.Runner, err = runs.New(db, h.Registry, h.Log, h.logger); err != nil {
		t.Fatal(err)
	}
	for i := range described {
		s, err := h.Registry.Add(context.Background(), Owner, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser,
			Password: vault.NewSecret(wptest.DefaultPassword), Client: described[i].Client, Tags: described[i].Tags})
		if err != nil {
			t.Fatal(err)
		}
		h.Sites = append(h.Sites, s)
	}
	return h
}

func (h *Harness) newRegistry(t testing.TB) *sites.Registry {
	network := wordpress.NewNetwork(h.network)
	t.Cleanup(network.Close)
	return sites.New(h.DB, h.Vault, h.Log, network)
}

// Work works runs until the test ends.
func (h *Harness) Work(t testing.TB) { h.WorkFrom(t, h.Runner.Store()) }

// WorkFrom is Work with another store.
func (h *Harness) WorkFrom(t testing.TB, store engine.Store) {
	t.Helper()
	h.work(t, h.newEngine(t, store, h.Registry))
}

// WorkBeside works runs as a second process would: with a network and a registry of its own.
func (h *Harness) WorkBeside(t testing.TB) {
	t.Helper()
	h.work(t, h.newEngine(t, h.Runner.Store(), h.newRegistry(t)))
}

func (h *Harness) work(t testing.TB, e *engine.Engine) {
	t.Helper()
	if err := e.Work(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		e.Stop(ctx)
	})
}

// NewEngine returns an engine that the test starts and stops itself.
func (h *Harness) NewEngine(t testing.TB) *engine.Engine {
	t.Helper()
	return h.newEngine(t, h.Runner.Store(), h.Registry)
}

// NewEngineFrom is NewEngine with another store.
func (h *Harness) NewEngineFrom(t testing.TB, store engine.Store) *engine.Engine {
	t.Helper()
	return h.newEngine(t, store, h.Registry)
}

func (h *Harness) newEngine(t testing.TB, store engine.Store, registry *sites.Registry) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Parts{DB: h.DB, Store: store, Registry: registry, Standing: h.standing, Logger: h.logger})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (h *Harness) standing(_ context.Context, actor access.Actor) (access.Actor, error) {
	if h.Standing != nil {
		return h.Standing(actor)
	}
	actor.Role = access.Owner
	return actor, nil
}

// Start starts a run as an owner.
func (h *Harness) Start(t testing.TB, spec runs.Spec) runs.Run {
	t.Helper()
	run, err := h.Runner.Start(context.Background(), Owner, spec)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Wait follows the run to its end.
func (h *Harness) Wait(t testing.TB, id int64) runs.Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	var last runs.Snapshot
	for s := range runs.NewWatch(h.Runner).Follow(ctx, access.System(), id) {
		last = s
	}
	if !last.Run.Ended() {
		t.Fatalf("run %d has not ended: %+v", id, last.Counts)
	}
	return last
}

// Targets returns the run's targets by site.
func (h *Harness) Targets(t testing.TB, id int64) map[int64]runs.Target {
	t.Helper()
	all, _, err := h.Runner.Targets(context.Background(), access.System(), runs.TargetFilter{Run: id})
	if err != nil {
		t.Fatal(err)
	}
	by := map[int64]runs.Target{}
	for _, target := range all {
		by[target.SiteID] = target
	}
	return by
}

// Locate marks all sites as located just now, so that a run sends nothing but its own requests.
func (h *Harness) Locate(t testing.TB) {
	t.Helper()
	h.Exec(t, "UPDATE sites SET located_at = ?", time.Now().UnixMicro())
}

// Exec changes the database behind Drover's back.
func (h *Harness) Exec(t testing.TB, statement string, values ...any) {
	t.Helper()
	if err := h.DB.Gorm.Exec(statement, values...).Error; err != nil {
		t.Fatal(err)
	}
}

// Everywhere runs the operation on all sites.
func Everywhere(operation string, params map[string]string) runs.Spec {
	return runs.Spec{Operation: operation, Params: params, Selection: sites.Selection{All: true}}
}
