package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/wordpress"
)

// cancel ends every waiting target now, so that no worker can begin one, and ends the run when nothing is under way.
func (s *Store) cancel(ctx context.Context, actor access.Actor, id int64, note string) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockRun(id)
		if err != nil {
			return err
		}
		if row.EndedAt != 0 {
			return ErrEnded
		}
		return w.cancel(row, actor, note)
	})
}

// NotSentAgain begins the note of a target that was under way when its process ended, and of which no other learned more.
const NotSentAgain = "Drover was stopped while this request was running. It may have taken effect. It was not sent again"

func (w write) cancel(row runRow, actor access.Actor, note string) error {
	now, id := micros(w.now), row.ID
	kept := w.tx.Model(&targetRow{}).Where("run_id = ? AND state = ?", id, TargetWaiting).Updates(map[string]any{
		"state": TargetDone, "outcome": wordpress.Failed, "reason": wordpress.ReasonCancelled, "note": note, "ended_at": now,
	})
	if kept.Error != nil {
		return kept.Error
	}
	// What was under way in a batch that nobody works now, nobody would end any more.
	left := w.tx.Model(&targetRow{}).Where("state = ? AND batch_id IN (SELECT id FROM batches WHERE run_id = ? AND owner = '')", TargetRunning, id).
		Updates(map[string]any{"state": TargetDone, "outcome": wordpress.Unknown, "reason": wordpress.ReasonCutOff, "ended_at": now,
			"note": NotSentAgain + ": the run was cancelled first."})
	if left.Error != nil {
		return left.Error
	}
	detail := map[string]any{"title": row.Title, "sites": row.Total, "waiting": kept.RowsAffected}
	if row.Delayed {
		detail["undone"], detail["not_sent"] = true, kept.RowsAffected
	}
	err := errors.Join(
		w.tx.Model(&runRow{}).Where("id = ?", id).Updates(map[string]any{"cancelled_at": now, "cancelled_by": actor.Name, "delayed": false}).Error,
		w.tx.Model(&batchRow{}).Where("run_id = ? AND owner = ''", id).Update("done", true).Error,
		w.log.Record(w.tx, actor, audit.Event{Action: access.RunCancel, Subject: access.On("run", id), Detail: detail}),
	)
	if err != nil {
		return err
	}
	return w.finishIfDone(id)
}

// finishIfDone ends the run and records run.finish when its last batch is done. The run is locked.
func (w write) finishIfDone(id int64) error {
	var open int64
	if err := w.tx.Model(&batchRow{}).Where("run_id = ? AND NOT done", id).Count(&open).Error; err != nil || open > 0 {
		return err
	}
	var row runRow
	if err := w.tx.Where("id = ?", id).Take(&row).Error; err != nil || row.EndedAt != 0 {
		return err
	}
	groups, counts, err := countTargets(w.tx, nil, id)
	if err != nil {
		return err
	}
	state := Done
	if row.CancelledAt != 0 {
		state = Cancelled
	}
	if err := w.tx.Model(&runRow{}).Where("id = ?", id).Updates(map[string]any{"state": state, "ended_at": micros(w.now)}).Error; err != nil {
		return err
	}
	if err := w.forgetSecrets(row); err != nil {
		return err
	}
	verified, err := verifiedOf(w.tx, nil, id)
	if err != nil {
		return err
	}
	reasons := map[string]int{}
	for _, g := range groups {
		if g.Reason != "" {
			reasons[string(g.Reason)] += g.Count
		}
	}
	return w.log.Record(w.tx, access.System(), audit.Event{Action: access.RunFinish, Subject: access.On("run", id), Detail: map[string]any{
		"title": row.Title, "state": state, "sites": row.Total, "counts": counts, "reasons": reasons, "verified": verified, "started_by": row.ActorName,
		"took_ms": (micros(w.now) - max(row.StartedAt, row.CreatedAt)) / 1000,
	}})
}

func countTargets(db *gorm.DB, scope access.Scope, run int64) ([]Group, Counts, error) {
	var rows []struct {
		State   TargetState
		Outcome wordpress.Outcome
		Reason  wordpress.Reason
		N       int
	}
	var counts Counts
	within, values := inScope(scope, "site_id")
	err := db.Raw("SELECT state, outcome, reason, count(*) AS n FROM targets WHERE run_id = ? AND "+within+" GROUP BY state, outcome, reason",
		with(values, run)...).Scan(&rows).Error
	if err != nil {
		return nil, counts, err
	}
	kept, err := keptCounts(db, scope, []int64{run})
	if kept := kept[run]; len(kept) > 0 {
		rows = rows[:0]
		for _, k := range kept {
			rows = append(rows, struct {
				State   TargetState
				Outcome wordpress.Outcome
				Reason  wordpress.Reason
				N       int
			}(k))
		}
	}
	var groups []Group
	for _, r := range rows {
		counts.add(r.State, r.Outcome, r.Reason, r.N)
		if r.State == TargetDone {
			groups = append(groups, Group{r.Outcome, r.Reason, r.N})
		}
	}
	return groups, counts, err
}

