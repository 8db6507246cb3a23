package sites

import (
	"context"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/wordpress"
)

// A new password that does not become the credential is revoked. That, too, is looked at again: see rotation_lost.go.

// takeBack revokes the new password with the old one, which stays in use.
func (o *rotating) takeBack(ctx context.Context, v wordpress.Verdict) (over bool, err error) {
	finding, fix := rotationWords(v)
	return o.takeBackAs(ctx, ending{v.Reason, finding, fix})
}

func (o *rotating) takeBackAs(ctx context.Context, e ending) (over bool, err error) {
	uuid := o.row.NewUUID
	o.row.NewUUID = "" // it is one of those to be revoked
	taken := o.revokeNamed(ctx, o.old, uuid)
	o.row.NewUUID = uuid
	switch {
	case taken.Outcome == wordpress.OK:
		return o.lookAtTakenBack(ctx, e)
	case ctx.Err() != nil:
		return o.later(ctx, taken)
	}
	return o.leaveBehind(ctx, e)
}

// lookAtTakenBack keeps that WordPress confirmed the revocation of the new password, and looks again soon whether it stays so.
func (o *rotating) lookAtTakenBack(ctx context.Context, e ending) (over bool, err error) {
	now := time.Now()
	return true, o.save(ctx, o.row.Step, map[string]any{"revoked_at": now.UnixMicro(), "lost_updates": o.row.LostUpdates, "lease_until": 0,
		"next_at": now.Add(o.lookAgain).UnixMicro(), "reason": e.reason, "finding": e.finding, "fix": e.fix})
}

// confirmTakenBack ends the rotation where the new password is gone, and else revokes it again.
func (o *rotating) confirmTakenBack(ctx context.Context) (over bool, err error) {
	e := ending{o.row.Reason, o.row.Finding, o.row.Fix}
	all, v := o.old.ApplicationPasswords(ctx)
	back := slices.ContainsFunc(all, func(p wordpress.ApplicationPassword) bool { return p.UUID == o.row.NewUUID || p.Name == o.row.Name })
	switch {
	case ctx.Err() != nil:
		return o.later(ctx, v)
	case v.Outcome == wordpress.OK && !back:
		return o.endAs(ctx, RotationFailed, e)
	case v.Outcome == wordpress.OK && o.lostAnother():
		return o.takeBackAs(ctx, e)
	}
	return o.leaveBehind(ctx, e)
}

// lostAnother counts a change that WordPress lost, and tells whether it is worth trying again.
func (o *rotating) lostAnother() bool {
	o.row.LostUpdates++
	return o.row.LostUpdates < mostLostUpdates
}

// leaveBehind ends the rotation, and asks a person to revoke the new password.
func (o *rotating) leaveBehind(ctx context.Context, e ending) (over bool, err error) {
	e.fix = leftBehind(o.row.Name)
	return o.endAs(ctx, RotationFailed, e)
}

// overtaken ends a rotation whose credential, or whose site's address, was changed meanwhile by somebody else. The new password, where there is one,
// revokes itself.
func (o *rotating) overtaken(ctx context.Context) (over bool, err error) {
	v := wordpress.Verdict{Note: "The credential or the site's URL was changed during the rotation. The rotation was reverted."}
	switch {
	case o.row.Step == RotationSwapped:
		v.Note = "The credential or the site's URL was changed before Drover confirmed that the old password is revoked."
		return o.end(ctx, RotationUnrevoked, v)
	case o.row.Step == RotationCreating, o.row.Step == RotationCreated && wordpress.Origin(o.site.Home) != o.row.Origin:
		return o.leaveBehind(ctx, ending{finding: v.Note})
	case o.row.Step == RotationCreated:
		return o.revokesItself(ctx, ending{finding: v.Note})
	}
	return o.end(ctx, RotationFailed, v)
}

// revokesItself revokes the new password with itself, until it does not sign in any more.
func (o *rotating) revokesItself(ctx context.Context, e ending) (over bool, err error) {
	if ready, over, err := o.takeTurn(ctx); !ready {
		return over, err
	}
	renewed, _, err := o.pending()
	if err != nil {
		return true, err
	}
	o.revokeNamed(ctx, renewed, "") // what came back of earlier attempts
	v, first := renewed.RevokePassword(ctx, o.row.NewUUID), o.row.RevokedAt == 0
	switch {
	case ctx.Err() != nil:
		return o.later(ctx, v)
	case !first && needsReconnect(v.Reason):
		return o.endAs(ctx, RotationFailed, e)
	case v.Outcome == wordpress.OK && (first || o.lostAnother()):
		return o.lookAtTakenBack(ctx, e)
	}
	return o.leaveBehind(ctx, e)
}
