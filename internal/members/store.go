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

func (w write) record(subject access.Subject, detail map[string]any) error {
	return w.log.Record(w.tx, w.actor, audit.Event{Action: w.action, Subject: subject, Detail: detail})
}

type memberRow struct {
	ID           int64 `gorm:"primaryKey"`
	Email        string
	Name         string
	Role         access.Role
	Bound        string
	PasswordHash string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	LeftAt       int64
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

// bound reads what stored wrote. What cannot be read holds to no site and no operation: no name is a space.
func bound(text string) access.Restriction {
	var b access.Restriction
	if text != "" && (json.Unmarshal([]byte(text), &b) != nil || b.IsZero()) {
		return access.Restriction{Clients: []string{" "}, Operations: []string{" "}}
	}
	return b
}

func (memberRow) TableName() string { return "members" }

func (r memberRow) member() Member {
	return Member{ID: r.ID, Email: r.Email, Name: r.Name, Role: r.Role, Bound: bound(r.Bound), CreatedAt: moment(r.CreatedAt), LeftAt: moment(r.LeftAt)}
}

type sessionRow struct {
	ID         int64 `gorm:"primaryKey"`
	TokenHash  string
	MemberID   int64
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	LastSeenAt int64
	Addr       string
	UserAgent  string
	Half       bool
	FreshAt    int64
	Ceremony   string
	Provided   bool
}

func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) session() Session {
	return Session{ID: r.ID, Addr: r.Addr, UserAgent: r.UserAgent, CreatedAt: moment(r.CreatedAt), LastSeenAt: moment(r.LastSeenAt), Half: r.Half, FreshAt: moment(r.FreshAt)}
}

type linkRow struct {
	ID        int64 `gorm:"primaryKey"`
	Kind      linkKind
	TokenHash string
	Email     string
	Role      access.Role
	Bound     string
	MemberID  int64
	Lift      bool // the second factor goes with the old password
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
	r := memberRow{Email: m.Email, Name: m.Name, Role: m.Role, Bound: stored(m.Bound), PasswordHash: hash, CreatedAt: w.now.UnixMicro()}
	err := w.tx.Create(&r).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return m, Problems{"email": "A member with this email address already exists."}
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

func (w write) setBound(m Member, b access.Restriction) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("bound", stored(b)).Error
	return errors.Join(err, w.voidInvitations(m))
}

func (w write) remove(m Member) error {
	err := w.tx.Model(&memberRow{}).Where("id = ?", m.ID).Update("left_at", w.now.UnixMicro()).Error
	err = errors.Join(err, w.tx.Model(&tokenRow{}).Where("member_id = ? AND revoked_at = 0", m.ID).Update("revoked_at", w.now.UnixMicro()).Error)
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

func (s store) factors(ctx context.Context, member int64) ([]factorRow, error) {
	var rows []factorRow
	err := s.db.WithContext(ctx).Where("member_id = ? AND confirmed_at > 0", member).Order("id").Find(&rows).Error
	return rows, err
}

func (s store) unconfirmed(ctx context.Context, member, id int64) (factorRow, error) {
	var r factorRow
	err := s.db.WithContext(ctx).Where("member_id = ? AND id = ? AND kind = ? AND confirmed_at = 0", member, id, TOTP).Take(&r).Error
	return r, found(err, ErrNoFactor)
}

func (w write) factor(member, id int64) (factorRow, error) {
	var r factorRow
	return r, found(w.tx.Where("member_id = ? AND id = ? AND confirmed_at > 0", member, id).Take(&r).Error, ErrNoFactor)
}

func (w write) apps(member int64) ([]factorRow, error) {
	var rows []factorRow
	err := w.tx.Where("member_id = ? AND kind = ? AND confirmed_at > 0", member, TOTP).Find(&rows).Error
	return rows, err
}

func (w write) hasFactor(member int64) (bool, error) {
	var n int64
	err := w.tx.Model(&factorRow{}).Where("member_id = ? AND confirmed_at > 0", member).Count(&n).Error
	return n > 0, err
}

func (w write) insertFactor(r factorRow) (int64, error) {
	err := w.tx.Create(&r).Error
	return r.ID, err
}

// putFactor stores a factor that is new, or that was not confirmed until now. A key that somebody has already is ErrPasskey.
func (w write) putFactor(r factorRow) error {
	if r.ID == 0 {
		_, err := w.insertFactor(r)
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			err = refusal{"known_passkey", ErrPasskey}
		}
		return err
	}
	result := w.tx.Model(&factorRow{}).Where("id = ? AND confirmed_at = 0", r.ID).
		Updates(map[string]any{"name": r.Name, "last_step": r.LastStep, "confirmed_at": r.ConfirmedAt})
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrNoFactor
	}
	return result.Error
}

