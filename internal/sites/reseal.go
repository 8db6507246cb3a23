package sites

import (
	"context"
	"errors"
	"fmt"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// resealed is how many credentials one transaction reseals.
const resealed = 200

// RotateKeys adds a new primary key and seals every credential and every waiting file with it, and returns how many it sealed. When an earlier rotation
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
	uploads, err := r.resealUploads(ctx)
	if err != nil {
		return total, fmt.Errorf("sites: rotate keys: run it again to continue: %w", err)
	}
	pending, err := r.resealRotations(ctx)
	if err != nil {
		return total, fmt.Errorf("sites: rotate keys: run it again to continue: %w", err)
	}
	err = r.store.change(ctx, actor, func(w write) error {
		return w.recordMany(access.KeysRotate, map[string]any{"resealed": total, "uploads_resealed": uploads, "pending_resealed": pending, "key": r.vault.Primary()})
	})
	return total + uploads + pending, err
}

// resealUploads seals the files that wait for their import with the primary key. One that does not open is of no use and stays until it expires.
func (r *Registry) resealUploads(ctx context.Context) (n int, err error) {
	rows, err := r.store.uploadsSealedByOthers(ctx, r.vault.Primary())
	for _, row := range rows {
		sealed, err := r.vault.Reseal(row.Sealed, uploadBinding(row.MemberID))
		if errors.Is(err, vault.ErrOpen) {
			continue
		}
		if err != nil {
			return n, err
		}
		if err := r.store.replaceUpload(ctx, row, sealed, vault.SealedBy(sealed)); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// reseal seals some credentials with the primary key, and returns how many.
func (r *Registry) reseal(ctx context.Context, actor access.Actor) (int, error) {
	rows, err := r.store.sealedByOthers(ctx, r.vault.Primary(), resealed)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return len(rows), r.store.change(ctx, actor, func(w write) error {
		for _, row := range rows {
			if err := r.resealRow(w, row, row.Origin); err != nil {
				return fmt.Errorf("site %d: %w", row.SiteID, err)
			}
		}
		return nil
	})
}

// reseal seals a credential with the primary key, for the origin.
func (r *Registry) resealRow(w write, row credentialRow, origin string) error {
	secret, err := r.vault.Open(row.Sealed, bindingTo(row.SiteID, row.Origin))
	if err != nil {
		return err
	}
	sealed, err := r.vault.Seal(secret, bindingTo(row.SiteID, origin))
	if err != nil {
		return err
	}
	return w.putSealed(row, credentialRow{Sealed: sealed, KeyID: vault.SealedBy(sealed), Origin: origin})
}

// BindToOrigins seals every credential that an older Drover stored for the origin of its site, and returns how many. It can be stopped and
// called again at any time. One that does not open stays as it is: it is of no use, and its site says so when it is next dialled.
func (r *Registry) BindToOrigins(ctx context.Context) (int, error) {
	total, after := 0, int64(0)
	for {
		rows, err := r.store.withoutOrigin(ctx, after, resealed)
		if err != nil || len(rows) == 0 {
			return total, r.recordBinding(ctx, total, err)
		}
		after = rows[len(rows)-1].SiteID
		n := 0
		err = r.store.change(ctx, access.System(), func(w write) (err error) {
			n, err = r.bindToOrigins(w, rows)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("sites: bind credentials to origins: %w", err)
		}
		total += n
	}
}

func (r *Registry) bindToOrigins(w write, rows []credentialRow) (bindings int, err error) {
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.SiteID
	}
	homes, err := w.homes(ids)
	for _, row := range rows {
		sealing := r.resealRow(w, row, wordpress.Origin(homes[row.SiteID]))
		if sealing == nil {
			bindings++
		} else if !errors.Is(sealing, vault.ErrOpen) {
			err = errors.Join(err, sealing)
		}
	}
	return bindings, err
}

func (r *Registry) recordBinding(ctx context.Context, total int, err error) error {
	if err != nil || total == 0 {
		return err
	}
	return r.store.change(ctx, access.System(), func(w write) error {
		return w.recordMany(access.KeysRotate, map[string]any{"bound_to_origins": total, "key": r.vault.Primary()})
	})
}

// ErrWrongKey is returned where values were sealed with keys that the vault does not have.
var ErrWrongKey = errors.New("the keyset does not open what is stored")

// CheckKeys opens every stored credential and returns how many opened, or ErrWrongKey where the keyset lacks a key that sealed one. One that
// was sealed with a key that is there and does not open was of no use before either: it is not counted.
func CheckKeys(ctx context.Context, db *database.DB, v *vault.Vault) (opened int, err error) {
	rows, err := store{db: db.Gorm}.allCredentials(ctx)
	if err != nil {
		return 0, err
	}
	missing := 0
	for _, row := range rows {
		_, err := v.Open(row.Sealed, bindingTo(row.SiteID, row.Origin))
		id, is := vault.KeyID(row.Sealed)
		switch {
		case err == nil:
			opened++
		case !errors.Is(err, vault.ErrOpen):
			return opened, err
		case !is || !v.Has(id):
			missing++
		}
	}
	if missing > 0 {
		return opened, fmt.Errorf("sites: %w: %d of %d credentials were sealed with another one", ErrWrongKey, missing, len(rows))
	}
	return opened, nil
}
