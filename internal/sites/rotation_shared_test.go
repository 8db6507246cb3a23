package sites_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// network describes so many sites that share their users.
func network(name string, n int) []wptest.Site {
	return slices.Repeat([]wptest.Site{{Network: name}}, n)
}

// addShared adds the sites from the first to before the last, with the password that the first accepts.
func (h testRegistry) addShared(t *testing.T, fake *wptest.Fake, first, last int) (added []sites.Site, ids []int64) {
	t.Helper()
	for i := first; i < last; i++ {
		s := h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(first))})
		added, ids = append(added, s), append(ids, s.ID)
	}
	return added, ids
}

// The sites of a network share a user's password: it is rotated once for all of them, whatever their domains.
func TestASharedPasswordIsRotatedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, append(network("one", 12), wptest.Site{}, wptest.Site{Network: "one"})...)
		h := newTestRegistry(t, db, fake)
		shared, ids := h.addShared(t, fake, 0, 12)
		alone := h.addFake(t, fake, 12)
		retired := h.add(t, sites.Draft{URL: fake.URL(13), Username: strings.ToUpper(wptest.DefaultUser), Password: vault.NewSecret(fake.Password(0))})
		if err := h.registry.Retire(t.Context(), admin, retired.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := h.registry.WithSamePassword(t.Context(), admin, ids[3], alone.ID); err != nil || !slices.Equal(got, append(slices.Clone(ids), alone.ID)) {
			t.Errorf("%v, %v", got, err)
		}
		if err := h.registry.LookAtRotation(t.Context(), admin, ids[3], alone.ID); err != nil {
			t.Fatal(err)
		}
		for _, s := range append(slices.Clone(shared), alone) {
			if got := h.resume(t, s); got.Step != sites.RotationReady || (s.ID == alone.ID) != (got.Finding == "") {
				t.Errorf("%s: %s %s", s.Home, got.Step, got.Finding)
			}
		}
		if err := h.registry.StartRotation(t.Context(), admin, append(slices.Clone(ids), alone.ID)...); err != nil {
			t.Fatal(err)
		}
		for i, s := range append(slices.Clone(shared), alone) {
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
		// ordered, replaced, and the old one gone, for each; and the retired one keeps up.
		if n := h.entries(t, access.SiteRotate); n != 3*13+1 {
			t.Errorf("%d entries", n)
		}
		if err := h.registry.Restore(t.Context(), admin, retired.ID); err != nil || !h.works(t, retired) {
			t.Errorf("the retired site lost its password: %v", err)
		}
	})
}

// Where not all sites that share a password are ordered, or where they only happen to have the same one, nothing is changed.
func TestASharedPasswordThatIsNotRotated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, append(network("one", 2), wptest.Site{}, wptest.Site{})...)
		h := newTestRegistry(t, db, fake)
		shared, ids := h.addShared(t, fake, 0, 2)
		var same []sites.Site
		for i := 2; i < 4; i++ {
			same = append(same, h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)}))
		}
		for name, c := range map[string]struct {
			ordered []int64
			ends    []sites.Site
			step    sites.RotationStep
			fix     string
		}{
			"the first alone":         {ids[:1], shared[:1], sites.RotationBlocked, "Select all sites of the network"},
			"another alone":           {ids[1:], shared[1:], sites.RotationBlocked, "Select all sites of the network"},
			"two that are no network": {[]int64{same[0].ID, same[1].ID}, same, sites.RotationFailed, "Connect each of these sites again"},
		} {
			if err := h.registry.StartRotation(t.Context(), admin, c.ordered...); err != nil {
				t.Fatal(err)
			}
			for _, s := range c.ends {
				if got := h.resume(t, s); got.Step != c.step || !strings.Contains(got.Fix, c.fix) {
					t.Errorf("%s: %s: %s, %s, %s", name, s.Home, got.Step, got.Finding, got.Fix)
				}
			}
			if err := h.db.Gorm.Exec("DELETE FROM rotations").Error; err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range append(shared, same...) {
			if !h.works(t, s) || len(fake.Passwords(i)) != 1 {
				t.Errorf("%s: %v", s.Home, fake.Passwords(i))
			}
		}
	})
}

