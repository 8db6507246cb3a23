package auditsinks

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/audit"
)

type store struct{ db *gorm.DB }

// Cursors tell the audit log how far each sink has come, so that nothing is archived that a sink does not have.
func Cursors() audit.SinkCursors { return audit.SinkCursors{SQL: "SELECT name, seq FROM streams"} }

// hold makes the stream the owner's for the time, unless another one has it, and returns how far it has come.
func (s store) hold(ctx context.Context, name, owner string, now time.Time, lease time.Duration) (seq int64, mine bool, err error) {
	var got []int64
	err = s.db.WithContext(ctx).Raw(`INSERT INTO streams (name, owner, lease_until) VALUES (?, ?, ?) ON CONFLICT (name)
		DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until WHERE streams.owner = excluded.owner OR streams.lease_until < ? RETURNING seq`,
		name, owner, now.Add(lease).UnixMicro(), now.UnixMicro()).Scan(&got).Error
	if err != nil || len(got) == 0 {
		return 0, false, wrap(err)
	}
	return got[0], true, nil
}

// advance notes that the other side has everything up to the number.
func (s store) advance(ctx context.Context, name, owner string, seq int64, now time.Time) error {
	return wrap(s.db.WithContext(ctx).Exec("UPDATE streams SET seq = ?, sent_at = ?, failed_at = 0, problem = '' WHERE name = ? AND owner = ?", seq,
		now.UnixMicro(), name, owner).Error)
}

func (s store) failed(ctx context.Context, name, owner, problem string, now time.Time) error {
	return wrap(s.db.WithContext(ctx).Exec("UPDATE streams SET failed_at = ?, problem = ? WHERE name = ? AND owner = ?", now.UnixMicro(), problem, name,
		owner).Error)
}

func (s store) states(ctx context.Context) ([]State, error) {
	var rows []struct {
		Name             string
		Seq              int64
		SentAt, FailedAt int64
		Problem          string
	}
	err := s.db.WithContext(ctx).Raw("SELECT name, seq, sent_at, failed_at, problem FROM streams ORDER BY name").Scan(&rows).Error
	all := make([]State, len(rows))
	for i, r := range rows {
		all[i] = State{Name: r.Name, Seq: r.Seq, SentAt: moment(r.SentAt), FailedAt: moment(r.FailedAt), Problem: r.Problem}
	}
	return all, wrap(err)
}

// moment reads a stored time; 0 is none.
func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("forward: %w", err)
	}
	return nil
}
