package members

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/natural"
	"github.com/droverhq/drover/internal/validation"
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
	return s.log.RecordRefusal(ctx, s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// What follows may end the very session that it comes from, so the actor is verified first.
		if err := s.log.VerifyActor(tx, w.actor, w.action, w.subject); err != nil {
			return err
		}
		w.tx, w.log = tx, s.log
		return f(w)
	}))
}

func (w write) record(subject access.Subject, detail map[string]any) error {
	return w.log.Record(w.tx, w.actor, audit.Event{Action: w.action, Subject: subject, Detail: detail})
}

type memberRow struct {
	ID           int64 `gorm:"primaryKey"`
	Email        string
	Name         string
	Role         access.Role
	Restriction  string `gorm:"column:bound"`
	PasswordHash string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	LeftAt       int64
	Version      int64 `gorm:"->"` // the database raises it
}

// stored is a bound as the database keeps it; one that holds to nothing is empty.
func stored(b access.Restriction) string {
	if b.IsZero() {
		return ""
	}
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // it holds texts only
	}
	return string(text)
}

// restrictionOf reads what stored wrote. What cannot be read holds to no site and no operation: no name is a space.
func restrictionOf(text string) access.Restriction {
	var b access.Restriction
	if text != "" && (json.Unmarshal([]byte(text), &b) != nil || b.IsZero()) {
		return access.Restriction{Clients: []string{" "}, Operations: []string{" "}}
	}
	return b
}

func (memberRow) TableName() string { return "members" }

func (r memberRow) member() Member {
	return Member{ID: r.ID, Email: r.Email, Name: r.Name, Role: r.Role, Restriction: restrictionOf(r.Restriction), CreatedAt: moment(r.CreatedAt),
		LeftAt: moment(r.LeftAt), Version: r.Version}
}

type sessionRow struct {
	ID                  int64 `gorm:"primaryKey"`
	TokenHash           string
	MemberID            int64
	CreatedAt           int64 `gorm:"autoCreateTime:false"`
	LastSeenAt          int64
	Addr                string
	UserAgent           string
	SecondFactorPending bool  `gorm:"column:half"`
	ReauthenticatedAt   int64 `gorm:"column:fresh_at"`
	Ceremony            string
	Provided            bool
	BegunBy             int64 // the member whose link it began with
}

func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) session() Session {
	return Session{ID: r.ID, Addr: r.Addr, UserAgent: r.UserAgent, CreatedAt: moment(r.CreatedAt), LastSeenAt: moment(r.LastSeenAt),
		SecondFactorPending: r.SecondFactorPending, ReauthenticatedAt: moment(r.ReauthenticatedAt)}
}

type linkRow struct {
	ID          int64 `gorm:"primaryKey"`
	Kind        linkKind
	TokenHash   string
	Email       string
	Role        access.Role
	Restriction string `gorm:"column:bound"`
	MemberID    int64
	Lift        bool // the second factor goes with the old password
	CreatedBy   string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	ExpiresAt   int64
	UsedAt      int64

	ApprovedBy int64 // the member who approved the invitation and was shown it
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
	if err := s.db.WithContext(ctx).Where("left_at = 0").Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	all := make([]Member, len(rows))
	for i, r := range rows {
		all[i] = r.member()
	}
	natural.Sort(all, func(m Member) string { return m.Name })
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
	r := memberRow{Email: m.Email, Name: m.Name, Role: m.Role, Restriction: stored(m.Restriction), PasswordHash: hash, CreatedAt: w.now.UnixMicro()}
	err := w.tx.Create(&r).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return m, validation.Problems{"email": "A member with this email address already exists."}
	}
	return r.member(), errors.Join(err, w.voidSetupLinks())
}

func (w write) presentMember(id int64) (Member, error) {
	var r memberRow
	err := w.tx.Where("id = ? AND left_at = 0", id).Take(&r).Error
	return r.member(), found(err, ErrNoMember)
}

// countOwners counts the owners present. Nobody else can count until this change is committed, so that two owners who remove each other
// at once cannot both go.
func (w write) countOwners() (int64, error) {
	if err := w.tx.Exec("UPDATE members SET role = role WHERE role = ?", access.Owner).Error; err != nil {
		return 0, err
	}
	var n int64
	err := w.tx.Model(&memberRow{}).Where("role = ? AND left_at = 0", access.Owner).Count(&n).Error
	return n, err
}

func (w write) setRole(m Member, role access.Role) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("role", role).Error
	return errors.Join(err, w.voidInvitations(m))
}

func (w write) setRestriction(m Member, b access.Restriction) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("bound", stored(b)).Error
	return errors.Join(err, w.voidInvitations(m))
}

func (w write) remove(m Member) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("left_at", w.now.UnixMicro()).Error
	_, revoked := w.revokeTokens(m.ID, "its member was removed")
	_, ended := w.endSessions(m.ID)
	_, voided := w.voidLinks(m.ID)
	return errors.Join(err, revoked, ended, voided, w.voidInvitations(m))
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

// someMember tells whether anybody is a member, or ever was one.
func someMember(db *gorm.DB) (bool, error) {
	var n int64
	err := db.Model(&memberRow{}).Limit(1).Count(&n).Error
	return n > 0, err
}
