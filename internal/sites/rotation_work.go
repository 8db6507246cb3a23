package sites

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// How rotations are worked: so many workers, each with so many at once, leased for longer than their slowest step takes. What fails for a while is tried
// again after a pause that doubles, so many times.
const (
	rotationWorkers  = 8
	rotationsAtOnce  = 8
	rotationLease    = 5 * time.Minute
	rotationPause    = 15 * time.Second
	longestPause     = 6 * time.Hour
	rotationAttempts = 14
	revokeEvery      = 5 * time.Second // until it is looked again whether the old password is still in use
)

// WorkRotations works all rotations that are due, and returns when none is. Several processes may call it at once. After a crash, it goes on where the
// rotations stand as soon as their leases have run out.
func (r *Registry) WorkRotations(ctx context.Context) error {
	if due, err := r.store.rotationIsDue(ctx, time.Now()); err != nil || !due {
		return err
	}
	var workers errgroup.Group
	for range rotationWorkers {
		workers.Go(func() error { return r.workRotations(ctx, rand.Text()) })
	}
	return workers.Wait()
}

func (r *Registry) workRotations(ctx context.Context, owner string) error {
	for ctx.Err() == nil {
		now := time.Now()
		rows, err := r.store.claimRotations(ctx, owner, now, now.Add(rotationLease), rotationsAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		shared := sync.OnceValues(func() (sharing, error) { return r.sharedPasswords(ctx, r.store) })
		var group errgroup.Group
		for _, row := range rows {
			group.Go(func() error { return r.rotateSafely(ctx, row, shared) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// rotateSafely works one rotation as far as it goes now. A panic over an answer that nobody thought of costs this site alone.
func (r *Registry) rotateSafely(ctx context.Context, row rotationRow, shared func() (sharing, error)) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("sites: rotate: panic: %v\n%s", caught, debug.Stack())
		}
	}()
	o := &rotating{Registry: r, row: row, resumed: row.Step == RotationCreating, shared: shared}
	defer o.endTurn()
	for {
		over, err := o.step(ctx)
		switch {
		case errors.Is(err, errLost):
			return nil
		case err != nil:
			return fmt.Errorf("sites: rotate: %w", err)
		case over:
			return nil
		}
	}
}

// rotating is a rotation under way in this process.
type rotating struct {
	*Registry
	row     rotationRow
	site    Site
	old     *wordpress.Client // with the stored credential
	resumed bool              // a new password may have been made whose value is lost
	shared  func() (sharing, error)
	turn    func() // ends this rotation's turn to change the user's passwords; nil where it has none
}

// step does one step, and tells whether nothing more can be done now.
func (o *rotating) step(ctx context.Context) (over bool, err error) {
	if err := o.crashes("begin " + string(o.row.Step)); err != nil {
		return true, err
	}
	if over, err := o.prepare(ctx); over || err != nil {
		return over, err
	}
	if o.row.Step == RotationCreating || o.row.Step == RotationCreated {
		if ready, over, err := o.takeTurn(ctx); !ready {
			return over, err
		}
	}
	switch o.row.Step {
	case RotationLooking, RotationWaiting:
		return o.look(ctx)
	case RotationCreating, RotationCreated:
		switch {
		case o.row.RevokedAt != 0:
			return o.confirmTakenBack(ctx)
		case o.row.Step == RotationCreating:
			return o.create(ctx)
		}
		return o.verify(ctx)
	case RotationSwapped:
		return o.revoke(ctx)
	}
	return true, nil
}

// prepare reads the site as it is now, opens its credential, and makes sure that the site that answers is this one.
func (o *rotating) prepare(ctx context.Context) (over bool, err error) {
	found, err := o.store.byIDs(ctx, []int64{o.row.SiteID})
	if err != nil || len(found) == 0 {
		return true, err
	}
	o.site = found[0]
	stands := o.site.Credential.CreatedAt.Equal(time.UnixMicro(o.row.CredentialAt)) && wordpress.Origin(o.site.Home) == o.row.Origin
	if !stands {
		return o.overtaken(ctx)
	}
	clients, failed, err := o.DialAll(ctx, []Site{o.site})
	switch {
	case err != nil:
		return true, err
	case failed[o.site.ID] != nil:
		return o.end(ctx, RotationFailed, wordpress.Verdict{Reason: wordpress.ReasonBadCredential, Note: "The stored credential cannot be decrypted."})
	}
	located, err := o.Locate(ctx, access.System(), o.site, clients[o.site.ID])
	if err != nil {
		return true, err
	}
	if located.Verdict.Outcome != "" {
		return o.later(ctx, located.Verdict)
	}
	o.site, o.old = located.Site, located.Client
	return false, nil
}

// look finds out whether the password can be rotated, before anything is changed.
func (o *rotating) look(ctx context.Context) (over bool, err error) {
	shared, err := o.shared()
	if err != nil {
		return true, err
	}
	group := shared.groups[o.site.ID]
	switch first, follows, err := o.follows(ctx, group); {
	case err != nil:
		return true, err
	case follows:
		return o.follow(ctx, first)
	}
	own, v := o.old.OwnPassword(ctx)
	if v.Outcome != wordpress.OK {
		return o.laterOr(ctx, RotationBlocked, v)
	}
	if len(group) > 0 {
		if over, err := o.joinGroup(ctx, group); over || err != nil {
			return over, err
		}
	}
	if may, known := o.old.CreatesPasswords(ctx); known && !may {
		return o.end(ctx, RotationBlocked, cannotCreate)
	}
	if o.row.Step == RotationLooking {
		return true, o.save(ctx, RotationReady, map[string]any{"reason": "", "finding": groupFinding(group), "fix": "",
			"ended_at": time.Now().UnixMicro()})
	}
	name := o.row.Name
	if o.resumed = name != ""; !o.resumed { // else it began again, and what was lost may come back: see putBack
		name = nextPasswordName(own.Name, time.Now())
	}
	return false, o.save(ctx, RotationCreating, map[string]any{"old_uuid": own.UUID, "user_id": own.UserID, "app_id": own.AppID, "name": name, "attempts": 0,
		"reason": "", "finding": "", "fix": ""})
}

// create asks for a new password and stores it, sealed. Its name is stored already: one that was made before a crash can be told, and is revoked.
func (o *rotating) create(ctx context.Context) (over bool, err error) {
	again := o.resumed
	if again {
		if v := o.revokeNamed(ctx, o.old, ""); v.Outcome != wordpress.OK {
			return o.later(ctx, v)
		}
	}
	// What WordPress answers is shown once: a process that is asked to stop takes it in first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	o.resumed = true
	made, v := o.old.CreatePassword(ctx, o.row.Name, o.row.AppID)
	if err := o.crashes("created"); err != nil {
		return true, err
	}
	if v.Outcome != wordpress.OK {
		return o.notCreated(ctx, v, again)
	}
	sealed, err := o.vault.Seal(vault.NewSecret(made.Reveal()), pendingBinding(o.row))
	if err != nil {
		return true, err
	}
	return false, o.save(ctx, RotationCreated, map[string]any{"new_uuid": made.UUID, "sealed": sealed, "key_id": vault.SealedBy(sealed), "attempts": 0,
		"reason": "", "finding": "", "fix": ""})
}

// notCreated goes on where no new password was made. One that was made before may be there, although its revocation was confirmed a moment ago.
func (o *rotating) notCreated(ctx context.Context, v wordpress.Verdict, again bool) (over bool, err error) {
	if v.Outcome == wordpress.Failed && v.Reason == wordpress.ReasonForbidden {
		v = cannotCreate
	}
	switch {
	case !again, passes(v):
		return o.laterOr(ctx, RotationBlocked, v)
	case v.Code == "application_password_duplicate_name":
		return o.createAgain(ctx, lostEarlier)
	}
	return o.takeBack(ctx, v)
}

// verify signs in with the new password and makes it the site's credential. Where it does not work, it is revoked, and the old one stays.
func (o *rotating) verify(ctx context.Context) (over bool, err error) {
	renewed, password, err := o.pending()
	if err != nil {
		return true, err
	}
	own, v := renewed.OwnPassword(ctx)
	var others []Site
	if v.Outcome == wordpress.OK && own.UUID == o.row.NewUUID {
		if others, v, err = o.verifyOthers(ctx, password); err != nil {
			return true, err
		}
	}
	switch {
	case v.Outcome == wordpress.OK && (own.UUID != o.row.NewUUID || own.UserID != o.row.UserID):
		v = wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonUnclear, Note: "The new password signed in a different user."}
		return o.takeBack(ctx, v)
	case v.Note == otherWordPress.Note && isGone(ctx, o.old, o.row.NewUUID): // lost since it signed in on this site
		return o.createAgain(ctx, lostCreation)
	case sharedFixes[v.Note] != "":
		return o.takeBack(ctx, v)
	case needsReconnect(v.Reason) && own.UUID == "" && isGone(ctx, o.old, o.row.NewUUID):
		return o.createAgain(ctx, lostCreation)
	case v.Outcome != wordpress.OK && needsReconnect(v.Reason) && o.row.Attempts >= 2: // twice: some hosts' caches know a new password a moment later
		return o.takeBack(ctx, v)
	case v.Outcome != wordpress.OK:
		return o.later(ctx, v)
	}
	return false, o.swap(ctx, password, others)
}

// swap makes the new password the credential of the site, and of all others that use the old one: of all, or of none.
func (o *rotating) swap(ctx context.Context, password vault.Secret, others []Site) error {
	sealed, err := o.vault.Seal(password, binding(o.site.ID, o.site.Home))
	if err != nil {
		return err
	}
	now, kept := int64(0), []byte(nil)
	return o.saveWith(ctx, RotationSwapped, func() map[string]any {
		return map[string]any{"credential_at": now, "sealed": kept, "key_id": vault.SealedBy(kept), "attempts": 0, "reason": "", "finding": "", "fix": ""}
	}, func(w write) error {
		now = w.now.UnixMicro()
		old, err := o.stillShared(ctx, w)
		if err != nil {
			return err
		}
		if kept, err = o.vault.Seal(old, pendingBinding(o.row)); err != nil {
			return err
		}
		is, err := w.swapCredential(o.site, o.row.CredentialAt, sealed, o.row.AskedBy)
		if err != nil {
			return err
		}
		if !is {
			return errLost // it was replaced a moment ago: the next look finds out
		}
		if err := o.swapOthers(w, old, password, others); err != nil {
			return err
		}
		return w.recordRotation(o.site, o.row, "replaced", map[string]any{"username": o.site.Credential.Username, "password_name": o.row.Name})
	})
}

// revoke revokes the old password, once nothing uses it any more, and whatever else has the new one's name.
func (o *rotating) revoke(ctx context.Context) (over bool, err error) {
	all, v := o.old.ApplicationPasswords(ctx)
	switch {
	case needsReconnect(v.Reason):
		return o.restore(ctx, v)
	case v.Outcome != wordpress.OK:
		return o.laterOr(ctx, RotationUnrevoked, v)
	case o.row.RevokedAt != 0:
		return o.confirmRevoked(ctx, all)
	}
	shared, err := o.shared()
	if err != nil {
		return true, err
	}
	if len(shared.groups[o.site.ID]) > 0 && !contains(all, o.row.OldUUID) {
		return o.lookLater(ctx) // another site of the network revoked it: no need to ask for thousands whether it is in use
	}
	if ready, over, err := o.takeTurn(ctx); !ready { // before it is asked who needs the old password: the wait may be long
		return over, err
	}
	if busy, err := o.busy(ctx); err != nil || busy {
		return true, errors.Join(err, o.save(ctx, RotationSwapped, map[string]any{"next_at": time.Now().Add(revokeEvery).UnixMicro(), "lease_until": 0,
			"finding": "The old password will be revoked when the run on this site ends."}))
	}
	if over, err := o.releaseOld(ctx); over || err != nil {
		return over, err
	}
	if v := o.revokeNamed(ctx, o.old, o.row.OldUUID); v.Outcome != wordpress.OK {
		return o.laterOr(ctx, RotationUnrevoked, v)
	}
	return o.lookLater(ctx)
}

// releaseOld makes sure that nothing needs the old password, or comes to hold it, before it is revoked.
func (o *rotating) releaseOld(ctx context.Context) (over bool, err error) {
	old, kept, err := o.replaced(ctx)
	if err != nil || !kept {
		return err != nil, err
	}
	needed, err := o.stillNeeded(ctx, old)
	if err != nil {
		return true, err
	}
	if needed {
		return o.endWith(ctx, RotationUnrevoked, stillNeeded, stillNeededFix)
	}
	if o.revoking == nil {
		return false, nil
	}
	err = o.revoking(ctx, func(password vault.Secret) bool { return fingerprintOf(password) == fingerprintOf(old) })
	return err != nil, err
}

func (o *rotating) revoked(ctx context.Context) (over bool, err error) {
	return true, o.saveWith(ctx, RotationDone, func() map[string]any {
		return map[string]any{"ended_at": time.Now().UnixMicro(), "reason": "", "finding": "", "fix": "", "attempts": 0, "sealed": nil, "key_id": 0}
	}, func(w write) error { return w.recordRotation(o.site, o.row, "old_revoked", nil) })
}

// revokeNamed revokes the password with the UUID, and all but the new one that have the new one's name.
func (o *rotating) revokeNamed(ctx context.Context, client *wordpress.Client, uuid string) wordpress.Verdict {
	all, v := client.ApplicationPasswords(ctx)
	if v.Outcome != wordpress.OK {
		return v
	}
	for _, p := range all {
		if p.UUID == o.row.NewUUID || p.UUID != uuid && p.Name != o.row.Name {
			continue
		}
		if v := client.RevokePassword(ctx, p.UUID); v.Outcome != wordpress.OK && !isGone(ctx, client, p.UUID) {
			return v
		}
	}
	return v
}

// pending returns a client with the new password.
func (o *rotating) pending() (*wordpress.Client, vault.Secret, error) {
	sealed, err := o.sealed(context.Background())
	if err != nil {
		return nil, vault.Secret{}, err
	}
	password, err := o.vault.Open(sealed, pendingBinding(o.row))
	if err != nil {
		return nil, vault.Secret{}, err
	}
	return o.network.Client(o.site.address(), o.site.Credential.Username, password.Reveal()), password, nil
}

// sealed is what is sealed with the rotation: the new password before the swap, and the old one after it. Which of them it is would be unknown to whoever
// does not have the lease any more.
func (o *rotating) sealed(ctx context.Context) ([]byte, error) {
	row, found, err := o.store.rotation(ctx, o.row.SiteID)
	if err == nil && (!found || row.LeaseOwner != o.row.LeaseOwner || row.Step != o.row.Step) {
		err = errLost
	}
	return row.Sealed, err
}

func pendingBinding(r rotationRow) vault.Binding {
	return vault.Binding{Table: "rotations", Row: r.SiteID, Purpose: "application_password", Origin: r.Origin}
}
