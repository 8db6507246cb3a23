package sites_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

func newPassword() vault.Secret { return vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678") }

func problemWith(err error, field string) bool {
	var problems validation.Problems
	return errors.As(err, &problems) && problems[field] != ""
}

// atOnce does all of it at the same time.
func atOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// Of several who give the same address to a site at the same time, one succeeds, and the others are told so beside the field.
func TestOneAddressForOneSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		const n = 8
		ids := make([]int64, n)
		for i := range ids {
			ids[i] = h.add(t, draft(fmt.Sprintf("https://first%d.example", i))).ID
		}
		for name, take := range map[string]func(i int, wanted string) error{
			"add": func(_ int, wanted string) error {
				_, err := h.registry.Add(context.Background(), admin, draft(wanted))
				return err
			},
			"edit": func(i int, wanted string) error {
				_, err := h.registry.Edit(context.Background(), admin, ids[i], sites.Draft{URL: wanted})
				return err
			},
		} {
			errs := make([]error, n)
			atOnce(n, func(i int) { errs[i] = take(i, "https://"+name+".example") })
			succeeded := 0
			for _, err := range errs {
				if err == nil {
					succeeded++
				} else if !problemWith(err, "url") {
					t.Errorf("%s: %v, want a problem with url", name, err)
				}
			}
			if succeeded != 1 {
				t.Errorf("%s: %d of %d took the address", name, succeeded, n)
			}
		}
		if added, edited := h.entries(t, access.SiteAdd), h.entries(t, access.SiteEdit); added != n+1 || edited != 1 {
			t.Errorf("%d entries of added sites, %d of edits", added, edited)
		}
	})
}

// A credential that is replaced while the site's address changes is never stored for an address that is not the site's any more.
func TestACredentialForAnAddressThatChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for round := range 8 {
			s := h.add(t, draft(fmt.Sprintf("https://a%d.example", round)))
			var errs [4]error
			atOnce(len(errs), func(i int) {
				if i == 0 {
					_, errs[i] = h.registry.ChangeURL(context.Background(), owner, s.ID, s.Home, fmt.Sprintf("https://b%d.test", round))
				} else {
					errs[i] = h.registry.ReplaceCredential(context.Background(), admin, s.ID, "drover", newPassword())
				}
			})
			for _, err := range errs {
				if err != nil && !problemWith(err, "application_password") {
					t.Error(err)
				}
			}
			if err := h.opens(t, s.ID); err != nil && !errors.Is(err, sites.ErrNoCredential) {
				t.Error(err)
			}
		}
	})
}

func TestEditsWithinAScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		acme := h.add(t, sites.Draft{URL: "https://acme.example", Client: "Acme", Username: "u", Password: newPassword()})
		zulu := h.add(t, sites.Draft{URL: "https://zulu.example", Client: "Zulu", Tags: []string{"shop"}, Username: "u", Password: newPassword()})
		cleo := limitedTo("Acme", "vip")
		add := func(d sites.Draft) error {
			d.Username, d.Password = "u", newPassword()
			_, err := h.registry.Add(t.Context(), cleo, d)
			return err
		}
		edit := func(id int64, d sites.Draft) error { _, err := h.registry.Edit(t.Context(), cleo, id, d); return err }
		for name, c := range map[string]struct {
			err   error
			field string // empty: it does not exist
		}{
			"a site of another client":       {add(sites.Draft{URL: "https://new.example", Client: "Zulu"}), "client"},
			"a site of no client":            {add(sites.Draft{URL: "https://new.example"}), "client"},
			"out of the scope":               {edit(acme.ID, sites.Draft{URL: acme.Home, Client: "Zulu"}), "client"},
			"the address of a hidden site":   {edit(acme.ID, sites.Draft{URL: zulu.Home, Client: "Acme"}), "url"},
			"a hidden site":                  {edit(zulu.ID, sites.Draft{URL: zulu.Home, Client: "Acme"}), ""},
			"the credential of a hidden one": {h.registry.ReplaceCredential(t.Context(), cleo, zulu.ID, "u", newPassword()), ""},
		} {
			if c.field != "" && !problemWith(c.err, c.field) || c.field == "" && !errors.Is(c.err, sites.ErrNoSite) {
				t.Errorf("%s: %v", name, c.err)
			}
			if c.err != nil && strings.Contains(c.err.Error(), "zulu.example,") || c.field == "url" && strings.Contains(c.err.Error(), "as ") {
				t.Errorf("%s tells of a hidden site: %v", name, c.err)
			}
		}
		if _, err := h.registry.Add(t.Context(), cleo, sites.Draft{URL: fake.URL(0), Client: "Zulu", Tags: []string{" VIP"}, Username: wptest.DefaultUser,
			Password: vault.NewSecret(fake.Password(0))}); err != nil {
			t.Errorf("a site with a tag of the scope: %v", err)
		}
		if err := edit(acme.ID, sites.Draft{URL: acme.Home, Tags: []string{"vip"}}); err != nil {
			t.Errorf("from one part of the scope to the other: %v", err)
		}
		if now, err := h.registry.Site(t.Context(), owner, zulu.ID); err != nil || now.Client != "Zulu" || h.refusals(t) == 0 {
			t.Errorf("%+v, %d refusals, %v", now, h.refusals(t), err)
		}
	})
}

