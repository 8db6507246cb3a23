package sites_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

var errCrash = errors.New("the process ends here")

// oldPassword is how WordPress lists the password that every simulated site begins with.
const oldPassword = "Drover"

func startFake(t *testing.T, all ...wptest.Site) *wptest.Fake {
	t.Helper()
	fake, err := wptest.Start(wptest.Options{Sites: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fake.Close() })
	return fake
}

func (h testRegistry) addFake(t *testing.T, fake *wptest.Fake, i int) sites.Site {
	t.Helper()
	return h.add(t, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(i))})
}

func (h testRegistry) rotation(t *testing.T, s sites.Site) sites.Rotation {
	t.Helper()
	rotation, found, err := h.registry.Rotation(t.Context(), s)
	if err != nil || !found {
		t.Fatalf("no rotation: %v", err)
	}
	return rotation
}

// resume is a new process over the same data, after all leases and pauses have run out. It goes on until nothing is under way.
func (h testRegistry) resume(t *testing.T, s sites.Site) sites.Rotation {
	t.Helper()
	h.registry.CrashAt(nil)
	for range 20 {
		if err := h.db.Gorm.Exec("UPDATE rotations SET lease_until = 0, next_at = 0").Error; err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rotation := h.rotation(t, s); !rotation.Step.UnderWay() {
			return rotation
		}
	}
	t.Fatalf("it does not end: %+v", h.rotation(t, s))
	return sites.Rotation{}
}

// works tells whether the stored credential signs in.
func (h testRegistry) works(t *testing.T, s sites.Site) bool {
	t.Helper()
	s, err := h.registry.Site(t.Context(), admin, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	client, err := h.registry.Dial(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	x := client.Do(t.Context(), wordpress.Request{Method: http.MethodGet, Path: "/wp/v2/users/me"})
	return wordpress.Classify(x).Outcome == wordpress.OK
}

// rotated checks that the new password alone is left, and works.
func (h testRegistry) rotated(t *testing.T, fake *wptest.Fake, i int, s sites.Site) {
	t.Helper()
	rotation := h.rotation(t, s)
	left := fake.Passwords(i)
	if rotation.Step != sites.RotationDone || len(left) != 1 || !h.works(t, s) || fake.Accepts(i, wptest.DefaultUser, wptest.DefaultPassword) {
		t.Errorf("%s: %s %s; %d passwords are left: %v; the stored one works: %v", s.Home, rotation.Step, rotation.Finding, len(left), left, h.works(t, s))
	}
	for _, name := range left {
		if name == oldPassword || !strings.HasPrefix(name, "Drover (") {
			t.Errorf("%s: %q is left", s.Home, name)
		}
	}
	var row struct{ Sealed []byte }
	if h.db.Gorm.Raw("SELECT sealed FROM rotations WHERE site_id = ?", s.ID).Scan(&row); row.Sealed != nil {
		t.Errorf("%s: a password stays with the rotation", s.Home)
	}
}

func TestAPasswordIsRotated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		s := h.addFake(t, fake, 0)
		if err := h.registry.StartRotation(t.Context(), viewer, s.ID); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer rotates: %v", err)
		}
		if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.WorkRotations(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.rotated(t, fake, 0, s)
		after, err := h.registry.Site(t.Context(), admin, s.ID)
		if err != nil || !after.Credential.CreatedAt.After(s.Credential.CreatedAt) || after.Credential.CreatedBy != admin.Name || after.Credential.WorkedAt.IsZero() {
			t.Errorf("%+v %v", after.Credential, err)
		}
		if n := h.entries(t, access.SiteRotate); n != 3 { // ordered, replaced, the old one revoked
			t.Errorf("%d entries", n)
		}
		// Once more, with the password that was just made: the name stays like the old one, and differs.
		if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
			t.Fatal(err)
		}
		h.resume(t, s)
		h.rotated(t, fake, 0, s)
		if h.rotation(t, s).Name == "" || strings.Count(h.rotation(t, s).Name, "(") != 1 {
			t.Errorf("the name is %q", h.rotation(t, s).Name)
		}
	})
}

