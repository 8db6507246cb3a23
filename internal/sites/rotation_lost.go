package sites

import (
	"context"
	"slices"
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

// lostEarlier is the verdict on a new password of an earlier attempt that comes back, so that no other can have its name.
var lostEarlier = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonUnclear,
	Note: "WordPress confirmed that the new password of an earlier attempt was revoked, but it is still there."}

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
		return o.takeBack(ctx, v)
	}
	finding, _ := rotationWords(v)
	return true, o.save(ctx, RotationCreating, map[string]any{"lost_updates": lost, "new_uuid": "", "sealed": nil, "key_id": 0,
		"next_at": time.Now().Add(o.lookAgain).UnixMicro(), "lease_until": 0, "finding": finding})
}

// isGone tells whether the user has no such password: another site of the network may have revoked it a moment ago.
func isGone(ctx context.Context, client *wordpress.Client, uuid string) bool {
	all, v := client.ApplicationPasswords(ctx)
	return v.Outcome == wordpress.OK && !contains(all, uuid)
}

func contains(all []wordpress.ApplicationPassword, uuid string) bool {
	return slices.ContainsFunc(all, func(p wordpress.ApplicationPassword) bool { return p.UUID == uuid })
}
