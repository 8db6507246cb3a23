package sites

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/wordpress"
)

// putCredential replaces whatever the site had; what is known about the old one goes with it.
func (w write) putCredential(r credentialRow) error {
	if err := w.tx.Where("site_id = ?", r.SiteID).Delete(&credentialRow{}).Error; err != nil {
		return err
	}
	r.CreatedAt, r.CreatedBy = w.now.UnixMicro(), w.actor.Name
	return w.tx.Create(&r).Error
}

// credential returns the site's sealed credential, if it has one.
func (w write) credential(site int64) (r credentialRow, found bool, err error) {
	result := w.tx.Where("site_id = ?", site).Limit(1).Find(&r)
	return r, result.RowsAffected == 1, result.Error
}

// dropCredential takes away the credential of a site whose address is another's now, and says so wherever the site is shown.
func (w write) dropCredential(before Site, to string) error {
	values := map[string]any{"state": Broken, "finding": fmt.Sprintf(waitsForCredential, before.Home, to)}
	row, err := w.siteRow(before.ID)
	if err != nil {
		return err
	}
	err = errors.Join(
		w.tx.Where("site_id = ?", before.ID).Delete(&credentialRow{}).Error,
		noteChanges(w.tx, row, values, w.now),
		w.tx.Model(&siteRow{}).Where("id = ?", before.ID).Updates(values).Error,
	)
	if err != nil {
		return err
	}
	return w.record(access.SiteCredential, before.ID, map[string]any{"credential": "removed: it belongs to another address",
		"username": before.Credential.Username, "from": before.Home, "to": to})
}

func (s store) credentials(ctx context.Context, ids []int64) (map[int64]credentialRow, error) {
	var rows []credentialRow
	if err := s.db.WithContext(ctx).Where(database.In(s.db, "site_id", ids)).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("sites: credentials: %w", err)
	}
	found := make(map[int64]credentialRow, len(rows))
	for _, r := range rows {
		found[r.SiteID] = r
	}
	return found, nil
}

// sealedByOthers returns some credentials that a key other than the given one sealed.
func (s store) sealedByOthers(ctx context.Context, key uint32, limit int) ([]credentialRow, error) {
	var rows []credentialRow
	err := s.db.WithContext(ctx).Where("key_id <> ?", int64(key)).Order("site_id").Limit(limit).Find(&rows).Error
	return rows, err
}

// withoutOrigin returns some credentials that were sealed before they were bound to an origin, of sites after the given one.
func (s store) withoutOrigin(ctx context.Context, after int64, limit int) ([]credentialRow, error) {
	var rows []credentialRow
	err := s.db.WithContext(ctx).Where("origin = '' AND site_id > ?", after).Order("site_id").Limit(limit).Find(&rows).Error
	return rows, err
}

// homes returns the homes of sites by id.
func (w write) homes(ids []int64) (map[int64]string, error) {
	var rows []siteRow
	err := w.tx.Select("id", "home").Where("id IN ?", ids).Find(&rows).Error
	all := make(map[int64]string, len(rows))
	for _, r := range rows {
		all[r.ID] = r.Home
	}
	return all, err
}

// putSealed seals a credential's value in another way, unless the credential was replaced in the meantime.
func (w write) putSealed(old, next credentialRow) error {
	return w.tx.Model(&credentialRow{}).Where("site_id = ? AND key_id = ? AND created_at = ? AND origin = ?", old.SiteID, old.KeyID, old.CreatedAt, old.Origin).
		Updates(map[string]any{"sealed": next.Sealed, "key_id": next.KeyID, "origin": next.Origin}).Error
}

// putCredentialFacts stores what a check found about the credential, unless it was replaced while the check went on.
func (w write) putCredentialFacts(site Site, report wordpress.Report) error {
	return w.tx.Model(&credentialRow{}).Where("site_id = ? AND created_at = ?", site.ID, site.Credential.CreatedAt.UnixMicro()).
		Updates(map[string]any{"roles": strings.Join(report.Roles, ", "), "administrator": report.Administrator, "worked_at": w.now.UnixMicro()}).Error
}

func (s store) countCredentials(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&credentialRow{}).Count(&n).Error
	return n, err
}

func (s store) administrators(ctx context.Context, scope access.Scope) (int, error) {
	var n int
	within, values := InScope(scope, "sites.id")
	err := s.db.WithContext(ctx).Raw(`SELECT count(*) FROM credentials JOIN sites ON sites.id = credentials.site_id
		WHERE administrator AND retired_at = 0 AND `+within, values...).Scan(&n).Error
	return n, err
}

func (s store) allCredentials(ctx context.Context) ([]credentialRow, error) {
	var rows []credentialRow
	return rows, s.db.WithContext(ctx).Order("site_id").Find(&rows).Error
}
