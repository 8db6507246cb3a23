package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/audit"
)

type store struct {
	db  *gorm.DB
	log *audit.Log
}

// write is one change under way: what it stores and what it records stand or fall together.
type write struct {
	act
	now time.Time
	tx  *gorm.DB
	log *audit.Log
}

func (s store) change(ctx context.Context, w write, f func(write) error) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		w.tx, w.log = tx, s.log
		return f(w)
	})
}

func (w write) record(subject audit.Subject, detail map[string]any) error {
	return w.log.Record(w.tx, w.actor, audit.Event{Action: w.action, Subject: subject, Detail: detail})
}

type memberRow struct {
	ID           int64 `gorm:"primaryKey"`
	Email        string
	Name         string
	Role         audit.Role
	PasswordHash string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	LeftAt       int64
}

func (memberRow) TableName() string { return "members" }

func (r memberRow) member() Member {
	return Member{ID: r.ID, Email: r.Email, Name: r.Name, Role: r.Role, CreatedAt: moment(r.CreatedAt), LeftAt: moment(r.LeftAt)}
}

type sessionRow struct {
	ID         int64 `gorm:"primaryKey"`
	TokenHash  string
	MemberID   int64
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	LastSeenAt int64
	Addr       string
	UserAgent  string
}

func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) session() Session {
	return Session{ID: r.ID, Addr: r.Addr, UserAgent: r.UserAgent, CreatedAt: moment(r.CreatedAt), LastSeenAt: moment(r.LastSeenAt)}
}

type linkRow struct {
	ID        int64 `gorm:"primaryKey"`
	Kind      linkKind
	TokenHash string
	Email     string
	Role      audit.Role
	MemberID  int64
	CreatedBy string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	ExpiresAt int64
	UsedAt    int64
}

func (linkRow) TableName() string { return "links" }

// moment reads a stored time; 0 is none.
func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// found makes a missing row one of this room's errors.
func found(err, missing error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return missing
	}
	if err != nil {
		return fmt.Errorf("members: %w", err)
	}
	return nil
}

func (s store) present(ctx context.Context) ([]Member, error) {
	var rows []memberRow
	if err := s.db.WithContext(ctx).Where("left_at = 0").Order("lower(name), id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	all := make([]Member, len(rows))
	for i, r := range rows {
		all[i] = r.member()
	}
	return all, nil
}

func (s store) byID(ctx context.Context, id int64) (memberRow, error) {
	var r memberRow
	return r, found(s.db.WithContext(ctx).Where("id = ?", id).Take(&r).Error, ErrNoMember)
}

// byEmail returns the member present with the folded address, or ErrNoMember.
func (s store) byEmail(ctx context.Context, email string) (memberRow, error) {
	var r memberRow
	err := s.db.WithContext(ctx).Where("email = ? AND left_at = 0", email).Take(&r).Error
	return r, found(err, ErrNoMember)
}

func (w write) insertMember(m Member, hash string) (Member, error) {
	r := memberRow{Email: m.Email, Name: m.Name, Role: m.Role, PasswordHash: hash, CreatedAt: w.now.UnixMicro()}
	err := w.tx.Create(&r).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return m, Problems{"email": "Somebody with this address is a member already."}
	}
	return r.member(), err
}

func (w write) presentMember(id int64) (Member, error) {
	var r memberRow
	err := w.tx.Where("id = ? AND left_at = 0", id).Take(&r).Error
	return r.member(), found(err, ErrNoMember)
}

// owners counts the owners present. Nobody else can count until this change is committed, so that two owners who remove each other
// at once cannot both go.
func (w write) owners() (int64, error) {
	if err := w.tx.Exec("UPDATE members SET role = role WHERE role = ?", audit.Owner).Error; err != nil {
		return 0, err
	}
	var n int64
	err := w.tx.Model(&memberRow{}).Where("role = ? AND left_at = 0", audit.Owner).Count(&n).Error
	return n, err
}

func (w write) setRole(m Member, role audit.Role) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("role", role).Error
	return errors.Join(err, w.voidInvitations(m))
}

func (w write) remove(m Member) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("left_at", w.now.UnixMicro()).Error
	_, ended := w.endSessions(m.ID)
	return errors.Join(err, ended, w.voidInvitations(m), w.tx.Where("member_id = ? AND used_at = 0", m.ID).Delete(&linkRow{}).Error)
}

func (w write) voidInvitations(m Member) error {
	return w.tx.Where("kind = ? AND created_by = ? AND used_at = 0", invitation, string(m.subject())).Delete(&linkRow{}).Error
}

func (w write) setName(id int64, name string) error {
	return w.tx.Model(&memberRow{}).Where("id = ?", id).Update("name", name).Error
}

func (w write) setPassword(id int64, hash string) error {
	return w.tx.Model(&memberRow{}).Where("id = ?", id).Update("password_hash", hash).Error
}

// unchanged tells that the member is still present with the password that was checked outside this change.
func (w write) unchanged(row memberRow) error {
	var now memberRow
	if err := w.tx.Where("id = ? AND left_at = 0", row.ID).Take(&now).Error; err != nil {
		return found(err, ErrNoMember)
	}
	if now.PasswordHash != row.PasswordHash {
		return refusal{"password_changed_meanwhile", ErrPassword}
	}
	return nil
}

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

func (s store) countMembers(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&memberRow{}).Count(&n).Error
	return n, err
}

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

// useLink marks the link used, or returns ErrBadLink: of two that come at once, one is the second.
func (w write) useLink(id int64) error {
	result := w.tx.Model(&linkRow{}).Where("id = ? AND used_at = 0 AND expires_at > ?", id, w.now.UnixMicro()).Update("used_at", w.now.UnixMicro())
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrBadLink
	}
	return result.Error
}
