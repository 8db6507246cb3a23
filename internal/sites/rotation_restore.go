package sites

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// restore uses the old password again, where WordPress lost the new one and still takes the old one. As long as it is not known whether it does, the old
// one is kept.
func (o *rotating) restore(ctx context.Context, v wordpress.Verdict) (over bool, err error) {
	old, kept, err := o.replaced(ctx)
	if err != nil {
		return true, err
	}
	if !kept {
		return o.laterOr(ctx, RotationUnrevoked, v)
	}
	all, listed := o.network.Client(o.site.address(), o.site.Credential.Username, old.Reveal()).ApplicationPasswords(ctx)
	switch {
	case listed.Outcome == wordpress.OK && !contains(all, o.row.NewUUID):
		return o.putBack(ctx, old)
	case passes(listed):
		return o.later(ctx, listed)
	case o.row.Attempts < 2: // as with a new password: a host may not know at once what it knows a moment later
		return o.later(ctx, v)
	}
	return o.end(ctx, RotationUnrevoked, v)
}

// putBack makes the old password the credential again, of the site and of all that use the new one with it: of all, or of none. If one of them began
// again by itself, it would revoke the old one that the others need. Then the rotation begins again, under the same name: the new password is revoked
// where it comes back.
func (o *rotating) putBack(ctx context.Context, old vault.Secret) (over bool, err error) {
	shared, err := o.sharedPasswords(ctx, o.store)
	if err != nil {
		return true, err
	}
	all, err := o.store.byIDs(ctx, append(slices.Clone(shared.groups[o.site.ID]), o.site.ID))
	if err != nil {
		return true, err
	}
	next, values := o.again()
	return true, o.saveWith(ctx, next, func() map[string]any { return values }, func(w write) error {
		values["credential_at"] = w.now.UnixMicro()
		return o.putBackIn(w, all, old, next, values)
	})
}

// again is how a rotation goes on whose old password is in use again.
func (o *rotating) again() (next RotationStep, values map[string]any) {
	values = map[string]any{"sealed": nil, "key_id": 0, "old_uuid": "", "new_uuid": "", "revoked_at": int64(0), "lost_updates": o.row.LostUpdates + 1,
		"attempts": 0, "lease_until": 0, "next_at": time.Now().Add(o.lookAgain).UnixMicro(), "reason": "", "finding": "", "fix": "", "ended_at": 0}
	if o.row.LostUpdates+1 < mostLostUpdates {
		return RotationWaiting, values
	}
	values["reason"], values["ended_at"] = lostCreation.Reason, time.Now().UnixMicro()
	values["finding"], _ = rotationWords(lostCreation)
	values["fix"] = leftBehind(o.row.Name)
	return RotationFailed, values
}

// putBackIn is putBack inside a change. A site that was given another credential meanwhile keeps it.
func (o *rotating) putBackIn(w write, all []Site, old vault.Secret, next RotationStep, values map[string]any) error {
	if err := w.takeTurn(access.SiteRotate, access.On("site", o.site.ID)); err != nil {
		return err
	}
	own, found, err := w.credential(o.site.ID)
	if err != nil || !found || own.CreatedAt != o.row.CredentialAt {
		return lostOr(err) // it was replaced a moment ago: the next look finds out
	}
	lost, opens := o.fingerprint(own)
	for _, s := range all {
		row, found, err := w.credential(s.ID)
		if err != nil {
			return err
		}
		if hash, also := o.fingerprint(row); s.ID != o.site.ID && (!found || !opens || !also || hash != lost) {
			continue
		}
		sealed, err := o.vault.Seal(old, binding(s.ID, s.Home))
		if err != nil {
			return err
		}
		is, err := w.swapCredential(s, row.CreatedAt, sealed, o.row.AskedBy)
		if err != nil || !is {
			return lostOr(err)
		}
		if err := o.recordPutBack(w, s, next, values); err != nil {
			return err
		}
	}
	return nil
}

// recordPutBack records that a site uses its old password again, and lets its rotation, where it has one, go on as that of the others.
func (o *rotating) recordPutBack(w write, s Site, next RotationStep, values map[string]any) error {
	rotates := s.ID == o.site.ID
	if !rotates {
		var err error
		if rotates, err = w.beginAgain(s.ID, o.row.NewUUID, next, maps.Clone(values)); err != nil {
			return err
		}
	}
	err := w.recordRotation(s, o.row, "restored", map[string]any{"username": s.Credential.Username})
	if err != nil || !rotates || next != RotationFailed {
		return err
	}
	return w.recordRotation(s, o.row, string(next), map[string]any{"reason": string(lostCreation.Reason)})
}

func lostOr(err error) error {
	if err != nil {
		return err
	}
	return errLost
}
