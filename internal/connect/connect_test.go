package connect_test

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

var (
	ada    = access.Actor{Kind: access.KindMember, ID: 1, Name: "Ada", Role: access.Admin}
	bo     = access.Actor{Kind: access.KindMember, ID: 2, Name: "Bo", Role: access.Admin}
	viewer = access.Actor{Kind: access.KindMember, ID: 3, Name: "Vera", Role: access.Viewer}
)

const drover = "https://drover.agency.example"

// bench is a queue over simulated sites.
type bench struct {
	t        testing.TB
	db       *database.DB
	fake     *wptest.Fake
	log      *audit.Log
	registry *sites.Registry
	queue    *connect.Queue
}

func newBench(t testing.TB, db *database.DB, o wptest.Options) bench {
	t.Helper()
	fake, err := wptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	network := wordpress.NewNetwork(wordpress.Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	t.Cleanup(func() { network.Close(); fake.Close() })
	b := bench{t: t, db: db, fake: fake, log: audit.New(db.Gorm, sites.Subjects())}
	b.registry = sites.New(db, keys, b.log, network)
	b.queue = connect.New(db, b.log, b.registry, network)
	return b
}

func (b bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// ready puts the site with that number into the queue and looks at it.
func (b bench) ready(i int) connect.Connection {
	b.t.Helper()
	added, err := b.queue.Add(b.t.Context(), ada, connect.Wanted{Addresses: []string{b.fake.URL(i) + "/wp-admin/"}, Client: " Acme ", Tags: []string{"Care"}})
	b.must(err)
	b.must(b.queue.Look(b.t.Context(), ada, added))
	c, err := b.queue.Connection(b.t.Context(), ada, added[0].ID)
	b.must(err)
	return c
}

// approve opens the approval page as a browser does, presses a button there, and returns what the browser brings back.
func (b bench) approve(address, button string) connect.Returned {
	b.t.Helper()
	u, err := url.Parse(address)
	b.must(err)
	back := b.fake.Press(b.t, u, button)
	query := back.Query()
	if at := back.Scheme + "://" + back.Host + back.Path; at != drover+connect.ReturnPath {
		b.t.Fatalf("the browser was sent to %s", at)
	}
	return connect.Returned{State: query.Get("state"), Rejected: query.Get("success") == "false", SiteURL: query.Get("site_url"),
		Username: query.Get("user_login"), Password: vault.NewSecret(query.Get("password"))}
}

func TestFromAnAddressToACredential(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{Name: "Acme shop"}}})
		c := b.ready(0)
		if c.State != connect.Ready || c.Home != b.fake.URL(0) || c.Name != "Acme shop" || c.Client != "Acme" || len(c.Tags) != 1 || c.Tags[0] != "care" {
			t.Fatalf("%+v", c)
		}
		address, err := b.queue.Begin(t.Context(), ada, 7, c.ID, drover)
		b.must(err)
		grant, err := b.queue.Take(t.Context(), ada, 7, b.approve(address, "approve"))
		if err != nil || grant.Username != wptest.DefaultUser || !b.fake.Accepts(0, grant.Username, grant.Password.Reveal()) {
			t.Fatalf("%v %+v", err, grant)
		}
		site, err := b.registry.Add(t.Context(), ada, sites.Draft{URL: c.Home, Client: c.Client, Tags: c.Tags, Username: grant.Username, Password: grant.Password})
		b.must(err)
		b.must(b.queue.Settle(t.Context(), site))
		if c, err = b.queue.Connection(t.Context(), ada, c.ID); err != nil || c.State != connect.Connected || c.SiteID != site.ID {
			t.Errorf("%+v, %v", c, err)
		}
		entries, _, err := b.log.Entries(t.Context(), access.System(), audit.Filter{})
		if text := fmt.Sprint(entries); err != nil || strings.Contains(text, grant.Password.Reveal()) || !strings.Contains(text, "connect.begin") ||
			!strings.Contains(text, "connect.finish") {
			t.Errorf("%v %s", err, text)
		}
	})
}

