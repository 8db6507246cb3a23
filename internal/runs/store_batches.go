package runs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
)

// TakeBatch gives the batch to the owner until the time, unless another one has it or it is done.
func (s *Store) TakeBatch(ctx context.Context, batch int64, owner string, until time.Time) (bool, error) {
	result := s.db.Gorm.WithContext(ctx).Exec("UPDATE batches SET owner = ?, lease_until = ? WHERE id = ? AND NOT done AND (owner = '' OR lease_until < ?)",
		owner, micros(until), batch, time.Now().UnixMicro())
	return result.RowsAffected == 1, result.Error
}

// RenewBatch prolongs the lease and tells whether the owner still had it, and whether the run was cancelled.
func (s *Store) RenewBatch(ctx context.Context, batch int64, owner string, until time.Time) (renewed, cancelled bool, err error) {
	result := s.db.Gorm.WithContext(ctx).Exec("UPDATE batches SET lease_until = ? WHERE id = ? AND owner = ?", micros(until), batch, owner)
	if result.Error != nil || result.RowsAffected == 0 {
		return false, false, result.Error
	}
	err = s.db.Gorm.WithContext(ctx).Raw("SELECT cancelled_at <> 0 FROM runs JOIN batches ON batches.run_id = runs.id WHERE batches.id = ?",
		batch).Scan(&cancelled).Error
	return true, cancelled, err
}

// ReturnBatch returns a batch that is not done to the queue.
func (s *Store) ReturnBatch(ctx context.Context, batch int64, owner string) error {
	return s.change(ctx, func(w write) error {
		result := w.tx.Exec("UPDATE batches SET owner = '', lease_until = 0 WHERE id = ? AND owner = ? AND NOT done", batch, owner)
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		return w.enqueue(make([]time.Time, 1))
	})
}

// RequeueExpired queues the batches again whose lease has run out, without those that this process works itself.
func (s *Store) RequeueExpired(ctx context.Context, own func(int64) bool) (int, error) {
	var ids []int64
	now := time.Now().UnixMicro()
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT id FROM batches WHERE NOT done AND lease_until > 0 AND lease_until < ?", now).Scan(&ids).Error
	ids = slices.DeleteFunc(ids, own)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	queued := 0
	err = s.change(ctx, func(w write) error {
		for _, id := range ids {
			result := w.tx.Exec("UPDATE batches SET owner = '', lease_until = 0 WHERE id = ? AND NOT done AND lease_until > 0 AND lease_until < ?", id, now)
			if result.Error != nil {
				return result.Error
			}
			if result.RowsAffected == 0 {
				continue
			}
			queued++
			if err := w.enqueue(make([]time.Time, 1)); err != nil {
				return err
			}
		}
		return nil
	})
	return queued, err
}

// unowned is the condition of the batches that nobody works and somebody may.
const unowned = "NOT done AND owner = '' AND run_id NOT IN (SELECT id FROM runs WHERE approval = 'asked') AND run_id NOT IN (SELECT id FROM runs WHERE delayed)"

// CountUnowned counts the batches that nobody works: each should have a job in the queue.
func (s *Store) CountUnowned(ctx context.Context) (int, error) {
	var n int
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT count(*) FROM batches WHERE " + unowned).Scan(&n).Error
	return n, err
}

// Enqueue puts so many jobs into the queue.
func (s *Store) Enqueue(ctx context.Context, jobs int) error {
	return s.change(ctx, func(w write) error { return w.enqueue(make([]time.Time, jobs)) })
}

// BeginRun makes the run a running one.
func (s *Store) BeginRun(ctx context.Context, run int64) error {
	return s.db.Gorm.WithContext(ctx).Exec("UPDATE runs SET state = ?, started_at = ? WHERE id = ? AND state = ?", Running, time.Now().UnixMicro(), run,
		Waiting).Error
}

// Batch reads a batch with its plan and the targets that have not ended. An error that is Problems says why the run cannot be worked any more.
func (s *Store) Batch(ctx context.Context, id int64) (Batch, error) {
	var batch batchRow
	if err := s.db.Gorm.WithContext(ctx).Where("id = ?", id).Take(&batch).Error; err != nil {
		return Batch{}, err
	}
	run, err := s.run(ctx, batch.RunID)
	if err != nil {
		return Batch{}, err
	}
	var rows []targetRow
	if err := s.db.Gorm.WithContext(ctx).Where("batch_id = ? AND state <> ?", id, TargetDone).Order("id").Find(&rows).Error; err != nil {
		return Batch{}, err
	}
	spec, err := s.opened(run)
	if err != nil {
		return Batch{}, err
	}
	made, err := Plan(spec)
	if err != nil {
		return Batch{}, err
	}
	if made.NeedsSites() {
		homes, err := s.homes(ctx, run.ID)
		if err != nil {
			return Batch{}, err
		}
		made = made.WithSites(homes)
	}
	return Batch{Run: run, Plan: made, Targets: targetsOf(rows)}, nil
}

