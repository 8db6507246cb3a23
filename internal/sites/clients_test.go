package sites_test

import (
	"errors"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

// A client is the same however it is spelled: the first spelling stays, and whoever is limited to one of them sees all of its sites and no other.
func TestAClientHasOneSpelling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for i, client := range []string{"Müller Ltd", "MÜLLER ltd", "Mu\u0308ller\u00a0 Ltd", "müller\u200b LTD", "Muller Ltd"} {
			d := draft("https://" + string(rune('a'+i)) + ".example")
			d.Client, d.Tags = client, nil
			s := h.add(t, d)
			if want := map[bool]string{true: "Müller Ltd", false: "Muller Ltd"}[i < 4]; s.Client != want {
				t.Errorf("%q became %q", client, s.Client)
			}
		}
		facets, err := h.registry.Facets(t.Context(), admin)
		if err != nil || len(facets.Clients) != 2 {
			t.Fatalf("%+v, %v", facets.Clients, err)
		}
		limited := admin
		limited.Scope = access.NewScope(access.Restriction{Clients: []string{"mÜller  ltd"}})
		for name, c := range map[string]struct {
			actor access.Actor
			sel   sites.Selection
			want  int
		}{
			"selected": {admin, sites.Selection{Clients: []string{"MÜLLER LTD"}}, 4}, "limited": {limited, sites.Selection{All: true}, 4},
			"another": {limited, sites.Selection{Clients: []string{"muller ltd"}}, 0},
		} {
			if got, err := h.registry.Select(t.Context(), c.actor, c.sel); err != nil || len(got) != c.want {
				t.Errorf("%s: %d sites, %v; want %d", name, len(got), err, c.want)
			}
		}
		before := h.entries(t, access.SiteEdit)
		if s, err := h.registry.Edit(t.Context(), admin, 1, sites.Draft{URL: "https://a.example", Name: "a.example", Client: "müller LTD"}); err != nil ||
			s.Client != "Müller Ltd" || h.entries(t, access.SiteEdit) != before {
			t.Errorf("another spelling is a change: %+v, %v", s.Client, err)
		}
	})
}

// What an older Drover kept apart for its spelling becomes one client, once.
func TestClientsOfAnOlderDroverAreUnited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for i, client := range []string{"Acme", "Zulu", "Other"} {
			d := draft("https://" + string(rune('a'+i)) + ".example")
			d.Client = client
			h.add(t, d)
		}
		for _, change := range []string{"UPDATE clients SET key = ''", "UPDATE clients SET name = 'ACME' WHERE name = 'Other'"} {
			if err := db.Gorm.Exec(change).Error; err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int{1, 0} {
			if n, err := h.registry.UniteClients(t.Context()); n != want || err != nil {
				t.Errorf("%d were united, %v; want %d", n, err, want)
			}
		}
		all, err := h.registry.Select(t.Context(), admin, sites.Selection{Clients: []string{"acme"}})
		if err != nil || len(all) != 2 || all[0].Client != "Acme" || all[1].Client != "Acme" {
			t.Errorf("%+v, %v", all, err)
		}
		entries, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.SiteEdit})
		if err != nil || len(entries) != 1 || string(entries[0].Detail) != `{"clients_united":["ACME"]}` {
			t.Errorf("recorded: %+v, %v", entries, err)
		}
	})
}

// Tags that look alike when they are written one after another are other tags: the change is recorded, and stored as it is recorded.
func TestTagsThatLookAlikeAreAChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		d := draft("https://a.example")
		d.Tags = []string{"key account"}
		s := h.add(t, d)
		before := h.entries(t, access.SiteEdit)
		d.Tags = []string{"account", "key"}
		for i, tags := range [][]string{{"key", "account"}, {"account key"}, {"account", "key"}} {
			d.Tags = tags
			s, err := h.registry.Edit(t.Context(), admin, s.ID, d)
			if err != nil || len(s.Tags) != len(tags) || h.entries(t, access.SiteEdit) != before+int64(i)+1 {
				t.Errorf("%q: %q, %d entries, %v", tags, s.Tags, h.entries(t, access.SiteEdit)-before, err)
			}
		}
	})
}

// An edit is judged and recorded by the site as it is when it is stored, not as it was when the form was read.
func TestAnEditIsOfTheSiteAsItIs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		d := draft("https://a.example")
		d.Client = "Free"
		s := h.add(t, d)
		limited := admin
		limited.Scope = access.NewScope(access.Restriction{Clients: []string{"Free"}})
		d.Client = "Held"
		if _, err := h.registry.Edit(t.Context(), admin, s.ID, d); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.EditSeen(t.Context(), limited, s, sites.Draft{URL: s.Home, Name: "Mine", Client: "Free"}); !errors.Is(err, sites.ErrNoSite) {
			t.Errorf("a member changed a site that had left their scope: %v", err)
		}
		if now, err := h.registry.Site(t.Context(), admin, s.ID); err != nil || now.Client != "Held" || now.Name == "Mine" {
			t.Errorf("%+v, %v", now, err)
		}
	})
}
