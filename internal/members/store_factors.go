package members

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/vault"
)

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

func (w write) putSealed(id int64, sealed []byte) error {
	return w.tx.Model(&factorRow{}).Where("id = ?", id).Updates(map[string]any{"sealed": sealed, "key_id": vault.SealedBy(sealed)}).Error
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

func (w write) dropFactors(member int64) error {
	return errors.Join(w.tx.Where("member_id = ?", member).Delete(&factorRow{}).Error, w.dropCodes(member))
}
