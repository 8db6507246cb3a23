package sites_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// manyAbilities answers with three pages of abilities.
func manyAbilities(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/wp-abilities/v1/abilities") {
		return false
	}
	w.Header().Set("X-WP-TotalPages", "3")
	w.Header().Set("Content-Type", "application/json")
	page := r.URL.Query().Get("page")
	fmt.Fprintf(w, `[{"name":"acme/shop/page-%s"},{"name":"acme/b-%s"}]`, page, page)
	return true
}

func TestOffered(t *testing.T) {
	t.Parallel()
	fake, err := wptest.Start(wptest.Options{Sites: []wptest.Site{{Answer: manyAbilities}, {Fault: wptest.PlainPermalinks}, {Fault: wptest.OtherSite},
		{Fault: wptest.IndexLarge}}})
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	h := newTestRegistry(t, dbtest.SQLite(t), fake)
	offered := make([]sites.Offered, fake.Len())
	for i := range offered {
		s := h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)})
		if offered[i], err = h.registry.Offered(context.Background(), owner, s, true); err != nil {
			t.Fatal(err)
		}
	}
	if all := offered[0].Abilities; len(all) != 6 || all[5].Name != "acme/shop/page-3" {
		t.Errorf("%d abilities: %+v", len(all), all)
	}
	for i, want := range []bool{true, true, false, true} {
		if got := len(offered[i].Index.Routes) > 0; got != want {
			t.Errorf("site %d: %d routes, %q", i, len(offered[i].Index.Routes), offered[i].Problem)
		}
	}
	if !strings.Contains(offered[2].Problem, "https://main.example") {
		t.Errorf("it does not say whose site answers: %q", offered[2].Problem)
	}
}
