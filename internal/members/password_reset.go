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

const resetWorks = time.Hour

// ResetLink makes a link with which the member sets another password, once, within the hour; it voids the one made before. The second
// factor stays, unless lift says that it goes with the old password. Nobody resets a member of a role above their own
// (access.ErrForbidden).
func (r *Roster) ResetLink(ctx context.Context, actor access.Actor, member int64, lift bool) (vault.Secret, error) {
	token, hash := newToken()
	a := act{actor, access.MemberReset, access.On("member", member)}
	err := r.change(ctx, a, func(w write) error {
		m, err := w.within(member)
		if err != nil {
			return err
		}
		row := linkRow{Kind: reset, TokenHash: hash, MemberID: m.ID, Lift: lift, CreatedBy: actor.Name, CreatedAt: w.now.UnixMicro(),
			ExpiresAt: w.now.Add(resetWorks).UnixMicro()}
		if by := byMember(actor); by != 0 {
			row.CreatedBy = string(access.On("member", by))
		}
		if err := errors.Join(w.replaceLink(row), w.influenced(m.ID, byMember(actor), "reset"), w.influenced(m.ID, approver(actor), "approved a reset")); err != nil {
			return err
		}
		return w.record(a.subject, map[string]any{"link": reset, "lifts_second_factor": lift})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: reset: %w", err)
	}
	return token, nil
}

// ResetOf returns whose password the link resets, or ErrBadLink.
func (r *Roster) ResetOf(ctx context.Context, token vault.Secret) (OneTimeLink, error) {
	row, err := r.linkOf(ctx, token, reset)
	if err != nil {
		return OneTimeLink{}, err
	}
	m, err := r.store.byID(ctx, row.MemberID)
	return OneTimeLink{Email: m.Email, Role: m.Role}, err
}

// Reset sets another password with the link, ends all of the member's sessions and tokens, and signs the member in, half open where there is a second
// factor. Of two at once, one gets ErrBadLink.
func (r *Roster) Reset(ctx context.Context, token, password vault.Secret, d Device) (vault.Secret, error) {
	link, err := r.linkOf(ctx, token, reset)
	if err != nil {
		return vault.Secret{}, err
	}
	row, err := r.store.byID(ctx, link.MemberID)
	if err != nil {
		return vault.Secret{}, err
	}
	p := validation.Problems{}
	if r.checkPassword(p, password, row.Email); len(p) > 0 {
		return vault.Secret{}, p
	}
	hash, err := r.hashing.hash(ctx, password)
	if err != nil {
		return vault.Secret{}, err
	}
	m := row.member()
	err = r.change(ctx, act{m.Actor(d.Addr), access.MemberEdit, m.subject()}, func(w write) error {
		if err := w.useLink(link.ID); err != nil {
			return err
		}
		return w.resetTo(row, hash, link.Lift)
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: reset: %w", err)
	}
	if row, err = r.store.byID(ctx, m.ID); err != nil {
		return vault.Secret{}, err
	}
	return r.begin(ctx, row.member(), d, beginning{by: link.creator()}, func(write) error { return nil })
}

func (w write) resetTo(row memberRow, hash string, lift bool) error {
	if err := w.unchanged(row); err != nil {
		return err
	}
	if err := w.setPassword(row.ID, hash); err != nil {
		return err
	}
	detail, err := w.endAll(row.ID, "your password was reset")
	if err != nil {
		return err
	}
	if lift {
		if err := w.dropFactors(row.ID); err != nil {
			return err
		}
	}
	detail["password"], detail["second_factor_lifted"] = "reset by a link", lift
	return w.record(row.member().subject(), detail)
}
