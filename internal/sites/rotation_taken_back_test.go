package sites_test

import (
	"errors"
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

// onlyTheOld answers 401 to every password but the first.
func onlyTheOld(w http.ResponseWriter, r *http.Request) bool {
	_, password, signed := r.BasicAuth()
	if refused := signed && password != wptest.DefaultPassword; !refused {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(`{"code":"incorrect_password","message":"The provided password is an invalid application password.","data":{"status":401}}`))
	return true
}

// A new password that is of no use is revoked, and WordPress loses that: it is revoked again, or a person is told of it.
func TestWordPressLosesTheRevocationOfTheNewPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, lost := range []int{0, 1, 3, 1000} {
			fake := startFake(t, wptest.Site{Answer: onlyTheOld})
			h := newTestRegistry(t, db, fake)
			s := h.add(t, sites.Draft{URL: fake.URL(0), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)})
			fake.LoseUpdates(0, lost, 0)
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			got := h.resume(t, s)
			if left := fake.Passwords(0); got.Step != sites.RotationFailed || !h.works(t, s) || len(left) > 1 != strings.Contains(got.Fix, got.Name) ||
				len(left) > 1 != (lost == 1000) || !strings.Contains(got.Finding, "did not accept") {
				t.Errorf("%d lost: %s: %s %s; %v", lost, got.Step, got.Finding, got.Fix, left)
			}
		}
	})
}

// The credential is replaced meanwhile, the new password revokes itself, and WordPress loses that.
func TestWordPressLosesTheRevocationOfAnOvertakenPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, lost := range []int{0, 1, 3, 1000} {
			fake := startFake(t, wptest.Site{})
			h := newTestRegistry(t, db, fake)
			s := h.addFake(t, fake, 0)
			h.registry.CrashAt(func(at string) error {
				if at == "after created" {
					return errCrash
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if err := h.registry.ReplaceCredential(t.Context(), admin, s.ID, wptest.DefaultUser, vault.NewSecret(wptest.DefaultPassword)); err != nil {
				t.Fatal(err)
			}
			fake.LoseUpdates(0, lost, 0)
			got := h.resume(t, s)
			if left := fake.Passwords(0); got.Step != sites.RotationFailed || !h.works(t, s) || len(left) > 1 != strings.Contains(got.Fix, got.Name) ||
				len(left) > 1 != (lost == 1000) {
				t.Errorf("%d lost: %s: %s %s; %v", lost, got.Step, got.Finding, got.Fix, left)
			}
		}
	})
}

// The new password is lost while the sites of the network are signed in to: they are of one network all the same.
func TestANetworkLosesThePasswordAsItIsVerified(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := network("one", 2)
		var lose atomic.Pointer[func()]
		described[1].Answer = func(http.ResponseWriter, *http.Request) bool {
			if f := lose.Swap(nil); f != nil {
				(*f)()
			}
			return false
		}
		fake := startFake(t, described...)
		h := newTestRegistry(t, db, fake)
		all, ids := h.addShared(t, fake, 0, 2)
		h.registry.CrashAt(once("after created", func() {
			f := func() { fake.LosePassword(0, h.rotation(t, all[0]).Name) }
			lose.Store(&f)
		}))
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, s := range all {
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
	})
}

// A process ends as it is shown the new password. The next one revokes that, and WordPress loses it: no other can have the same name.
func TestWordPressLosesTheRevocationOfAnUnknownPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, lost := range []int{1, 3, 1000} {
			fake := startFake(t, wptest.Site{})
			h := newTestRegistry(t, db, fake)
			s := h.addFake(t, fake, 0)
			h.registry.CrashAt(stop("created"))
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			fake.LoseUpdates(0, lost, 0)
			got := h.resume(t, s)
			if lost < 1000 {
				h.rotated(t, fake, 0, s)
			} else if got.Step != sites.RotationFailed || !h.works(t, s) || !strings.Contains(got.Fix, got.Name) {
				t.Errorf("%s: %s %s", got.Step, got.Finding, got.Fix)
			}
		}
	})
}

// A lost password comes back after another was made in its place, and then the credential is replaced: both go.
func TestALostPasswordComesBackBeforeItIsOvertaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s := h.addFake(t, fake, 0)
		made := 0
		h.registry.CrashAt(func(at string) error {
			if at != "after created" {
				return nil
			}
			switch made++; made {
			case 1:
				fake.LosePassword(0, h.rotation(t, s).Name)
				return nil
			case 3: // it was revoked, and is looked at again
				return nil
			}
			fake.ReturnPasswords(0)
			return h.registry.ReplaceCredential(t.Context(), admin, s.ID, wptest.DefaultUser, vault.NewSecret(wptest.DefaultPassword))
		})
		if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.resume(t, s); got.Step != sites.RotationFailed || made != 3 || !h.works(t, s) || len(fake.Passwords(0)) != 1 {
			t.Errorf("%s: %s %s; saved %d times; %v", got.Step, got.Finding, got.Fix, made, fake.Passwords(0))
		}
	})
}