// overdue lists the runs whose time is over and which nobody cancelled yet.
func (s *Store) overdue(ctx context.Context) ([]Run, error) {
	var rows []runRow
	err := s.db.Gorm.WithContext(ctx).Where("ended_at = 0 AND cancelled_at = 0 AND deadline_at > 0 AND deadline_at < ?", time.Now().UnixMicro()).Find(&rows).Error
	all := make([]Run, len(rows))
	for i, row := range rows {
		if all[i], err = row.run(); err != nil {
			return nil, err
		}
	}
	return all, err
}

// unapproved returns the runs that waited for approval long enough.
func (s *Store) unapproved(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT id FROM runs WHERE approval = ? AND ended_at = 0 AND approval_until < ?", approvalRequested,
		time.Now().UnixMicro()).Scan(&ids).Error
	return ids, err
}

// lockAwaitingApproval locks a run that waits for approval, or returns ErrNotAwaitingApproval: of two who decide at once, one is late.
func (w write) lockAwaitingApproval(id int64) (runRow, error) {
	row, err := w.lockRun(id)
	if err == nil && (row.Approval != approvalRequested || row.EndedAt != 0) {
		err = ErrNotAwaitingApproval
	}
	return row, err
}

// approve lets the run begin: its batches are queued now, and its time limit begins.
func (s *Store) approve(ctx context.Context, actor access.Actor, id int64) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockAwaitingApproval(id)
		if err == nil {
			err = w.mayApprove(row, actor)
		}
		if err != nil {
			return err
		}
		run, err := row.run()
		if err != nil {
			return err
		}
		values := map[string]any{"approval": approvalGiven, "approved_by": actor.Name}
		if limit := run.Spec.Limits.TimeLimit; limit > 0 {
			values["deadline_at"] = micros(w.now.Add(run.Spec.Wait + limit))
		}
		if run.Spec.Wait > 0 {
			values["delayed"], values["starts_at"] = true, micros(w.now.Add(run.Spec.Wait))
		}
		var batches int64
		err = errors.Join(
			w.tx.Model(&runRow{}).Where("id = ?", id).Updates(values).Error,
			w.tx.Model(&batchRow{}).Where("run_id = ? AND NOT done", id).Count(&batches).Error,
			w.log.Record(w.tx, actor, audit.Event{Action: access.RunApprove, Subject: access.On("run", id),
				Detail: map[string]any{"title": row.Title, "sites": row.Total, "asked_by": row.ActorName}}),
			w.log.Record(w.tx, run.Actor, audit.Event{Action: access.RunStart, Subject: access.On("run", id), Detail: map[string]any{
				"operation": row.Operation, "title": row.Title, "effect": row.Effect, "params": run.Spec.Params, "selection": run.Spec.Selection, "sites": row.Total,
				"approved_by": actor.Name, "verify": run.Spec.Verify, "request": endpointOf(run.Spec),
			}}),
		)
		if err != nil {
			return err
		}
		if run.Spec.Wait > 0 {
			return nil
		}
		return w.enqueue(make([]time.Time, batches))
	})
}

// endUnapproved ends a run that waits for approval without it.
func (s *Store) endUnapproved(ctx context.Context, actor access.Actor, id int64, how approval, note string) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockAwaitingApproval(id)
		if err != nil {
			return err
		}
		err = errors.Join(
			w.tx.Model(&runRow{}).Where("id = ?", id).Update("approval", how).Error,
			w.log.Record(w.tx, actor, audit.Event{Action: access.RunDecline, Subject: access.On("run", id),
				Detail: map[string]any{"title": row.Title, "sites": row.Total, "asked_by": row.ActorName, "how": how}}),
		)
		if err != nil {
			return err
		}
		return w.cancel(row, actor, note)
	})
}

// Revoke ends a run whose actor may not go on with it.
func (s *Store) Revoke(ctx context.Context, run int64, note string) error {
	err := s.cancel(ctx, access.System(), run, note)
	if errors.Is(err, ErrEnded) {
		return nil
	}
	return err
}

// EndUnapproved ends the runs that nobody approved in time.
func (s *Store) EndUnapproved(ctx context.Context) error {
	late, err := s.unapproved(ctx)
	if err != nil {
		return err
	}
	for _, id := range late {
		err := s.endUnapproved(ctx, access.System(), id, approvalExpired, fmt.Sprintf("Not sent: nobody approved the request within %s.", approvalWaits))
		if err != nil && !errors.Is(err, ErrNotAwaitingApproval) {
			return err
		}
	}
	return nil
}

// EndOverdue ends the runs whose time is over: what was not sent yet is not sent.
func (s *Store) EndOverdue(ctx context.Context) error {
	late, err := s.overdue(ctx)
	if err != nil {
		return err
	}
	for _, run := range late {
		note := fmt.Sprintf("Not sent: the run's time limit of %s had passed.", run.Spec.Limits.TimeLimit)
		if err := s.cancel(ctx, access.System(), run.ID, note); err != nil && !errors.Is(err, ErrEnded) {
			return err
		}
	}
	return nil
}

// mayApprove refuses an approval that comes too late, or from somebody who is not independent of the asker.
func (w write) mayApprove(row runRow, actor access.Actor) error {
	if row.ApprovalUntil <= micros(w.now) {
		return ErrTooLate
	}
	if w.independent == nil || row.ActorID == 0 {
		return nil
	}
	independent, err := w.independent(w.tx, row.ActorID, actor)
	if err == nil && !independent {
		err = ErrNotIndependent
	}
	return err
}
