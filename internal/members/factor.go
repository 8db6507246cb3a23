package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// FactorKind is a sort of second factor.
type FactorKind string

// The sorts of second factor.
const (
	TOTP    FactorKind = "totp"    // an authenticator app's codes (RFC 6238)
	Passkey FactorKind = "passkey" // a key of the device or a security key (WebAuthn)
)

// Errors of second factors.
var (
	ErrCode     = errors.New("the code is wrong or was already used")
	ErrPasskey  = errors.New("the passkey was not accepted")
	ErrNoFactor = errors.New("there is no such second factor")
	// ErrNoHostName is what Drover answers where it is opened by an IP address: passkeys are bound to a domain (WebAuthn, 5.1.3).
	ErrNoHostName = errors.New("passkeys are bound to a host name, and this address has none")
)

// Factor is something that a member shows besides the password.
type Factor struct {
	ID        int64
	Kind      FactorKind
	Name      string
	CreatedAt time.Time
	UsedAt    time.Time // zero when it never was
}

// SecondFactor is how a member's second factor stands.
type SecondFactor struct {
	Factors   []Factor // by age
	CodesLeft int      // recovery codes that were not used
	Required  bool     // of everybody, by the team's setting
}

// SecondFactor returns how the member's second factor stands.
func (r *Roster) SecondFactor(ctx context.Context, member int64) (SecondFactor, error) {
	rows, err := r.store.factors(ctx, member)
	if err != nil {
		return SecondFactor{}, err
	}
	var s SecondFactor
	for _, row := range rows {
		s.Factors = append(s.Factors, row.factor())
	}
	if s.CodesLeft, err = r.store.codesLeft(ctx, member); err != nil {
		return SecondFactor{}, err
	}
	s.Required, err = r.FactorRequired(ctx)
	return s, err
}

// RenameFactor gives one of the actor's own factors another name.
func (r *Roster) RenameFactor(ctx context.Context, actor access.Actor, id int64, name string) error {
	return r.changeFactor(ctx, actor, id, func(w write, f factorRow) error {
		p := validation.Problems{}
		if name = cleanName(p, name); len(p) > 0 {
			return p
		}
		if err := w.renameFactor(f.ID, name); err != nil {
			return err
		}
		return w.record(w.subject, map[string]any{"second_factor": "renamed", "kind": f.Kind, "name": map[string]any{"before": f.Name, "after": name}})
	})
}

// RemoveFactor takes one of the actor's own factors away. With the last one, the recovery codes go too, and the actor's tokens with any.
func (r *Roster) RemoveFactor(ctx context.Context, actor access.Actor, id int64) error {
	return r.changeFactor(ctx, actor, id, func(w write, f factorRow) error {
		if err := w.removeFactor(f); err != nil {
			return err
		}
		tokens, err := w.revokeTokens(f.MemberID, "you removed a second factor")
		if err != nil {
			return err
		}
		return w.record(w.subject, map[string]any{"second_factor": "removed", "kind": f.Kind, "name": f.Name, "tokens_revoked": append([]string{}, tokens...)})
	})
}

func (r *Roster) changeFactor(ctx context.Context, actor access.Actor, id int64, f func(write, factorRow) error) error {
	err := r.change(ctx, ownFactor(actor), func(w write) error {
		row, err := w.factor(actor.ID, id)
		if err != nil {
			return err
		}
		return f(w, row)
	})
	if err != nil {
		return fmt.Errorf("members: second factor: %w", err)
	}
	return nil
}

func ownFactor(actor access.Actor) act {
	return act{actor, access.MemberFactor, access.On("member", actor.ID)}
}

// confirmed stores that the factor works, makes recovery codes with the first one, and records it. It returns the codes, if any.
func (w write) confirmed(f factorRow) ([]string, error) {
	had, err := w.hasFactor(f.MemberID)
	if err != nil {
		return nil, err
	}
	if err := w.putFactor(f); err != nil {
		return nil, err
	}
	var codes []string
	if !had {
		if codes, err = w.newCodes(f.MemberID); err != nil {
			return nil, err
		}
	}
	return codes, w.record(w.subject, map[string]any{"second_factor": "added", "kind": f.Kind, "name": f.Name})
}

const factorRequired = "second_factor_required"

// FactorRequired tells whether everybody must have a second factor.
func (r *Roster) FactorRequired(ctx context.Context) (bool, error) {
	value, err := r.store.setting(ctx, factorRequired)
	return value == "yes", err
}

// RequireFactor makes a second factor everybody's duty, or lifts it. Members without one can do nothing else until they have set one up.
func (r *Roster) RequireFactor(ctx context.Context, actor access.Actor, required bool) error {
	value := "no"
	if required {
		value = "yes"
	}
	err := r.change(ctx, act{actor: actor, action: access.SettingsChange}, func(w write) error {
		if err := w.putSetting(factorRequired, value); err != nil {
			return err
		}
		return w.record("", map[string]any{"setting": factorRequired, "value": value})
	})
	if err != nil {
		return fmt.Errorf("members: require a second factor: %w", err)
	}
	return nil
}
