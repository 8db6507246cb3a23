package sites_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// once returns a hook for CrashAt that does something the first time that a rotation comes to the place, and lets it go on.
func once(place string, do func()) func(string) error {
	done := false
	return func(at string) error {
		if at == place && !done {
			done = true
			do()
		}
		return nil
	}
}

// Whenever another site of the network is stored with the password that is rotated, it is not cut off.
func TestASiteIsStoredWithThePasswordMeanwhile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, c := range []struct {
			place, username string
			step            sites.RotationStep
			passwords       int
		}{
			{"", wptest.DefaultUser + "@example.com", sites.RotationBlocked, 1}, // before: the same user, by email address
			{"before creating", wptest.DefaultUser, sites.RotationFailed, 1},
			{"after created", wptest.DefaultUser, sites.RotationFailed, 1},
			{"before swapped", wptest.DefaultUser, sites.RotationFailed, 1},
			{"after swapped", wptest.DefaultUser, sites.RotationUnrevoked, 2},
		} {
			fake := startFake(t, network("one", 2)...)
			h := newTestRegistry(t, db, fake)
			first := h.addFake(t, fake, 0)
			var late sites.Site
			join := func() {
				late = h.add(t, sites.Draft{URL: fake.URL(1), Username: c.username, Password: vault.NewSecret(fake.Password(0))})
			}
			if c.place == "" {
				join()
			}
			h.registry.CrashAt(once(c.place, join))
			if err := h.registry.StartRotation(t.Context(), admin, first.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := h.resume(t, first)
			if got.Step != c.step || len(fake.Passwords(0)) != c.passwords || got.Fix == "" {
				t.Errorf("%q: %s: %s %s %v", c.place, got.Step, got.Finding, got.Fix, fake.Passwords(0))
			}
			if !h.works(t, first) || !h.works(t, late) {
				t.Errorf("%q: a stored password is dead: %v %v", c.place, h.works(t, first), h.works(t, late))
			}
		}
	})
}

// A site whose rotation was looked at, and not ordered, is not rotated when it comes to share the password.
func TestOnlyOrderedSitesAreRotated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, network("one", 3)...)
		h := newTestRegistry(t, db, fake)
		all, ids := h.addShared(t, fake, 0, 2)
		looked := h.add(t, sites.Draft{URL: fake.URL(2), Username: wptest.DefaultUser, Password: vault.NewSecret("another password")})
		if err := h.registry.LookAtRotation(t.Context(), admin, looked.ID); err != nil {
			t.Fatal(err)
		}
		h.resume(t, looked)
		h.registry.CrashAt(once("after created", func() {
			if err := h.registry.ReplaceCredential(t.Context(), admin, looked.ID, wptest.DefaultUser, vault.NewSecret(fake.Password(0))); err != nil {
				t.Error(err)
			}
		}))
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if got := h.resume(t, s); got.Step != sites.RotationFailed || !strings.Contains(got.Fix, "Select all sites") {
				t.Errorf("%s: %s %s", s.Home, got.Step, got.Finding)
			}
		}
		for _, s := range append(all, looked) {
			if !h.works(t, s) || len(fake.Passwords(0)) != 1 {
				t.Errorf("%s: %v", s.Home, fake.Passwords(0))
			}
		}
	})
}

// The site that rotates for all is retired after it made the new password, and restored: another took its place meanwhile.
func TestTwoSitesRotateForAll(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, network("one", 3)...)
		h := newTestRegistry(t, db, fake)
		all, ids := h.addShared(t, fake, 0, 3)
		stop := func(at string) error {
			if at == "after created" {
				return errCrash
			}
			return nil
		}
		work := func() {
			t.Helper()
			h.registry.CrashAt(stop)
			if err := h.db.Gorm.Exec("UPDATE rotations SET next_at = 0, lease_until = CASE WHEN step = 'waiting' THEN 0 ELSE lease_until END").Error; err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
		}
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		work()
		if err := h.registry.Retire(t.Context(), admin, ids[0]); err != nil {
			t.Fatal(err)
		}
		work()
		if err := h.registry.Restore(t.Context(), admin, ids[0]); err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			got := h.resume(t, s)
			if !h.works(t, s) {
				t.Errorf("%s: a dead password: %s %s", s.Home, got.Step, got.Finding)
			}
		}
		if got := fake.Passwords(0); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}
