package sites_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

var (
	admin  = access.Actor{Kind: access.KindMember, ID: 1, Name: "Ada", Role: access.Admin}
	owner  = access.Actor{Kind: access.KindCommandLine, Name: "root", Role: access.Owner}
	viewer = access.Actor{Kind: access.KindMember, ID: 3, Name: "Vera", Role: access.Viewer}
)

type testRegistry struct {
	registry *sites.Registry
	log      *audit.Log
	vault    *vault.Vault
	keys     string
	db       *database.DB
}

func newTestRegistry(t *testing.T, db *database.DB, fake *wptest.Fake) testRegistry {
	t.Helper()
	h := testRegistry{db: db, log: audit.New(db.Gorm, sites.Subjects()), keys: filepath.Join(t.TempDir(), "keyset.json")}
	var err error
	if h.vault, err = vault.Create(h.keys); err != nil {
		t.Fatal(err)
	}
	c := wordpress.Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	if fake != nil {
		c.RootCAs, c.Hosts = fake.CA(), fake.Hosts()
	}
	network := wordpress.NewNetwork(c)
	t.Cleanup(network.Close)
	h.registry = sites.New(db, h.vault, h.log, network)
	h.registry.LookAgainAtOnce()
	return h
}

func draft(url string) sites.Draft {
	return sites.Draft{URL: url, Username: " drover ", Password: vault.NewSecret(" abcd EFGH 1234 "), Client: " Acme ", Tags: []string{"B", "a ", "b"}}
}

func (h testRegistry) add(t *testing.T, d sites.Draft) sites.Site {
	t.Helper()
	s, err := h.registry.Add(context.Background(), admin, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (h testRegistry) entries(t *testing.T, action access.Action) int64 {
	t.Helper()
	_, n, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Action: action, Outcome: audit.Done})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAdd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := newTestRegistry(t, db, nil), context.Background()
		s := h.add(t, draft(" ACME.example/wp-admin/ "))
		if s.Home != "https://acme.example" || s.Name != "acme.example" || s.Client != "Acme" || fmt.Sprint(s.Tags) != "[a b]" || s.Credential.Username != "drover" ||
			s.State != sites.Unchecked {
			t.Errorf("%+v", s)
		}
		cases := map[string]struct {
			draft sites.Draft
			field string
		}{
			"twice":           {draft("https://acme.example/"), "url"},
			"not an address":  {draft("acme example"), "url"},
			"with a password": {draft("https://a:b@acme.example"), "url"},
			"another scheme":  {draft("ftp://acme.example"), "url"},
			"no user":         {sites.Draft{URL: "https://b.example", Password: vault.NewSecret("x")}, "username"},
			"no password":     {sites.Draft{URL: "https://b.example", Username: "x", Password: vault.NewSecret("  ")}, "application_password"},
			"a colon":         {sites.Draft{URL: "https://b.example", Username: "x:y", Password: vault.NewSecret("x")}, "username"},
			"a long name":     {sites.Draft{URL: "https://b.example", Username: "x", Password: vault.NewSecret("x"), Name: strings.Repeat("é", 201)}, "name"},
		}
		for name, c := range cases {
			_, err := h.registry.Add(ctx, admin, c.draft)
			if p, is := errors.AsType[validation.Problems](err); !is || p[c.field] == "" {
				t.Errorf("%s: %v, want a problem with %s", name, err, c.field)
			}
		}
		if _, err := h.registry.Add(ctx, viewer, draft("https://c.example")); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		if n := h.entries(t, access.SiteAdd); n != 1 {
			t.Errorf("%d entries of one added site", n)
		}
		var row struct{ Sealed []byte }
		db.Gorm.Raw("SELECT sealed FROM credentials WHERE site_id = ?", s.ID).Scan(&row)
		opened, err := h.vault.Open(row.Sealed, vault.Binding{Table: "credentials", Row: s.ID, Purpose: "application_password", Origin: "https://acme.example:443"})
		if err != nil || opened.Reveal() != "abcd EFGH 1234" {
			t.Errorf("sealed %q, %v: the spaces inside are kept, those around are not", opened.Reveal(), err)
		}
	})
}

