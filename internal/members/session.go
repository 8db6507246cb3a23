package members

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
)

// Limits of a session: without a request, and in all.
const (
	idleLimit     = 14 * 24 * time.Hour
	absoluteLimit = 90 * 24 * time.Hour
	touchEvery    = time.Minute
)

// Session is one browser that a member is signed in with.
type Session struct {
	ID                  int64
	Addr                string
	UserAgent           string
	CreatedAt           time.Time
	LastSeenAt          time.Time
	SecondFactorPending bool      // the second factor is still to be given: nothing else is open to it
	ReauthenticatedAt   time.Time // when the member last proved who they are; zero while half
	MustEnrol           bool      // everybody must have a second factor, and this member has none: nothing else is open until then
}

// newToken makes a token that cannot be guessed, and what is stored of it.
func newToken() (token vault.Secret, hash string) {
	token = vault.NewSecret(rand.Text() + rand.Text())
	return token, hashOf(token)
}

func hashOf(token vault.Secret) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// SignIn checks the password and begins a session, half open where the member has a second factor. Whether the account is unknown or the
// password wrong, the answer and its time are the same: ErrSignIn. Who guesses too often gets Wait.
func (r *Roster) SignIn(ctx context.Context, email string, password vault.Secret, d Device) (vault.Secret, Member, error) {
	row, err := r.store.byEmail(ctx, foldEmail(email))
	if err != nil && !errors.Is(err, ErrNoMember) {
		return vault.Secret{}, Member{}, err
	}
	try, err := r.attempt(ctx, foldEmail(email), row.ID, d)
	if err == nil {
		err = r.throttle.begin(try, r.now())
	}
	if err != nil {
		return vault.Secret{}, Member{}, err
	}
	right, err := r.hashing.verify(ctx, row.PasswordHash, password)
	if err != nil {
		r.throttle.undo(try)
		return vault.Secret{}, Member{}, err
	}
	m := row.member()
	if !right {
		return vault.Secret{}, Member{}, r.refused(ctx, signingIn(m, d), refusal{"wrong_password", ErrSignIn})
	}
	r.throttle.succeed(try)
	if r.hashing.outdated(row.PasswordHash) {
		if m, err = r.rehash(ctx, row, password); err != nil {
			return vault.Secret{}, Member{}, r.refused(ctx, signingIn(row.member(), d), err)
		}
	}
	token, err := r.begin(ctx, m, d, beginning{}, func(write) error { return nil })
	return token, m, err
}

// signingIn is the act of somebody at the door. What an unknown person typed as an address stays out of the audit log: it may have been
// the password.
func signingIn(m Member, d Device) act {
	a := act{actor: m.Actor(d.Addr), action: access.MemberSignIn, subject: m.subject()}
	if m.ID == 0 {
		a.actor.Name, a.actor.Role, a.subject = "somebody", access.Viewer, ""
	}
	return a
}

// beginning is how a session begins.
type beginning struct {
	provided bool  // a provider asked for a second factor already
	by       int64 // the member whose link it is
}