// Wherever the process ends, the stored credential works at once, and the next process finishes without an orphan.
func TestARotationSurvivesACrashAtEveryStep(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const places = 16
		fake := startFake(t, make([]wptest.Site, places)...)
		h := newTestRegistry(t, db, fake)
		ended := map[string]bool{}
		for i := range places {
			s := h.addFake(t, fake, i)
			passed, where := 0, ""
			h.registry.CrashAt(func(at string) error {
				if passed++; passed == i+1 {
					where, ended[at] = at, true
					return errCrash
				}
				return nil
			})
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); where != "" != errors.Is(err, errCrash) {
				t.Fatalf("crash %d at %q: %v", i, where, err)
			}
			if !h.works(t, s) {
				t.Errorf("after a crash at %q, the stored credential does not work", where)
			}
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
		for _, at := range []string{"begin waiting", "before creating", "after creating", "created", "before created", "after created", "before swapped",
			"after swapped", "begin swapped", "before done"} {
			if !ended[at] {
				t.Errorf("no crash at %q: %v", at, ended)
			}
		}
	})
}

// cutting simulates what becomes of the n-th request of a rotation.
type cutting struct {
	fake      atomic.Pointer[wptest.Fake]
	at        atomic.Int64 // counts down
	processed bool         // the request was carried out, and its answer is lost
	site      int
	hit       atomic.Bool
}

func (c *cutting) answer(http.ResponseWriter, *http.Request) bool {
	if c.at.Add(-1) != 0 {
		return false
	}
	c.hit.Store(true)
	if c.processed {
		c.fake.Load().SetFault(c.site, wptest.CutAfter)
		return false
	}
	panic(http.ErrAbortHandler)
}

// Whichever request, or its answer, is lost, with the process or without: nothing else is lost, and nothing is left over.
func TestARotationSurvivesEveryLostRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("loses every request once")
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const requests = 16
		var cuts []*cutting
		var all []wptest.Site
		for _, processed := range []bool{false, true} {
			for n := range requests {
				c := &cutting{site: len(all), processed: processed}
				c.at.Store(int64(n + 1))
				cuts, all = append(cuts, c), append(all, wptest.Site{Answer: c.answer})
			}
		}
		fake := startFake(t, all...)
		h := newTestRegistry(t, db, fake)
		hits := 0
		for i, c := range cuts {
			c.fake.Store(fake)
			s := h.addFake(t, fake, i)
			dies := i%2 == 0
			h.registry.CrashAt(func(string) error {
				if c.hit.Load() && dies {
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
			if c.hit.Load() {
				hits++
			}
			fake.SetFault(i, wptest.Healthy)
			if c.at.Store(-1); !h.works(t, s) {
				t.Errorf("request %d lost (%v): the stored credential does not work", i%requests+1, c.processed)
			}
			h.resume(t, s)
			h.rotated(t, fake, i, s)
		}
		if hits < 22 {
			t.Errorf("%d requests were lost", hits)
		}
	})
}

