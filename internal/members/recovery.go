package members

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/vault"
)

// recoveryCodes is how many a member has; each works once.
const recoveryCodes = 10

// NewRecoveryCodes makes new codes for the actor and voids the old ones. They are shown once: only their hashes are kept. Without a
// second factor there is nothing to recover: ErrNoFactor.
func (r *Roster) NewRecoveryCodes(ctx context.Context, actor audit.Actor) ([]string, error) {
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

// newCode is 80 bits in base 32, in groups that are easy to copy by hand. That many cannot be guessed, so a fast hash keeps it.
func newCode() string {
	text := strings.ToLower(rand.Text()[:16])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
}

// tidyCode is a code as it was given out, however it was typed.
func tidyCode(typed string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(typed))
}

func hashOfCode(code string) string { return hashOf(vault.NewSecret("recovery " + tidyCode(code))) }
