package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// linkKind is what a one-time link is for.
type linkKind string

const (
	setup      linkKind = "setup"      // makes the owner's account, where there is no member yet
	signInOnce linkKind = "sign_in"    // signs a member in
	invitation linkKind = "invitation" // makes a member's account
	reset      linkKind = "reset"      // resets a member's password
)

// How long links work.
const (
	setupWorks      = 7 * 24 * time.Hour
	signInWorks     = 24 * time.Hour
	invitationWorks = 7 * 24 * time.Hour
)

// EnsureSetupLink makes the link that sets up the owner's account when nobody was ever a member, and voids the one made before.
func (r *Roster) EnsureSetupLink(ctx context.Context) (token vault.Secret, needed bool, err error) {
	token, hash := newToken()
	now := r.now()
	err = r.store.change(ctx, write{now: now}, func(w write) error {
		some, err := someMember(w.tx)
		if err != nil || some {
			return err
		}
		needed = true
		return w.replaceLink(linkRow{Kind: setup, TokenHash: hash, Role: access.Owner, CreatedAt: now.UnixMicro(), ExpiresAt: now.Add(setupWorks).UnixMicro()})
	})
	if err != nil || !needed {
		return vault.Secret{}, false, err
	}
	return token, true, nil
}

// SignInLink makes a link that signs the member in once. Only the command line may: whoever can read the data folder can anyway.
func (r *Roster) SignInLink(ctx context.Context, actor access.Actor, member int64) (vault.Secret, error) {
	if actor.Kind != access.KindCommandLine {
		return vault.Secret{}, fmt.Errorf("members: %w", errLinkWanted)
	}
	token, hash := newToken()
	a := act{actor, access.MemberInvite, access.On("member", member)}
	err := r.change(ctx, a, func(w write) error {
		m, err := w.presentMember(member)
		if err != nil {
			return err
		}
		row := linkRow{Kind: signInOnce, TokenHash: hash, MemberID: member, CreatedBy: actor.Name, CreatedAt: w.now.UnixMicro(),
			ExpiresAt: w.now.Add(signInWorks).UnixMicro()}
		if err := w.replaceLink(row); err != nil {
			return err
		}
		return w.record(a.subject, map[string]any{"link": signInOnce, "name": m.Name})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: link: %w", err)
	}
	return token, nil
}

// Invite makes an invitation for the member's address, to the role and the reach: one use, 7 days. A new one for the same address voids
// the one before. Nobody invites to more than they have themselves (access.ErrForbidden).
func (r *Roster) Invite(ctx context.Context, actor access.Actor, m Member) (vault.Secret, error) {
	a := act{actor: actor, action: access.MemberInvite}
	p := validation.Problems{}
	email := cleanEmail(p, m.Email)
	if !m.Role.Valid() {
		p["role"] = "Choose a role."
	}
	if _, err := r.store.byEmail(ctx, email); err == nil {
		p["email"] = "A member with this email address already exists."
	}
	token, hash := newToken()
	err := r.change(ctx, a, func(w write) error {
		if err := p.OrNil(); err != nil {
			return err
		}
		if err := w.mayGive(m.Role, m.Restriction); err != nil {
			return err
		}
		row := linkRow{Kind: invitation, TokenHash: hash, Email: email, Role: m.Role, Restriction: stored(m.Restriction), CreatedAt: w.now.UnixMicro(),
			ExpiresAt: w.now.Add(invitationWorks).UnixMicro()}
		if by := byMember(actor); by != 0 {
			row.CreatedBy = string(access.On("member", by))
		}
		row.ApprovedBy = approver(actor)
		if err := w.replaceLink(row); err != nil {
			return err
		}
		return w.record("", map[string]any{"email": email, "role": m.Role, "reach": m.Restriction})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: invite: %w", err)
	}
	return token, nil
}

// OneTimeLink is what somebody who holds a link may know of it.
type OneTimeLink struct {
	Email string // empty for the setup link: its holder chooses
	Role  access.Role
}

// Setup returns the setup link of the token, or ErrBadLink.
func (r *Roster) Setup(ctx context.Context, token vault.Secret) (OneTimeLink, error) {
	return r.peek(ctx, token, setup)
}

// Invitation returns the invitation of the token, or ErrBadLink.
func (r *Roster) Invitation(ctx context.Context, token vault.Secret) (OneTimeLink, error) {
	return r.peek(ctx, token, invitation)
}

func (r *Roster) peek(ctx context.Context, token vault.Secret, kind linkKind) (OneTimeLink, error) {
	row, err := r.linkOf(ctx, token, kind)
	return OneTimeLink{Email: row.Email, Role: row.Role}, err
}

func (r *Roster) linkOf(ctx context.Context, token vault.Secret, kind linkKind) (linkRow, error) {
	row, err := r.store.link(ctx, hashOf(token), r.now())
	if err == nil && row.Kind != kind {
		err = ErrBadLink
	}
	return row, err
}

// Claim is what somebody types who takes a link up.
type Claim struct {
	Name     string
	Email    string // of a setup; an invitation is bound to its own
	Password vault.Secret
}

// SetUp makes the owner's account with the setup link and signs the owner in. Of two at once, one gets ErrBadLink.
func (r *Roster) SetUp(ctx context.Context, token vault.Secret, c Claim, d Device) (vault.Secret, error) {
	return r.claim(ctx, token, setup, c, d)
}

// Join makes a member's account with an invitation and signs the member in. Of two at once, one gets ErrBadLink.
func (r *Roster) Join(ctx context.Context, token vault.Secret, c Claim, d Device) (vault.Secret, error) {
	return r.claim(ctx, token, invitation, c, d)
}

func (r *Roster) claim(ctx context.Context, token vault.Secret, kind linkKind, c Claim, d Device) (vault.Secret, error) {
	link, err := r.linkOf(ctx, token, kind)
	if err != nil {
		return vault.Secret{}, err
	}
	m := Member{Email: c.Email, Name: c.Name, Role: link.Role, Restriction: restrictionOf(link.Restriction)}
	if kind == invitation {
		m.Email = link.Email
	}
	p := m.clean()
	r.checkPassword(p, c.Password, m.Email)
	if err := p.OrNil(); err != nil {
		return vault.Secret{}, err
	}
	hash, err := r.hashing.hash(ctx, c.Password)
	if err != nil {
		return vault.Secret{}, err
	}
	joining := act{actor: m.Actor(d.Addr), action: access.MemberJoin}
	err = r.change(ctx, joining, func(w write) error {
		if err := w.useLink(link.ID); err != nil {
			return err
		}
		if err := w.stillFirst(kind); err != nil {
			return err
		}
		if m, err = w.insertMember(m, hash); err != nil {
			return err
		}
		if err := errors.Join(w.influenced(m.ID, link.creator(), "invited"), w.influenced(m.ID, link.ApprovedBy, "approved the invitation")); err != nil {
			return err
		}
		w.actor.ID = m.ID
		return w.record(m.subject(), map[string]any{"email": m.Email, "name": m.Name, "role": m.Role, "reach": m.Restriction, "link": kind})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: join: %w", err)
	}
	return r.begin(ctx, m, d, beginning{by: link.creator()}, func(write) error { return nil })
}

// stillFirst returns ErrBadLink for a setup link where anybody is a member already, however they were added.
func (w write) stillFirst(kind linkKind) error {
	if kind != setup {
		return nil
	}
	some, err := someMember(w.tx)
	if err == nil && some {
		err = ErrBadLink
	}
	return err
}

// Enter signs a member in with a sign-in link.
func (r *Roster) Enter(ctx context.Context, token vault.Secret, d Device) (vault.Secret, error) {
	link, err := r.linkOf(ctx, token, signInOnce)
	if err != nil {
		return vault.Secret{}, err
	}
	row, err := r.store.byID(ctx, link.MemberID)
	if err != nil {
		return vault.Secret{}, err
	}
	return r.begin(ctx, row.member(), d, beginning{by: link.creator()}, func(w write) error { return w.useLink(link.ID) })
}
