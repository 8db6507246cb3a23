package members

import (
	"context"
	"net/netip"
	"time"

	"github.com/droverhq/drover/internal/vault"
)

// Clock makes now the roster's time.
func (r *Roster) Clock(now func() time.Time) { r.now = now }

// RehashAfter stores the password at today's cost, as a sign-in does that was checked before what happens meanwhile.
func (r *Roster) RehashAfter(ctx context.Context, email string, password vault.Secret, meanwhile func()) error {
	row, err := r.store.byEmail(ctx, email)
	if err != nil {
		return err
	}
	meanwhile()
	_, err = r.rehash(ctx, row, password)
	return err
}

// FloodThrottle guesses at one account until it must wait, and at as many others from as many addresses as it is told. It returns how many counts
// are kept, and whether the first account still waits.
func FloodThrottle(guesses int) (counts int, waits bool) {
	t, now := newThrottle(), time.Now()
	target := attempt{account: "owner", addr: netip.MustParseAddr("192.0.2.1")}
	for range 6 {
		_ = t.begin(target, now) // the last must wait
	}
	for i := range guesses {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		_ = t.begin(attempt{account: addr.String(), addr: addr}, now)
	}
	return len(t.known), t.begin(target, now) != nil
}

// MostCounts is the bound of them.
const MostCounts = mostCounts