// Whatever comes back that is not what was sent out is told apart, and the connection can be approved again afterwards.
func TestWhatComesBackWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		c := b.ready(0)
		begin := func() string {
			address, err := b.queue.Begin(t.Context(), ada, 7, c.ID, drover)
			b.must(err)
			return address
		}
		cases := map[string]struct {
			spoil   func(r *connect.Returned)
			actor   access.Actor
			session int64
			want    error
		}{
			"another session":  {func(*connect.Returned) {}, ada, 8, connect.ErrOtherSession},
			"another member":   {func(*connect.Returned) {}, bo, 7, connect.ErrOtherSession},
			"another site":     {func(r *connect.Returned) { r.SiteURL = "https://evil.example" }, ada, 7, connect.ErrOtherSite},
			"no site":          {func(r *connect.Returned) { r.SiteURL = "" }, ada, 7, connect.ErrOtherSite},
			"a folder of it":   {func(r *connect.Returned) { r.SiteURL += "/blog" }, ada, 7, connect.ErrOtherSite},
			"a made-up state":  {func(r *connect.Returned) { r.State = "x" }, ada, 7, connect.ErrUnknownState},
			"without password": {func(r *connect.Returned) { r.Password = vault.NewSecret("") }, ada, 7, connect.ErrIncomplete},
			"a viewer":         {func(*connect.Returned) {}, viewer, 7, access.ErrForbidden},
		}
		for name, wrong := range cases {
			r := b.approve(begin(), "approve")
			wrong.spoil(&r)
			if grant, err := b.queue.Take(t.Context(), wrong.actor, wrong.session, r); !errors.Is(err, wrong.want) || grant.Password.Reveal() != "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := b.queue.Take(t.Context(), ada, 7, b.approve(begin(), "reject")); !errors.Is(err, connect.ErrRejected) {
			t.Errorf("rejected: %v", err)
		}
		r := b.approve(begin(), "approve")
		b.must(db.Gorm.Exec("UPDATE approvals SET expires_at = ?", time.Now().Add(-time.Second).UnixMicro()).Error)
		if _, err := b.queue.Take(t.Context(), ada, 7, r); !errors.Is(err, connect.ErrExpired) {
			t.Errorf("expired: %v", err)
		}
		r = b.approve(begin(), "approve")
		if _, err := b.queue.Take(t.Context(), ada, 7, r); err != nil {
			t.Errorf("after all that: %v", err)
		}
		if grant, err := b.queue.Take(t.Context(), ada, 7, r); !errors.Is(err, connect.ErrUsed) || grant.Password.Reveal() != "" {
			t.Errorf("twice: %v", err)
		}
	})
}

// Drover's name for itself is another one each time: WordPress up to 6.5 refuses one that the user has already, and says nothing.
func TestEveryApprovalHasANameOfItsOwn(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}}})
	c, names, ids := b.ready(0), map[string]bool{}, map[string]bool{}
	for range 3 {
		address, err := b.queue.Begin(t.Context(), ada, 7, c.ID, drover)
		b.must(err)
		u, err := url.Parse(address)
		b.must(err)
		names[u.Query().Get("app_name")], ids[u.Query().Get("app_id")] = true, true
	}
	if len(names) != 3 || len(ids) != 1 {
		t.Errorf("%v %v", names, ids)
	}
}

func TestTheQueueTellsAddressesApart(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}, {Fault: wptest.AppPasswordsOff}, {Fault: wptest.Closed}, {}, {}}})
	_, err := b.registry.Add(t.Context(), ada, sites.Draft{URL: b.fake.URL(3), Username: "u", Password: vault.NewSecret("p")})
	b.must(err)
	text := fmt.Sprintf("Site,Client\n%s,Acme\n\n%s\t;x\r\n\"%s\"\n%s/wp-admin\n%s\n%s/a-post/\nnot an address\n%s", b.fake.URL(0), b.fake.URL(1),
		b.fake.URL(2), b.fake.URL(3), b.fake.URL(0)+"/wp-login.php", b.fake.URL(0), b.fake.URL(4))
	added, err := b.queue.Add(t.Context(), ada, connect.Wanted{Addresses: connect.ReadAddresses(text)})
	b.must(err)
	b.must(b.queue.Look(t.Context(), ada, added))
	o, err := b.queue.Overview(t.Context(), ada, "", 0, 0)
	b.must(err)
	got := map[string]string{}
	for _, c := range o.Page {
		got[c.Address] = string(c.State) + "/" + c.Obstacle
	}
	want := map[string]string{"Site": "attention/address", b.fake.URL(0): "ready/", b.fake.URL(1): "attention/switched_off",
		b.fake.URL(2): "attention/no_answer", b.fake.URL(3) + "/wp-admin": "attention/known",
		b.fake.URL(0) + "/a-post/": "attention/twice", "not an address": "attention/address", b.fake.URL(4): "ready/"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("\n%v\n%v", got, want)
	}
	if again, err := b.queue.Add(t.Context(), ada, connect.Wanted{Addresses: connect.ReadAddresses(text)}); err != nil || len(again) != 0 {
		t.Errorf("the same once more: %d, %v", len(again), err)
	}
}

