package sites_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// A tag with a comma is two tags, by whichever way it comes: exported, imported, edited and filtered, it stays the same.
func TestATagHasNoSeparator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		a := h.add(t, sites.Draft{URL: "https://a.example", Username: "u", Password: vault.NewSecret("p"), Tags: []string{"Shop, EU", "care|x;y"}})
		b := h.add(t, sites.Draft{URL: "https://b.example", Username: "u", Password: vault.NewSecret("p")})
		if err := h.registry.EditMany(t.Context(), admin, sites.ManyEdit{Add: []string{"shop,new"}, Remove: []string{"x, y"}}, a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		csv := "url,username,application_password,tags\nhttps://c.example,u,abcd EFGH 1234 ijkl MNOP 5678,\"shop, new\"\n"
		if _, err := h.registry.Import(t.Context(), admin, strings.NewReader(csv)); err != nil {
			t.Fatal(err)
		}
		for filter, want := range map[string]string{"eu": "[[care eu new shop]]", "New": "[[care eu new shop] [new shop] [new shop]]", "x": "[]",
			"eu, care": "[[care eu new shop]]"} {
			found, _, err := h.registry.Sites(t.Context(), admin, sites.Filter{Tags: []string{filter}})
			var tags [][]string
			for _, s := range found {
				tags = append(tags, s.Tags)
			}
			if err != nil || fmt.Sprint(tags) != want {
				t.Errorf("filter %q: %v, want %s, %v", filter, tags, want, err)
			}
		}
	})
}
