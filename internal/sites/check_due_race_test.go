package sites_test

import (
	"context"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// A credential that is replaced while its site is checked on schedule is checked at once too, and not a day later.
func TestANewCredentialDuringAScheduledCheck(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		site, meanwhile := during(wptest.Site{})
		fake := startFake(t, site)
		h := newTestRegistry(t, db, fake)
		s := h.add(t, sites.Draft{URL: fake.URL(0), Username: wptest.DefaultUser, Password: vault.NewSecret("revoked")})
		h.due(t)
		h.checkDue(t)
		if s = h.site(t, s.ID); s.State != sites.Broken {
			t.Fatalf("%s", s.State)
		}
		replace := func() {
			if err := h.registry.ReplaceCredential(context.Background(), admin, s.ID, wptest.DefaultUser, vault.NewSecret(fake.Password(0))); err != nil {
				t.Error(err)
			}
		}
		meanwhile.Store(&replace)
		h.due(t)
		if err := h.registry.CheckDue(t.Context()); err != nil {
			t.Errorf("the schedule: %v", err)
		}
		if s = h.site(t, s.ID); s.State != sites.Ready {
			t.Errorf("%s: %s, checked next %s", s.State, s.Finding, s.NextCheckAt)
		}
	})
}
