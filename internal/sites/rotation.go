package sites

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// RotationStep is how far the rotation of a site's application password has come.
type RotationStep string

// The steps. In those from RotationWaiting to RotationSwapped, Drover goes on by itself, after a restart too.
const (
	RotationLooking   RotationStep = "looking"   // it is being found out whether it can be rotated
	RotationReady     RotationStep = "ready"     // it can
	RotationBlocked   RotationStep = "blocked"   // it cannot; nothing was changed
	RotationWaiting   RotationStep = "waiting"   // it is to be
	RotationCreating  RotationStep = "creating"  // a new one is asked for, under a name that is stored
	RotationCreated   RotationStep = "created"   // the new one is stored, sealed; the old one is in use
	RotationSwapped   RotationStep = "swapped"   // the new one was verified and is in use; the old one is still to be revoked
	RotationDone      RotationStep = "done"      // the old one is revoked
	RotationFailed    RotationStep = "failed"    // the old one is in use as before
	RotationUnrevoked RotationStep = "unrevoked" // the new one is in use, and the old one could not be revoked
)

// underWay are the steps that Drover works on by itself.
var underWay = []RotationStep{RotationLooking, RotationWaiting, RotationCreating, RotationCreated, RotationSwapped}

// UnderWay tells whether Drover goes on with it by itself.
func (s RotationStep) UnderWay() bool { return slices.Contains(underWay, s) }

// Rotation is the replacement of a site's application password by a new one. It holds no secret.
type Rotation struct {
	Site         Site
	Step         RotationStep
	Reason       wordpress.Reason // why it is blocked, failed or waits; empty where nothing stands in the way
	Finding, Fix string           // the same for a person
	Name         string           // of the new password in WordPress
	Attempts     int
	NextAt       time.Time // when Drover goes on
	AskedBy      string
	AskedAt      time.Time
	EndedAt      time.Time
}

// Reconnect tells whether the stored credential itself does not work, so that a person must approve another one.
func (r Rotation) Reconnect() bool { return needsReconnect(r.Reason) }

func needsReconnect(reason wordpress.Reason) bool {
	return reason == wordpress.ReasonBadCredential || reason == wordpress.ReasonNotAuthenticated
}

// HoldRevocation makes rotations wait before they revoke an old password, as long as the function says that requests with it may be under way.
func (r *Registry) HoldRevocation(inUse func(ctx context.Context, site int64) (bool, error)) {
	r.inUse = inUse
}

// BeforeRevocation calls the function before an old password is revoked, so that whatever waits with that password is ended. Where it fails, the
// password is not revoked yet.
func (r *Registry) BeforeRevocation(revoking func(ctx context.Context, is func(vault.Secret) bool) error) {
	r.revoking = revoking
}

// LookAtRotation puts sites on the list of rotations, to find out which of their passwords can be rotated. Nothing is changed on a site. WorkRotations
// does the work. A site whose rotation is under way stays as it is. Sites that share a password with one of them are looked at too.
func (r *Registry) LookAtRotation(ctx context.Context, actor access.Actor, ids ...int64) error {
	if err := r.log.Authorize(ctx, actor, access.SiteRotate, ""); err != nil {
		return err
	}
	ids, err := r.WithSamePassword(ctx, actor, ids...)
	if err != nil {
		return err
	}
	chosen, err := r.rotatable(ctx, actor, ids)
	if err != nil {
		return err
	}
	err = r.store.change(ctx, actor, func(w write) error {
		for _, s := range chosen {
			if err := w.log.VerifyActor(w.tx, actor, access.SiteRotate, access.On("site", s.ID)); err != nil {
				return err
			}
			if _, err := w.queueRotation(s, RotationLooking); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sites: rotate: %w", err)
	}
	return nil
}

// StartRotation orders the rotation of sites' application passwords, with an audit entry for each. WorkRotations does the work. A site whose rotation
// is under way stays as it is. A password that several sites share is rotated where all of them are ordered at once: see WithSamePassword.
func (r *Registry) StartRotation(ctx context.Context, actor access.Actor, ids ...int64) error {
	chosen, err := r.rotatable(ctx, actor, ids)
	if err != nil {
		return err
	}
	return r.mark(ctx, actor, access.SiteRotate, idsOf(chosen), func(w write, s Site) (bool, error) {
		return w.queueRotation(s, RotationWaiting)
	})
}

// rotatable are those of the sites that have a credential and are not retired.
func (r *Registry) rotatable(ctx context.Context, actor access.Actor, ids []int64) ([]Site, error) {
	chosen, err := r.Select(ctx, actor, Selection{IDs: ids})
	if err != nil {
		return nil, err
	}
	chosen = slices.DeleteFunc(chosen, func(s Site) bool { return s.Credential.CreatedAt.IsZero() })
	if len(chosen) == 0 {
		return nil, validation.Problems{"site": "None of these sites has a credential that could be rotated. Connect them first."}
	}
	return chosen, nil
}

func idsOf(all []Site) []int64 {
	ids := make([]int64, len(all))
	for i, s := range all {
		ids[i] = s.ID
	}
	return ids
}

// Rotations lists the rotations of sites in the actor's scope: first what needs a person, then what is under way, then what is over.
func (r *Registry) Rotations(ctx context.Context, actor access.Actor) ([]Rotation, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteRotate, ""); err != nil {
		return nil, err
	}
	rows, err := r.store.rotations(ctx)
	if err != nil {
		return nil, err
	}
	visible, err := visibleSites(ctx, r.store, actor, rows, func(row rotationRow) int64 { return row.SiteID })
	if err != nil {
		return nil, err
	}
	var all []Rotation
	for _, row := range rows {
		if s, is := visible[row.SiteID]; is {
			all = append(all, row.rotation(s))
		}
	}
	slices.SortStableFunc(all, func(a, b Rotation) int { return rotationOrder(a.Step) - rotationOrder(b.Step) })
	return all, nil
}

func rotationOrder(s RotationStep) int {
	return slices.Index([]RotationStep{RotationUnrevoked, RotationFailed, RotationBlocked, RotationReady, RotationLooking, RotationWaiting, RotationCreating,
		RotationCreated, RotationSwapped, RotationDone}, s)
}

// Rotation returns the last rotation of a site that the caller may see, and whether there was one.
func (r *Registry) Rotation(ctx context.Context, s Site) (Rotation, bool, error) {
	row, found, err := r.store.rotation(ctx, s.ID)
	if err != nil || !found {
		return Rotation{}, false, err
	}
	return row.rotation(s), true, nil
}

// ClearRotations takes what is over, or never began, off the list of rotations.
func (r *Registry) ClearRotations(ctx context.Context, actor access.Actor) error {
	all, err := r.Rotations(ctx, actor)
	if err != nil {
		return err
	}
	var over []int64
	for _, one := range all {
		if !one.Step.UnderWay() {
			over = append(over, one.Site.ID)
		}
	}
	err = r.store.change(ctx, actor, func(w write) error {
		if err := w.log.VerifyActor(w.tx, actor, access.SiteRotate, ""); err != nil {
			return err
		}
		return w.dropRotations(over)
	})
	if err != nil {
		return fmt.Errorf("sites: rotate: %w", err)
	}
	return nil
}
