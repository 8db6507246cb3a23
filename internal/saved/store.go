package saved

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
)

type store struct {
	db  *gorm.DB
	log *audit.Log
}

var errTaken = errors.New("operations: the name is taken")

type row struct {
	ID         int64 `gorm:"primaryKey"`
	Name       string
	Definition string
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	CreatedBy  string
	UpdatedAt  int64 `gorm:"autoUpdateTime:false"`
	UpdatedBy  string
	RemovedAt  int64
}

func (row) TableName() string { return "operations" }

func (r row) operation() (Operation, error) {
	o := Operation{ID: r.ID, CreatedAt: time.UnixMicro(r.CreatedAt).UTC(), UpdatedAt: time.UnixMicro(r.UpdatedAt).UTC(), CreatedBy: r.CreatedBy,
		UpdatedBy: r.UpdatedBy}
	if err := json.Unmarshal([]byte(r.Definition), &o.Definition); err != nil {
		return o, fmt.Errorf("operations: %d: %w", r.ID, err)
	}
	o.Definition = o.withoutSecrets() // an older Drover saved them
	return o, nil
}

func (s store) all(ctx context.Context) ([]Operation, error) {
	var rows []row
	if err := s.db.WithContext(ctx).Where("removed_at = 0").Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	all := make([]Operation, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.operation(); err != nil {
			return nil, err
		}
	}
	natural.Sort(all, func(o Operation) string { return o.Name })
	return all, nil
}

func (s store) one(ctx context.Context, id int64) (Operation, error) {
	var r row
	err := s.db.WithContext(ctx).Where("id = ? AND removed_at = 0", id).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Operation{}, ErrNone
	}
	if err != nil {
		return Operation{}, fmt.Errorf("operations: %w", err)
	}
	return r.operation()
}

// redact takes out of the table what an older Drover saved with its secrets.
func (s store) redact(ctx context.Context) error {
	return s.change(ctx, func(tx *gorm.DB) error {
		var rows []row
		if err := tx.Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			o, err := r.operation()
			if err != nil {
				return err
			}
			text, err := json.Marshal(o.Definition)
			if err == nil && string(text) != r.Definition {
				err = tx.Model(&row{}).Where("id = ? AND definition = ?", r.ID, r.Definition).Update("definition", string(text)).Error
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// change does something in a transaction with its entry.
func (s store) change(ctx context.Context, f func(tx *gorm.DB) error) error {
	err := s.log.RecordRefusal(ctx, s.db.WithContext(ctx).Transaction(f))
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return errTaken
	}
	if err != nil {
		return fmt.Errorf("operations: %w", err)
	}
	return nil
}

func (s store) insert(ctx context.Context, actor access.Actor, d Definition) (Operation, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return Operation{}, err
	}
	now := time.Now().UnixMicro()
	r := row{Name: d.Name, Definition: string(text), CreatedAt: now, CreatedBy: actor.Name, UpdatedAt: now, UpdatedBy: actor.Name}
	err = s.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		return s.log.Record(tx, actor, audit.Event{Action: access.OperationSave, Subject: access.On("operation", r.ID),
			Detail: map[string]any{"name": d.Name, "after": d}})
	})
	if err != nil {
		return Operation{}, err
	}
	return r.operation()
}

func (s store) update(ctx context.Context, actor access.Actor, before Operation, d Definition) (Operation, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return Operation{}, err
	}
	err = s.change(ctx, func(tx *gorm.DB) error {
		err := tx.Model(&row{}).Where("id = ?", before.ID).Updates(map[string]any{"name": d.Name, "definition": string(text), "updated_at": time.Now().UnixMicro(),
			"updated_by": actor.Name}).Error
		if err != nil {
			return err
		}
		return s.log.Record(tx, actor, audit.Event{Action: access.OperationSave, Subject: access.On("operation", before.ID),
			Detail: map[string]any{"name": d.Name, "before": before.Definition, "after": d}})
	})
	if err != nil {
		return Operation{}, err
	}
	return s.one(ctx, before.ID)
}

func (s store) remove(ctx context.Context, actor access.Actor, before Operation) error {
	return s.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Model(&row{}).Where("id = ?", before.ID).Update("removed_at", time.Now().UnixMicro()).Error; err != nil {
			return err
		}
		return s.log.Record(tx, actor, audit.Event{Action: access.OperationRemove, Subject: access.On("operation", before.ID),
			Detail: map[string]any{"name": before.Name, "before": before.Definition}})
	})
}
