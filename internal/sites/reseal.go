package sites

import (
	"context"
	"fmt"

	"github.com/droverhq/drover/internal/access"
)

// resealed is how many credentials one transaction reseals.
const resealed = 200

// RotateKeys adds a new primary key and seals every credential with it, and returns how many it sealed. When an earlier rotation
// was cut short, it finishes that one first instead of adding another key, so it can be stopped and called again at any time.
func (r *Registry) RotateKeys(ctx context.Context, actor access.Actor) (int, error) {
	if err := r.log.Authorize(ctx, actor, access.KeysRotate, ""); err != nil {
		return 0, err
	}
	unfinished, err := r.store.sealedByOthers(ctx, r.vault.Primary(), 1)
	if err != nil {
		return 0, fmt.Errorf("sites: rotate keys: %w", err)
	}
	if len(unfinished) == 0 {
		if err := r.vault.Rotate(); err != nil {
			return 0, err
		}
	}
	total := 0
	for {
		n, err := r.reseal(ctx, actor)
		if err != nil {
			return total, fmt.Errorf("sites: rotate keys: %d resealed, run it again to continue: %w", total, err)
		}
		if total += n; n == 0 {
			break
		}
	}
	err = r.store.change(ctx, actor, func(w write) error {
		return w.recordMany(access.KeysRotate, map[string]any{"resealed": total, "key": r.vault.Primary()})
	})
	return total, err
}

// reseal seals some credentials with the primary key, and returns how many.
func (r *Registry) reseal(ctx context.Context, actor access.Actor) (int, error) {
	rows, err := r.store.sealedByOthers(ctx, r.vault.Primary(), resealed)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return len(rows), r.store.change(ctx, actor, func(w write) error {
		for _, row := range rows {
			secret, err := r.vault.Open(row.Sealed, binding(row.SiteID))
			if err != nil {
				return fmt.Errorf("site %d: %w", row.SiteID, err)
			}
			sealed, err := r.vault.Seal(secret, binding(row.SiteID))
			if err != nil {
				return err
			}
			if err := w.putSealed(row, sealed, r.vault.Primary()); err != nil {
				return err
			}
		}
		return nil
	})
}
