package runs

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
)

// lockDelayed locks a run that still waits to start, or returns ErrEnded or ErrBegun.
func (w write) lockDelayed(id int64) (runRow, error) {
	row, err := w.lockRun(id)
	switch {
	case err != nil:
		return row, err
	case row.EndedAt != 0:
		return row, ErrEnded
	case !row.Delayed:
		return row, ErrBegun
	}
	return row, nil
}

// undo ends a run that is still delayed: no worker has taken any of it.
func (s *Store) undo(ctx context.Context, actor access.Actor, id int64, note string) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockDelayed(id)
		if err != nil {
			return err
		}
		return w.cancel(row, actor, note)
	})
}

// startNow ends the wait of a run that is still delayed.
func (s *Store) startNow(ctx context.Context, actor access.Actor, id int64) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockDelayed(id)
		if err != nil {
			return err
		}
		event := audit.Event{Action: access.RunStartNow, Subject: access.On("run", id), Detail: map[string]any{"title": row.Title, "sites": row.Total}}
		if err := w.log.Record(w.tx, actor, event); err != nil {
			return err
		}
		return w.release(id)
	})
}

// release lets workers take the run's batches. The run is locked.
func (w write) release(id int64) error {
	var batches int64
	err := w.tx.Model(&runRow{}).Where("id = ?", id).Update("delayed", false).Error
	if err == nil {
		err = w.tx.Model(&batchRow{}).Where("run_id = ? AND NOT done", id).Count(&batches).Error
	}
	if err != nil {
		return err
	}
	return w.enqueue(make([]time.Time, batches))
}

// due lists the delayed runs whose wait is over.
func due(tx *gorm.DB, now time.Time) (ids []int64, err error) {
	return ids, tx.Raw("SELECT id FROM runs WHERE delayed AND starts_at <= ?", micros(now)).Scan(&ids).Error
}

// ReleaseDue lets the runs begin whose wait is over. Until that is stored nothing of them was sent, so a crash changes nothing.
func (s *Store) ReleaseDue(ctx context.Context) error {
	ids, err := due(s.db.Gorm.WithContext(ctx), time.Now())
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		err := s.change(ctx, func(w write) error {
			row, err := w.lockRun(id)
			if err != nil || !row.Delayed {
				return err
			}
			return w.release(id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
