package sites

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// The sites of one WordPress network share their users. Where several are stored with one password, it is rotated for all of them together: the
// first of them does it, and the others wait at RotationWaiting. The new password must sign in on each before one transaction makes it the credential
// of all. After that, each sees to it by itself that the old one is gone.

// sharedPassword is the verdict on a password that sites use which are not to be rotated.
var sharedPassword = wordpress.Verdict{
	Note: "Other sites use the same password, as the sites of one network do. It can only be rotated for all of them together.",
}

// otherWordPress is the verdict on a password that happens to be the same on several WordPresses.
var otherWordPress = wordpress.Verdict{Outcome: wordpress.Failed, Note: "Other sites use the same password but do not belong to the same network."}

// stillNeeded is the verdict on an old password that another site came to use meanwhile.
var stillNeeded = wordpress.Verdict{Note: "The new password is in use. Another site was stored with the old one meanwhile, so it was not revoked."}

const stillNeededFix = "Connect that site again in WordPress. Then revoke the old password there, under Users → Profile → Application Passwords."

var sharedFixes = map[string]string{
	sharedPassword.Note: "Select all sites of the network and rotate them in one step. If you cannot see all of them, ask someone who can. Or connect this site " +
		"again in WordPress: it then has a password of its own.",
	otherWordPress.Note: "Connect each of these sites again in WordPress. Each then has a password of its own, which can be rotated.",
}

// waitForGroup is how long a site waits before it looks again what became of the one that rotates for it. Once the password is swapped, it goes on at
// once.
const waitForGroup = 15 * time.Second

// groupChecks is how many sites of a group are signed in to at once.
const groupChecks = 8

func groupFinding(group []int64) string {
	if len(group) == 0 {
		return ""
	}
	return fmt.Sprintf("%d sites of one network use this password. It is rotated for all of them in one step.", len(group))
}

// sharing are the sites that use one password, by each of them and in order, as they were stored at that time.
type sharing struct {
	at     time.Time
	groups map[int64][]int64
}

// sharedPasswords finds the sites that are stored with the same password as others. Their usernames do not count: WordPress takes an email address for
// one, too.
func (r *Registry) sharedPasswords(ctx context.Context, from store) (sharing, error) {
	found := sharing{time.Now(), map[int64][]int64{}}
	rows, err := from.allCredentials(ctx)
	if err != nil {
		return found, err
	}
	groups := map[[sha256.Size]byte][]int64{}
	for _, row := range rows {
		if hash, opens := r.fingerprint(row); opens {
			groups[hash] = append(groups[hash], row.SiteID)
		}
	}
	for _, group := range groups {
		if len(group) < 2 {
			continue
		}
		slices.Sort(group)
		for _, id := range group {
			found.groups[id] = group
		}
	}
	return found, nil
}

// fingerprint tells a stored password from others. One that does not open is of no use to its site either.
func (r *Registry) fingerprint(row credentialRow) (hash [sha256.Size]byte, opens bool) {
	password, err := r.vault.Open(row.Sealed, bindingTo(row.SiteID, row.Origin))
	if err != nil {
		return hash, false
	}
	return fingerprintOf(password), true
}

func fingerprintOf(password vault.Secret) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.ReplaceAll(password.Reveal(), " ", "")))
}

// storedSince returns the sites but these that were stored with the password since then. What a rotation made does not count: it is another one.
func (o *rotating) storedSince(ctx context.Context, from store, password vault.Secret, since time.Time, but []int64) (ids []int64, err error) {
	rows, err := from.credentialsEntered(ctx, since.Add(-longestChange))
	for _, row := range rows {
		if hash, opens := o.fingerprint(row); opens && hash == fingerprintOf(password) && !slices.Contains(but, row.SiteID) {
			ids = append(ids, row.SiteID)
		}
	}
	return ids, err
}

// longestChange is how long before its end a change may have taken its time.
const longestChange = time.Minute

// WithSamePassword returns the ids and those of all sites in the actor's scope that are stored with the same user and password as one of them.
func (r *Registry) WithSamePassword(ctx context.Context, actor access.Actor, ids ...int64) ([]int64, error) {
	shared, err := r.sharedPasswords(ctx, r.store)
	if err != nil {
		return nil, fmt.Errorf("sites: rotate: %w", err)
	}
	var more []int64
	for _, id := range ids {
		more = append(more, shared.groups[id]...)
	}
	found, err := r.Select(ctx, actor, Selection{IDs: more})
	if err != nil {
		return nil, err
	}
	return slices.Compact(slices.Sorted(slices.Values(append(idsOf(activeOf(found)), ids...)))), nil
}

// activeOf leaves out the sites that are retired.
func activeOf(all []Site) []Site {
	return slices.DeleteFunc(all, func(s Site) bool { return !s.RetiredAt.IsZero() })
}

