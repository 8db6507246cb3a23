package sites

import (
	"fmt"

	"github.com/droverhq/drover/internal/vault"
)

func runBinding(run int64) vault.Binding {
	return vault.Binding{Table: "runs", Row: run, Purpose: "params"}
}

// SealForRun seals what a run sends and must not keep.
func (r *Registry) SealForRun(run int64, text []byte) ([]byte, error) {
	return r.vault.Seal(vault.NewSecret(string(text)), runBinding(run))
}

// OpenForRun opens what SealForRun sealed for the same run.
func (r *Registry) OpenForRun(run int64, sealed []byte) ([]byte, error) {
	text, err := r.vault.Open(sealed, runBinding(run))
	return []byte(text.Reveal()), err
}

// ResealForRun seals what SealForRun sealed for the run with the primary key. What is sealed with it already is returned as it is.
func (r *Registry) ResealForRun(run int64, sealed []byte) ([]byte, error) {
	resealed, err := r.vault.Reseal(sealed, runBinding(run))
	if err != nil {
		return nil, fmt.Errorf("sites: reseal for run %d: %w", run, err)
	}
	return resealed, nil
}

func draftBinding(draft int64) vault.Binding {
	return vault.Binding{Table: "drafts", Row: draft, Purpose: "form"}
}

// SealDraft seals what somebody typed for a run that they put together: it may hold what the run must not keep.
func (r *Registry) SealDraft(draft int64, text []byte) ([]byte, error) {
	return r.vault.Seal(vault.NewSecret(string(text)), draftBinding(draft))
}

// OpenDraft opens what SealDraft sealed for the same draft.
func (r *Registry) OpenDraft(draft int64, sealed []byte) ([]byte, error) {
	text, err := r.vault.Open(sealed, draftBinding(draft))
	return []byte(text.Reveal()), err
}

// ResealDraft seals what SealDraft sealed for the draft with the primary key. What is sealed with it already is returned as it is.
func (r *Registry) ResealDraft(draft int64, sealed []byte) ([]byte, error) {
	resealed, err := r.vault.Reseal(sealed, draftBinding(draft))
	if err != nil {
		return nil, fmt.Errorf("sites: reseal draft %d: %w", draft, err)
	}
	return resealed, nil
}
