package members

import (
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
)

// Verifier verifies actors for the audit log: the member is present, and nothing that they were authenticated by has changed or ended.
func Verifier() audit.Verifier { return verifyActor }

func verifyActor(tx *gorm.DB, actor access.Actor) error {
	var m memberRow
	if err := tx.Select("version").Where("id = ? AND left_at = 0", actor.ID).Take(&m).Error; err != nil {
		return revokedWhere(err)
	}
	if actor.Kind == access.KindToken {
		var t tokenRow
		working := tx.Select("id").Where("id = ? AND member_id = ? AND revoked_at = 0 AND expires_at > ?", actor.Token, actor.ID, time.Now().UnixMicro())
		if err := working.Take(&t).Error; err != nil {
			return revokedWhere(err)
		}
	}
	auth := actor.Auth
	if auth == nil {
		return nil
	}
	if m.Version != auth.Version {
		return access.ErrRevoked
	}
	if auth.Session == 0 {
		return nil
	}
	var s sessionRow
	return revokedWhere(tx.Select("id").Where("id = ? AND member_id = ?", auth.Session, actor.ID).Take(&s).Error)
}

// revokedWhere is access.ErrRevoked where there is no such row.
func revokedWhere(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return access.ErrRevoked
	}
	return err
}