// active leaves out the sites that are retired: nobody rotates theirs, but they keep up with the others.
func (o *rotating) active(ctx context.Context, group []int64) ([]int64, error) {
	found, err := o.store.byIDs(ctx, group)
	ids := idsOf(activeOf(found))
	slices.Sort(ids)
	return ids, err
}

// follows tells whether another site rotates for this one too.
func (o *rotating) follows(ctx context.Context, group []int64) (first int64, follows bool, err error) {
	if len(group) == 0 || o.row.Step != RotationWaiting {
		return 0, false, nil
	}
	first, err = o.store.firstActive(ctx, group)
	return first, first != o.site.ID, err
}

// joinGroup makes sure that all sites that use the same password are to be rotated, and ends the rotation where they are not.
func (o *rotating) joinGroup(ctx context.Context, group []int64) (over bool, err error) {
	members, err := o.active(ctx, group)
	if err != nil {
		return true, err
	}
	steps, err := o.store.rotationsOf(ctx, members)
	if err != nil {
		return true, err
	}
	ready := []RotationStep{RotationWaiting}
	if o.row.Step == RotationLooking {
		ready = []RotationStep{RotationLooking, RotationReady, RotationWaiting}
	}
	for _, id := range members {
		if !slices.Contains(ready, steps[id].Step) {
			return o.end(ctx, RotationBlocked, sharedPassword)
		}
	}
	return false, nil
}

// follow waits for the site that rotates for all, and ends as it does where that comes to nothing.
func (o *rotating) follow(ctx context.Context, site int64) (over bool, err error) {
	first, _, err := o.store.rotation(ctx, site)
	if err != nil {
		return true, err
	}
	switch first.Step {
	case RotationWaiting, RotationCreating, RotationCreated:
		next := max(time.Now().Add(waitForGroup).UnixMicro(), first.NextAt)
		return true, o.save(ctx, RotationWaiting, map[string]any{"next_at": next, "lease_until": 0, "finding": "It is rotated together with the other sites of " +
			"the network that use the same password."})
	case RotationBlocked, RotationFailed:
		if first.Finding == sharedPassword.Note || first.Finding == otherWordPress.Note {
			return o.endWith(ctx, first.Step, wordpress.Verdict{Note: first.Finding}, first.Fix)
		}
		return o.endWith(ctx, first.Step, wordpress.Verdict{Note: "The password is shared with other sites, and was not rotated for them: " + first.Finding},
			first.Fix)
	}
	return o.end(ctx, RotationBlocked, sharedPassword)
}

// others are the other sites that use the password that is rotated.
func (o *rotating) others(ctx context.Context) ([]Site, error) {
	shared, err := o.shared()
	if err != nil {
		return nil, err
	}
	found, err := o.store.byIDs(ctx, slices.DeleteFunc(slices.Clone(shared.groups[o.site.ID]), func(id int64) bool { return id == o.site.ID }))
	slices.SortFunc(found, func(a, b Site) int { return int(a.ID - b.ID) })
	return found, err
}

// verifyOthers makes sure that every other site that uses the old password is of the same WordPress, then signs in there with the new one, and returns
// these sites. A retired site may not be there any more, or be somebody else's: where it is not proven, it is left out and keeps the old password.
func (o *rotating) verifyOthers(ctx context.Context, password vault.Secret) (others []Site, v wordpress.Verdict, err error) {
	v = wordpress.Verdict{Outcome: wordpress.OK}
	all, err := o.others(ctx)
	if err != nil || len(all) == 0 {
		return nil, v, err
	}
	steps, err := o.store.rotationsOf(ctx, idsOf(all))
	if err != nil {
		return nil, v, err
	}
	if slices.ContainsFunc(all, func(s Site) bool { return s.RetiredAt.IsZero() && !steps[s.ID].mayJoin(o.row) }) {
		return nil, sharedPassword, nil // stored with it since, or another rotates for all
	}
	clients, _, err := o.DialAll(ctx, all)
	if err != nil {
		return nil, v, err
	}
	var group errgroup.Group
	var guard sync.Mutex
	group.SetLimit(groupChecks)
	leased := time.Now()
	for _, s := range all {
		group.Go(func() error {
			seen, err := o.verifyOther(ctx, s, clients[s.ID], password)
			guard.Lock()
			defer guard.Unlock()
			switch {
			case seen.Outcome == wordpress.OK:
				others = append(others, s)
			case s.RetiredAt.IsZero():
				v = seen
			}
			if err == nil && time.Since(leased) >= o.renewAfter {
				leased = time.Now()
				err = o.store.renewRotation(ctx, o.row, leased.Add(rotationLease))
			}
			return err
		})
	}
	err = group.Wait()
	slices.SortFunc(others, func(a, b Site) int { return cmp.Compare(a.ID, b.ID) })
	return others, v, err
}

