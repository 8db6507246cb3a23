package members

import (
	"context"

	"github.com/droverhq/drover/internal/vault"
)

// mostDevices is how many browsers are remembered for a member; the oldest go first.
const mostDevices = 20

// Remember makes a token by which the browser that has just signed in is known from then on. It opens nothing: it only lets wrong tries
// from elsewhere, even from the same address, not slow its owner.
func (r *Roster) Remember(ctx context.Context, m Member) (vault.Secret, error) {
	token, hash := newToken()
	err := r.store.change(ctx, write{now: r.now()}, func(w write) error {
		return w.insertDevice(deviceRow{MemberID: m.ID, TokenHash: hash, CreatedAt: w.now.UnixMicro()})
	})
	return token, err
}

// Remembered tells whether the browser is known as the member's.
func (r *Roster) Remembered(ctx context.Context, m Member, token vault.Secret) (bool, error) {
	return r.store.device(ctx, m.ID, hashOf(token))
}

// attempt is a try from this device at the account. One that is known as the account's counts for itself.
func (r *Roster) attempt(ctx context.Context, account string, member int64, d Device) (attempt, error) {
	try := attempt{account: account, addr: d.Addr}
	known, err := r.store.device(ctx, member, hashOf(d.Token))
	if known {
		try.device = hashOf(d.Token)
	}
	return try, err
}
