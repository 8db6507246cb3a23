package members

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// ErrNoInvitation is returned where no invitation is open that the actor may see.
var ErrNoInvitation = errors.New("there is no such open invitation")

// Invitation is one that nobody has accepted yet. Its link is not known any more.
type Invitation struct {
	ID          int64
	Email       string
	Role        access.Role
	Restriction access.Restriction
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// Invitations returns the open invitations to no more than the actor's own rights, newest first.
func (r *Roster) Invitations(ctx context.Context, actor access.Actor) ([]Invitation, error) {
	rows, err := r.store.openInvitations(ctx, r.now())
	all := make([]Invitation, 0, len(rows))
	for _, row := range rows {
		all = append(all, row.invitation())
	}
	return slices.DeleteFunc(all, func(i Invitation) bool { return !i.within(actor) }), err
}

func (i Invitation) within(actor access.Actor) bool {
	return actor.Role.Covers(i.Role) && actor.Scope.Covers(i.Restriction)
}

// RevokeInvitation voids the link of an open invitation at once, or returns ErrNoInvitation.
func (r *Roster) RevokeInvitation(ctx context.Context, actor access.Actor, id int64) error {
	err := r.change(ctx, act{actor: actor, action: access.MemberUninvite}, func(w write) error {
		row, err := w.openInvitation(id)
		if err != nil {
			return err
		}
		if !row.invitation().within(w.actor) {
			return ErrNoInvitation
		}
		if err := w.tx.Delete(&linkRow{}, row.ID).Error; err != nil {
			return err
		}
		return w.record("", map[string]any{"email": row.Email, "role": row.Role})
	})
	if err != nil {
		return fmt.Errorf("members: revoke invitation: %w", err)
	}
	return nil
}

func (r linkRow) invitation() Invitation {
	return Invitation{ID: r.ID, Email: r.Email, Role: r.Role, Restriction: restrictionOf(r.Restriction), CreatedAt: moment(r.CreatedAt),
		ExpiresAt: moment(r.ExpiresAt)}
}