// homes lists the homes of a run's sites.
func (s *Store) homes(ctx context.Context, run int64) (homes []string, err error) {
	return homes, s.db.Gorm.WithContext(ctx).Raw("SELECT home FROM targets WHERE run_id = ?", run).Scan(&homes).Error
}

// FinishBatch marks the batch done and ends the run when it was the last one. Targets that have not ended keep it open.
func (s *Store) FinishBatch(ctx context.Context, run, batch int64, owner string) error {
	return s.change(ctx, func(w write) error {
		if _, err := w.lockRun(run); err != nil {
			return err
		}
		result := w.tx.Exec(`UPDATE batches SET done = TRUE, owner = '', lease_until = 0 WHERE id = ? AND owner = ?
			AND NOT EXISTS (SELECT 1 FROM targets WHERE batch_id = batches.id AND state <> ?)`, batch, owner, TargetDone)
		if result.Error != nil {
			return result.Error
		}
		if result.RowsAffected == 0 {
			return ErrLeaseLost
		}
		return w.finishIfDone(run)
	})
}

// StoreProgress stores what the batch's writer collected, in one transaction. It returns the targets that could not begin since the run
// was cancelled, and ErrLeaseLost, having stored nothing, when another worker has taken over the batch.
func (s *Store) StoreProgress(ctx context.Context, batch int64, owner string, until time.Time, p Progress) (refused []int64, err error) {
	err = s.change(ctx, func(w write) error {
		set := "lease_until = ?"
		if len(p.Ended) > 0 { // a batch that gets on has not failed as a whole
			set += ", failures = 0"
		}
		lease := w.tx.Exec("UPDATE batches SET "+set+" WHERE id = ? AND owner = ?", micros(until), batch, owner)
		if lease.Error != nil {
			return lease.Error
		}
		if lease.RowsAffected == 0 {
			return ErrLeaseLost
		}
		if refused, err = w.beginTargets(p.Begun); err != nil {
			return err
		}
		return errors.Join(w.withdrawTargets(p.Withdrawn), w.insertAttempts(p.Attempts), w.endTargets(batch, p.Ended), sites.StoreObserved(w.tx, p.Observed))
	})
	return refused, err
}

func (w write) beginTargets(ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query, list := database.Listed(w.tx, ids)
	result := w.tx.Exec("UPDATE targets SET state = ?, started_at = ? WHERE id IN ("+query+") AND state <> ?", TargetRunning, micros(w.now), list, TargetDone)
	if result.Error != nil || int(result.RowsAffected) == len(ids) {
		return nil, result.Error
	}
	var refused []int64
	err := w.tx.Raw("SELECT id FROM targets WHERE id IN ("+query+") AND state = ?", list, TargetDone).Scan(&refused).Error
	return refused, err
}

func (w write) withdrawTargets(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	query, list := database.Listed(w.tx, ids)
	return w.tx.Exec("UPDATE targets SET state = ?, started_at = 0 WHERE id IN ("+query+") AND state = ?", TargetWaiting, list, TargetRunning).Error
}

func (w write) insertAttempts(all []TargetAttempt) error {
	if len(all) == 0 {
		return nil
	}
	rows := make([]attemptRow, len(all))
	for i, a := range all {
		var err error
		if rows[i], err = attemptRowOf(a.Target, a.Attempt); err != nil {
			return err
		}
	}
	return database.InsertRows(w.tx, rows)
}

func (w write) endTargets(batch int64, ends []Target) error {
	if len(ends) == 0 {
		return nil
	}
	rows := make([]targetRow, len(ends))
	for i, t := range ends {
		rows[i] = rowOf(t, batch)
	}
	_, err := database.ExecRows(w.tx, endedTargets, rows, "id", "state", "outcome", "reason", "status", "code", "message", "note", "location", "attempts",
		"started_at", "ended_at", "took_us", "verified", "proof")
	return err
}

// endedTargets leaves alone what was cancelled meanwhile: the audit log has said how many were not sent.
const endedTargets = `UPDATE targets SET state = r.state, outcome = r.outcome, reason = r.reason, status = r.status, code = r.code, message = r.message,
	note = r.note, location = r.location, attempts = r.attempts, started_at = r.started_at, ended_at = r.ended_at, took_us = r.took_us,
	verified = r.verified, proof = r.proof FROM %s WHERE targets.id = r.id AND targets.state <> 'done'`

// sending tells whether a worker holds a batch in which a target of the site has not ended: it opened the site's credential as it began.
func (s *Store) sending(ctx context.Context, site int64, now time.Time) (busy bool, err error) {
	err = s.db.Gorm.WithContext(ctx).Raw(`SELECT count(*) > 0 FROM targets JOIN batches ON batches.id = targets.batch_id
		WHERE targets.site_id = ? AND targets.state <> 'done' AND NOT batches.done AND batches.lease_until > ?`, site, now.UnixMicro()).Scan(&busy).Error
	return busy, err
}
