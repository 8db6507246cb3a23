package sites

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Backdate makes all sites and credentials ones that were added then and were checked well, and whose trouble began when brokeAt tells. Only a
// demo does so; the entries stay as they were recorded.
func (r *Registry) Backdate(ctx context.Context, added time.Time, brokeAt func(site int64) time.Time) error {
	err := r.store.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, sql := range []string{
			"UPDATE sites SET created_at = ?", "UPDATE credentials SET created_at = ?", "UPDATE site_events SET at = ?",
			"UPDATE sites SET state_since = ? WHERE state_since > 0",
		} {
			if err := tx.Exec(sql, added.UnixMicro()).Error; err != nil {
				return err
			}
		}
		var troubled []eventRow
		if err := tx.Where("kind = ? AND became IN ?", EventState, []State{Broken, Warning}).Find(&troubled).Error; err != nil {
			return err
		}
		for _, e := range troubled {
			if err := breakAt(tx, e, brokeAt(e.SiteID).UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sites: backdate: %w", err)
	}
	return nil
}

// breakAt splits the event in which a site was found in trouble: it was well first.
func breakAt(tx *gorm.DB, e eventRow, at int64) error {
	was := e
	was.Became, was.Finding = string(Ready), ""
	if err := tx.Save(&was).Error; err != nil {
		return err
	}
	e.ID, e.At, e.Was = 0, at, string(Ready)
	if err := tx.Create(&e).Error; err != nil {
		return err
	}
	return errors.Join(tx.Model(&siteRow{}).Where("id = ?", e.SiteID).Update("state_since", at).Error,
		tx.Model(&credentialRow{}).Where("site_id = ? AND worked_at = 0", e.SiteID).Update("worked_at", at).Error)
}
