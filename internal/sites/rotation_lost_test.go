package sites_test

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// WordPress loses an update of a user's passwords when another request writes back what it read before. What it answered is then not so.
func TestWordPressLosesAnUpdateOfPasswords(t *testing.T) {
	for name, lost := range map[string]struct {
		revocations, creations int
		step                   sites.RotationStep
	}{
		"a revocation":         {revocations: 1, step: sites.RotationDone},
		"three revocations":    {revocations: 3, step: sites.RotationDone},
		"every revocation":     {revocations: 1000, step: sites.RotationUnrevoked},
		"a creation":           {creations: 1, step: sites.RotationDone},
		"two creations":        {creations: 2, step: sites.RotationDone},
		"every creation":       {creations: 1000, step: sites.RotationFailed},
		"one of each":          {1, 1, sites.RotationDone},
		"the old and the name": {2, 2, sites.RotationDone},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				fake := startFake(t, wptest.Site{})
				h := newTestRegistry(t, db, fake)
				s := h.addFake(t, fake, 0)
				if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
					t.Fatal(err)
				}
				fake.LoseUpdates(0, lost.revocations, lost.creations)
				rotation := h.resume(t, s)
				if rotation.Step != lost.step || !h.works(t, s) {
					t.Fatalf("%s: %s; the stored credential works: %v", rotation.Step, rotation.Finding, h.works(t, s))
				}
				oldWorks := fake.Accepts(0, wptest.DefaultUser, wptest.DefaultPassword)
				switch lost.step {
				case sites.RotationDone:
					h.rotated(t, fake, 0, s)
				case sites.RotationUnrevoked:
					if !oldWorks || !strings.Contains(rotation.Finding, "still") || !strings.Contains(rotation.Fix, "Revoke the old password") {
						t.Errorf("the old one works: %v; %s %s", oldWorks, rotation.Finding, rotation.Fix)
					}
				default:
					if !oldWorks || len(fake.Passwords(0)) != 1 {
						t.Errorf("the old one works: %v; %v", oldWorks, fake.Passwords(0))
					}
				}
			})
		})
	}
}

// The new password is lost once it is the credential, while the old one still signs in: the old one is used again, and rotated again, wherever the
// process ends.
func TestWordPressLosesThePasswordInUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const places = 12
		fake := startFake(t, make([]wptest.Site, places)...)
		h := newTestRegistry(t, db, fake)
		crashed := 0
		for i := range places {
			s := h.addFake(t, fake, i)
			lost, passed := false, 0
			h.registry.CrashAt(func(at string) error {
				if at == "after swapped" && !lost {
					lost = true
					fake.LosePassword(i, h.rotation(t, s).Name)
				}
				if lost {
					passed++
				}
				if passed == i+1 {
					crashed++
					return errCrash
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
		if crashed < places-1 {
			t.Errorf("%d crashes", crashed)
		}
	})
}

// It is lost again and again: the rotation ends, and the old password stays in use.
func TestWordPressKeepsNoNewPasswordInUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s := h.addFake(t, fake, 0)
		h.registry.CrashAt(func(at string) error {
			if at == "after swapped" {
				fake.LosePassword(0, h.rotation(t, s).Name)
			}
			return nil
		})
		if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.rotation(t, s); got.Step != sites.RotationFailed || !h.works(t, s) || len(fake.Passwords(0)) != 1 {
			t.Errorf("%s %s; %v", got.Step, got.Finding, fake.Passwords(0))
		}
	})
}

// Two sites of one network, each with a password of its own, are rotated at once. Their user's passwords are changed one after the other.
func TestRotationsOfOneUserTakeTurns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		var now, most atomic.Int64
		changes := func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost || r.Method == http.MethodDelete {
				n := now.Add(1)
				defer now.Add(-1)
				for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
				}
				runtime.Gosched()
			}
			return false
		}
		const n = 6
		var all []wptest.Site
		for i := range n {
			all = append(all, wptest.Site{Host: fmt.Sprintf("s%d.network.example", i), Answer: changes})
		}
		fake := startFake(t, all...)
		h := newTestRegistry(t, db, fake)
		var ids []int64
		for i := range n {
			ids = append(ids, h.addFake(t, fake, i).ID)
		}
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			s, err := h.registry.Site(t.Context(), admin, ids[i])
			if err != nil {
				t.Fatal(err)
			}
			h.rotated(t, fake, i, s)
		}
		if most.Load() != 1 {
			t.Errorf("%d changes at once", most.Load())
		}
	})
}

// WordPress confirms that the old password is revoked, and then does not list passwords any more, or the site is connected again: nobody is told that
// the old one is still there.
func TestARevocationThatCannotBeCheckedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, status := range []int{http.StatusForbidden, http.StatusNotFound, 0} {
			var revoked atomic.Bool
			fake := startFake(t, wptest.Site{Answer: func(w http.ResponseWriter, r *http.Request) bool {
				closed := revoked.Load() && status != 0 && strings.HasSuffix(r.URL.Path, "/application-passwords")
				if closed {
					w.WriteHeader(status)
				}
				revoked.Store(revoked.Load() || r.Method == http.MethodDelete)
				return closed
			}})
			h := newTestRegistry(t, db, fake)
			s := h.addFake(t, fake, 0)
			h.registry.CrashAt(func(at string) error {
				if at == "begin swapped" && revoked.Load() && status == 0 {
					if err := h.registry.ReplaceCredential(t.Context(), admin, s.ID, wptest.DefaultUser, vault.NewSecret("of another user")); err != nil {
						t.Error(err)
					}
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := h.resume(t, s)
			if got.Step != sites.RotationUnrevoked || !strings.HasPrefix(got.Fix, "WordPress confirmed") || len(fake.Passwords(0)) != 1 {
				t.Errorf("%d: %s: %s %s %v", status, got.Step, got.Finding, got.Fix, fake.Passwords(0))
			}
		}
	})
}