// verifyOther proves with the old password, which the site has anyway, that the new one is listed there, before the new one is sent.
func (o *rotating) verifyOther(ctx context.Context, s Site, old *wordpress.Client, password vault.Secret) (wordpress.Verdict, error) {
	if old == nil {
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonBadCredential, Note: "The stored credential cannot be decrypted."}, nil
	}
	located, err := o.Locate(ctx, access.System(), s, old)
	if err != nil || located.Verdict.Outcome != "" {
		return located.Verdict, err
	}
	all, v := located.Client.ApplicationPasswords(ctx)
	if v.Outcome == wordpress.OK && !contains(all, o.row.NewUUID) {
		return otherWordPress, nil
	}
	if v.Outcome == wordpress.OK {
		var own wordpress.ApplicationPassword
		own, v = o.network.Client(located.Site.address(), s.Credential.Username, password.Reveal()).OwnPassword(ctx)
		if v.Outcome == wordpress.OK && own.UUID != o.row.NewUUID {
			return otherWordPress, nil
		}
	}
	switch {
	case needsReconnect(v.Reason) && o.row.Attempts >= 2:
		return otherWordPress, nil
	case v.Outcome != wordpress.OK:
		v.Note = strings.TrimSpace("This happened on one of the sites that share the password. " + v.Note)
	}
	return v, nil
}

// swapOthers makes the new password the credential of the other sites that use the old one.
func (o *rotating) swapOthers(w write, old, renewed vault.Secret, others []Site) error {
	for _, s := range others {
		sealed, err := o.vault.Seal(renewed, binding(s.ID, s.Home))
		if err != nil {
			return err
		}
		is, err := w.swapCredential(s, s.Credential.CreatedAt.UnixMicro(), sealed, o.row.AskedBy)
		if err != nil {
			return err
		}
		kept, err := o.vault.Seal(old, pendingBinding(rotationRow{SiteID: s.ID, Origin: wordpress.Origin(s.Home)}))
		if err != nil {
			return err
		}
		joined, err := w.joinRotation(o.row, s, kept)
		if err != nil {
			return err
		}
		if !is || !joined && s.RetiredAt.IsZero() {
			return errLost
		}
		if err := w.recordRotation(s, o.row, "replaced", map[string]any{"username": s.Credential.Username, "password_name": o.row.Name}); err != nil {
			return err
		}
	}
	return nil
}

// stillShared makes sure that no other sites use the old password than those that were verified, and none does until the change is made. Otherwise
// nothing is swapped, and the next look finds out. It returns the old password.
func (o *rotating) stillShared(ctx context.Context, w write) (old vault.Secret, err error) {
	if err := w.takeTurn(access.SiteRotate, access.On("site", o.site.ID)); err != nil {
		return old, err
	}
	row, found, err := w.credential(o.site.ID)
	if err != nil || !found {
		return old, errors.Join(errLost, err)
	}
	if old, err = o.vault.Open(row.Sealed, bindingTo(row.SiteID, row.Origin)); err != nil {
		return old, errors.Join(errLost, err)
	}
	shared, err := o.shared()
	if err != nil {
		return old, err
	}
	more, err := o.storedSince(ctx, w.reading(), old, shared.at, append(slices.Clone(shared.groups[o.site.ID]), o.site.ID))
	if len(more) > 0 {
		err = errLost
	}
	return old, err
}

// stillNeeded tells whether a site that is not retired was stored with the old password after the new one took its place.
func (o *rotating) stillNeeded(ctx context.Context, old vault.Secret) (bool, error) {
	ids, err := o.storedSince(ctx, o.store, old, time.UnixMicro(o.row.CredentialAt), nil)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	ids, err = o.active(ctx, ids)
	return len(ids) > 0, err
}

// replaced returns the old password, which is kept until it is revoked, and whether it still is.
func (o *rotating) replaced(ctx context.Context) (old vault.Secret, kept bool, err error) {
	sealed, err := o.sealed(ctx)
	if err != nil || len(sealed) == 0 {
		return old, false, err
	}
	old, err = o.vault.Open(sealed, pendingBinding(o.row))
	return old, err == nil, err
}

// busy tells whether requests with the old password may be under way, on any site that used it.
func (o *rotating) busy(ctx context.Context) (bool, error) {
	if o.inUse == nil {
		return false, nil
	}
	others, err := o.others(ctx) // they share the new one now
	if err != nil {
		return true, err
	}
	for _, id := range append(idsOf(others), o.site.ID) {
		if busy, err := o.inUse(ctx, id); err != nil || busy {
			return true, err
		}
	}
	return false, nil
}