func (w write) putSealed(id int64, sealed []byte, key uint32) error {
	return w.tx.Model(&factorRow{}).Where("id = ?", id).Updates(map[string]any{"sealed": sealed, "key_id": int64(key)}).Error
}

func (w write) dropUnconfirmed(member int64) error {
	return w.tx.Where("member_id = ? AND confirmed_at = 0", member).Delete(&factorRow{}).Error
}

func (w write) renameFactor(id int64, name string) error {
	return w.tx.Model(&factorRow{}).Where("id = ?", id).Update("name", name).Error
}

func (w write) removeFactor(r factorRow) error {
	if err := w.tx.Delete(&factorRow{ID: r.ID}).Error; err != nil {
		return err
	}
	has, err := w.hasFactor(r.MemberID)
	if err == nil && !has {
		err = w.dropCodes(r.MemberID)
	}
	return err
}

// takeStep notes the step of a code, or returns ErrCode when it or a later one was taken before: of two that come at once, one is late.
func (w write) takeStep(id, step int64) error {
	result := w.tx.Model(&factorRow{}).Where("id = ? AND last_step < ?", id, step).Updates(map[string]any{"last_step": step, "used_at": w.now.UnixMicro()})
	if result.Error == nil && result.RowsAffected == 0 {
		return refusal{"used_code", ErrCode}
	}
	return result.Error
}

func (w write) passkeyUsed(member int64, credential, passkey string) error {
	return w.tx.Model(&factorRow{}).Where("member_id = ? AND credential = ?", member, credential).
		Updates(map[string]any{"passkey": passkey, "used_at": w.now.UnixMicro()}).Error
}

func (s store) codesLeft(ctx context.Context, member int64) (int, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&recoveryRow{}).Where("member_id = ? AND used_at = 0", member).Count(&n).Error
	return int(n), err
}

func (w write) insertCode(r recoveryRow) error { return w.tx.Create(&r).Error }

func (w write) dropCodes(member int64) error {
	return w.tx.Where("member_id = ?", member).Delete(&recoveryRow{}).Error
}

// useCode marks a recovery code used, or returns ErrCode.
func (w write) useCode(member int64, hash string) error {
	result := w.tx.Model(&recoveryRow{}).Where("member_id = ? AND code_hash = ? AND used_at = 0", member, hash).Update("used_at", w.now.UnixMicro())
	if result.Error == nil && result.RowsAffected == 0 {
		return refusal{"wrong_code", ErrCode}
	}
	return result.Error
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

func (s store) setting(ctx context.Context, name string) (string, error) {
	var r settingRow
	err := s.db.WithContext(ctx).Where("name = ?", name).Limit(1).Find(&r).Error
	return r.Value, err
}

func (w write) putSetting(name, value string) error { return w.tx.Save(&settingRow{name, value}).Error }

func (s store) countSealed(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.WithContext(ctx).Model(&factorRow{}).Where("kind = ?", TOTP).Count(&n).Error
	return n, err
}

func (s store) sealedByOthers(ctx context.Context, key uint32, limit int) ([]factorRow, error) {
	var rows []factorRow
	err := s.db.WithContext(ctx).Where("kind = ? AND key_id <> ?", TOTP, int64(key)).Order("id").Limit(limit).Find(&rows).Error
	return rows, err
}

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
	return w.tx.Exec("DELETE FROM devices WHERE member_id = ? AND id NOT IN (SELECT id FROM devices WHERE member_id = ? ORDER BY id DESC LIMIT ?)", r.MemberID, r.MemberID, mostDevices).Error
}

func (w write) dropFactors(member int64) error {
	return errors.Join(w.tx.Where("member_id = ?", member).Delete(&factorRow{}).Error, w.dropCodes(member))
}

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
	return w.tx.Exec("INSERT INTO identities (issuer, subject, member_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (issuer, subject) DO UPDATE SET member_id = excluded.member_id",
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