func TestEditRetireRestoreTag(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := newTestRegistry(t, db, nil), context.Background()
		one, two := h.add(t, draft("https://one.example")), h.add(t, draft("https://two.example"))
		edited, err := h.registry.Edit(ctx, admin, one.ID, sites.Draft{URL: "https://one.example", Name: "Uno", Client: "", Tags: []string{"x"}})
		if err != nil || edited.Name != "Uno" || edited.Client != "" || fmt.Sprint(edited.Tags) != "[x]" {
			t.Errorf("%+v, %v", edited, err)
		}
		if _, err := h.registry.Edit(ctx, admin, one.ID, sites.Draft{URL: "https://one.example", Name: "Uno", Tags: []string{"x"}}); err != nil ||
			h.entries(t, access.SiteEdit) != 1 {
			t.Errorf("an edit that changes nothing: %v, %d entries", err, h.entries(t, access.SiteEdit))
		}
		if _, err := h.registry.Edit(ctx, admin, one.ID, sites.Draft{URL: "https://two.example", Name: "Uno"}); err == nil {
			t.Error("a site took another one's address")
		}
		if err := h.registry.Tag(ctx, admin, " VIP ", one.ID, two.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.Retire(ctx, admin, one.ID); err != nil {
			t.Fatal(err)
		}
		chosen, err := h.registry.Select(ctx, access.System(), sites.Selection{All: true, IDs: []int64{one.ID}})
		if err != nil || len(chosen) != 1 || chosen[0].ID != two.ID || fmt.Sprint(chosen[0].Tags) != "[a b vip]" {
			t.Errorf("after retiring one: %+v, %v", chosen, err)
		}
		if err := h.registry.Restore(ctx, admin, one.ID); err != nil {
			t.Fatal(err)
		}
		if chosen, _ := h.registry.Select(ctx, access.System(), sites.Selection{All: true}); len(chosen) != 2 {
			t.Errorf("after bringing it back: %d sites", len(chosen))
		}
		if err := h.registry.Retire(ctx, admin, 999); !errors.Is(err, sites.ErrNoSite) {
			t.Errorf("a site that is not there: %v", err)
		}
	})
}

const importFile = "\xef\xbb\xbfURL;Username;application_password;client;tags;note\n" +
	"https://one.example;drover;abcd EFGH;Acme;a|b;x\n" +
	"not an address;drover;abcd;;;\n" +
	"\n" +
	"https://two.example;drover;\"se\"\"cr;et\";\"Line\nbreak\";;\n" +
	"https://one.example/;drover;abcd;;;\n" +
	"https://three.example;;abcd;;;\n" +
	"four.example;drover;wxyz 1234;Beta;;\n"

func TestImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := newTestRegistry(t, db, nil), context.Background()
		lines, err := h.registry.Import(ctx, admin, strings.NewReader(importFile))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, line := range lines {
			got = append(got, fmt.Sprintf("%d %s %s", line.Number, line.URL, line.Result))
		}
		want := "2 https://one.example added, 3 not an address bad, 5 https://two.example added, 7 https://one.example/ twice, 8 https://three.example bad, 9 " +
			"https://four.example added"
		if strings.Join(got, ", ") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
		}
		before, _, _ := h.log.Entries(ctx, access.System(), audit.Filter{})
		repeated, err := h.registry.Import(ctx, admin, strings.NewReader(importFile))
		if err != nil || repeated[0].Result != sites.LineUnchanged || repeated[len(repeated)-1].Result != sites.LineUnchanged {
			t.Errorf("the second import: %+v, %v", repeated, err)
		}
		if after, _, _ := h.log.Entries(ctx, access.System(), audit.Filter{}); len(after) != len(before) {
			t.Errorf("importing twice wrote %d more entries", len(after)-len(before))
		}
		changed := strings.Replace(strings.Replace(importFile, "abcd EFGH", "abcd NEWP", 1), ";Acme;", ";;", 1)
		third, err := h.registry.Import(ctx, admin, strings.NewReader(changed))
		if err != nil || third[0].Result != sites.LineUpdated || h.entries(t, access.SiteCredential) != 1 {
			t.Errorf("another password: %+v, %v", third[0], err)
		}
		one, err := h.registry.ByHome(ctx, access.System(), "one.example")
		if err != nil || one.Client != "Acme" {
			t.Errorf("an empty client column took the client away: %+v, %v", one, err)
		}
		for name, file := range map[string]string{"empty": "", "no header": "https://one.example,drover,x\n", "a column is missing": "url,username\n"} {
			if _, err := h.registry.Import(ctx, admin, strings.NewReader(file)); !errors.Is(err, sites.ErrNoHeader) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestListsAndSelections(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := newTestRegistry(t, db, nil), context.Background()
		for i, name := range []string{"Zebra", "alpha", "100%_sure", "Beta"} {
			d := draft(fmt.Sprintf("https://s%d.example", i))
			d.Name, d.Client, d.Tags = name, []string{"Acme", "Beta & Co"}[i%2], []string{[]string{"x", "y"}[i/2]}
			h.add(t, d)
		}
		names := func(all []sites.Site) string {
			var list []string
			for _, s := range all {
				list = append(list, s.Name)
			}
			return strings.Join(list, " ")
		}
		lists := map[string]struct {
			filter sites.Filter
			want   string
			total  int64
		}{
			"by name":    {sites.Filter{}, "100%_sure alpha Beta Zebra", 4},
			"descending": {sites.Filter{Sort: "name", Descending: true}, "Zebra Beta alpha 100%_sure", 4},
			"a page":     {sites.Filter{Limit: 2, Offset: 1}, "alpha Beta", 4},
			"query":      {sites.Filter{Query: "ALPH"}, "alpha", 1},
			"percent":    {sites.Filter{Query: "%_"}, "100%_sure", 1},
			"client":     {sites.Filter{Clients: []string{"Acme"}}, "100%_sure Zebra", 2},
			"both":       {sites.Filter{Clients: []string{"Acme"}, Tags: []string{"Y"}}, "100%_sure", 1},
			"state":      {sites.Filter{State: sites.Ready}, "", 0},
			"nonsense":   {sites.Filter{Sort: "1; DROP TABLE sites"}, "100%_sure alpha Beta Zebra", 4},
		}
		for name, c := range lists {
			found, total, err := h.registry.Sites(ctx, access.System(), c.filter)
			if err != nil || names(found) != c.want || total != c.total {
				t.Errorf("%s: %q, %d, %v; want %q, %d", name, names(found), total, err, c.want, c.total)
			}
		}
		selections := map[string]struct {
			selection sites.Selection
			want      string
		}{
			"none":            {sites.Selection{}, ""},
			"two clients":     {sites.Selection{Clients: []string{"Acme", "Beta & Co"}}, "100%_sure alpha Beta Zebra"},
			"client and tag":  {sites.Selection{Clients: []string{"Acme"}, Tags: []string{"x"}}, "Zebra"},
			"one in addition": {sites.Selection{Clients: []string{"Acme"}, Homes: []string{"s1.example", "https://s0.example/"}}, "100%_sure alpha Zebra"},
		}
		for name, c := range selections {
			if found, err := h.registry.Select(ctx, access.System(), c.selection); err != nil || names(found) != c.want {
				t.Errorf("%s: %q, %v; want %q", name, names(found), err, c.want)
			}
		}
		facets, err := h.registry.Facets(ctx, access.System())
		if err != nil || len(facets.Clients) != 2 || facets.Clients[0].Sites != 2 || len(facets.Tags) != 2 {
			t.Errorf("%+v, %v", facets, err)
		}
	})
}

