package sites_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

// hosts are the first parts of the sites' hosts, in their order.
func hosts(all []sites.Site) string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i], _, _ = strings.Cut(s.Host, ".")
	}
	return strings.Join(list, " ")
}

// aList is a registry with five sites: four states, three clients, and a retired one.
func aList(t *testing.T, db *database.DB) testRegistry {
	t.Helper()
	h := newTestRegistry(t, db, nil)
	for _, d := range []sites.Draft{
		{URL: "https://a.example", Name: "Über uns", Client: "Müller", Tags: []string{"shop"}, Username: "José"},
		{URL: "https://b.example", Name: "100%_sure!", Client: "Acme", Tags: []string{"shop", "büro"}, Username: "agency"},
		{URL: "https://c.example", Name: "éclair", Client: "Acme", Username: "agency"},
		{URL: "https://d.example", Name: "zebra", Tags: []string{"x"}, Username: "ann"},
		{URL: "https://gone.example", Name: "Gone", Client: "Acme", Tags: []string{"shop"}, Username: "ann"},
	} {
		d.Password = newPassword()
		h.add(t, d)
	}
	if err := h.registry.Retire(t.Context(), admin, 5); err != nil {
		t.Fatal(err)
	}
	run(t, db, `UPDATE sites SET state = 'ready', checked_at = 20, plugin_version = '2' WHERE id = 1; UPDATE sites SET state = 'warning', checked_at = 10,
		cache_state = 'on' WHERE id = 2; UPDATE sites SET state = 'broken', checked_at = 30, plugin_version = '1' WHERE id = 3;
		UPDATE credentials SET administrator = TRUE WHERE site_id IN (1, 5)`)
	return h
}

func TestWhatAListIsSearchedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := aList(t, db)
		for query, want := range map[string]string{
			"ÜBER": "a", "über": "a", "u\u0308ber": "a", "ECLAIR": "", "ÉCLAIR": "c", "MÜLLER": "a", "josé": "a", "BÜRO": "b", "b.EXAMPLE": "b", "%_": "b", "!": "b",
			"\\": "", "'; DROP TABLE sites; --": "", " zebra\u00a0": "d", "zeb\u200bra": "d", "über  uns": "a", "gone": "", "\x00": "", "a\x00b": "", "\xff": "",
			strings.Repeat("x", 60_000): "", "": "b c a d",
		} {
			found, n, err := h.registry.Sites(t.Context(), admin, sites.Filter{Query: query, Sort: "host"})
			got := strings.Fields(hosts(found))
			slices.Sort(got)
			wanted := strings.Fields(want)
			slices.Sort(wanted)
			if err != nil || !slices.Equal(got, wanted) || int(n) != len(wanted) {
				t.Errorf("%.20q: %v, %d, %v; want %v", query, got, n, err, wanted)
			}
		}
	})
}

func TestHowAListIsFilteredAndSorted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := aList(t, db)
		for name, c := range map[string]struct {
			filter sites.Filter
			want   string
			total  int64
		}{
			"by state":          {sites.Filter{Sort: "state"}, "c b d a", 4},
			"by state, down":    {sites.Filter{Sort: "state", Descending: true}, "a d b c", 4},
			"by host":           {sites.Filter{Sort: "host"}, "a b c d", 4},
			"by check":          {sites.Filter{Sort: "checked"}, "d b a c", 4},
			"by plugin, down":   {sites.Filter{Sort: "plugin", Descending: true}, "a c b d", 4},
			"by credential":     {sites.Filter{Sort: "credential"}, "a b c d", 4},
			"without a client":  {sites.Filter{Sort: "client", Limit: 1}, "d", 4},
			"by name":           {sites.Filter{Limit: 1}, "b", 4},
			"past the end":      {sites.Filter{Limit: 2, Offset: 4}, "", 4},
			"the last page":     {sites.Filter{Sort: "host", Limit: 3, Offset: 3}, "d", 4},
			"one state":         {sites.Filter{State: sites.Warning}, "b", 1},
			"retired":           {sites.Filter{State: sites.Retired}, "gone", 1},
			"no such state":     {sites.Filter{State: "x' OR 1=1"}, "", 0},
			"clients":           {sites.Filter{Clients: []string{"Acme", "Müller"}, Sort: "host"}, "a b c", 3},
			"no such client":    {sites.Filter{Clients: []string{""}}, "", 0},
			"a tag as typed":    {sites.Filter{Tags: []string{" BU\u0308RO "}}, "b", 1},
			"an empty tag":      {sites.Filter{Tags: []string{" "}}, "", 0},
			"several kinds":     {sites.Filter{Clients: []string{"Acme"}, Tags: []string{"shop"}, Query: "sure"}, "b", 1},
			"a client of bytes": {sites.Filter{Clients: []string{"\xff\x00"}}, "", 0},
		} {
			found, total, err := h.registry.Sites(t.Context(), admin, c.filter)
			if err != nil || hosts(found) != c.want || total != c.total {
				t.Errorf("%s: %q, %d, %v; want %q, %d", name, hosts(found), total, err, c.want, c.total)
			}
		}
	})
}

