package changes

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/vault"
)

// CountSealed counts the changes that wait, whose payload is sealed: without the key that sealed them, none can be made.
func CountSealed(ctx context.Context, db *database.DB) (n int64, err error) {
	return n, db.Gorm.WithContext(ctx).Model(&changeRow{}).Where("state = ?", Waiting).Count(&n).Error
}

// CountSealedByOthers counts the waiting changes whose payload a key other than the given one sealed.
func CountSealedByOthers(ctx context.Context, db *database.DB, key uint32) (int64, error) {
	rows, err := store{db: db.Gorm}.sealedByOthers(ctx, key)
	return int64(len(rows)), err
}

// RotateKeys seals what the waiting changes keep with the primary key, and returns how many it sealed. It can be stopped and called again at
// any time.
func (c *Changes) RotateKeys(ctx context.Context, actor access.Actor) (total int, err error) {
	if err := c.store.log.Authorize(ctx, actor, access.KeysRotate, ""); err != nil {
		return 0, err
	}
	rows, err := c.store.sealedByOthers(ctx, c.store.vault.Primary())
	if err != nil {
		return 0, err
	}
	err = c.store.change(ctx, func(tx *gorm.DB) error {
		if err := c.store.log.VerifyActor(tx, actor, access.KeysRotate, ""); err != nil {
			return err
		}
		for _, row := range rows {
			n, err := c.store.reseal(tx, row)
			if err != nil {
				return fmt.Errorf("change %d: %w", row.ID, err)
			}
			total += n
		}
		return c.store.log.Record(tx, actor, audit.Event{Action: access.KeysRotate,
			Detail: map[string]any{"changes_resealed": total, "key": c.store.vault.Primary()}})
	})
	if err != nil {
		return 0, fmt.Errorf("changes: rotate keys: run it again to continue: %w", err)
	}
	return total, nil
}

func (s store) sealedByOthers(ctx context.Context, key uint32) (rows []changeRow, err error) {
	return rows, s.db.WithContext(ctx).Where("state = ? AND key_id <> ?", Waiting, int64(key)).Order("id").Find(&rows).Error
}

// reseal leaves out a change that was decided meanwhile: it keeps nothing any more.
func (s store) reseal(tx *gorm.DB, row changeRow) (int, error) {
	sealed, err := s.vault.Reseal(row.Payload, binding(row.ID))
	if err != nil {
		return 0, err
	}
	done := tx.Model(&changeRow{}).Where("id = ? AND state = ?", row.ID, Waiting).Updates(map[string]any{"payload": sealed, "key_id": vault.SealedBy(sealed)})
	return int(done.RowsAffected), done.Error
}
