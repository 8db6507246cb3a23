package sites

import (
	"context"

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
}

func (limitRow) TableName() string { return "limited_users" }

func (r limitRow) limited() LimitedUser {
	return LimitedUser{Step: r.Step, Username: r.Username, Role: r.Role, PasswordName: r.PasswordName, Finding: r.Finding, Fix: r.Fix, AskedBy: r.AskedBy,
		AskedAt: moment(r.AskedAt), EndedAt: moment(r.EndedAt)}
}

func (s store) limitOf(ctx context.Context, site int64) (r limitRow, found bool, err error) {
	result := s.db.WithContext(ctx).Where("site_id = ?", site).Limit(1).Find(&r)
	return r, result.RowsAffected == 1, result.Error
}

func (w write) putLimit(r limitRow) error {
	return w.tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error
}
