package sites_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
)

// limitedTo is an admin whose scope is the sites of one client and those with one of the tags.
func limitedTo(client string, tags ...string) access.Actor {
	return access.Actor{Kind: access.KindMember, ID: 7, Name: "Cleo", Role: access.Admin,
		Scope: access.NewScope(access.Restriction{Clients: []string{client}, Tags: tags})}
}

func (h testRegistry) refusals(t *testing.T) int64 {
	t.Helper()
	_, n, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What is done to many sites is done to all of them or to none, and an entry stands for each site that it changed: a second tag, and a site
// that was retired already, change nothing.
func TestManySitesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		a, b, other := h.add(t, draft("https://a.example")), h.add(t, draft("https://b.example")), h.add(t, sites.Draft{URL: "https://c.example",
			Client: "Zulu", Username: "u", Password: newPassword()})
		cleo := limitedTo("Acme")
		for _, c := range []struct {
			name    string
			do      func() error
			action  access.Action
			entries int64
			want    error
		}{
			{"two, named twice", func() error { return h.registry.Retire(t.Context(), cleo, a.ID, b.ID, a.ID) }, access.SiteRetire, 2, nil},
			{"one that is retired already", func() error { return h.registry.Retire(t.Context(), admin, a.ID, other.ID) }, access.SiteRetire, 3, nil},
			{"one that does not exist", func() error { return h.registry.Restore(t.Context(), admin, a.ID, 999) }, access.SiteRestore, 0, sites.ErrNoSite},
			{"one of somebody else's", func() error { return h.registry.Restore(t.Context(), cleo, a.ID, other.ID) }, access.SiteRestore, 0, sites.ErrNoSite},
			{"a viewer", func() error { return h.registry.Restore(t.Context(), viewer, a.ID) }, access.SiteRestore, 0, access.ErrForbidden},
			{"back again", func() error { return h.registry.Restore(t.Context(), admin, a.ID, b.ID) }, access.SiteRestore, 2, nil},
			{"back that is not away", func() error { return h.registry.Restore(t.Context(), admin, a.ID) }, access.SiteRestore, 2, nil},
			{"a tag that one of them has", func() error { return h.registry.Tag(t.Context(), cleo, "B", a.ID) }, access.SiteTag, 0, nil},
			{"a new tag", func() error { return h.registry.Tag(t.Context(), cleo, "VIP", a.ID, b.ID) }, access.SiteTag, 2, nil},
			{"a tag of somebody else's site", func() error { return h.registry.Tag(t.Context(), cleo, "vip", other.ID) }, access.SiteTag, 2, sites.ErrNoSite},
		} {
			if err := c.do(); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
			if n := h.entries(t, c.action); n != c.entries {
				t.Errorf("%s: %d entries, want %d", c.name, n, c.entries)
			}
		}
		if all, err := h.registry.Select(t.Context(), admin, sites.Selection{All: true}); err != nil || len(all) != 2 || !slices.Contains(all[0].Tags, "vip") {
			t.Errorf("%+v, %v", all, err)
		}
		if away, err := h.registry.Site(t.Context(), admin, other.ID); err != nil || away.RetiredAt.IsZero() {
			t.Errorf("a site that somebody may not see was restored by them: %+v, %v", away, err)
		}
	})
}

func TestTagsThatCannotBeAdded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		d := draft("https://full.example")
		d.Tags = nil
		for i := range 30 {
			d.Tags = append(d.Tags, fmt.Sprintf("t%d", i))
		}
		full, roomy := h.add(t, d), h.add(t, draft("https://roomy.example"))
		for name, tag := range map[string]string{"empty": " ", "unseen": "\u200b", "too long": strings.Repeat("é", 51), "NUL": "a\x00b", "broken": "a\xffb",
			"one more than a site may have": "new"} {
			var problems validation.Problems
			if err := h.registry.Tag(t.Context(), admin, tag, roomy.ID, full.ID); !errors.As(err, &problems) || problems["tag"] == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.registry.Tag(t.Context(), admin, " T7 ", roomy.ID, full.ID); err != nil {
			t.Errorf("a tag that the full site has already: %v", err)
		}
		for id, want := range map[int64]int{full.ID: 30, roomy.ID: 3} {
			if s, err := h.registry.Site(t.Context(), admin, id); err != nil || len(s.Tags) != want {
				t.Errorf("%s has %d tags, want %d, %v", s.Home, len(s.Tags), want, err)
			}
		}
	})
}
