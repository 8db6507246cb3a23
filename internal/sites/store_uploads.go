package sites

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// keptUpload is how long a file waits for its import.
const keptUpload = time.Hour

type uploadRow struct {
	MemberID  int64 `gorm:"primaryKey;autoIncrement:false"`
	Sealed    []byte
	KeyID     int64
	Columns   string
	ExpiresAt int64
}

func (uploadRow) TableName() string { return "import_uploads" }

func (s store) putUpload(ctx context.Context, r uploadRow) error {
	now := time.Now()
	r.ExpiresAt = now.Add(keptUpload).UnixMicro()
	db := s.db.WithContext(ctx)
	if err := db.Where("expires_at <= ?", now.UnixMicro()).Delete(&uploadRow{}).Error; err != nil {
		return err
	}
	return db.Save(&r).Error
}

func (s store) upload(ctx context.Context, member int64) (r uploadRow, found bool, err error) {
	result := s.db.WithContext(ctx).Where("member_id = ? AND expires_at > ?", member, time.Now().UnixMicro()).Limit(1).Find(&r)
	return r, result.RowsAffected == 1, result.Error
}

func (s store) dropUpload(ctx context.Context, member int64) error {
	return s.db.WithContext(ctx).Where("member_id = ?", member).Delete(&uploadRow{}).Error
}

func (s store) uploadsSealedByOthers(ctx context.Context, key uint32) (rows []uploadRow, err error) {
	err = s.db.WithContext(ctx).Where("key_id <> ? AND expires_at > ?", int64(key), time.Now().UnixMicro()).Find(&rows).Error
	return rows, err
}

// replaceUpload leaves a file alone that took the place of this one meanwhile.
func (s store) replaceUpload(ctx context.Context, old uploadRow, sealed []byte, key int64) error {
	return s.db.WithContext(ctx).Model(&uploadRow{}).Where("member_id = ? AND sealed = ?", old.MemberID, old.Sealed).
		Updates(map[string]any{"sealed": sealed, "key_id": key}).Error
}

type importColumnsRow struct {
	Header    string `gorm:"primaryKey"`
	Columns   string
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
}

func (importColumnsRow) TableName() string { return "import_columns" }

func (s store) importColumns(ctx context.Context, header string) (string, error) {
	var r importColumnsRow
	err := s.db.WithContext(ctx).Where("header = ?", header).Limit(1).Find(&r).Error
	return r.Columns, err
}

func (s store) putImportColumns(ctx context.Context, header, columns string) error {
	return s.db.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&importColumnsRow{header, columns, time.Now().UnixMicro()}).Error
}
