package runs

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
)

type draftRow struct {
	ID        int64 `gorm:"primaryKey"`
	Name      string
	MemberID  int64
	Operation string
	Form      []byte
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
	ExpiresAt int64
}

func (draftRow) TableName() string { return "drafts" }

// putDraft stores the actor's draft of the name, or a new one, and forgets what has expired and what is more than a member may have.
func (s *Store) putDraft(ctx context.Context, actor access.Actor, name, operation string, seal func(id int64) ([]byte, error)) (string, error) {
	var row draftRow
	err := s.change(ctx, func(w write) error {
		if err := w.log.VerifyActor(w.tx, actor, access.RunStart, ""); err != nil {
			return err
		}
		now := micros(w.now)
		row = draftRow{}
		if err := w.tx.Where("name = ? AND member_id = ?", name, actor.ID).Limit(1).Find(&row).Error; err != nil {
			return err
		}
		if row.ID == 0 {
			row = draftRow{Name: newDraftName(), MemberID: actor.ID, Form: []byte{}, CreatedAt: now, UpdatedAt: now, ExpiresAt: now}
			if err := w.tx.Create(&row).Error; err != nil {
				return err
			}
		}
		sealed, err := seal(row.ID)
		if err != nil {
			return err
		}
		return errors.Join(
			w.tx.Model(&draftRow{}).Where("id = ?", row.ID).
				Updates(map[string]any{"form": sealed, "operation": operation, "updated_at": now, "expires_at": micros(w.now.Add(draftKept))}).Error,
			w.tx.Exec(`DELETE FROM drafts WHERE expires_at < ? OR member_id = ? AND id NOT IN
				(SELECT id FROM drafts WHERE member_id = ? ORDER BY updated_at DESC, id DESC LIMIT ?)`, now, actor.ID, actor.ID, mostDrafts).Error,
		)
	})
	return row.Name, err
}

// draftsKept are the drafts that have not expired.
func draftsKept(tx *gorm.DB) *gorm.DB { return tx.Where("expires_at > ?", time.Now().UnixMicro()) }

func (s *Store) draft(ctx context.Context, name string) (draftRow, error) {
	var row draftRow
	err := s.db.Gorm.WithContext(ctx).Where("name = ? AND expires_at > ?", name, time.Now().UnixMicro()).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNoDraft
	}
	return row, err
}

// newDraftName is a name of 26 letters and digits.
func newDraftName() string { return strings.ToLower(rand.Text()) }