// A facet counts what choosing it would show: the rest of the filter narrows it, what is chosen of its own kind does not.
func TestAFacetCountsWhatChoosingItShows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := aList(t, db)
		for _, actor := range []access.Actor{admin, limitedTo("Acme", "x")} {
			all, err := h.registry.FacetsOf(t.Context(), actor, sites.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			var listed []string
			for _, c := range all.Clients {
				listed = append(listed, c.Value)
			}
			if names, err := h.registry.Clients(t.Context(), actor); err != nil || !slices.Equal(names, listed) || len(names) == 0 {
				t.Errorf("the clients are %q, counted are %q: %v", names, listed, err)
			}
			for name, f := range map[string]sites.Filter{
				"all": {}, "a client": {Clients: []string{"Acme"}}, "a tag": {Tags: []string{"shop"}}, "a state": {State: sites.Broken},
				"retired": {State: sites.Retired}, "any state": {State: "any"}, "words": {Query: "e"}, "both": {Clients: []string{"Müller"}, Tags: []string{"x"}},
				"a plugin": {Plugin: "1"}, "both, of a plugin": {Plugin: "2", Clients: []string{"Acme"}}, "an unknown cache": {Cache: sites.NotKnown},
			} {
				facets, err := h.registry.FacetsOf(t.Context(), actor, f)
				if err != nil {
					t.Fatal(err)
				}
				if len(facets.States) == 0 && !strings.HasPrefix(name, "both") {
					t.Errorf("%s: no states", name)
				}
				for kind, each := range map[string]struct {
					counts []sites.Count
					choose func(*sites.Filter, string)
				}{
					"client":    {facets.Clients, func(f *sites.Filter, value string) { f.Clients = []string{value} }},
					"tag":       {facets.Tags, func(f *sites.Filter, value string) { f.Tags = []string{value} }},
					"state":     {facets.States, func(f *sites.Filter, value string) { f.State = sites.State(value) }},
					"cache":     {facets.Caches, func(f *sites.Filter, value string) { f.Cache = value }},
					"plugin":    {facets.Plugins, func(f *sites.Filter, value string) { f.Plugin = value }},
					"wordpress": {facets.WordPress, func(f *sites.Filter, value string) { f.WordPress = value }},
				} {
					for _, c := range each.counts {
						chosen := f
						each.choose(&chosen, c.Value)
						if _, n, err := h.registry.Sites(t.Context(), actor, chosen); err != nil || n != c.Sites {
							t.Errorf("%s: %s %s counts %d, and shows %d, %v", name, kind, c.Value, c.Sites, n, err)
						}
					}
				}
			}
		}
		for _, c := range []struct {
			actor access.Actor
			want  int
		}{{admin, 1}, {limitedTo("Acme"), 0}, {limitedTo("Zulu", "shop"), 1}} {
			if n, err := h.registry.Administrators(t.Context(), c.actor); err != nil || n != c.want {
				t.Errorf("%v: %d administrators, want %d, %v", c.actor.Scope, n, c.want, err)
			}
		}
	})
}

