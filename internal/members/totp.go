package members

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// step is how long a code holds (RFC 6238, 4.1); one before and one after are taken too, for clocks that differ (5.2).
const step = 30 * time.Second

// factorBinding ties a sealed secret to its factor.
func factorBinding(id int64) vault.Binding {
	return vault.Binding{Table: "factors", Row: id, Purpose: "totp"}
}

// Enrolment is what an authenticator app is set up with.
type Enrolment struct {
	Secret vault.Secret // in base 32, to type
	URI    vault.Secret // otpauth://…, to scan
}

// BeginTOTP makes a secret for an authenticator app of the actor's, and returns its factor. It counts for nothing until ConfirmTOTP.
// One that was begun before and not confirmed is dropped.
func (r *Roster) BeginTOTP(ctx context.Context, actor access.Actor) (int64, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Drover", AccountName: "member"})
	if err != nil {
		return 0, fmt.Errorf("members: authenticator app: %w", err)
	}
	var id int64
	err = r.change(ctx, ownFactor(actor), func(w write) error {
		if err := w.dropUnconfirmed(actor.ID); err != nil {
			return err
		}
		var err error
		if id, err = w.insertFactor(factorRow{MemberID: actor.ID, Kind: TOTP, Name: "Authenticator app", CreatedAt: w.now.UnixMicro()}); err != nil {
			return err
		}
		sealed, err := r.vault.Seal(vault.NewSecret(key.Secret()), factorBinding(id))
		if err != nil {
			return err
		}
		return w.putSealed(id, sealed)
	})
	if err != nil {
		return 0, fmt.Errorf("members: authenticator app: %w", err)
	}
	return id, nil
}

// Enrolment returns what to set the member's app up with. Once confirmed, it is never shown again: ErrNoFactor.
func (r *Roster) Enrolment(ctx context.Context, m Member, id int64) (Enrolment, error) {
	row, err := r.store.unconfirmed(ctx, m.ID, id)
	if err != nil {
		return Enrolment{}, err
	}
	secret, err := r.vault.Open(row.Sealed, factorBinding(row.ID))
	if err != nil {
		return Enrolment{}, fmt.Errorf("members: authenticator app: %w", err)
	}
	uri := "otpauth://totp/Drover:" + escaped(m.Email) + "?issuer=Drover&secret=" + secret.Reveal()
	return Enrolment{secret, vault.NewSecret(uri)}, nil
}

// ConfirmTOTP takes the app into use when the code is right, else ErrCode. With the member's first factor it returns recovery codes,
// which are shown once.
func (r *Roster) ConfirmTOTP(ctx context.Context, actor access.Actor, id int64, name, code string) ([]string, error) {
	var codes []string
	err := r.change(ctx, ownFactor(actor), func(w write) error {
		p := validation.Problems{}
		if name = cleanName(p, name); len(p) > 0 {
			return p
		}
		row, err := r.store.unconfirmed(ctx, actor.ID, id)
		if err != nil {
			return err
		}
		at, err := r.stepOf(row, code, w.now)
		if err != nil {
			return err
		}
		row.Name, row.LastStep, row.ConfirmedAt = name, at, w.now.UnixMicro()
		codes, err = w.confirmed(row)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("members: authenticator app: %w", err)
	}
	return codes, nil
}

// stepOf returns the time step whose code this is, or ErrCode.
func (r *Roster) stepOf(row factorRow, code string, now time.Time) (int64, error) {
	secret, err := r.vault.Open(row.Sealed, factorBinding(row.ID))
	if err != nil {
		return 0, fmt.Errorf("members: authenticator app: %w", err)
	}
	opts := totp.ValidateOpts{Period: uint(step.Seconds()), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	for _, drift := range []time.Duration{0, -step, step} {
		at := now.Add(drift)
		want, err := totp.GenerateCodeCustom(secret.Reveal(), at, opts)
		if err != nil {
			return 0, fmt.Errorf("members: authenticator app: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return at.Unix() / int64(step.Seconds()), nil
		}
	}
	return 0, ErrCode
}
