package members

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// ErrToken is returned for a token that does not work, or not any more.
var ErrToken = errors.New("the token is unknown, expired or revoked")

// Token is what may be known of a key with which a program acts for a member: never its value.
type Token struct {
	ID          int64
	Member      int64
	Name        string
	Role        access.Role // at most this, and at most the member's
	Restriction access.Restriction
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      time.Time // zero before the first use; to the minute
	UsedFrom    string

	RevokedAt  time.Time // zero while it works
	RevokedWhy string    // how it was revoked other than by hand, as the end of a sentence: "your password was reset"
}

// TokenPrefix begins every token, so that scanners of leaked secrets can tell what it is.
const TokenPrefix = "drover_"

// How long tokens may work.
const (
	UsualToken   = 90 * 24 * time.Hour
	longestToken = 366 * 24 * time.Hour
	mostTokens   = 50
)

// MakeToken makes a token of the actor's own, who must be a member, with at most the actor's role and reach. The value is shown once.
func (r *Roster) MakeToken(ctx context.Context, actor access.Actor, t Token) (vault.Secret, error) {
	token, _ := newToken()
	value := vault.NewSecret(TokenPrefix + token.Reveal())
	a := act{actor: actor, action: access.TokenMake, subject: access.On("member", actor.ID)}
	err := r.change(ctx, a, func(w write) error {
		n, err := w.countTokens(actor.ID)
		if err != nil {
			return err
		}
		p := t.clean(w.now)
		if n >= mostTokens {
			p["name"] = fmt.Sprintf("You have %d tokens. Revoke some first.", n)
		}
		if err := p.OrNil(); err != nil {
			return err
		}
		if !actor.Role.Covers(t.Role) {
			return aboveOwnRole
		}
		row := tokenRow{
			MemberID: actor.ID, Name: t.Name, Hash: hashOf(value), Role: t.Role, Restriction: stored(t.Restriction), CreatedAt: w.now.UnixMicro(),
			ExpiresAt: t.ExpiresAt.UnixMicro(),
		}
		if row.ID, err = w.insertToken(row); err != nil {
			return err
		}
		return w.record(access.On("token", row.ID), map[string]any{"name": t.Name, "role": t.Role, "reach": t.Restriction,
			"expires_at": t.ExpiresAt.UTC().Format(time.RFC3339)})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: token: %w", err)
	}
	return value, nil
}

func (t *Token) clean(now time.Time) validation.Problems {
	p := validation.Problems{}
	t.Name = cleanName(p, t.Name)
	if !t.Role.Valid() || t.Role == access.Owner {
		p["role"] = "Choose viewer, operator or admin."
	}
	if !t.ExpiresAt.After(now) || t.ExpiresAt.Sub(now) > longestToken {
		p["days"] = "Choose a time between 1 day and 1 year."
	}
	return p
}

// Tokens returns the member's tokens that work, the newest first.
func (r *Roster) Tokens(ctx context.Context, member int64) ([]Token, error) {
	return r.store.tokens(ctx, member, r.now())
}

// RevokeToken ends a token at once: one's own, or, with the right to remove members, another's within reach.
func (r *Roster) RevokeToken(ctx context.Context, actor access.Actor, id int64) error {
	a := act{actor, access.TokenRevoke, access.On("token", id)}
	err := r.change(ctx, a, func(w write) error {
		row, err := w.workingToken(id)
		if err != nil {
			return err
		}
		if row.MemberID != actor.ID {
			if !actor.May(access.MemberRemove) {
				return refusal{"not_own", ErrToken}
			}
			if _, err := w.within(row.MemberID); err != nil {
				return err
			}
		}
		if err := w.revokeToken(id); err != nil {
			return err
		}
		return w.record(a.subject, map[string]any{"name": row.Name, "member": row.MemberID})
	})
	if err != nil {
		return fmt.Errorf("members: token: %w", err)
	}
	return nil
}

// revokedShown is how long a member is shown which tokens were revoked for them.
const revokedShown = 30 * 24 * time.Hour

// RevokedTokens returns the member's tokens that were revoked of late other than by hand, the newest first.
func (r *Roster) RevokedTokens(ctx context.Context, member int64) ([]Token, error) {
	rows, err := r.store.revokedFor(ctx, member, r.now().Add(-revokedShown))
	all := make([]Token, len(rows))
	for i, row := range rows {
		all[i] = row.token()
	}
	return all, err
}

// NotifyRevoked returns those of RevokedTokens that the member was not told of yet. From then on they count as told.
func (r *Roster) NotifyRevoked(ctx context.Context, member int64) ([]Token, error) {
	rows, err := r.store.revokedFor(ctx, member, r.now().Add(-revokedShown))
	var untold []Token
	for _, row := range rows {
		if row.NotifiedAt == 0 {
			untold = append(untold, row.token())
		}
	}
	if err != nil || len(untold) == 0 {
		return nil, err
	}
	return untold, r.store.change(ctx, write{now: r.now()}, func(w write) error { return w.markNotified(member) })
}

// recordedEvery is how often the use of a token is recorded; what it changes is recorded each time besides.
const recordedEvery = time.Hour

// noteUse keeps when and from where the token was used last, and records the first use from an address and one an hour.
func (r *Roster) noteUse(ctx context.Context, actor access.Actor, row tokenRow, now time.Time) error {
	idle, changed := now.Sub(moment(row.UsedAt)), row.UsedFrom != actor.Addr
	if idle <= touchEvery && !changed {
		return nil
	}
	a := act{actor, access.TokenUse, access.On("token", row.ID)}
	return r.store.change(ctx, write{act: a, now: now}, func(w write) error {
		recorded := moment(row.RecordedAt)
		if changed || now.Sub(recorded) > recordedEvery {
			recorded = now
			if err := w.record(a.subject, map[string]any{"name": row.Name, "member": row.MemberID}); err != nil {
				return err
			}
		}
		return w.touchToken(row.ID, recorded)
	})
}

// Bearer returns who acts with the token that comes from the address: its member, held to what the member and the token are both held
// to, and named as both. It is ErrToken for a token that does not work.
func (r *Roster) Bearer(ctx context.Context, value vault.Secret, addr netip.Addr) (access.Actor, error) {
	if !strings.HasPrefix(value.Reveal(), TokenPrefix) {
		return access.Actor{}, ErrToken
	}
	now := r.now()
	row, err := r.store.token(ctx, hashOf(value), now)
	if err != nil {
		return access.Actor{}, err
	}
	m, err := r.store.byID(ctx, row.MemberID)
	if err != nil || m.LeftAt != 0 {
		return access.Actor{}, errors.Join(ErrToken, err)
	}
	actor := m.member().Actor(addr)
	actor.Kind, actor.Token, actor.Name = access.KindToken, row.ID, m.Name+" by the token "+row.Name
	if !row.Role.Covers(m.Role) {
		actor.Role = row.Role
	}
	actor.Scope = access.NewScope(restrictionOf(m.Restriction), restrictionOf(row.Restriction))
	return actor, r.noteUse(ctx, actor, row, now)
}