// Passwords that cannot be rotated are told apart before anything is changed.
func TestWhatCannotBeRotated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		cases := []struct {
			fault     wptest.Fault
			step      sites.RotationStep
			says      string
			reconnect bool
		}{
			{wptest.Healthy, sites.RotationReady, "", false},
			{wptest.PasswordsKept, sites.RotationBlocked, "cannot create application passwords", false},
			{wptest.WrongPassword, sites.RotationBlocked, "signed-in user", true},
			{wptest.UnknownUserCode, sites.RotationBlocked, "did not accept", true},
			{wptest.AppPasswordsOff, sites.RotationBlocked, "signed-in user", true},
			{wptest.UsersClosed, sites.RotationBlocked, "blocks /wp/v2/users", false},
			{wptest.OtherSite, sites.RotationBlocked, "A different WordPress site", false},
			{wptest.VerbsBlocked, sites.RotationReady, "", false},
			{wptest.PlainPermalinks, sites.RotationReady, "", false},
			{wptest.CertExpired, sites.RotationBlocked, "secure connection", false},
		}
		all := make([]wptest.Site, len(cases))
		for i, c := range cases {
			all[i].Fault = c.fault
		}
		fake := startFake(t, all...)
		h := newTestRegistry(t, db, fake)
		var ids []int64
		var added []sites.Site
		for i := range cases {
			added = append(added, h.addFake(t, fake, i))
			ids = append(ids, added[i].ID)
		}
		if err := h.registry.LookAtRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			rotation := h.resume(t, added[i])
			if rotation.Step != c.step || !strings.Contains(rotation.Finding, c.says) || rotation.Reconnect() != c.reconnect ||
				c.step == sites.RotationBlocked && rotation.Fix == "" {
				t.Errorf("%s: %+v", c.fault, rotation)
			}
			if len(fake.Passwords(i)) != 1 {
				t.Errorf("%s: the look made a password", c.fault)
			}
		}
		// Ordered all the same: those that can be are rotated, and the others keep what they have.
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			if rotation := h.resume(t, added[i]); c.step == sites.RotationReady {
				h.rotated(t, fake, i, added[i])
			} else if rotation.Step != sites.RotationBlocked || len(fake.Passwords(i)) != 1 {
				t.Errorf("%s: %+v", c.fault, rotation)
			}
		}
		if err := h.registry.ClearRotations(t.Context(), admin); err != nil {
			t.Fatal(err)
		}
		if left, err := h.registry.Rotations(t.Context(), admin); err != nil || len(left) != 0 {
			t.Errorf("%d are left: %v", len(left), err)
		}
	})
}

// A credential that somebody replaces in the middle of a rotation stays, and the new password goes.
func TestARotationIsOvertaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
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
		if rotation := h.resume(t, s); rotation.Step != sites.RotationFailed || len(fake.Passwords(0)) != 1 || !h.works(t, s) {
			t.Errorf("%+v, %v", rotation, fake.Passwords(0))
		}
	})
}

// An old password that a run may still use is not revoked.
func TestAPasswordInUseIsNotRevoked(t *testing.T) {
	t.Parallel()
	fake := startFake(t, wptest.Site{})
	h := newTestRegistry(t, dbtest.SQLite(t), fake)
	s := h.addFake(t, fake, 0)
	var busy atomic.Bool
	busy.Store(true)
	h.registry.HoldRevocation(func(_ context.Context, site int64) (bool, error) { return busy.Load() && site == s.ID, nil })
	if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.registry.WorkRotations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rotation := h.rotation(t, s); rotation.Step != sites.RotationSwapped || !fake.Accepts(0, wptest.DefaultUser, wptest.DefaultPassword) || !h.works(t, s) {
		t.Errorf("%+v", rotation)
	}
	busy.Store(false)
	h.resume(t, s)
	h.rotated(t, fake, 0, s)
}

// Two processes never work the same rotation: no site gets two new passwords.
func TestProcessesDivideRotations(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const n = 24
		fake := startFake(t, make([]wptest.Site, n)...)
		h := newTestRegistry(t, db, fake)
		var ids []int64
		var added []sites.Site
		for i := range n {
			added = append(added, h.addFake(t, fake, i))
			ids = append(ids, added[i].ID)
		}
		if err := h.registry.StartRotation(t.Context(), admin, ids...); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 3)
		for range 3 {
			go func() { failed <- h.registry.WorkRotations(t.Context()) }()
		}
		for range 3 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		for i, s := range added {
			h.rotated(t, fake, i, s)
		}
		if got, want := h.entries(t, access.SiteRotate), int64(3*n); got != want {
			t.Errorf("%s", fmt.Sprintf("%d entries, want %d", got, want))
		}
	})
}
