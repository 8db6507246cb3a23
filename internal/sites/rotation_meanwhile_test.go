package sites_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// The URL of a site is changed as its password is swapped: what is stored opens for the new URL.
func TestAURLChangesMeanwhile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for moved := range 2 {
			fake := startFake(t, network("one", 2)...)
			h := newTestRegistry(t, db, fake)
			all, ids := h.addShared(t, fake, 0, 2)
			h.registry.CrashAt(once("before swapped", func() {
				if _, err := h.registry.Edit(t.Context(), admin, ids[moved], sites.Draft{URL: strings.Replace(all[moved].Home, "://", "://www.", 1)}); err != nil {
					t.Error(err)
				}
			}))
			if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil {
				t.Fatal(err)
			}
			site, err := h.registry.Site(t.Context(), admin, ids[moved])
			if err != nil || !strings.Contains(site.Home, "www.") {
				t.Fatalf("%s %v", site.Home, err)
			}
			if _, err := h.registry.Dial(t.Context(), site); err != nil {
				t.Errorf("the URL of site %d changed: its credential does not open: %v", moved, err)
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

// A large network takes longer than a lease: while its sites are signed in to, no other process takes the rotation over.
func TestALongVerificationKeepsItsLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := network("one", 3)
		var passed atomic.Bool
		expire := func() {
			if err := db.Gorm.Exec("UPDATE rotations SET lease_until = ? WHERE step = 'created'", time.Now().Add(time.Minute).UnixMicro()).Error; err != nil {
				t.Error(err)
			}
		}
		described[2].Answer = func(http.ResponseWriter, *http.Request) bool {
			if passed.Load() {
				expire()
			}
			return false
		}
		fake := startFake(t, described...)
		h := newTestRegistry(t, db, fake)
		h.registry.RenewAlways()
		all, ids := h.addShared(t, fake, 0, 3)
		var left time.Duration
		h.registry.CrashAt(func(at string) error {
			switch at {
			case "after created":
				passed.Store(true)
			case "before swapped":
				var until int64
				if err := db.Gorm.Raw("SELECT lease_until FROM rotations WHERE site_id = ?", ids[0]).Scan(&until).Error; err != nil {
					t.Error(err)
				}
				left = time.Until(time.UnixMicro(until))
			}
			return nil
		})
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left < 2*time.Minute {
			t.Errorf("the lease ends in %s", left)
		}
		for i, s := range all {
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
	})
}