// Two people who approve side by side are never sent to the same site.
func TestNextIsNobodyElses(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}, {}}})
	first, second := b.ready(0), b.ready(1)
	next, err := b.queue.Next(t.Context(), ada)
	if err != nil || next.ID != first.ID {
		t.Fatal(next, err)
	}
	_, err = b.queue.Begin(t.Context(), ada, 1, first.ID, drover)
	b.must(err)
	if next, err = b.queue.Next(t.Context(), bo); err != nil || next.ID != second.ID {
		t.Errorf("%+v %v", next, err)
	}
	if next, err = b.queue.Next(t.Context(), ada); err != nil || next.ID != first.ID {
		t.Errorf("%+v %v", next, err)
	}
	b.must(b.queue.Skip(t.Context(), bo, second.ID))
	if _, err = b.queue.Next(t.Context(), bo); !errors.Is(err, connect.ErrNone) {
		t.Error(err)
	}
}

func TestTheQueueOfOneClientIsNotAnothers(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}}})
	c := b.ready(0)
	scoped := ada
	scoped.ID, scoped.Scope = 9, access.NewScope(access.Restriction{Clients: []string{"Zulu"}})
	if _, err := b.queue.Connection(t.Context(), scoped, c.ID); !errors.Is(err, connect.ErrNone) {
		t.Error(err)
	}
	if _, err := b.queue.Begin(t.Context(), scoped, 1, c.ID, drover); !errors.Is(err, connect.ErrNone) {
		t.Error(err)
	}
	if o, err := b.queue.Overview(t.Context(), scoped, "", 0, 0); err != nil || o.Total != 0 || len(o.Counts) != 0 {
		t.Error(o, err)
	}
	if _, err := b.queue.Add(t.Context(), scoped, connect.Wanted{Addresses: []string{"https://x.example"}, Client: "Acme"}); err == nil {
		t.Error("an address was added outside the scope")
	}
	if _, err := b.queue.Next(t.Context(), scoped); !errors.Is(err, connect.ErrNone) {
		t.Error(err)
	}
}

func TestASiteIsConnectedAgain(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: []wptest.Site{{}, {Answer: nil}}})
	site, err := b.registry.Add(t.Context(), ada, sites.Draft{URL: b.fake.URL(0), Client: "Acme", Username: "u", Password: vault.NewSecret("revoked")})
	b.must(err)
	added, err := b.queue.AddSites(t.Context(), ada, []sites.Site{site})
	b.must(err)
	b.must(b.queue.Look(t.Context(), ada, added))
	c, err := b.queue.Connection(t.Context(), ada, added[0].ID)
	if err != nil || c.State != connect.Ready || !c.Replaces || c.SiteID != site.ID || c.Client != "Acme" {
		t.Fatalf("%+v, %v", c, err)
	}
	if again, err := b.queue.AddSites(t.Context(), ada, []sites.Site{site}); err != nil || len(again) != 1 {
		t.Errorf("%v %v", again, err)
	}
}

func TestWhereWordPressSendsPeopleBackTo(t *testing.T) {
	for address, want := range map[string][2]bool{
		drover: {true, true}, "http://127.0.0.1:8080": {false, true}, "http://[::1]:8080": {false, true}, "http://localhost:8080": {false, false},
		"http://drover.lan": {false, false}, "http://10.0.0.1": {false, false},
	} {
		if always, newer := connect.Reachable(address); always != want[0] || newer != want[1] {
			t.Errorf("%s: %v %v", address, always, newer)
		}
	}
}

// 5,000 addresses of slow sites are looked at side by side.
func TestManyAddressesAreLookedAtSideBySide(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	const n = 600
	described := make([]wptest.Site, n)
	for i := range described {
		described[i].Latency = [2]time.Duration{20 * time.Millisecond, 60 * time.Millisecond}
	}
	b := newBench(t, dbtest.SQLite(t), wptest.Options{Sites: described})
	var addresses []string
	for i := range n {
		addresses = append(addresses, b.fake.URL(i))
	}
	added, err := b.queue.Add(t.Context(), ada, connect.Wanted{Addresses: addresses})
	b.must(err)
	b.must(b.queue.Look(t.Context(), ada, added))
	if o, err := b.queue.Overview(t.Context(), ada, connect.Ready, 0, 10); err != nil || o.Total != n || len(o.Page) != 10 {
		t.Errorf("%d %v %v", o.Total, o.Counts, err)
	}
	for host, address := range b.fake.Hosts() {
		if most := b.fake.MaxInFlight(address); most > 2 {
			t.Fatalf("%d requests at once to the server of %s", most, host)
		}
	}
}

