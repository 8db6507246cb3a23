package members

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
)

// secondFactorLimit is how long a session may wait for its second factor.
const secondFactorLimit = 10 * time.Minute

// SessionHolder is who holds a session and is to prove that it is theirs.
type SessionHolder struct {
	Member  Member
	Session Session
	Device  Device
	Origin  string // the address that the browser shows, such as https://drover.agency.example; passkeys are bound to it
}

// act is a sign-in's second step, or a proof in between.
func (h SessionHolder) act() act {
	a := act{h.Member.SignedIn(h.Session, h.Device.Addr), access.MemberConfirm, h.Member.subject()}
	if h.Session.SecondFactorPending {
		a.action = access.MemberSignIn
	}
	return a
}

// GiveCode proves the session with a code of an authenticator app or a recovery code, each good once, and returns the session's new
// token; the old one is void. A wrong code is ErrCode, too many are Wait.
func (r *Roster) GiveCode(ctx context.Context, h SessionHolder, typed string) (vault.Secret, error) {
	code := tidyCode(typed)
	short := len(code) <= 8
	try, err := r.attempt(ctx, "second factor of "+h.Member.Email, h.Member.ID, h.Device)
	if err != nil {
		return vault.Secret{}, err
	}
	try.wide = short
	if err := r.throttle.begin(try, r.now()); err != nil {
		return vault.Secret{}, err
	}
	token, err := r.reauthenticate(ctx, h, func(w write) (string, error) {
		if short {
			return string(TOTP), r.useTOTP(w, code)
		}
		return "recovery code", w.useCode(h.Member.ID, hashOfCode(code))
	})
	switch {
	case err == nil:
		r.throttle.succeed(try)
	case !errors.Is(err, ErrCode):
		r.throttle.undo(try)
	}
	return token, err
}

// GivePassword proves the session of a member without a second factor, and returns its new token; the old one is void. A wrong password
// is ErrPassword, too many are Wait. With a second factor, a password proves nothing: ErrPassword as well.
func (r *Roster) GivePassword(ctx context.Context, h SessionHolder, password vault.Secret) (vault.Secret, error) {
	row, err := r.store.byID(ctx, h.Member.ID)
	if err != nil {
		return vault.Secret{}, err
	}
	try, err := r.attempt(ctx, row.Email, row.ID, h.Device)
	if err != nil {
		return vault.Secret{}, err
	}
	if err := r.throttle.begin(try, r.now()); err != nil {
		return vault.Secret{}, err
	}
	right, err := r.hashing.verify(ctx, row.PasswordHash, password)
	if err != nil {
		r.throttle.undo(try)
		return vault.Secret{}, err
	}
	if !right {
		return vault.Secret{}, r.refused(ctx, h.act(), refusal{"wrong_password", ErrPassword})
	}
	r.throttle.succeed(try)
	return r.reauthenticate(ctx, h, func(w write) (string, error) {
		has, err := w.hasFactor(h.Member.ID)
		if err == nil && (has || h.Session.SecondFactorPending) {
			err = refusal{"second_factor_wanted", ErrPassword}
		}
		return "password", errors.Join(err, w.unchanged(row))
	})
}

// useTOTP takes a code of one of the member's apps, unless that code or a later one was taken before.
func (r *Roster) useTOTP(w write, code string) error {
	rows, err := w.apps(w.actor.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		at, err := r.stepOf(row, code, w.now)
		if err == nil {
			return w.takeStep(row.ID, at)
		}
		if !errors.Is(err, ErrCode) {
			return err
		}
	}
	return refusal{"wrong_code", ErrCode}
}

// reauthenticate runs the check in one transaction with the session's new token.
func (r *Roster) reauthenticate(ctx context.Context, h SessionHolder, check func(write) (with string, err error)) (vault.Secret, error) {
	token, hash := newToken()
	err := r.change(ctx, h.act(), func(w write) error {
		if _, err := w.presentMember(h.Member.ID); err != nil {
			return err
		}
		with, err := check(w)
		if err != nil {
			return err
		}
		if err := w.renewSession(h.Session.ID, h.Member.ID, hash); err != nil {
			return err
		}
		return w.record(h.Member.subject(), map[string]any{"session": h.Session.ID, "with": with})
	})
	if err != nil {
		return vault.Secret{}, fmt.Errorf("members: prove: %w", err)
	}
	return token, nil
}

func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
