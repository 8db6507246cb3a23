package sites

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/wordpress"
)

// WordPress keeps all application passwords of a user in one value, which it reads, changes and writes back. Of two requests at the same time, one can
// write back what it read before the other's change: a new password is gone, or a revoked one is back, although WordPress confirmed the change. Even
// the first use of a password on a day writes (WP_Application_Passwords::record_application_password_usage). So rotations of one user take turns,
// and Drover looks again at what it changed.

const (
	lookAgainAfter  = 5 * time.Second
	mostLostUpdates = 5 // in one rotation; then a person is asked
)

// lostCreation is the verdict on new passwords that WordPress did not keep.
var lostCreation = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonUnclear,
	Note: "WordPress created the new password but did not keep it. Other requests were changing the passwords of the same user."}

// lostRevocation is the verdict on an old password that comes back.
var lostRevocation = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonUnclear,
	Note: "WordPress confirmed that the old password was revoked, but it is still there."}

// lookLater keeps that WordPress confirmed the revocation, and looks again soon whether it stays so.
func (o *rotating) lookLater(ctx context.Context) (over bool, err error) {
	now := time.Now()
	return true, o.save(ctx, RotationSwapped, map[string]any{"revoked_at": now.UnixMicro(), "next_at": now.Add(o.lookAgain).UnixMicro(), "lease_until": 0,
		"attempts": 0, "reason": "", "finding": "The old password was revoked. Drover is making sure that it stays revoked.", "fix": ""})
}

// confirmRevoked ends the rotation where the old password is gone, and else revokes it again.
func (o *rotating) confirmRevoked(ctx context.Context, all []wordpress.ApplicationPassword) (over bool, err error) {
	back := slices.ContainsFunc(all, func(p wordpress.ApplicationPassword) bool {
		return p.UUID != o.row.NewUUID && (p.UUID == o.row.OldUUID || p.Name == o.row.Name)
	})
	switch lost := o.row.LostUpdates + 1; {
	case !back:
		return o.revoked(ctx)
	case lost >= mostLostUpdates:
		return o.end(ctx, RotationUnrevoked, lostRevocation)
	default:
		return false, o.save(ctx, RotationSwapped, map[string]any{"revoked_at": int64(0), "lost_updates": lost, "finding": ""})
	}
}

// createAgain asks for another password in the place of one that WordPress did not keep.
func (o *rotating) createAgain(ctx context.Context, v wordpress.Verdict) (over bool, err error) {
	lost := o.row.LostUpdates + 1
	if lost >= mostLostUpdates {
		return o.takeBack(ctx, lostCreation)
	}
	finding, _ := rotationWords(v)
	return true, o.save(ctx, RotationCreating, map[string]any{"lost_updates": lost, "new_uuid": "", "sealed": nil, "key_id": 0,
		"next_at": time.Now().Add(o.lookAgain).UnixMicro(), "lease_until": 0, "finding": finding})
}

// restore makes the old password the site's credential again, where WordPress lost the new one and still takes the old one. Then it begins again.
func (o *rotating) restore(ctx context.Context, v wordpress.Verdict) (over bool, err error) {
	old, kept, err := o.replaced(ctx)
	if err != nil {
		return true, err
	}
	if !kept || !o.lacksNew(ctx, o.network.Client(o.site.address(), o.site.Credential.Username, old.Reveal())) {
		return o.laterOr(ctx, RotationUnrevoked, v)
	}
	lost, step, ended := o.row.LostUpdates+1, RotationWaiting, int64(0)
	var why wordpress.Verdict
	if lost >= mostLostUpdates {
		step, ended, why = RotationFailed, time.Now().UnixMicro(), lostCreation
	}
	sealed, err := o.vault.Seal(old, binding(o.site.ID, o.site.Home))
	if err != nil {
		return true, err
	}
	now := int64(0)
	return true, o.saveWith(ctx, step, func() map[string]any {
		return map[string]any{"credential_at": now, "sealed": nil, "key_id": 0, "old_uuid": "", "new_uuid": "", "name": "", "revoked_at": int64(0),
			"lost_updates": lost, "attempts": 0, "lease_until": 0, "next_at": time.Now().Add(o.lookAgain).UnixMicro(), "reason": why.Reason, "finding": why.Note,
			"fix": "", "ended_at": ended}
	}, func(w write) error {
		now = w.now.UnixMicro()
		return o.restoreIn(w, sealed)
	})
}

func (o *rotating) restoreIn(w write, sealed []byte) error {
	is, err := w.swapCredential(o.site, o.row.CredentialAt, sealed, o.row.AskedBy)
	if err != nil {
		return err
	}
	if !is {
		return errLost // it was replaced a moment ago: the next look finds out
	}
	return w.recordRotation(o.site, o.row, "restored", map[string]any{"username": o.site.Credential.Username})
}

// lacksNew tells whether the user of the client, who signs in, does not have the new password.
func (o *rotating) lacksNew(ctx context.Context, client *wordpress.Client) bool {
	return isGone(ctx, client, o.row.NewUUID)
}

// isGone tells whether the user has no such password: another site of the network may have revoked it a moment ago.
func isGone(ctx context.Context, client *wordpress.Client, uuid string) bool {
	all, v := client.ApplicationPasswords(ctx)
	return v.Outcome == wordpress.OK && !contains(all, uuid)
}

func contains(all []wordpress.ApplicationPassword, uuid string) bool {
	return slices.ContainsFunc(all, func(p wordpress.ApplicationPassword) bool { return p.UUID == uuid })
}

// userTurns let one rotation at a time change the passwords of a user. The sites of a network share their users, and mostly a domain.
type userTurns struct {
	guard sync.Mutex
	taken map[string]chan struct{} // closed when the turn ends
}

// take waits for the turn, and returns what ends it.
func (t *userTurns) take(ctx context.Context, user string) (end func(), err error) {
	for {
		mine, busy := t.try(user)
		if busy == nil {
			return func() { t.end(user, mine) }, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-busy:
		}
	}
}

func (t *userTurns) try(user string) (mine, busy chan struct{}) {
	t.guard.Lock()
	defer t.guard.Unlock()
	if busy := t.taken[user]; busy != nil {
		return nil, busy
	}
	if t.taken == nil {
		t.taken = map[string]chan struct{}{}
	}
	mine = make(chan struct{})
	t.taken[user] = mine
	return mine, nil
}

func (t *userTurns) end(user string, mine chan struct{}) {
	t.guard.Lock()
	defer t.guard.Unlock()
	delete(t.taken, user)
	close(mine)
}

// takeTurn waits until no other rotation of this process changes passwords of the user. The turn ends with endTurn.
func (o *rotating) takeTurn(ctx context.Context) (err error) {
	if o.turn != nil {
		return nil
	}
	o.turn, err = o.passwords.take(ctx, wordpress.RegistrableDomain(o.site.Home)+" "+strings.ToLower(o.site.Credential.Username))
	return err
}

func (o *rotating) endTurn() {
	if o.turn != nil {
		o.turn()
	}
}