// A changed site keeps what people gave it, and forgets what was seen at the old address.
func TestASiteWithAnotherURL(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		nameless, named := h.add(t, draft("http://a.example")), draft("http://b.example")
		named.Name = "Bee"
		bee := h.add(t, named)
		run(t, db, "UPDATE sites SET state = 'ready', root = 'http://a.example/wp-json/', located_at = 1, checked_at = 1, seen_at = 1, cache_at = 1, report = '{}', "+
			"plugin_version = '1', has_plugin = 'yes', cache_plugins = 'x', address = '127.0.0.1', override = 'header', redirects_to = 'x', reported_home = 'x'")
		for s, want := range map[*sites.Site]string{&nameless: "a.example", &bee: "Bee"} {
			to := strings.Replace(s.Home, "http:", "https:", 1)
			if same, err := h.registry.ChangeURL(t.Context(), admin, s.ID, "http://else.example", to); err != nil || same.Home != s.Home {
				t.Errorf("from another address: %+v, %v", same, err)
			}
			changed, err := h.registry.ChangeURL(t.Context(), admin, s.ID, s.Home, to)
			if err != nil || changed.Home != to || changed.Name != want || changed.Client != "Acme" || fmt.Sprint(changed.Tags) != "[a b]" {
				t.Errorf("%+v, %v", changed, err)
			}
			forgotten := changed.State == sites.Unchecked && changed.Root+changed.Address+changed.Override+changed.RedirectsTo+changed.ReportedHome+changed.CachePlugins+
				changed.PluginVersion+changed.HasPlugin == "" && changed.LocatedAt.IsZero() && changed.CheckedAt.IsZero() && changed.SeenAt.IsZero() &&
				changed.CacheAt.IsZero()
			if report, err := h.registry.Report(t.Context(), s.ID); !forgotten || err != nil || len(report.Steps) != 0 {
				t.Errorf("it still knows %+v, %+v, %v", changed, report, err)
			}
			if err := h.opens(t, s.ID); err != nil {
				t.Errorf("the credential did not come along: %v", err)
			}
		}
		if n := h.entries(t, access.SiteEdit); n != 2 {
			t.Errorf("%d entries of two moves", n)
		}
	})
}

func TestDraftsThatCannotBeStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		s := h.add(t, draft("https://a.example"))
		thirtyOne := make([]string, 31)
		for i := range thirtyOne {
			thirtyOne[i] = fmt.Sprintf("t%d", i)
		}
		for name, c := range map[string]struct {
			field string
			spoil func(*sites.Draft)
		}{
			"NUL in the name":       {"name", func(d *sites.Draft) { d.Name = "A\x00b" }},
			"broken UTF-8":          {"client", func(d *sites.Draft) { d.Client = "Caf\xe9" }},
			"a long client":         {"client", func(d *sites.Draft) { d.Client = strings.Repeat("é", 201) }},
			"31 tags":               {"tags", func(d *sites.Draft) { d.Tags = thirtyOne }},
			"a long tag":            {"tags", func(d *sites.Draft) { d.Tags = []string{strings.Repeat("日", 51)} }},
			"a control in a tag":    {"tags", func(d *sites.Draft) { d.Tags = []string{"a\x1bb"} }},
			"NUL in the user":       {"username", func(d *sites.Draft) { d.Username = "a\x00" }},
			"a long password":       {"application_password", func(d *sites.Draft) { d.Password = vault.NewSecret(strings.Repeat("x", 501)) }},
			"a control in it":       {"application_password", func(d *sites.Draft) { d.Password = vault.NewSecret("a\x07b") }},
			"an address of nothing": {"url", func(d *sites.Draft) { d.URL = " " }},
			"NUL in the address":    {"url", func(d *sites.Draft) { d.URL = "https://a\x00b.example" }},
			"broken bytes in it":    {"url", func(d *sites.Draft) { d.URL = "https://a.example/\xff" }},
		} {
			d := draft("https://new.example")
			c.spoil(&d)
			if _, err := h.registry.Add(t.Context(), admin, d); !problemWith(err, c.field) {
				t.Errorf("%s, added: %v", name, err)
			}
			if c.field == "username" || c.field == "application_password" {
				if err := h.registry.ReplaceCredential(t.Context(), admin, s.ID, d.Username, d.Password); !problemWith(err, c.field) {
					t.Errorf("%s, replaced: %v", name, err)
				}
				continue
			}
			if _, err := h.registry.Edit(t.Context(), admin, s.ID, d); !problemWith(err, c.field) {
				t.Errorf("%s, edited: %v", name, err)
			}
		}
		longest := draft("https://longest.example")
		longest.Name, longest.Client, longest.Tags = strings.Repeat("日", 200), strings.Repeat("é", 200), []string{strings.Repeat("ü", 50)}
		if long := h.add(t, longest); long.Name != longest.Name || long.Client != longest.Client || long.Tags[0] != longest.Tags[0] {
			t.Errorf("%+v", long)
		}
		if n := h.entries(t, access.SiteAdd); n != 2 {
			t.Errorf("%d entries of two added sites", n)
		}
	})
}

// Whoever changes a site, and in whatever order they come: nobody waits for another in a circle, and every change is done.
func TestManyChangeOneSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		s, ctx := h.add(t, draft("https://a.example")), context.Background()
		all := []func(round int) error{
			func(round int) error { return h.registry.Tag(ctx, admin, fmt.Sprint("t", round), s.ID) },
			func(round int) error {
				_, err := h.registry.Edit(ctx, admin, s.ID, sites.Draft{URL: s.Home, Name: fmt.Sprint(round)})
				return err
			},
			func(round int) error {
				return h.registry.StoreOverride(ctx, access.System(), s, []string{"header", "query"}[round%2])
			},
			func(round int) error {
				known := s
				known.CachePlugins = []string{"bigscoots-cache", "none"}[round%2]
				_, err := h.registry.StoreCachePlugins(ctx, access.System(), known, []string{"bigscoots-cache/v1", "litespeed/v1"})
				return err
			},
			func(int) error { return h.registry.ReplaceCredential(ctx, admin, s.ID, "drover", newPassword()) },
			func(int) error {
				return errors.Join(h.registry.Retire(ctx, admin, s.ID), h.registry.Restore(ctx, admin, s.ID))
			},
		}
		errs := make([]error, len(all))
		atOnce(len(all), func(i int) {
			for round := range 6 {
				errs[i] = errors.Join(errs[i], all[i](round))
			}
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
		if v, err := h.log.Verify(t.Context()); err != nil || !v.Intact() {
			t.Errorf("the audit log: %+v, %v", v, err)
		}
	})
}
