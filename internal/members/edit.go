package members

import (
	"context"
	"fmt"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// Add takes a person in at once; Invite lets people choose their own password. It returns validation.Problems where the member cannot be
// stored, and access.ErrForbidden for a role above the actor's own.
func (r *Roster) Add(ctx context.Context, actor access.Actor, m Member, password vault.Secret) (Member, error) {
	a := act{actor: actor, action: access.MemberAdd}
	if err := r.log.Authorize(ctx, actor, a.action, ""); err != nil {
		return Member{}, err
	}
	p := m.clean()
	r.checkPassword(p, password, m.Email)
	if err := p.OrNil(); err != nil {
		return Member{}, err
	}
	hash, err := r.hashing.hash(ctx, password)
	if err != nil {
		return Member{}, err
	}
	err = r.change(ctx, a, func(w write) error {
		if err := w.mayGive(m.Role, m.Restriction); err != nil {
			return err
		}
		if m, err = w.insertMember(m, hash); err != nil {
			return err
		}
		if err := w.influenced(m.ID, byMember(actor), "added"); err != nil {
			return err
		}
		return w.record(m.subject(), map[string]any{"email": m.Email, "name": m.Name, "role": m.Role, "reach": m.Restriction})
	})
	if err != nil {
		return Member{}, fmt.Errorf("members: add: %w", err)
	}
	return m, nil
}

// ChangeRole gives a member another role. Neither the old nor the new one may be above the actor's own (access.ErrForbidden), and
// the last owner stays one (ErrLastOwner). Invitations of the member's making that nobody took up are void from then on.
func (r *Roster) ChangeRole(ctx context.Context, actor access.Actor, id int64, role access.Role) error {
	a := act{actor, access.MemberRole, access.On("member", id)}
	err := r.change(ctx, a, func(w write) error {
		m, err := w.within(id)
		if err != nil || m.Role == role {
			return err
		}
		if !role.Valid() {
			return validation.Problems{"role": "Choose a role."}
		}
		if err := w.mayGive(role, m.Restriction); err != nil {
			return err
		}
		if err := w.keepOwner(m); err != nil {
			return err
		}
		if err := w.setRole(m, role); err != nil {
			return err
		}
		if !m.Role.Covers(role) {
			if err := w.influenced(m.ID, byMember(actor), "raised"); err != nil {
				return err
			}
		}
		return w.record(a.subject, map[string]any{"role": map[string]any{"before": m.Role, "after": role}})
	})
	if err != nil {
		return fmt.Errorf("members: role: %w", err)
	}
	return nil
}

// Remove ends a membership: sessions, links and invitations die at once, what the member did stays in the audit log. The last owner
// stays (ErrLastOwner), and nobody removes a member of a role above their own (access.ErrForbidden).
func (r *Roster) Remove(ctx context.Context, actor access.Actor, id int64) error {
	a := act{actor, access.MemberRemove, access.On("member", id)}
	err := r.change(ctx, a, func(w write) error {
		m, err := w.within(id)
		if err != nil {
			return err
		}
		if err := w.keepOwner(m); err != nil {
			return err
		}
		if err := w.remove(m); err != nil {
			return err
		}
		return w.record(a.subject, map[string]any{"email": m.Email, "name": m.Name, "role": m.Role})
	})
	if err != nil {
		return fmt.Errorf("members: remove: %w", err)
	}
	return nil
}

// SetAccess holds a member to some sites and operations beside the role. Nobody gives more than they reach themselves, changes their own,
// or holds an owner to anything (validation.Problems, access.ErrForbidden). Invitations of the member's making that nobody took up are void from then on.
func (r *Roster) SetAccess(ctx context.Context, actor access.Actor, id int64, restriction access.Restriction) error {
	a := act{actor, access.MemberAccess, access.On("member", id)}
	err := r.change(ctx, a, func(w write) error {
		m, err := w.within(id)
		if err != nil {
			return err
		}
		if m.ID == actor.ID {
			return refusal{"own_reach", access.ErrForbidden}
		}
		if err := w.mayGive(m.Role, restriction); err != nil {
			return err
		}
		if err := w.setRestriction(m, restriction); err != nil {
			return err
		}
		if !access.NewScope(m.Restriction).Covers(restriction) {
			if err := w.influenced(m.ID, byMember(actor), "widened"); err != nil {
				return err
			}
		}
		return w.record(a.subject, map[string]any{"reach": map[string]any{"before": m.Restriction, "after": restriction}})
	})
	if err != nil {
		return fmt.Errorf("members: reach: %w", err)
	}
	return nil
}

// mayGive refuses to give more than the actor has. An owner is held to nothing: somebody must be able to fix everything.
func (w write) mayGive(role access.Role, restriction access.Restriction) error {
	switch {
	case !w.actor.Role.Covers(role):
		return aboveOwnRole
	case !w.actor.Scope.Covers(restriction):
		return refusal{"beyond_own_reach", access.ErrForbidden}
	case role == access.Owner && !restriction.IsZero():
		return validation.Problems{"reach": "An owner has access to everything. Choose another role, or no restrictions."}
	}
	return nil
}

// within returns the member if present and within the actor's reach, and of a role that the actor's covers.
func (w write) within(id int64) (Member, error) {
	m, err := w.presentMember(id)
	switch {
	case err != nil:
	case !w.actor.Scope.Covers(m.Restriction):
		err = refusal{"beyond_own_reach", ErrNoMember}
	case !w.actor.Role.Covers(m.Role):
		err = aboveOwnRole
	}
	return m, err
}

// keepOwner refuses to lose the member where no other owner is present.
func (w write) keepOwner(m Member) error {
	if m.Role != access.Owner {
		return nil
	}
	remaining, err := w.countOwners()
	if err == nil && remaining < 2 {
		err = refusal{"last_owner", ErrLastOwner}
	}
	return err
}

// SetName gives the actor, who must be a member, another name.
func (r *Roster) SetName(ctx context.Context, actor access.Actor, name string) error {
	a := act{actor, access.MemberEdit, access.On("member", actor.ID)}
	err := r.change(ctx, a, func(w write) error {
		p := validation.Problems{}
		if name = cleanName(p, name); len(p) > 0 {
			return p
		}
		m, err := w.presentMember(actor.ID)
		if err != nil || m.Name == name {
			return err
		}
		if err := w.setName(m.ID, name); err != nil {
			return err
		}
		return w.record(a.subject, map[string]any{"name": map[string]any{"before": m.Name, "after": name}})
	})
	if err != nil {
		return fmt.Errorf("members: name: %w", err)
	}
	return nil
}

// ChangePassword gives the actor, who must be a member, another password, and ends all of the member's sessions and tokens, this session too. A
// wrong old password is ErrPassword, and counts against guessing like a wrong sign-in: then Wait.
func (r *Roster) ChangePassword(ctx context.Context, actor access.Actor, old, new vault.Secret) error {
	a := act{actor, access.MemberEdit, access.On("member", actor.ID)}
	if err := r.log.Authorize(ctx, actor, a.action, a.subject); err != nil {
		return err
	}
	row, err := r.store.byID(ctx, actor.ID)
	if err != nil {
		return err
	}
	p := validation.Problems{}
	if r.checkPassword(p, new, row.Email); len(p) > 0 {
		return p
	}
	try := attempt{account: row.Email, addr: parseAddr(actor.Addr)}
	if err := r.throttle.begin(try, r.now()); err != nil {
		return err
	}
	if right, err := r.hashing.verify(ctx, row.PasswordHash, old); err != nil {
		r.throttle.undo(try)
		return err
	} else if !right {
		return r.refused(ctx, a, refusal{"wrong_password", ErrPassword})
	}
	r.throttle.succeed(try)
	return r.replacePassword(ctx, a, row, new)
}

func (r *Roster) replacePassword(ctx context.Context, a act, row memberRow, new vault.Secret) error {
	hash, err := r.hashing.hash(ctx, new)
	if err != nil {
		return err
	}
	err = r.change(ctx, a, func(w write) error {
		if err := w.unchanged(row); err != nil {
			return err
		}
		if err := w.setPassword(row.ID, hash); err != nil {
			return err
		}
		detail, err := w.endAll(row.ID, "you changed your password")
		if err != nil {
			return err
		}
		detail["password"] = "changed"
		return w.record(a.subject, detail)
	})
	if err != nil {
		return fmt.Errorf("members: password: %w", err)
	}
	return nil
}
