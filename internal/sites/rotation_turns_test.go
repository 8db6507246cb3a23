package sites_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// anotherProcess is a second registry over the same data.
func (h testRegistry) anotherProcess(t *testing.T, fake *wptest.Fake) testRegistry {
	t.Helper()
	network := wordpress.NewNetwork(wordpress.Config{AllowNets: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: fake.CA(), Hosts: fake.Hosts()})
	t.Cleanup(network.Close)
	h.registry = sites.New(h.db, h.vault, h.log, network)
	h.registry.LookAgainAtOnce()
	return h
}

// until waits for a condition.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for t.Context().Err() == nil && !is() {
		time.Sleep(2 * time.Millisecond)
	}
}

// inQueue tells whether a rotation waits for its turn, of this test or of another at the same time.
func inQueue() bool {
	stacks := make([]byte, 8<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*userTurns).take("))
}

// blockade holds the requests with a method until it is opened.
type blockade struct {
	method  string
	arrived atomic.Int64
	armed   atomic.Bool
	opened  chan struct{}
}

func (b *blockade) answer(_ http.ResponseWriter, r *http.Request) bool {
	if r.Method == b.method && b.armed.Load() {
		b.arrived.Add(1)
		select {
		case <-b.opened:
		case <-r.Context().Done():
		}
	}
	return false
}

func oneUser(n int) (described []wptest.Site) {
	for i := range n {
		described = append(described, wptest.Site{Host: fmt.Sprintf("s%d.network.example", i)})
	}
	return described
}

// stop ends the process at a place.
func stop(place string) func(string) error {
	return func(at string) error {
		if at == place {
			return errCrash
		}
		return nil
	}
}

// The lease of a rotation runs out while it waits for its turn, and another process goes on with it: the first changes nothing any more.
func TestALeaseRunsOutInTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, place := range []string{"after creating", "after created"} {
			blocked := &blockade{method: http.MethodPost, opened: make(chan struct{})}
			described := oneUser(2)
			described[0].Answer = blocked.answer
			fake := startFake(t, described...)
			h := newTestRegistry(t, db, fake)
			first, second := h.addFake(t, fake, 0), h.addFake(t, fake, 1)
			if err := h.registry.StartRotation(t.Context(), admin, second.ID); err != nil {
				t.Fatal(err)
			}
			h.registry.CrashAt(stop(place))
			if err := h.registry.WorkRotations(t.Context()); !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			var waits atomic.Bool
			h.registry.CrashAt(func(at string) error {
				waits.Store(waits.Load() || at == "begin "+strings.TrimPrefix(place, "after ") && blocked.arrived.Load() > 0)
				return nil
			})
			blocked.armed.Store(true)
			if err := h.registry.StartRotation(t.Context(), admin, first.ID); err != nil {
				t.Fatal(err)
			}
			worked := make(chan error, 2)
			work := func() { worked <- h.registry.WorkRotations(t.Context()) }
			go work()
			until(t, func() bool { return blocked.arrived.Load() > 0 })
			if err := db.Gorm.Exec("UPDATE rotations SET lease_until = 0 WHERE site_id = ?", second.ID).Error; err != nil {
				t.Fatal(err)
			}
			go work()
			until(t, waits.Load)
			until(t, inQueue)
			other := h.anotherProcess(t, fake)
			other.registry.HoldRevocation(func(context.Context, int64) (bool, error) { return true, nil })
			until(t, func() bool { // until no worker of the first process comes before it
				err := db.Gorm.Exec("UPDATE rotations SET lease_until = 0 WHERE site_id = ?", second.ID).Error
				if err := errors.Join(err, other.registry.WorkRotations(t.Context())); err != nil {
					t.Fatal(err)
				}
				return h.rotation(t, second).Step == sites.RotationSwapped
			})
			passwords := len(fake.Passwords(1))
			close(blocked.opened)
			for range 2 {
				if err := <-worked; err != nil {
					t.Error(err)
				}
			}
			if got := fake.Passwords(1); !h.works(t, second) || passwords == 2 && len(got) > 2 {
				t.Errorf("%s: the password in use works: %v; %v", place, h.works(t, second), got)
			}
			for i, s := range []sites.Site{first, second} {
				h.resume(t, s)
				h.rotated(t, fake, i, s)
			}
		}
	})
}

