package sites_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// workAll works all rotations, those that pause too.
func (h testRegistry) workAll(t *testing.T) {
	t.Helper()
	if err := h.db.Gorm.Exec("UPDATE rotations SET next_at = 0").Error; err != nil {
		t.Fatal(err)
	}
	if err := h.registry.WorkRotations(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// failing lets a site answer with a status while it is set.
func failing(status *atomic.Int64) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		if n := status.Load(); n != 0 {
			w.WriteHeader(int(n))
		}
		return status.Load() != 0
	}
}

// A network loses the new password once all of its sites use it, and one of them does not answer: the old one is used again on all of them, a retired
// one too, and none revokes it while another needs it.
func TestANetworkLosesThePasswordInUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for down := range 3 {
			var status atomic.Int64
			described := network("one", 4)
			described[down].Answer = failing(&status)
			fake := startFake(t, described...)
			h := newTestRegistry(t, db, fake)
			all, ids := h.addShared(t, fake, 0, 4)
			if err := h.registry.Retire(t.Context(), admin, ids[3]); err != nil {
				t.Fatal(err)
			}
			var lost atomic.Bool
			h.registry.CrashAt(func(at string) error {
				if at == "after swapped" && lost.CompareAndSwap(false, true) {
					fake.LosePassword(0, h.rotation(t, all[0]).Name)
					status.Store(http.StatusBadGateway)
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, ids[:3]...); err != nil {
				t.Fatal(err)
			}
			for range []int{1, 5, 5}[down] { // nothing is created while the first, which rotates for all, does not answer: it is soon given up
				h.workAll(t)
			}
			status.Store(0)
			for i, s := range all[:3] {
				h.resume(t, s)
				h.rotated(t, fake, i, s)
			}
			if !h.works(t, all[3]) {
				t.Error("the retired site has a dead password")
			}
		}
	})
}

// A password that was lost comes back after the rotation began again: it is revoked in the end.
func TestALostPasswordComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for i, back := range []string{"after waiting", "after creating", "after created", "after swapped"} {
			fake := startFake(t, make([]wptest.Site, 4)...)
			h := newTestRegistry(t, db, fake)
			s := h.addFake(t, fake, i)
			lost := false
			h.registry.CrashAt(func(at string) error {
				switch {
				case at == "after swapped" && !lost:
					lost = true
					fake.LosePassword(i, h.rotation(t, s).Name)
				case at == back && lost:
					fake.ReturnPasswords(i)
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			for range 5 {
				h.workAll(t)
			}
			h.rotated(t, fake, i, s)
		}
	})
}

// The new password is lost, and the site does not take the old one for a moment either: the old one is not given up.
func TestALostPasswordWhileTheSiteFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, status := range []int{http.StatusBadGateway, http.StatusUnauthorized} {
			var old atomic.Int64 // how often the old password is not taken
			fake := startFake(t, wptest.Site{Answer: func(w http.ResponseWriter, r *http.Request) bool {
				_, password, _ := r.BasicAuth()
				fails := password == wptest.DefaultPassword && old.Add(-1) >= 0
				if fails {
					w.WriteHeader(status)
				}
				return fails
			}})
			h := newTestRegistry(t, db, fake)
			s := h.add(t, sites.Draft{URL: fake.URL(0), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)})
			h.registry.CrashAt(once("after swapped", func() {
				fake.LosePassword(0, h.rotation(t, s).Name)
				old.Store(2)
			}))
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.resume(t, s)
			h.rotated(t, fake, 0, s)
		}
	})
}

// Both are lost: the site waits for another credential, and says so.
func TestBothPasswordsAreLost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s := h.addFake(t, fake, 0)
		h.registry.CrashAt(once("after swapped", func() {
			fake.LosePassword(0, h.rotation(t, s).Name)
			fake.LosePassword(0, oldPassword)
		}))
		if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.resume(t, s); got.Step != sites.RotationUnrevoked || !got.Reconnect() || !strings.HasPrefix(got.Fix, "Connect") {
			t.Errorf("%s: %s %s", got.Step, got.Finding, got.Fix)
		}
	})
}