// begin starts a session, after the other part of the change.
func (r *Roster) begin(ctx context.Context, m Member, d Device, how beginning, before func(write) error) (vault.Secret, error) {
	token, hash := newToken()
	err := r.change(ctx, signingIn(m, d), func(w write) error {
		if err := before(w); err != nil {
			return err
		}
		row := newSession(m, d, hash, w.now)
		pending, err := w.hasFactor(m.ID)
		if err != nil {
			return err
		}
		row.Provided, row.BegunBy = how.provided, how.by
		if row.SecondFactorPending = pending && !how.provided; !row.SecondFactorPending {
			row.ReauthenticatedAt = w.now.UnixMicro()
		}
		s, err := w.insertSession(row)
		if err != nil {
			return err
		}
		return w.record(m.subject(), map[string]any{"session": s.ID, "user_agent": s.UserAgent, "half": s.SecondFactorPending})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: sign in: %w", err)
	}
	return token, nil
}

const longestAgent = 300

func newSession(m Member, d Device, hash string, now time.Time) sessionRow {
	row := sessionRow{TokenHash: hash, MemberID: m.ID, CreatedAt: now.UnixMicro(), LastSeenAt: now.UnixMicro(),
		UserAgent: strings.ToValidUTF8(d.UserAgent[:min(len(d.UserAgent), longestAgent)], "")}
	if d.Addr.IsValid() {
		row.Addr = d.Addr.Unmap().String()
	}
	return row
}

// rehash stores the same password at today's cost, unless it was changed since it was checked, and returns the member as that leaves them.
func (r *Roster) rehash(ctx context.Context, row memberRow, password vault.Secret) (m Member, err error) {
	hash, err := r.hashing.hash(ctx, password)
	if err != nil {
		return m, err
	}
	err = r.store.change(ctx, write{now: r.now()}, func(w write) error {
		if w.unchanged(row) != nil {
			return refusal{"password_changed_meanwhile", ErrSignIn}
		}
		if err := w.setPassword(row.ID, hash); err != nil {
			return err
		}
		m, err = w.presentMember(row.ID)
		return err
	})
	return m, err
}

// Authenticate returns who holds the token, or ErrNoSession.
func (r *Roster) Authenticate(ctx context.Context, token vault.Secret) (Member, Session, error) {
	row, err := r.store.session(ctx, hashOf(token))
	if err != nil {
		return Member{}, Session{}, err
	}
	now := r.now()
	if row.SecondFactorPending && now.Sub(moment(row.CreatedAt)) > secondFactorLimit {
		return Member{}, Session{}, ErrNoSession
	}
	if now.Sub(moment(row.LastSeenAt)) > idleLimit || now.Sub(moment(row.CreatedAt)) > absoluteLimit {
		return Member{}, Session{}, ErrNoSession
	}
	m, err := r.store.byID(ctx, row.MemberID)
	if err != nil {
		return Member{}, Session{}, err
	}
	if m.LeftAt != 0 {
		return Member{}, Session{}, ErrNoSession
	}
	if now.Sub(moment(row.LastSeenAt)) > touchEvery {
		if err := r.store.touch(ctx, row.ID, now); err != nil {
			return Member{}, Session{}, fmt.Errorf("members: session: %w", err)
		}
	}
	s := row.session()
	if !row.Provided {
		s.MustEnrol, err = r.mustEnrol(ctx, m.ID)
	}
	return m.member(), s, err
}

// mustEnrol tells whether the member lacks the second factor that everybody must have.
func (r *Roster) mustEnrol(ctx context.Context, member int64) (bool, error) {
	required, err := r.FactorRequired(ctx)
	if err != nil || !required {
		return false, err
	}
	rows, err := r.store.factors(ctx, member)
	return len(rows) == 0, err
}

// Sessions returns where the member is signed in, the last used first.
func (r *Roster) Sessions(ctx context.Context, member int64) ([]Session, error) {
	now := r.now()
	return r.store.sessions(ctx, member, now.Add(-idleLimit), now.Add(-absoluteLimit))
}

// RevokeSession ends one of the actor's own sessions. One that has ended already, or is somebody else's, is ErrNoSession.
func (r *Roster) RevokeSession(ctx context.Context, actor access.Actor, id int64) error {
	a := act{actor, access.MemberSignOut, access.On("member", actor.ID)}
	err := r.change(ctx, a, func(w write) error {
		ended, err := w.endSession(actor.ID, id)
		if err == nil && ended == 0 {
			err = ErrNoSession
		}
		if err != nil {
			return err
		}
		return w.record(a.subject, map[string]any{"session": id})
	})
	if err != nil {
		return fmt.Errorf("members: sign out: %w", err)
	}
	return nil
}

// endAll ends the member's sessions, tokens, and links to sign in or to reset the password, and returns what the audit log tells of it.
func (w write) endAll(member int64, why string) (map[string]any, error) {
	ended, err := w.endSessions(member)
	if err != nil {
		return nil, err
	}
	links, err := w.voidLinks(member)
	if err != nil {
		return nil, err
	}
	tokens, err := w.revokeTokens(member, why)
	return map[string]any{"sessions_ended": ended, "links_voided": links, "tokens_revoked": append([]string{}, tokens...)}, err
}

// SignOutEverywhere ends all of the actor's sessions and tokens.
func (r *Roster) SignOutEverywhere(ctx context.Context, actor access.Actor) error {
	a := act{actor, access.MemberSignOut, access.On("member", actor.ID)}
	err := r.change(ctx, a, func(w write) error {
		detail, err := w.endAll(actor.ID, "you signed out everywhere")
		if err != nil {
			return err
		}
		return w.record(a.subject, detail)
	})
	if err != nil {
		return fmt.Errorf("members: sign out: %w", err)
	}
	return nil
}

// EndSessions ends all sessions and tokens of another member, whom it leaves in the team. Nobody ends those of a role above their own
// (access.ErrForbidden).
func (r *Roster) EndSessions(ctx context.Context, actor access.Actor, member int64) error {
	a := act{actor, access.MemberEndSessions, access.On("member", member)}
	err := r.change(ctx, a, func(w write) error {
		if _, err := w.within(member); err != nil {
			return err
		}
		detail, err := w.endAll(member, "an admin or owner ended your sessions")
		if err != nil {
			return err
		}
		return w.record(a.subject, detail)
	})
	if err != nil {
		return fmt.Errorf("members: end sessions: %w", err)
	}
	return nil
}

// CountSessions counts the sessions of all members that have not ended.
func (r *Roster) CountSessions(ctx context.Context) (int64, error) {
	now := r.now()
	return r.store.countSessions(ctx, now.Add(-idleLimit), now.Add(-absoluteLimit))
}