// A process is asleep for longer than a lease, and wakes where another has gone on.
func TestAProcessSleepsThroughItsLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, place := range []string{"begin waiting", "begin creating", "begin created", "begin swapped"} {
			fake := startFake(t, wptest.Site{})
			h := newTestRegistry(t, db, fake)
			s := h.addFake(t, fake, 0)
			other := h.anotherProcess(t, fake)
			var busy atomic.Bool
			busy.Store(true)
			inUse := func(context.Context, int64) (bool, error) { return busy.Load(), nil }
			other.registry.HoldRevocation(inUse)
			h.registry.HoldRevocation(inUse)
			h.registry.CrashAt(once(place, func() {
				if err := db.Gorm.Exec("UPDATE rotations SET lease_until = 0").Error; err != nil {
					t.Error(err)
				}
				if err := other.registry.WorkRotations(t.Context()); err != nil {
					t.Error(err)
				}
			}))
			if err := h.registry.StartRotation(t.Context(), admin, s.ID); err != nil {
				t.Fatal(err)
			}
			if err := h.registry.WorkRotations(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := h.rotation(t, s); got.Step != sites.RotationSwapped || !h.works(t, s) || len(fake.Passwords(0)) != 2 {
				t.Errorf("%s: %s %s; %v", place, got.Step, got.Finding, fake.Passwords(0))
			}
			busy.Store(false)
			h.resume(t, s)
			h.rotated(t, fake, 0, s)
		}
	})
}

// While a rotation waits for its turn to revoke the old password, another site is stored with it.
func TestAnOldPasswordIsNeededAgainInTheQueue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		blocked := &blockade{method: http.MethodPost, opened: make(chan struct{})}
		blocked.armed.Store(true)
		described := oneUser(3)
		described[0].Answer, described[1].Network, described[2].Network = blocked.answer, "one", "one"
		var listed atomic.Int64
		described[1].Answer = func(_ http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/application-passwords") && r.Method == http.MethodGet && blocked.arrived.Load() > 0 {
				listed.Add(1)
			}
			return false
		}
		fake := startFake(t, described...)
		h := newTestRegistry(t, db, fake)
		first, second := h.addFake(t, fake, 0), h.addFake(t, fake, 1)
		if err := h.registry.StartRotation(t.Context(), admin, second.ID); err != nil {
			t.Fatal(err)
		}
		h.registry.CrashAt(stop("after swapped"))
		if err := h.registry.WorkRotations(t.Context()); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		h.registry.CrashAt(nil)
		if err := h.registry.StartRotation(t.Context(), admin, first.ID); err != nil {
			t.Fatal(err)
		}
		worked := make(chan error, 2)
		work := func() { worked <- h.registry.WorkRotations(t.Context()) }
		go work()
		until(t, func() bool { return blocked.arrived.Load() > 0 })
		if err := db.Gorm.Exec("UPDATE rotations SET lease_until = 0 WHERE site_id = ?", second.ID).Error; err != nil {
			t.Fatal(err)
		}
		go work()
		until(t, func() bool { return listed.Load() > 0 })
		until(t, inQueue)
		late := h.add(t, sites.Draft{URL: fake.URL(2), Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(1))})
		close(blocked.opened)
		for range 2 {
			if err := <-worked; err != nil {
				t.Error(err)
			}
		}
		if got := h.resume(t, second); got.Step != sites.RotationUnrevoked || !h.works(t, second) || !h.works(t, late) {
			t.Errorf("%s %s; the other site's works: %v", got.Step, got.Finding, h.works(t, late))
		}
	})
}
