package sites_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// heard are the passwords that a site was sent.
type heard struct {
	guard sync.Mutex
	all   map[string]bool
}

func (h *heard) answer(_ http.ResponseWriter, r *http.Request) bool {
	_, password, _ := r.BasicAuth()
	h.guard.Lock()
	defer h.guard.Unlock()
	if h.all == nil {
		h.all = map[string]bool{}
	}
	if password = strings.ReplaceAll(password, " ", ""); password != "" {
		h.all[password] = true
	}
	return false
}

// onlyOld tells whether nothing but the old password was sent.
func (h *heard) onlyOld() bool {
	h.guard.Lock()
	defer h.guard.Unlock()
	return len(h.all) == 0 || len(h.all) == 1 && h.all[strings.ReplaceAll(wptest.DefaultPassword, " ", "")]
}

// A site with the same password is sent the new one only once it is proven to be of the same WordPress.
func TestANewPasswordIsSentToTheSameWordPressOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var other heard
		fake := startFake(t, wptest.Site{}, wptest.Site{Answer: other.answer})
		h := newTestRegistry(t, db, fake)
		var ids []int64
		for i := range 2 {
			s := h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)})
			ids = append(ids, s.ID)
		}
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			s := h.site(t, id)
			if got := h.resume(t, s); got.Step != sites.RotationFailed || !h.works(t, s) || len(fake.Passwords(i)) != 1 {
				t.Errorf("%s: %s %s, %v", s.Home, got.Step, got.Finding, fake.Passwords(i))
			}
		}
		if !other.onlyOld() {
			t.Error("another WordPress was sent the new password")
		}
	})
}

// A retired site that is not proven to be of the network is neither sent the new password nor stored with it; the others are rotated.
func TestARetiredSiteGetsNoPasswordUnproven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var other heard
		fake := startFake(t, wptest.Site{Network: "one"}, wptest.Site{Network: "one"}, wptest.Site{Answer: other.answer})
		h := newTestRegistry(t, db, fake)
		var all []sites.Site
		for i := range 3 {
			all = append(all, h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)}))
		}
		gone := all[2]
		if err := h.registry.Retire(t.Context(), admin, gone.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.StartRotation(t.Context(), admin, all[0].ID, all[1].ID); err != nil {
			t.Fatal(err)
		}
		for i, s := range all[:2] {
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
		if err := h.registry.Restore(t.Context(), admin, gone.ID); err != nil || !h.works(t, gone) { // with its old password, on its own WordPress
			t.Errorf("the retired site: %v", err)
		}
		if !other.onlyOld() {
			t.Error("the retired site was sent the new password")
		}
	})
}

// What waits with the old password is ended before it is revoked; while that fails, it is not revoked.
func TestRevocationEndsWhatWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s := h.addFake(t, fake, 0)
		fails, calls := true, 0
		h.registry.BeforeRevocation(func(_ context.Context, is func(vault.Secret) bool) error {
			if !is(vault.NewSecret(fake.Password(0))) || is(vault.NewSecret("abcd abcd abcd abcd abcd abcd")) {
				t.Error("the function does not tell the old password from others")
			}
			if calls++; fails {
				return errCrash
			}
			return nil
		})
		if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err == nil {
			t.Error("the failure is lost")
		}
		if got := h.rotation(t, s); got.Step != sites.RotationSwapped || len(fake.Passwords(0)) != 2 || !h.works(t, s) {
			t.Errorf("%s, %v", got.Step, fake.Passwords(0))
		}
		fails = false
		h.resume(t, s)
		if h.rotated(t, fake, 0, s); calls < 2 {
			t.Errorf("called %d times", calls)
		}
	})
}