// Wherever the process ends, the stored credentials of all sites of the network work at once, and the next process finishes without an orphan.
func TestASharedRotationSurvivesACrashAtEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("crashes at every step")
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const each = 3
		places := []string{"begin waiting", "before creating", "after creating", "begin creating", "created", "before created", "after created", "begin created",
			"before swapped", "after swapped", "begin swapped", "before done", "after done"}
		var described []wptest.Site
		for i := range 2 * len(places) {
			described = append(described, network(string(rune('a'+i)), each)...)
		}
		fake := startFake(t, described...)
		h := newTestRegistry(t, db, fake)
		for i := range 2 * len(places) {
			all, ids := h.addShared(t, fake, i*each, (i+1)*each)
			place, nth := places[i/2], int64(i%2+1) // the first site that comes by, or the second
			var passed atomic.Int64
			h.registry.CrashAt(func(at string) error {
				if at == place && passed.Add(1) >= nth || passed.Load() >= nth {
					return errCrash // and so ends everything else in the process
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if nth == 1 && passed.Load() == 0 {
				t.Errorf("no crash at %q", place)
			}
			for _, s := range all {
				if !h.works(t, s) {
					t.Errorf("after crash %d at %q, the stored credential of %s does not work", nth, place, s.Home)
				}
			}
			for n, s := range all {
				h.resume(t, s)
				h.rotated(t, fake, i*each+n, s)
			}
		}
	})
}

// While the new password does not work on one site of the network, none is swapped; a run on any of them holds the old one.
func TestASharedPasswordIsSwappedForAllOrNone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var down, running atomic.Bool
		described := network("one", 3)
		described[2].Answer = func(w http.ResponseWriter, _ *http.Request) bool {
			if down.Load() {
				w.WriteHeader(http.StatusBadGateway)
			}
			return down.Load()
		}
		fake := startFake(t, described...)
		h := newTestRegistry(t, db, fake)
		all, ids := h.addShared(t, fake, 0, 3)
		h.registry.HoldRevocation(func(_ context.Context, site int64) (bool, error) { return running.Load() && site == ids[1], nil })
		h.registry.CrashAt(func(at string) error {
			if at == "after created" {
				down.Store(true)
			}
			return nil
		})
		running.Store(true)
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		work := func() {
			t.Helper()
			if err := h.db.Gorm.Exec("UPDATE rotations SET lease_until = 0, next_at = 0").Error; err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		work()
		if got := h.rotation(t, all[0]); got.Step != sites.RotationCreated || !strings.Contains(got.Finding, "one of the sites that share") || !h.works(t, all[0]) {
			t.Errorf("%s %s", got.Step, got.Finding)
		}
		down.Store(false)
		for range 3 {
			work()
		}
		for i, s := range all {
			if got := h.rotation(t, s); got.Step != sites.RotationSwapped || !h.works(t, s) || len(fake.Passwords(i)) != 2 {
				t.Errorf("%s: %s, %v", s.Home, got.Step, fake.Passwords(i))
			}
		}
		running.Store(false)
		for i, s := range all {
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
	})
}

// A site that is stored with the password after the new one was made is neither lost nor disconnected.
func TestASiteJoinsTheNetworkMeanwhile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, network("one", 3)...)
		h := newTestRegistry(t, db, fake)
		all, ids := h.addShared(t, fake, 0, 2)
		var late sites.Site
		h.registry.CrashAt(func(at string) error {
			if at == "before swapped" && late.ID == 0 {
				late = h.add(t, sites.Draft{URL: fake.URL(2), Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(0))})
			}
			return nil
		})
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
		for i, s := range append(all, late) {
			if !h.works(t, s) || len(fake.Passwords(i)) != 1 {
				t.Errorf("%s: %v", s.Home, fake.Passwords(i))
			}
		}
	})
}
