package members

import (
	"context"
	"fmt"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/vault"
)

// resealed is how many secrets one transaction reseals.
const resealed = 200

// CountSealed counts the stored secrets: without the key that sealed them, none can be opened.
func CountSealed(ctx context.Context, db *database.DB) (int64, error) {
	return store{db: db.Gorm}.countSealed(ctx)
}

// CountSealedByOthers counts the stored secrets that a key other than the given one sealed.
func CountSealedByOthers(ctx context.Context, db *database.DB, key uint32) (int64, error) {
	rows, err := store{db: db.Gorm}.sealedByOthers(ctx, key, -1)
	return int64(len(rows)), err
}

// RotateKeys seals every secret of an authenticator app with the primary key, and returns how many it sealed. The key itself is added by
// sites.Registry.RotateKeys, before. It can be stopped and called again at any time.
func (r *Roster) RotateKeys(ctx context.Context, actor access.Actor) (int, error) {
	a := act{actor: actor, action: access.KeysRotate}
	if err := r.log.Authorize(ctx, actor, a.action, ""); err != nil {
		return 0, err
	}
	total := 0
	for {
		rows, err := r.store.sealedByOthers(ctx, r.vault.Primary(), resealed)
		if err != nil {
			return total, err
		}
		if len(rows) == 0 {
			break
		}
		err = r.store.change(ctx, write{act: a, now: r.now()}, func(w write) error { return w.reseal(r.vault, rows) })
		if err != nil {
			return total, fmt.Errorf("members: rotate keys: %d resealed, run it again to continue: %w", total, err)
		}
		total += len(rows)
	}
	err := r.change(ctx, a, func(w write) error {
		return w.record("", map[string]any{"factors_resealed": total, "key": r.vault.Primary()})
	})
	return total, err
}

func (w write) reseal(v *vault.Vault, rows []factorRow) error {
	for _, row := range rows {
		sealed, err := v.Reseal(row.Sealed, factorBinding(row.ID))
		if err != nil {
			return fmt.Errorf("factor %d: %w", row.ID, err)
		}
		if err := w.putSealed(row.ID, sealed); err != nil {
			return err
		}
	}
	return nil
}