// What the database finds in a scope is what Scope.Site says is in it, whatever the scope: a list, a selection, a site, and the entries about it.
func TestTheScopeOfTheDatabaseIsTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		random := rand.New(rand.NewPCG(1, 2))
		clients, tags := []string{"", "Acme", "acme", "Zulu", "O'Neill"}, []string{"a", "b", "ü"}
		some := func(of []string, most int) (chosen []string) {
			for range random.IntN(most + 1) {
				chosen = append(chosen, of[random.IntN(len(of))])
			}
			return chosen
		}
		var all []sites.Site
		for i := range 16 {
			all = append(all, h.add(t, sites.Draft{URL: fmt.Sprintf("https://s%02d.example", i), Client: clients[random.IntN(len(clients))],
				Tags: some(tags, 2), Username: "u", Password: newPassword()}))
		}
		for range 40 {
			actor := access.Actor{Kind: access.KindMember, ID: 9, Role: access.Viewer}
			for range 1 + random.IntN(2) {
				r := access.Restriction{Clients: some(clients, 2), Tags: some(tags, 1)}
				actor.Scope = append(actor.Scope, access.NewScope(r)...)
			}
			var want []int64
			for _, s := range all {
				if actor.Scope.Site(s.Client, s.Tags) {
					want = append(want, s.ID)
				}
			}
			listed, n, err := h.registry.Sites(t.Context(), actor, sites.Filter{Sort: "host"})
			if err != nil || !slices.Equal(ids(listed), want) || int(n) != len(want) {
				t.Errorf("%+v lists %v, %d, %v; want %v", actor.Scope, ids(listed), n, err, want)
			}
			selected, err := h.registry.Select(t.Context(), actor, sites.Selection{IDs: ids(all)})
			if got := ids(selected); err != nil || len(got) != len(want) {
				t.Errorf("%+v selects %v, %v; want %v", actor.Scope, got, err, want)
			}
			one := all[random.IntN(len(all))]
			if _, err := h.registry.Within(t.Context(), actor, one.ID); (err == nil) != slices.Contains(want, one.ID) || err != nil && !errors.Is(err, sites.ErrNoSite) {
				t.Errorf("%+v sees %s: %v", actor.Scope, one.Home, err)
			}
			var found []int64
			values, list := database.Listed(db.Gorm, ids(all))
			query := sites.IDsInScope(actor.Scope, audit.Query{SQL: values, Values: []any{list}})
			if err := db.Gorm.Raw(query.SQL+" ORDER BY id", query.Values...).Scan(&found).Error; err != nil || !slices.Equal(found, want) {
				t.Errorf("%+v has the ids %v, %v; want %v", actor.Scope, found, err, want)
			}
		}
	})
}

func ids(all []sites.Site) []int64 {
	list := make([]int64, len(all))
	for i, s := range all {
		list[i] = s.ID
	}
	return list
}

// People count: 2 comes before 10 in names, hosts, clients and tags, on every page of the list, also where an older Drover stored them.
func TestListsSortAsPeopleCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		const n = 12
		for i := n; i > 0; i-- {
			d := sites.Draft{URL: fmt.Sprintf("https://s%d.example", i), Name: fmt.Sprintf("Shop %d", i), Client: fmt.Sprintf("Client %d", i),
				Tags: []string{fmt.Sprintf("tag %d", i)}, Username: "ann", Password: newPassword()}
			h.add(t, d)
		}
		wanted := make([]string, n)
		for i := range wanted {
			wanted[i] = fmt.Sprintf("s%d", i+1)
		}
		want := strings.Join(wanted, " ")
		for _, change := range []string{"SELECT 1", "UPDATE sites SET sort_name = '', sort_host = ''; UPDATE clients SET sort_name = ''"} {
			run(t, db, change)
			if err := h.registry.FillSortKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, by := range []string{"", "name", "host", "client"} {
				var got []string
				for offset := 0; offset < n; offset += 5 {
					page, total, err := h.registry.Sites(t.Context(), admin, sites.Filter{Sort: by, Limit: 5, Offset: offset})
					if err != nil || total != n {
						t.Fatal(total, err)
					}
					got = append(got, hosts(page))
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%s: by %q: %v", change, by, got)
				}
			}
			facets, err := h.registry.Facets(t.Context(), admin)
			if err != nil || facets.Clients[1].Value != "Client 2" || facets.Tags[1].Value != "tag 2" {
				t.Errorf("%s: %v, %v", change, facets, err)
			}
		}
		// A new name and a new address take their place.
		if _, err := h.registry.Edit(t.Context(), admin, n, sites.Draft{URL: "https://s100.example", Name: "Shop 100"}); err != nil {
			t.Fatal(err)
		}
		for _, by := range []string{"name", "host"} {
			if last, _, err := h.registry.Sites(t.Context(), admin, sites.Filter{Sort: by, Descending: true, Limit: 1}); err != nil || hosts(last) != "s100" {
				t.Errorf("last by %s: %s, %v", by, hosts(last), err)
			}
		}
	})
}