// A rotation that was cut short after the key was added, and before all values were sealed again, is finished by the next one.
func TestRotateKeysGoesOnWhereItWasCut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, ctx := newTestRegistry(t, db, nil), context.Background()
		for i := range 5 {
			h.add(t, draft(fmt.Sprintf("https://s%d.example", i)))
		}
		if _, err := h.registry.RotateKeys(ctx, admin); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an admin: %v", err)
		}
		if err := h.vault.Rotate(); err != nil {
			t.Fatal(err)
		}
		cut := h.vault.Primary()
		if n, err := h.registry.RotateKeys(ctx, owner); err != nil || n != 5 || h.vault.Primary() != cut {
			t.Errorf("the unfinished rotation: %d, %v, another key: %v", n, err, h.vault.Primary() != cut)
		}
		if n, err := h.registry.RotateKeys(ctx, owner); err != nil || n != 5 || h.vault.Primary() == cut {
			t.Errorf("a new rotation: %d, %v", n, err)
		}
		reloaded, err := vault.Load(h.keys)
		if err != nil {
			t.Fatal(err)
		}
		network := wordpress.NewNetwork(wordpress.Config{})
		defer network.Close()
		restarted := sites.New(db, reloaded, h.log, network)
		all, err := restarted.Select(ctx, access.System(), sites.Selection{All: true})
		if err != nil {
			t.Fatal(err)
		}
		if clients, _, err := restarted.DialAll(ctx, all); err != nil || len(clients) != 5 {
			t.Errorf("after a restart, %d credentials open: %v", len(clients), err)
		}
	})
}

func TestCheckStoresWhatItFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake, err := wptest.Start(wptest.Options{Sites: []wptest.Site{{Name: "Well & good"}, {Fault: wptest.WrongPassword}, {Fault: wptest.NoPlugin},
			{Fault: wptest.Administrator}}})
		if err != nil {
			t.Fatal(err)
		}
		defer fake.Close()
		h, ctx := newTestRegistry(t, db, fake), context.Background()
		var all []sites.Site
		for i := range fake.Len() {
			all = append(all, h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)}))
		}
		h.registry.CheckAll(ctx, admin, all, func(s sites.Site, _ wordpress.Report, err error) {
			if err != nil {
				t.Errorf("%s: %v", s.Home, err)
			}
		})
		want := []sites.State{sites.Ready, sites.Broken, sites.Warning, sites.Warning}
		for i, s := range all {
			now, err := h.registry.Site(ctx, access.System(), s.ID)
			if err != nil || now.State != want[i] || now.CheckedAt.IsZero() || now.Address == "" {
				t.Errorf("%s: %+v, %v; want %s", s.Home, now, err, want[i])
			}
			report, err := h.registry.Report(ctx, s.ID)
			if err != nil || len(report.Steps) != 7 {
				t.Errorf("%s: %d steps, %v", s.Home, len(report.Steps), err)
			}
		}
		first, _ := h.registry.Site(ctx, access.System(), all[0].ID)
		if first.Name != "Well & good" || first.PluginVersion == "" || first.HasPlugin != "yes" || first.Credential.WorkedAt.IsZero() {
			t.Errorf("%+v", first)
		}
		if last, _ := h.registry.Site(ctx, access.System(), all[3].ID); !last.Credential.Administrator {
			t.Error("the administrator's credential is not told")
		}
		if n := h.entries(t, access.SiteCheck); n != 4 {
			t.Errorf("%d entries of 4 checks", n)
		}
	})
}
