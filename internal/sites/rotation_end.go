package sites

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/wordpress"
)

// cannotCreate is the verdict on a user who may create no application passwords.
var cannotCreate = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonForbidden,
	Note: "The user cannot create application passwords over REST."}

// passwordNameEnd is what Drover adds to the names of passwords, so that each is unique.
var passwordNameEnd = regexp.MustCompile(` \(\d{4}-\d\d-\d\d \d\d:\d\d, [A-Z2-7]{6}\)$`)

// nextPasswordName is what WordPress lists the new password as: like the old one, and unique. Up to 6.5, WordPress refuses a name that the user has already.
func nextPasswordName(old string, now time.Time) string {
	name := passwordNameEnd.ReplaceAllString(old, "")
	if !strings.HasPrefix(name, "Drover") || len(name) > 150 {
		name = "Drover"
	}
	return name + " (" + now.UTC().Format("2006-01-02 15:04") + ", " + rand.Text()[:6] + ")"
}

// crashes is where tests end a process.
func (r *Registry) crashes(at string) error {
	if r.crash == nil {
		return nil
	}
	return r.crash(at)
}

// save stores values and the step that comes next, and keeps the lease.
func (o *rotating) save(ctx context.Context, next RotationStep, values map[string]any) error {
	return o.saveWith(ctx, next, func() map[string]any { return values }, func(write) error { return nil })
}

// saveWith is save together with another change, which is made first.
func (o *rotating) saveWith(ctx context.Context, next RotationStep, values func() map[string]any, also func(write) error) error {
	ctx = context.WithoutCancel(ctx) // what is known is stored, whoever wants to stop
	if err := o.crashes("before " + string(next)); err != nil {
		return err
	}
	var stored map[string]any
	err := o.store.change(ctx, access.System(), func(w write) error {
		if err := also(w); err != nil {
			return err
		}
		stored = values()
		stored["step"] = next
		if _, set := stored["lease_until"]; !set {
			stored["lease_until"] = w.now.Add(rotationLease).UnixMicro()
		}
		return w.saveRotation(o.row, stored)
	})
	if err != nil {
		return err
	}
	o.take(next, stored)
	return o.crashes("after " + string(next))
}

// take keeps in memory what was stored.
func (o *rotating) take(next RotationStep, stored map[string]any) {
	for column, field := range map[string]*string{"old_uuid": &o.row.OldUUID, "user_id": &o.row.UserID, "app_id": &o.row.AppID, "name": &o.row.Name,
		"new_uuid": &o.row.NewUUID} {
		if value, set := stored[column].(string); set {
			*field = value
		}
	}
	for column, field := range map[string]*int{"attempts": &o.row.Attempts, "lost_updates": &o.row.LostUpdates} {
		if value, set := stored[column].(int); set {
			*field = value
		}
	}
	for column, field := range map[string]*int64{"credential_at": &o.row.CredentialAt, "revoked_at": &o.row.RevokedAt} {
		if value, set := stored[column].(int64); set {
			*field = value
		}
	}
	o.row.Step = next
}

// laterOr goes on later where the failure may pass, and else ends the rotation at the step.
func (o *rotating) laterOr(ctx context.Context, step RotationStep, v wordpress.Verdict) (over bool, err error) {
	if passes(v) {
		return o.later(ctx, v)
	}
	return o.end(ctx, step, v)
}

// passes tells whether the failure may pass by itself.
func passes(v wordpress.Verdict) bool {
	return v.Retry || v.Outcome == wordpress.Unknown || v.Reason == wordpress.ReasonCancelled || passing[v.Reason]
}

// passing are the reasons that mostly pass by themselves.
var passing = map[wordpress.Reason]bool{
	wordpress.ReasonTimeout: true, wordpress.ReasonCutOff: true, wordpress.ReasonUnreachable: true, wordpress.ReasonMaintenance: true,
	wordpress.ReasonRateLimited: true, wordpress.ReasonSiteError: true, wordpress.ReasonTLS: true,
}

// later goes on after a pause, and ends the rotation once that was tried often enough. Where nothing was changed yet, trying twice is enough.
func (o *rotating) later(ctx context.Context, v wordpress.Verdict) (over bool, err error) {
	if ctx.Err() != nil { // the process is to stop, the site did nothing wrong
		return true, o.save(ctx, o.row.Step, map[string]any{"lease_until": 0})
	}
	attempts, most := o.row.Attempts+1, rotationAttempts
	if o.row.Step == RotationLooking || o.row.Step == RotationWaiting {
		if most = 2; v.RetryAfter > time.Minute {
			most = 1
		}
	}
	if attempts >= most {
		return o.giveUp(ctx, v)
	}
	pause := max(min(rotationPause<<min(attempts-1, 16), longestPause), v.RetryAfter)
	if o.row.Step == RotationCreated && needsReconnect(v.Reason) {
		pause = rotationPause
	}
	finding, fix := rotationWords(v)
	return true, o.save(ctx, o.row.Step, map[string]any{"attempts": attempts, "next_at": time.Now().Add(pause).UnixMicro(), "lease_until": 0, "reason": v.Reason,
		"finding": finding, "fix": fix})
}

