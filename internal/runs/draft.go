package runs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// ErrNoDraft is returned where there is no draft of the name, or it is not the actor's to see.
var ErrNoDraft = errors.New("there is no such draft")

// Draft is a run that somebody puts together: all that was typed and selected. It has a name that cannot be guessed, for its address.
type Draft struct {
	Name   string
	Member int64 // whose it is
	Form   map[string][]string
}

// Bounds of drafts: how long one is kept after its last change, how many a member has, and how large one is, in bytes.
const (
	draftKept    = 14 * 24 * time.Hour
	mostDrafts   = 100
	longestDraft = 1 << 20
)

// SaveDraft keeps the form under the name, where that is a draft of the actor's, or else under a new name, which it returns. It is no change
// that others see, so the audit log does not tell of it.
func (r *Runner) SaveDraft(ctx context.Context, actor access.Actor, name string, form map[string][]string) (string, error) {
	if err := r.log.Authorize(ctx, actor, access.RunStart, ""); err != nil {
		return "", err
	}
	text, err := json.Marshal(form)
	if err != nil {
		return "", err
	}
	if len(text) > longestDraft {
		return "", fmt.Errorf("runs: a draft of %d bytes", len(text))
	}
	if name = strings.TrimSpace(name); !draftName.MatchString(name) {
		name = ""
	}
	return r.store.putDraft(ctx, actor, name, strings.Join(form["operation"], ""), func(id int64) ([]byte,
		error) {
		return r.registry.SealDraft(id, text)
	})
}

// Draft returns a draft, whoever's it is: what of another's may be seen is for the caller to decide. One that has expired, or that was sealed
// with a key that is gone, is ErrNoDraft.
func (r *Runner) Draft(ctx context.Context, name string) (Draft, error) {
	if !draftName.MatchString(name) {
		return Draft{}, ErrNoDraft
	}
	row, err := r.store.draft(ctx, name)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Name: row.Name, Member: row.MemberID}
	text, err := r.registry.OpenDraft(row.ID, row.Form)
	if err != nil {
		return Draft{}, errors.Join(ErrNoDraft, err)
	}
	return d, json.Unmarshal(text, &d.Form)
}

var draftName = regexp.MustCompile(`^[a-z2-7]{26}$`)

// WithoutSecrets is the spec as it may be shown to somebody else: what is sent and not kept is taken out.
func WithoutSecrets(spec Spec) Spec {
	clean, _ := withoutSecrets(spec)
	return clean
}
