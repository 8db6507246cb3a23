package sites_test

import (
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// The sites of a network share a user's password, whatever their domains: rotating one site's would disconnect the others.
func TestASharedPasswordIsNotRotated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{Host: "a.network.example"}, wptest.Site{Host: "mapped.example"}, wptest.Site{Host: "alone.example"})
		h := newTestRegistry(t, db, fake)
		var all []sites.Site
		var ids []int64
		for i := range 3 {
			password := wptest.DefaultPassword
			if i == 2 {
				password = fake.Password(i)
			}
			all = append(all, h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(password)}))
			ids = append(ids, all[i].ID)
		}
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		for i, want := range []sites.RotationStep{sites.RotationBlocked, sites.RotationBlocked, sites.RotationDone} {
			if got := h.resume(t, all[i]); got.Step != want || want == sites.RotationBlocked && (got.Fix == "" || len(fake.Passwords(i)) != 1) {
				t.Errorf("%s: %s %s", all[i].Home, got.Step, got.Finding)
			}
		}
	})
}
