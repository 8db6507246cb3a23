package sites

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

type indexRow struct {
	SiteID    int64 `gorm:"primaryKey;autoIncrement:false"`
	FetchedAt int64
	Body      []byte
	Abilities []byte
}

func (indexRow) TableName() string { return "site_indexes" }

var errNoIndex = errors.New("sites: no index was fetched yet")

func (s store) index(ctx context.Context, site int64) (indexRow, error) {
	var r indexRow
	err := s.db.WithContext(ctx).Where("site_id = ?", site).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return r, errNoIndex
	}
	return r, err
}

// eachAbilities calls f with what each site offers, until it returns false.
func (s store) eachAbilities(ctx context.Context, f func(indexRow) (more bool, err error)) error {
	rows, err := s.db.WithContext(ctx).Model(&indexRow{}).Select("site_id", "abilities").Where("length(abilities) > 0").Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for more := true; more && rows.Next(); {
		var row indexRow
		if err := rows.Scan(&row.SiteID, &row.Abilities); err != nil {
			return err
		}
		if more, err = f(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s store) putIndex(ctx context.Context, r indexRow) error {
	return s.db.WithContext(ctx).Save(&r).Error
}
