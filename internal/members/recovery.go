package members

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
)

// recoveryCodes is how many a member has; each works once.
const recoveryCodes = 10

// codeSigns is how long one is, of five bits each.
const codeSigns = 24

// NewRecoveryCodes makes new codes for the actor and voids the old ones. They are shown once: only their hashes are kept. Without a
// second factor there is nothing to recover: ErrNoFactor.
func (r *Roster) NewRecoveryCodes(ctx context.Context, actor access.Actor) ([]string, error) {
	var codes []string
	err := r.change(ctx, ownFactor(actor), func(w write) error {
		has, err := w.hasFactor(actor.ID)
		if err == nil && !has {
			err = ErrNoFactor
		}
		if err != nil {
			return err
		}
		if codes, err = w.newCodes(actor.ID); err != nil {
			return err
		}
		return w.record(w.subject, map[string]any{"second_factor": "recovery codes made"})
	})
	if err != nil {
		return nil, fmt.Errorf("members: recovery codes: %w", err)
	}
	return codes, nil
}

func (w write) newCodes(member int64) ([]string, error) {
	if err := w.dropCodes(member); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newCode()
		if err := w.insertCode(recoveryRow{MemberID: member, CodeHash: hashOfCode(codes[i]), CreatedAt: w.now.UnixMicro()}); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// newCode is 120 bits in base 32, in groups that are easy to copy by hand. From 112 bits on, a fast hash keeps a code as well as a slow
// one (OWASP ASVS 5.0.0, 6.5.2).
func newCode() string {
	text := strings.ToLower(rand.Text())
	var groups []string
	for at := 0; at < codeSigns; at += 4 {
		groups = append(groups, text[at:at+4])
	}
	return strings.Join(groups, "-")
}

// tidyCode is a code as it was given out, however it was typed.
func tidyCode(typed string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(typed))
}

func hashOfCode(code string) string { return hashOf(vault.NewSecret("recovery " + tidyCode(code))) }
