package web_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/engine"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

const password = "four words that differ"

var shell = access.Actor{Kind: access.KindCommandLine, Name: "root", Role: access.Owner}

// testServer is the whole dashboard over simulated sites, behind a real HTTP server.
type testServer struct {
	parts    web.Parts
	db       *database.DB
	fake     *wptest.Fake
	log      *audit.Log
	registry *sites.Registry
	runner   *runs.Runner
	roster   *members.Roster
	changes  *changes.Changes
	server   *web.Server
	signing  ed25519.PrivateKey
	home     string
	logged   *lockedBuffer
}

type lockedBuffer struct {
	guard sync.Mutex
	text  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.guard.Lock()
	defer b.guard.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.guard.Lock()
	defer b.guard.Unlock()
	return b.text.String()
}

func newTestServer(t *testing.T, described ...wptest.Site) *testServer {
	t.Helper()
	return newTestServerOn(t, dbtest.SQLite(t), described...)
}

func newTestServerOn(t *testing.T, db *database.DB, described ...wptest.Site) *testServer {
	t.Helper()
	return newTestServerRated(t, db, web.Rates{Member: 1e6, MemberBurst: 1e6, Address: 1e6, AddressBurst: 1e6}, described...)
}

func newTestServerRated(t *testing.T, db *database.DB, rates web.Rates, described ...wptest.Site) *testServer {
	t.Helper()
	fake, err := wptest.Start(wptest.Options{Sites: described})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	h := &testServer{db: db, fake: fake, logged: &lockedBuffer{}, signing: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	logger := slog.New(slog.NewTextHandler(h.logged, nil))
	network := wordpress.NewNetwork(wordpress.Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	h.log = audit.New(h.db.Gorm, members.Verifier(), changes.Approvals(), auditsinks.Cursors(), sites.Subjects(),
		runs.Subjects())
	h.registry = sites.New(h.db, keys, h.log, network)
	h.roster = members.New(h.db, keys, h.log)
	h.roster.HashCheaply()
	if h.runner, err = runs.New(h.db, h.registry, h.log, logger); err != nil {
		t.Fatal(err)
	}
	h.runner.RequireIndependence(members.Independent)
	work, err := engine.New(engine.Parts{DB: h.db, Store: h.runner.Store(), Registry: h.registry, Standing: h.roster.Standing, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	if err := work.Work(context.Background()); err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	h.home = front.URL
	h.changes = changes.New(h.db, keys, h.log, changes.Parts{Registry: h.registry, Roster: h.roster, Runner: h.runner})
	h.parts = web.Parts{Changes: h.changes, Registry: h.registry, Connect: connect.New(h.db, h.log, h.registry, network),
		Runner: h.runner, Roster: h.roster, Library: saved.New(h.db, h.log), Log: h.log, Logger: logger,
		AuditSinks: auditsinks.New(h.db, h.log, logger), Signing: func() (ed25519.PrivateKey, error) { return h.signing, nil }, PublicURL: h.home, Gallery: true,
		Rates: rates}
	h.server = web.New(h.parts)
	handler = h.server.Handler()
	t.Cleanup(func() {
		front.Close()
		h.server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		work.Stop(ctx)
		network.Close()
		fake.Close()
	})
	return h
}

// addSites adds all simulated sites.
func (h *testServer) addSites(t *testing.T) {
	t.Helper()
	for i := range h.fake.Len() {
		_, err := h.registry.Add(context.Background(), shell, sites.Draft{URL: h.fake.URL(i), Username: wptest.DefaultUser,
			Password: vault.NewSecret(wptest.DefaultPassword)})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// person is a browser: it keeps cookies and follows no redirect by itself.
type person struct {
	*http.Client
	t    *testing.T
	home string
}

func (h *testServer) public(t *testing.T) person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return person{&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, t, h.home}
}

func (h *testServer) signIn(t *testing.T, role access.Role) person {
	t.Helper()
	email := string(role) + "@agency.example"
	if _, err := h.roster.Add(context.Background(), shell, members.Member{Email: email, Name: "The " + string(role), Role: role},
		vault.NewSecret(password)); err != nil {
		t.Fatal(err)
	}
	p := h.public(t)
	if status, _ := p.post("/sign-in", url.Values{"email": {email}, "password": {password}}); status != http.StatusSeeOther {
		t.Fatalf("sign in as %s: %d", role, status)
	}
	return p
}

func (p person) do(r *http.Request) (int, string) {
	p.t.Helper()
	answer, err := p.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if location := answer.Header.Get("Location"); location != "" {
		return answer.StatusCode, location
	}
	return answer.StatusCode, string(body)
}

func (p person) request(method, path string, form url.Values) *http.Request {
	p.t.Helper()
	r, err := http.NewRequest(method, p.home+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// get returns the status, and the body or where it leads.
func (p person) get(path string) (int, string) {
	p.t.Helper()
	return p.do(p.request(http.MethodGet, path, nil))
}

func (p person) post(path string, form url.Values) (int, string) {
	p.t.Helper()
	return p.do(p.request(http.MethodPost, path, form))
}

// shown matches what identifies a run that a page shows.
var shown = regexp.MustCompile(`name="shown" value="([0-9a-f]+)"`)

// seen is the form of a run as it is sent by somebody who was shown what it does.
func (p person) seen(form url.Values) url.Values {
	p.t.Helper()
	form = maps.Clone(form)
	if form.Get("operation") == "clear-cache" && !form.Has("p.purge_type") {
		form.Set("p.purge_type", "all")
	}
	r := p.request(http.MethodPost, "/run/preview", form)
	r.Header.Set("HX-Request", "true")
	_, page := p.do(r)
	if found := shown.FindStringSubmatch(page); found != nil {
		form.Set("shown", found[1])
	}
	return form
}

// ended waits until the run has ended.
func (h *testServer) ended(t *testing.T, id int64) runs.Snapshot {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	var last runs.Snapshot
	for s := range runs.NewWatch(h.runner).Follow(ctx, access.System(), id) {
		last = s
	}
	if !last.Run.Ended() {
		t.Fatal("the run has not ended")
	}
	return last
}
