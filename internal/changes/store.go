package changes

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

type store struct {
	db    *gorm.DB
	log   *audit.Log
	vault *vault.Vault
}

type changeRow struct {
	ID         int64 `gorm:"primaryKey"`
	Action     access.Action
	Subject    access.Subject
	Event      string
	Detail     string
	Payload    []byte
	KeyID      int64
	ActorKind  access.Kind
	ActorID    int64
	ActorName  string
	ActorToken int64
	Addr       string
	State      State
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	ExpiresAt  int64
	DecidedAt  int64
	DecidedBy  string
}

func (changeRow) TableName() string { return "pending_changes" }

func (r changeRow) pending() Pending {
	return Pending{
		ID: r.ID, Action: r.Action, Subject: r.Subject, Detail: json.RawMessage(r.Detail), State: r.State, DecidedBy: r.DecidedBy,
		Actor:     access.Actor{Kind: r.ActorKind, ID: r.ActorID, Name: r.ActorName, Token: r.ActorToken, Addr: r.Addr},
		CreatedAt: time.UnixMicro(r.CreatedAt).UTC(), ExpiresAt: time.UnixMicro(r.ExpiresAt).UTC(),
	}
}

// auditDetail is what the audit log says of the pending change.
func (r changeRow) auditDetail() map[string]any {
	return map[string]any{"change": r.Action, "of": r.Subject, "requested_by": r.ActorName, "detail": json.RawMessage(r.Detail)}
}

func binding(id int64) vault.Binding {
	return vault.Binding{Table: "pending_changes", Row: id, Purpose: "payload"}
}

func (s store) change(ctx context.Context, f func(tx *gorm.DB) error) error {
	return s.log.RecordRefusal(ctx, s.db.WithContext(ctx).Transaction(f))
}

// insert stores a request with its sealed payload, and records it.
func (s store) insert(ctx context.Context, actor access.Actor, row changeRow, payload vault.Secret) (changeRow, error) {
	row.Payload = []byte{}
	return row, s.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		sealed, err := s.vault.Seal(payload, binding(row.ID))
		if err != nil {
			return err
		}
		if err := tx.Model(&row).Updates(map[string]any{"payload": sealed, "key_id": vault.SealedBy(sealed)}).Error; err != nil {
			return err
		}
		return s.log.Record(tx, actor, audit.Event{Action: access.ChangeRequest, Subject: access.On("change", row.ID), Detail: row.auditDetail()})
	})
}

// visible are the pending changes that the actor may see: their own, and those of sites in scope; who reaches every site sees all.
func (s store) visible(ctx context.Context, actor access.Actor) *gorm.DB {
	q := s.db.WithContext(ctx).Order("id DESC")
	if actor.Scope.EverySite() {
		return q
	}
	within := sites.Subjects().InScope(actor.Scope)
	return q.Where("actor_id = ? OR subject IN ("+within.SQL+")", append([]any{actor.ID}, within.Values...)...)
}

func (s store) waiting(ctx context.Context, actor access.Actor) ([]changeRow, error) {
	var rows []changeRow
	return rows, s.visible(ctx, actor).Where("state = ? AND expires_at > ?", Waiting, time.Now().UnixMicro()).Find(&rows).Error
}

func (s store) byID(ctx context.Context, actor access.Actor, id int64) (changeRow, error) {
	var row changeRow
	err := s.visible(ctx, actor).Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNone
	}
	return row, err
}

// end ends a request that was not approved, and drops what was to be changed.
func (s store) end(ctx context.Context, actor access.Actor, row changeRow, state State, action access.Action) error {
	return s.change(ctx, func(tx *gorm.DB) error {
		// The turn comes before the row, as where an approval is taken: of two who decide, none waits for the other in a circle.
		if err := s.log.VerifyActor(tx, actor, action, access.On("change", row.ID)); err != nil {
			return err
		}
		ended := tx.Model(&changeRow{}).Where("id = ? AND state = ?", row.ID, Waiting).
			Updates(map[string]any{"state": state, "payload": []byte{}, "decided_at": time.Now().UnixMicro(), "decided_by": actor.Name})
		if ended.Error != nil {
			return ended.Error
		}
		if ended.RowsAffected == 0 {
			return ErrOver
		}
		detail := row.auditDetail()
		detail["how"] = state
		return s.log.Record(tx, actor, audit.Event{Action: action, Subject: access.On("change", row.ID), Detail: detail})
	})
}

func (s store) expired(ctx context.Context) ([]changeRow, error) {
	var rows []changeRow
	return rows, s.db.WithContext(ctx).Where("state = ? AND expires_at <= ?", Waiting, time.Now().UnixMicro()).Find(&rows).Error
}
