package members

import (
	"context"
	"time"
)

func (w write) endSessions(member int64) (int64, error) {
	result := w.tx.Where("member_id = ?", member).Delete(&sessionRow{})
	return result.RowsAffected, result.Error
}

func (w write) endSession(member, id int64) (int64, error) {
	result := w.tx.Where("member_id = ? AND id = ?", member, id).Delete(&sessionRow{})
	return result.RowsAffected, result.Error
}

func (w write) insertSession(r sessionRow) (Session, error) {
	// Whoever signs in clears away what has run out; nothing else needs to.
	err := w.tx.Where("last_seen_at < ? OR created_at < ?", w.now.Add(-idleLimit).UnixMicro(), w.now.Add(-absoluteLimit).UnixMicro()).Delete(&sessionRow{}).Error
	if err != nil {
		return Session{}, err
	}
	err = w.tx.Create(&r).Error
	return r.session(), err
}

func (s store) session(ctx context.Context, hash string) (sessionRow, error) {
	var r sessionRow
	return r, found(s.db.WithContext(ctx).Where("token_hash = ?", hash).Take(&r).Error, ErrNoSession)
}

func (s store) countSessions(ctx context.Context, idleSince, createdSince time.Time) (int64, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&sessionRow{}).Where("last_seen_at >= ? AND created_at >= ?", idleSince.UnixMicro(),
		createdSince.UnixMicro()).Count(&n).Error
	return n, err
}

func (s store) touch(ctx context.Context, id int64, now time.Time) error {
	return s.db.WithContext(ctx).Model(&sessionRow{}).Where("id = ?", id).Update("last_seen_at", now.UnixMicro()).Error
}

func (s store) sessions(ctx context.Context, member int64, idleSince, createdSince time.Time) ([]Session, error) {
	var rows []sessionRow
	err := s.db.WithContext(ctx).Where("member_id = ? AND last_seen_at >= ? AND created_at >= ?", member, idleSince.UnixMicro(), createdSince.UnixMicro()).
		Order("last_seen_at DESC").Find(&rows).Error
	all := make([]Session, len(rows))
	for i, r := range rows {
		all[i] = r.session()
	}
	return all, err
}

// renewSession gives the session another token, and notes that its member has just proved who they are.
func (w write) renewSession(id, member int64, hash string) error {
	result := w.tx.Model(&sessionRow{}).Where("id = ? AND member_id = ?", id, member).
		Updates(map[string]any{"token_hash": hash, "half": false, "fresh_at": w.now.UnixMicro(), "ceremony": ""})
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrNoSession
	}
	return result.Error
}

func (s store) putCeremony(ctx context.Context, session int64, text string) error {
	return s.db.WithContext(ctx).Model(&sessionRow{}).Where("id = ?", session).Update("ceremony", text).Error
}

// ceremony takes the session's challenge away and returns it.
func (w write) ceremony(session int64) (string, error) {
	var r sessionRow
	if err := w.tx.Where("id = ?", session).Take(&r).Error; err != nil {
		return "", found(err, ErrNoSession)
	}
	result := w.tx.Model(&sessionRow{}).Where("id = ? AND ceremony = ?", session, r.Ceremony).Update("ceremony", "")
	if result.Error == nil && result.RowsAffected == 0 {
		return "", refusal{"used_challenge", ErrPasskey}
	}
	return r.Ceremony, result.Error
}