func (o *rotating) giveUp(ctx context.Context, v wordpress.Verdict) (over bool, err error) {
	switch o.row.Step {
	case RotationLooking, RotationWaiting:
		return o.end(ctx, RotationBlocked, v)
	case RotationSwapped:
		return o.end(ctx, RotationUnrevoked, v)
	}
	return o.takeBack(ctx, v)
}

// leftBehind is what to do about a password that could not be revoked.
func leftBehind(name string) string {
	return "A password named “" + name + "” may still exist on the site. Revoke it there, under Users → Profile → Application Passwords."
}

// end ends the rotation, for the reason that the verdict gives.
func (o *rotating) end(ctx context.Context, step RotationStep, v wordpress.Verdict) (over bool, err error) {
	_, fix := rotationWords(v)
	if step == RotationUnrevoked {
		fix = o.revokeYourself(v)
	}
	return o.endWith(ctx, step, v, fix)
}

// revokeYourself is what to do about an old password that may still be there.
func (o *rotating) revokeYourself(v wordpress.Verdict) string {
	switch {
	case needsReconnect(v.Reason):
		return "Connect the site again in WordPress. Then revoke the old password there, under Users → Profile → Application Passwords."
	case o.row.RevokedAt != 0 && v.Note != lostRevocation.Note:
		return "WordPress confirmed that the old password was revoked, but Drover could not check it again. Make sure that it is gone, under Users → Profile → " +
			"Application Passwords. The new one is named “" + o.row.Name + "”."
	}
	return "Revoke the old password in WordPress, under Users → Profile → Application Passwords. The new one is named “" + o.row.Name + "”."
}

func (o *rotating) endWith(ctx context.Context, step RotationStep, v wordpress.Verdict, fix string) (over bool, err error) {
	finding, _ := rotationWords(v)
	if o.row.Step == RotationWaiting && o.row.Name != "" && !strings.Contains(fix, o.row.Name) { // it began again: see putBack
		fix = strings.TrimSpace(fix + " " + leftBehind(o.row.Name))
	}
	return o.endAs(ctx, step, ending{v.Reason, finding, fix})
}

// ending is why a rotation ends, and the same for a person.
type ending struct {
	reason       wordpress.Reason
	finding, fix string
}

func (o *rotating) endAs(ctx context.Context, step RotationStep, e ending) (over bool, err error) {
	looked := o.row.Step == RotationLooking
	return true, o.saveWith(ctx, step, func() map[string]any {
		return map[string]any{"reason": e.reason, "finding": e.finding, "fix": e.fix, "sealed": nil, "key_id": 0, "ended_at": time.Now().UnixMicro()}
	}, func(w write) error {
		if looked {
			return nil // nothing was to be changed
		}
		return w.recordRotation(o.site, o.row, string(step), map[string]any{"reason": string(e.reason)})
	})
}

// rotationWords say for a person what stands in the way of a rotation.
func rotationWords(v wordpress.Verdict) (finding, fix string) {
	switch {
	case v.Note == sharedPassword.Note, v.Note == otherWordPress.Note:
		return v.Note, sharedFixes[v.Note]
	case v.Reason == "":
		return v.Note, ""
	case v.Code == "rest_no_authenticated_app_password":
		return "The stored password is not an application password, so there is nothing to rotate.", "Connect the site again, with an application password."
	case v.Reason == wordpress.ReasonForbidden && v.Note == cannotCreate.Note:
		return v.Note, "Connect the site again in WordPress, or allow this in the security plugin or at the host that blocks it."
	case v.Reason == wordpress.ReasonNoRoute:
		return "WordPress does not report which application password is in use: it is older than 5.7, or a plugin hides users.",
			"Update WordPress, or connect the site again."
	}
	finding, fix = wordpress.CheckWords(v.Reason)
	if v.Note != "" {
		finding += " " + v.Note
	}
	if needsReconnect(v.Reason) {
		fix = "Connect the site again in WordPress."
	}
	return finding, fix
}

// resealRotations seals the new passwords that are not in use yet with the primary key.
func (r *Registry) resealRotations(ctx context.Context) (n int, err error) {
	rows, err := r.store.rotationsSealedByOthers(ctx, r.vault.Primary())
	for _, row := range rows {
		sealed, err := r.vault.Reseal(row.Sealed, pendingBinding(row))
		if err != nil {
			return n, err
		}
		if err := r.store.replaceSealed(ctx, row, sealed); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}
