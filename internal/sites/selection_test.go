package sites_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

func TestWhatASelectionMeans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := aList(t, db)
		for name, c := range map[string]struct {
			selection sites.Selection
			want      string
		}{
			"nothing":                    {sites.Selection{}, ""},
			"empty lists":                {sites.Selection{Clients: []string{}, Tags: []string{}, IDs: []int64{}, Homes: []string{}}, ""},
			"words of blanks only":       {sites.Selection{Query: " \t"}, ""},
			"words that nobody sees":     {sites.Selection{Query: "\u200b"}, ""},
			"tags of blanks only":        {sites.Selection{Tags: []string{" ", ""}}, ""},
			"an empty client":            {sites.Selection{Clients: []string{""}}, ""},
			"all":                        {sites.Selection{All: true}, "a b c d"},
			"all, and retired by id":     {sites.Selection{All: true, IDs: []int64{5}}, "a b c d"},
			"all, with blanks":           {sites.Selection{All: true, Query: " "}, "a b c d"},
			"retired":                    {sites.Selection{State: sites.Retired}, ""},
			"any state":                  {sites.Selection{State: "any"}, "a b c d"},
			"a retired home":             {sites.Selection{Homes: []string{"gone.example"}}, ""},
			"an id twice and its home":   {sites.Selection{IDs: []int64{2, 2}, Homes: []string{"https://B.example/wp-admin/"}}, "b"},
			"ids that are nobody's":      {sites.Selection{IDs: []int64{0, -1, 99, 3}}, "c"},
			"all of a client is not all": {sites.Selection{All: true, Clients: []string{"Acme"}}, "b c"},
			"a state of a client":        {sites.Selection{Clients: []string{"Acme"}, State: sites.Broken}, "c"},
			"one beside those of a tag":  {sites.Selection{Tags: []string{"SHOP"}, IDs: []int64{4}}, "a b d"},
		} {
			found, err := h.registry.Select(t.Context(), admin, c.selection)
			slices.SortFunc(found, func(a, b sites.Site) int { return int(a.ID - b.ID) })
			if err != nil || hosts(found) != c.want {
				t.Errorf("%s: %q, %v; want %q", name, hosts(found), err, c.want)
			}
		}
		for _, home := range []string{"nobody.example", "", "a.example b.example", "\x00", "https://\xff"} {
			if _, err := h.registry.Select(t.Context(), admin, sites.Selection{All: true, Homes: []string{home}}); !problemWith(err, "site") {
				t.Errorf("%q: %v", home, err)
			}
		}
	})
}

// A selection with addresses that nobody looked up must not pass for one without them.
func TestHomesAreLookedUpFirst(t *testing.T) {
	t.Parallel()
	h := aList(t, dbtest.SQLite(t))
	asked := sites.Selection{IDs: []int64{1}, Homes: []string{"B.example/wp-admin/"}}
	if found, err := h.registry.Selected(t.Context(), admin, asked); err == nil || len(found) != 0 {
		t.Errorf("%q, %v", hosts(found), err)
	}
	sel, err := h.registry.WithIDs(t.Context(), admin, asked)
	if err != nil || len(sel.Homes) != 0 || !slices.Equal(asked.IDs, []int64{1}) {
		t.Fatalf("%+v, %v", sel, err)
	}
	if found, err := h.registry.Selected(t.Context(), admin, sel); err != nil || hosts(found) != "b a" {
		t.Errorf("%q, %v", hosts(found), err)
	}
}

// What is not in somebody's scope is not in their selection either, however they name it; by its address it is told as one that does not exist.
func TestSelectionsWithinAScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := aList(t, db)
		cleo := limitedTo("Acme", "x")
		for name, selection := range map[string]sites.Selection{
			"all": {All: true}, "ids": {IDs: []int64{1, 2, 3, 4, 5}}, "words": {Query: "example"}, "tag and clients": {Tags: []string{"shop", "x"}, IDs: []int64{3}},
		} {
			if found, err := h.registry.Select(t.Context(), cleo, selection); err != nil || len(found) != 3 || slices.Contains(ids(found), 1) {
				t.Errorf("%s: %q, %v", name, hosts(found), err)
			}
		}
		_, hidden := h.registry.Select(t.Context(), cleo, sites.Selection{Homes: []string{"a.example"}})
		_, absent := h.registry.Select(t.Context(), cleo, sites.Selection{Homes: []string{"0.example"}})
		if !problemWith(hidden, "site") || hidden.Error()[len("site: a"):] != absent.Error()[len("site: 0"):] {
			t.Errorf("%v and %v tell apart what is hidden", hidden, absent)
		}
		for name, find := range map[string]func() (sites.Site, error){
			"by id":   func() (sites.Site, error) { return h.registry.Site(t.Context(), cleo, 1) },
			"by home": func() (sites.Site, error) { return h.registry.ByHome(t.Context(), cleo, "a.example") },
			"within":  func() (sites.Site, error) { return h.registry.Within(t.Context(), cleo, 1) },
		} {
			if s, err := find(); !errors.Is(err, sites.ErrNoSite) || s.ID != 0 || s.Name != "" {
				t.Errorf("%s: %+v, %v", name, s, err)
			}
		}
		if n := h.refusals(t); n == 0 {
			t.Error("nothing is recorded of who asked for what is not theirs")
		}
	})
}
