package sites

import (
	"context"
	"time"
)

type reportRow struct {
	MemberID  int64 `gorm:"primaryKey"`
	BadLines  []byte
	Bad       int
	ExpiresAt int64
}

func (reportRow) TableName() string { return "import_reports" }

func (s store) putReport(ctx context.Context, r reportRow) error {
	return s.db.WithContext(ctx).Save(&r).Error
}

func (s store) dropReports(ctx context.Context, member int64, now time.Time) error {
	return s.db.WithContext(ctx).Where("member_id = ? OR expires_at <= ?", member, now.UnixMicro()).Delete(&reportRow{}).Error
}

func (s store) importReport(ctx context.Context, member int64, now time.Time) (r reportRow, found bool, err error) {
	result := s.db.WithContext(ctx).Where("member_id = ? AND expires_at > ?", member, now.UnixMicro()).Limit(1).Find(&r)
	return r, result.RowsAffected == 1, result.Error
}
