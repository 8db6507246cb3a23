package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/vault"
)

// sealedRuns are the runs that keep sealed params: those that have not ended.
const sealedRuns = `ended_at = 0 AND spec LIKE '%"sealed":%'`

// CountSealed counts the runs with sealed params: without the key that sealed them, none can be sent.
func CountSealed(ctx context.Context, db *database.DB) (n int64, err error) {
	return n, db.Gorm.WithContext(ctx).Model(&runRow{}).Where(sealedRuns).Count(&n).Error
}

// CountSealedByOthers counts the runs whose params, and the drafts whose form, a key other than the given one sealed.
func CountSealedByOthers(ctx context.Context, db *database.DB, key uint32) (n int64, err error) {
	var rows []runRow
	if err = db.Gorm.WithContext(ctx).Where(sealedRuns).Find(&rows).Error; err != nil {
		return 0, err
	}
	for _, row := range rows {
		run, err := row.run()
		if err != nil {
			return 0, err
		}
		if vault.SealedBy(run.Spec.Sealed) != int64(key) {
			n++
		}
	}
	var drafts []draftRow
	err = draftsKept(db.Gorm.WithContext(ctx)).Find(&drafts).Error
	for _, row := range drafts {
		if vault.SealedBy(row.Form) != int64(key) {
			n++
		}
	}
	return n, err
}

// RotateKeys seals the params of runs that have not ended, and drafts, with the primary key, and returns how many it sealed. It can be stopped and called
// again at any time.
func (r *Runner) RotateKeys(ctx context.Context, actor access.Actor) (int, error) {
	if err := r.log.Authorize(ctx, actor, access.KeysRotate, ""); err != nil {
		return 0, err
	}
	var ids []int64
	if err := r.store.db.Gorm.WithContext(ctx).Model(&runRow{}).Where(sealedRuns).Order("id").Pluck("id", &ids).Error; err != nil {
		return 0, err
	}
	total := 0
	err := r.store.change(ctx, func(w write) error {
		for _, id := range ids {
			resealed, err := w.reseal(id, r.registry.ResealForRun)
			if err != nil {
				return err
			}
			if resealed {
				total++
			}
		}
		drafts, err := w.resealDrafts(r.registry.ResealDraft)
		if err != nil {
			return err
		}
		detail := map[string]any{"runs_resealed": total, "drafts_resealed": drafts}
		total += drafts
		return w.log.Record(w.tx, actor, audit.Event{Action: access.KeysRotate, Detail: detail})
	})
	if err != nil {
		return 0, fmt.Errorf("runs: rotate keys: run it again to continue: %w", err)
	}
	return total, nil
}

// reseal leaves out a run that ended meanwhile: it keeps nothing sealed any more.
func (w write) reseal(id int64, reseal func(run int64, sealed []byte) ([]byte, error)) (bool, error) {
	row, err := w.lockRun(id)
	if err != nil || row.EndedAt != 0 {
		return false, err
	}
	run, err := row.run()
	if err != nil || len(run.Spec.Sealed) == 0 {
		return false, err
	}
	sealed, err := reseal(id, run.Spec.Sealed)
	if err != nil || bytes.Equal(sealed, run.Spec.Sealed) {
		return false, err
	}
	run.Spec.Sealed = sealed
	text, err := json.Marshal(run.Spec)
	if err != nil {
		return false, err
	}
	return true, w.tx.Model(&runRow{}).Where("id = ?", id).Update("spec", string(text)).Error
}

// resealDrafts leaves out what expired and what opens with no key: it is of no use.
func (w write) resealDrafts(reseal func(draft int64, sealed []byte) ([]byte, error)) (n int, err error) {
	var rows []draftRow
	if err := draftsKept(w.tx).Order("id").Find(&rows).Error; err != nil {
		return 0, err
	}
	for _, row := range rows {
		sealed, err := reseal(row.ID, row.Form)
		if errors.Is(err, vault.ErrOpen) || err == nil && bytes.Equal(sealed, row.Form) {
			continue
		}
		if err == nil {
			err = w.tx.Model(&draftRow{}).Where("id = ? AND form = ?", row.ID, row.Form).Update("form", sealed).Error
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
