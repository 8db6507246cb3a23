package members

import (
	"context"
	"time"

	"gorm.io/gorm"
)

func (w write) countTokens(member int64) (int64, error) {
	var n int64
	err := w.tx.Model(&tokenRow{}).Where("member_id = ? AND revoked_at = 0 AND expires_at > ?", member, w.now.UnixMicro()).Count(&n).Error
	return n, err
}

func (w write) workingToken(id int64) (tokenRow, error) {
	var r tokenRow
	return r, found(w.tx.Where("id = ? AND revoked_at = 0", id).Take(&r).Error, ErrToken)
}

func (w write) insertToken(r tokenRow) (int64, error) {
	err := w.tx.Create(&r).Error
	return r.ID, err
}

// revokeTokens ends all tokens of the member that still work, and returns their names. Their member is told why.
func (w write) revokeTokens(member int64, why string) ([]string, error) {
	working := w.tx.Model(&tokenRow{}).Where("member_id = ? AND revoked_at = 0 AND expires_at > ?", member, w.now.UnixMicro())
	var names []string
	if err := working.Session(&gorm.Session{}).Order("id").Pluck("name", &names).Error; err != nil || len(names) == 0 {
		return names, err
	}
	return names, working.Updates(map[string]any{"revoked_at": w.now.UnixMicro(), "revoked_why": why}).Error
}

// revokedFor returns the member's tokens that were revoked since the time other than by hand, the newest first.
func (s store) revokedFor(ctx context.Context, member int64, since time.Time) ([]tokenRow, error) {
	var rows []tokenRow
	err := s.db.WithContext(ctx).Where("member_id = ? AND revoked_why <> '' AND revoked_at >= ?", member,
		since.UnixMicro()).Order("revoked_at DESC, id DESC").Find(&rows).Error
	return rows, err
}

func (w write) markNotified(member int64) error {
	return w.tx.Model(&tokenRow{}).Where("member_id = ? AND revoked_why <> '' AND told_at = 0", member).Update("told_at", w.now.UnixMicro()).Error
}

func (w write) revokeToken(id int64) error {
	return w.tx.Model(&tokenRow{}).Where("id = ?", id).Update("revoked_at", w.now.UnixMicro()).Error
}

func (s store) token(ctx context.Context, hash string, now time.Time) (tokenRow, error) {
	var r tokenRow
	return r, found(s.db.WithContext(ctx).Where("hash = ? AND revoked_at = 0 AND expires_at > ?", hash, now.UnixMicro()).Take(&r).Error, ErrToken)
}

func (s store) tokens(ctx context.Context, member int64, now time.Time) ([]Token, error) {
	var rows []tokenRow
	err := s.db.WithContext(ctx).Where("member_id = ? AND revoked_at = 0 AND expires_at > ?", member, now.UnixMicro()).Order("id DESC").Find(&rows).Error
	all := make([]Token, len(rows))
	for i, r := range rows {
		all[i] = r.token()
	}
	return all, err
}

func (w write) touchToken(id int64, recorded time.Time) error {
	return w.tx.Model(&tokenRow{}).Where("id = ?", id).
		Updates(map[string]any{"used_at": w.now.UnixMicro(), "used_from": w.actor.Addr, "recorded_at": recorded.UnixMicro()}).Error
}
