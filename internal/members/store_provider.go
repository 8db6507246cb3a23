package members

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
)

// putFlow stores a flow and clears away those that have run out.
func (s store) putFlow(ctx context.Context, r flowRow, old time.Time) error {
	db := s.db.WithContext(ctx)
	return errors.Join(db.Where("created_at < ?", old.UnixMicro()).Delete(&flowRow{}).Error, db.Create(&r).Error)
}

// takeFlow returns the flow of the token and removes it: of two that come with one token, one is too late.
func (s store) takeFlow(ctx context.Context, hash string, since time.Time) (flowRow, error) {
	var r flowRow
	err := s.db.WithContext(ctx).Where("token_hash = ? AND created_at >= ?", hash, since.UnixMicro()).Take(&r).Error
	if err == nil {
		result := s.db.WithContext(ctx).Where("id = ?", r.ID).Delete(&flowRow{})
		if err = result.Error; err == nil && result.RowsAffected == 0 {
			err = gorm.ErrRecordNotFound
		}
	}
	if err = found(err, ErrProvider); errors.Is(err, ErrProvider) {
		err = refusal{"no_such_flow", ErrProvider}
	}
	return r, err
}

// identityOwner is the member whom the identity is linked to, 0 for none.
func (w write) identityOwner(id identity) (int64, error) {
	var member int64
	err := w.tx.Model(&identityRow{}).Select("member_id").Where("issuer = ? AND subject = ?", id.Issuer, id.Subject).Limit(1).Scan(&member).Error
	return member, err
}

func (w write) link(id identity, member int64) error {
	return w.tx.Exec("INSERT INTO identities (issuer, subject, member_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (issuer, subject) DO UPDATE SET "+
		"member_id = excluded.member_id",
		id.Issuer, id.Subject, member, w.now.UnixMicro()).Error
}

func (w write) memberByEmail(email string) (Member, error) {
	var r memberRow
	err := w.tx.Where("email = ? AND left_at = 0", email).Take(&r).Error
	return r.member(), found(err, ErrNoMember)
}

func (s store) linked(ctx context.Context, member int64) (bool, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&identityRow{}).Where("member_id = ?", member).Count(&n).Error
	return n > 0, err
}