func FuzzReadAddresses(f *testing.F) {
	f.Add("https://a.example, Acme\nb.example;c")
	f.Fuzz(func(t *testing.T, text string) {
		all := connect.ReadAddresses(text)
		if len(all) > strings.Count(text, "\n")+1 {
			t.Errorf("%d addresses out of %q", len(all), text)
		}
		for _, one := range all {
			if strings.TrimSpace(one) == "" || !strings.Contains(text, one) {
				t.Errorf("%q out of %q", one, text)
			}
		}
	})
}

// Whoever adds an address that waits, or was skipped, for another client takes nothing away from those who see it.
func TestTheQueueOfAnotherClientStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		theirs := b.add(ada, "Acme", "https://skipped.example", "https://waiting.example", "https://connected.example")
		b.must(b.queue.Skip(t.Context(), ada, theirs[0].ID))
		b.must(db.Gorm.Exec("UPDATE connections SET state = 'connected' WHERE id = ?", theirs[2].ID).Error)
		scoped := ada
		scoped.ID, scoped.Scope = 9, access.NewScope(access.Restriction{Clients: []string{"Zulu"}})
		own, err := b.queue.Add(t.Context(), scoped, connect.Wanted{Addresses: []string{theirs[0].Home, theirs[1].Home, theirs[2].Home}, Client: "Zulu"})
		b.must(err)
		if len(own) != 3 {
			t.Errorf("%d of 3 were added: the others tell that they wait for another client", len(own))
		}
		if again, err := b.queue.Add(t.Context(), ada, connect.Wanted{Addresses: []string{theirs[1].Home}, Client: "Zulu"}); err != nil || len(again) != 0 {
			t.Errorf("whoever sees that it waits adds it once more: %v %v", again, err)
		}
		for i, state := range []connect.State{connect.Skipped, connect.Looking, connect.Connected} {
			if c, err := b.queue.Connection(t.Context(), ada, theirs[i].ID); err != nil || c.State != state || c.Client != "Acme" {
				t.Errorf("%s: %+v %v", state, c, err)
			}
		}
	})
}

// One site waits for two clients. Each sees their own line, and what becomes of the other's changes nothing there.
func TestOneAddressWaitsForTwoClients(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBench(t, db, wptest.Options{Sites: []wptest.Site{{}}})
		theirs := b.ready(0)
		scoped := ada
		scoped.ID, scoped.Scope = 9, access.NewScope(access.Restriction{Clients: []string{"Zulu"}})
		added, err := b.queue.Add(t.Context(), scoped, connect.Wanted{Addresses: []string{b.fake.URL(0) + "/wp-login.php"}, Client: "Zulu"})
		b.must(err)
		b.must(b.queue.Look(t.Context(), scoped, added))
		own, err := b.queue.Connection(t.Context(), scoped, added[0].ID)
		if err != nil || own.State != connect.Ready || own.Home != theirs.Home {
			t.Fatalf("%+v %v", own, err)
		}
		site, err := b.registry.Add(t.Context(), ada, sites.Draft{URL: theirs.Home, Client: "Acme", Tags: []string{"care"}, Username: wptest.DefaultUser,
			Password: vault.NewSecret(b.fake.Password(0))})
		b.must(err)
		b.must(b.queue.Settle(t.Context(), site))
		if c, err := b.queue.Connection(t.Context(), ada, theirs.ID); err != nil || c.State != connect.Connected || c.SiteID != site.ID {
			t.Errorf("the client's own: %+v %v", c, err)
		}
		if c, err := b.queue.LookAgain(t.Context(), scoped, own.ID); err != nil || c.State != connect.Ready || c.SiteID != 0 {
			t.Errorf("the other client's line tells that the site is in the list: %+v %v", c, err)
		}
		again, err := b.queue.AddSites(t.Context(), ada, []sites.Site{site})
		if err != nil || len(again) != 1 {
			t.Errorf("%v %v", again, err)
		}
	})
}
