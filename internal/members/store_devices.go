package members

import (
	"context"

	"github.com/droverhq/drover/internal/database"
)

func (s store) device(ctx context.Context, member int64, hash string) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&deviceRow{}).Where("member_id = ? AND token_hash = ?", member, hash).Count(&n).Error
	return n > 0, err
}

// insertDevice keeps the newest of the member's devices.
func (w write) insertDevice(r deviceRow) error {
	if err := w.tx.Create(&r).Error; err != nil {
		return err
	}
	return w.tx.Exec("DELETE FROM devices WHERE member_id = ? AND id NOT IN (SELECT id FROM devices WHERE member_id = ? ORDER BY id DESC LIMIT ?)", r.MemberID,
		r.MemberID, mostDevices).Error
}

func (s store) setting(ctx context.Context, name string) (string, error) {
	return database.Setting(s.db.WithContext(ctx), name)
}

func (w write) putSetting(name, value string) error { return database.PutSetting(w.tx, name, value) }
