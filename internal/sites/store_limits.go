package sites

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm/clause"
)

type limitRow struct {
	SiteID       int64 `gorm:"primaryKey;autoIncrement:false"`
	Step         LimitStep
	Origin       string
	Username     string
	UserID       string
	Role         string
	PasswordName string
	Finding      string
	Fix          string
	AskedBy      string
	AskedAt      int64
	EndedAt      int64
	LeaseUntil   int64
	Permissions  string
}

func (limitRow) TableName() string { return "limited_users" }

// leased tells whether a process works on it at that time.
func (r limitRow) leased(now time.Time) bool { return !r.Step.Over() && r.LeaseUntil > now.UnixMicro() }

func (r limitRow) limited() LimitedUser {
	now := time.Now()
	u := LimitedUser{Step: r.Step, Checking: r.Step == LimitDone && r.LeaseUntil > now.UnixMicro(), Interrupted: !r.Step.Over() && !r.leased(now),
		Username: r.Username, Role: r.Role, PasswordName: r.PasswordName, Finding: r.Finding, Fix: r.Fix, AskedBy: r.AskedBy, AskedAt: moment(r.AskedAt),
		EndedAt: moment(r.EndedAt)}
	if r.Permissions != "" {
		_ = json.Unmarshal([]byte(r.Permissions), &u.Permissions) // written by putPermissions alone
	}
	return u
}

func (s store) limitOf(ctx context.Context, site int64) (r limitRow, found bool, err error) {
	result := s.db.WithContext(ctx).Where("site_id = ?", site).Limit(1).Find(&r)
	return r, result.RowsAffected == 1, result.Error
}

func (s store) limits(ctx context.Context) (rows []limitRow, err error) {
	return rows, s.db.WithContext(ctx).Order("asked_at DESC, site_id").Find(&rows).Error
}

func (w write) putLimit(r limitRow) error {
	return w.tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error
}

// leaseLimits leases those of an order that still wait for their turn; 0 as the end gives them up.
func (s store) leaseLimits(ctx context.Context, asked time.Time, until int64) error {
	return s.db.WithContext(ctx).Model(&limitRow{}).Where("asked_at = ? AND step = ?", asked.UnixMicro(), LimitWaiting).Update("lease_until", until).Error
}

func (s store) putPermissions(ctx context.Context, site int64, asked time.Time, all map[string]Permission) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return s.db.WithContext(ctx).Model(&limitRow{}).Where("site_id = ? AND asked_at = ? AND step = ?", site, asked.UnixMicro(), LimitDone).
		Updates(map[string]any{"permissions": string(text), "lease_until": 0}).Error
}
