package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// A batch that failed as a whole pauses firstPause, then twice as long each time, and is given up at the last of maxFailures.
const (
	maxFailures = 5
	firstPause  = time.Second
)

// NextBatch is the batch whose turn it is.
type NextBatch struct {
	ID     int64 // 0: none can be worked now
	Run    int64
	Member string // whose run it is
	Paused bool   // none can be worked now, but some pause
}

// nextBatch takes turns by member, then by run: whoever has the fewest batches under way, then the oldest.
const nextBatch = `
WITH waiting AS (
	SELECT run_id, min(id) AS id FROM batches WHERE ` + unowned + ` AND retry_at <= ? GROUP BY run_id
), whose AS (
	SELECT id AS run_id, CASE WHEN actor_id <> 0 THEN 'member ' || actor_id ELSE actor_name END AS member FROM runs WHERE ended_at = 0
), busy AS (
	SELECT batches.run_id, whose.member, count(*) AS n FROM batches JOIN whose ON whose.run_id = batches.run_id
	WHERE NOT done AND owner <> '' GROUP BY batches.run_id, whose.member
), busy_members AS (
	SELECT member, sum(n) AS n FROM busy GROUP BY member
)
SELECT waiting.id, waiting.run_id AS run, whose.member FROM waiting JOIN whose ON whose.run_id = waiting.run_id
LEFT JOIN busy ON busy.run_id = waiting.run_id LEFT JOIN busy_members ON busy_members.member = whose.member
ORDER BY coalesce(busy_members.n, 0), coalesce(busy.n, 0), waiting.id LIMIT 1`

// NextBatch finds the batch whose turn it is.
func (s *Store) NextBatch(ctx context.Context) (NextBatch, error) {
	var next NextBatch
	err := s.db.Gorm.WithContext(ctx).Raw(nextBatch, time.Now().UnixMicro()).Scan(&next).Error
	if err != nil || next.ID != 0 {
		return next, err
	}
	n, err := s.CountUnowned(ctx)
	next.Paused = n > 0
	return next, err
}

// FailBatch gives a batch that failed as a whole back to the queue, after a pause that grows. After the last failure, and at once where
// nothing can come of another attempt, what is left of the batch ends: what may have been sent is unknown, the rest failed.
func (s *Store) FailBatch(ctx context.Context, batch int64, owner string, cause error) error {
	return s.change(ctx, func(w write) error {
		var row batchRow
		if err := w.tx.Where("id = ? AND owner = ? AND NOT done", batch, owner).Limit(1).Find(&row).Error; err != nil || row.ID == 0 {
			return err // another worker has it by now
		}
		failures := row.Failures + 1
		var problems validation.Problems
		if failures >= maxFailures || errors.As(cause, &problems) {
			return w.giveUp(row, failures, cause)
		}
		retry := w.now.Add(firstPause << (failures - 1))
		result := w.tx.Model(&batchRow{}).Where("id = ? AND owner = ?", batch, owner).
			Updates(map[string]any{"owner": "", "lease_until": 0, "failures": failures, "retry_at": micros(retry)})
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		return w.enqueue([]time.Time{retry})
	})
}

// giveUp ends a batch that Drover itself cannot work, and says so in the run and in the audit log.
func (w write) giveUp(batch batchRow, failures int, cause error) error {
	run, err := w.lockRun(batch.RunID)
	if err != nil {
		return err
	}
	fault := "Drover could not process some of the sites. Check the server log, then rerun these sites."
	var problems validation.Problems
	if errors.As(cause, &problems) {
		fault = "This version of Drover can no longer process this run: " + problems.Error()
	}
	left := func(state TargetState) map[string]any {
		values := map[string]any{"state": TargetDone, "ended_at": micros(w.now), "outcome": wordpress.Failed, "note": "Not sent. " + fault}
		if state == TargetRunning {
			values["outcome"], values["reason"], values["note"] = wordpress.Unknown, wordpress.ReasonCutOff, "It may have been sent. "+fault
		}
		return values
	}
	ended := map[TargetState]int64{}
	for _, state := range []TargetState{TargetWaiting, TargetRunning} {
		result := w.tx.Model(&targetRow{}).Where("batch_id = ? AND state = ?", batch.ID, state).Updates(left(state))
		if result.Error != nil {
			return result.Error
		}
		ended[state] = result.RowsAffected
	}
	err = errors.Join(
		w.tx.Model(&batchRow{}).Where("id = ?", batch.ID).Updates(map[string]any{"done": true, "owner": "", "lease_until": 0, "failures": failures}).Error,
		w.tx.Model(&runRow{}).Where("id = ?", run.ID).Update("fault", fault).Error,
		w.log.Record(w.tx, access.System(), audit.Event{Action: access.RunFail, Subject: access.On("run", run.ID), Detail: map[string]any{
			"title": run.Title, "failed": ended[TargetWaiting], "unknown": ended[TargetRunning], "attempts": failures, "cause": short(fmt.Sprint(cause)),
		}}),
	)
	if err != nil {
		return err
	}
	return w.finishIfDone(run.ID)
}

// short bounds what an entry keeps of an error.
func short(text string) string {
	const most = 500
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
