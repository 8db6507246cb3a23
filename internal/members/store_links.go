package members

import (
	"context"
	"errors"
	"time"
)

// replaceLink voids the links of the kind for the same person, and stores the new one.
func (w write) replaceLink(r linkRow) error {
	void := w.tx.Where("kind = ? AND email = ? AND member_id = ? AND used_at = 0", r.Kind, r.Email, r.MemberID).Delete(&linkRow{}).Error
	return errors.Join(void, w.tx.Create(&r).Error)
}

func (s store) link(ctx context.Context, hash string, now time.Time) (linkRow, error) {
	var r linkRow
	err := s.db.WithContext(ctx).Where("token_hash = ? AND used_at = 0 AND expires_at > ?", hash, now.UnixMicro()).Take(&r).Error
	return r, found(err, ErrBadLink)
}

const openInvitation = "kind = ? AND used_at = 0 AND expires_at > ?"

func (s store) openInvitations(ctx context.Context, now time.Time) ([]linkRow, error) {
	var rows []linkRow
	return rows, s.db.WithContext(ctx).Where(openInvitation, invitation, now.UnixMicro()).Order("id DESC").Find(&rows).Error
}

func (w write) openInvitation(id int64) (linkRow, error) {
	var r linkRow
	return r, found(w.tx.Where("id = ? AND "+openInvitation, id, invitation, w.now.UnixMicro()).Take(&r).Error, ErrNoInvitation)
}

// voidLinks ends what signs the member in or resets their password and was not used, and returns how many.
func (w write) voidLinks(member int64) (int64, error) {
	result := w.tx.Where("member_id = ? AND used_at = 0", member).Delete(&linkRow{})
	return result.RowsAffected, result.Error
}

// voidSetupLinks ends the links that make the first member.
func (w write) voidSetupLinks() error {
	return w.tx.Where("kind = ? AND used_at = 0", setup).Delete(&linkRow{}).Error
}

// useLink marks the link used, or returns ErrBadLink: of two that come at once, one is the second.
func (w write) useLink(id int64) error {
	result := w.tx.Model(&linkRow{}).Where("id = ? AND used_at = 0 AND expires_at > ?", id, w.now.UnixMicro()).Update("used_at", w.now.UnixMicro())
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrBadLink
	}
	return result.Error
}
