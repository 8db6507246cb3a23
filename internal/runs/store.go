package runs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

type store struct {
	db      *database.DB
	log     *audit.Log
	enqueue enqueue

	independent Independent
}

// Independent tells, in the transaction of an approval, whether the second person decides independently of the member who asked.
type Independent func(tx *gorm.DB, asker int64, second access.Actor) (bool, error)

// write is one change under way: rows, queue jobs and entries stand or fall together.
type write struct {
	tx      *gorm.DB
	log     *audit.Log
	now     time.Time
	enqueue func(batches []int64) error

	independent Independent
}

func (s store) change(ctx context.Context, f func(write) error) error {
	return s.log.Settle(ctx, s.transaction(ctx, f))
}

func (s store) transaction(ctx context.Context, f func(write) error) error {
	now := time.Now()
	if s.db.Postgres() {
		return s.db.WithConn(ctx, func(tx *gorm.DB, raw pgx.Tx) error {
			return f(write{tx, s.log, now, func(ids []int64) error { return s.enqueue.postgres(ctx, raw, ids) }, s.independent})
		})
	}
	return s.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return f(write{tx, s.log, now, func(ids []int64) error { return s.enqueue.sqlite(ctx, tx.Statement.ConnPool.(*sql.Tx), ids) }, s.independent})
	})
}

// start stores a run with its batches, targets, jobs and entry, and returns its id.
func (s store) start(ctx context.Context, run Run, batches [][]sites.Site) (int64, error) {
	spec, err := json.Marshal(run.Spec)
	if err != nil {
		return 0, err
	}
	row := runRow{
		Operation: run.Spec.Operation, Title: run.Title, Effect: run.Effect, Spec: string(spec), State: Waiting, ActorKind: run.Actor.Kind, ActorID: run.Actor.ID,
		ActorName: run.Actor.Name, Addr: run.Actor.Addr, Total: run.Total, AgainOf: run.AgainOf, CreatedAt: micros(run.CreatedAt), DeadlineAt: micros(run.DeadlineAt),
	}
	action := access.RunStart
	if run.State == Asked {
		action, row.Approval, row.ApprovalUntil = access.RunAsk, approvalAsked, micros(run.ApprovalUntil)
	}
	err = s.change(ctx, func(w write) error {
		if err := w.tx.Create(&row).Error; err != nil {
			return err
		}
		ids, err := w.insertBatches(row.ID, batches)
		if err != nil {
			return err
		}
		if run.State != Asked {
			if err := w.enqueue(ids); err != nil {
				return err
			}
		}
		return w.log.Record(w.tx, run.Actor, audit.Event{Action: action, Subject: access.On("run", row.ID), Detail: map[string]any{
			"operation": run.Spec.Operation, "title": run.Title, "effect": run.Effect, "params": run.Spec.Params, "selection": run.Spec.Selection,
			"sites": run.Total, "again_of": run.AgainOf,
		}})
	})
	return row.ID, err
}

// insertedAtOnce bounds the rows of one statement: the SQLite driver binds parameters in time that grows with their square.
const insertedAtOnce = 60

// askedAtOnce bounds the values of one condition.
const askedAtOnce = 500

func (w write) insertBatches(run int64, batches [][]sites.Site) ([]int64, error) {
	rows := make([]batchRow, len(batches))
	for i := range rows {
		rows[i].RunID = run
	}
	if err := w.tx.CreateInBatches(&rows, insertedAtOnce).Error; err != nil {
		return nil, err
	}
	var targets []targetRow
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
		for _, s := range batches[i] {
			targets = append(targets, targetRow{RunID: run, BatchID: row.ID, SiteID: s.ID, SiteName: s.Name, Home: s.Home, State: TargetWaiting})
		}
	}
	return ids, w.tx.Omit("ID").CreateInBatches(&targets, insertedAtOnce).Error
}

// lockRun makes everybody who may end the run take turns until this change is committed, and returns the run.
func (w write) lockRun(id int64) (runRow, error) {
	var row runRow
	result := w.tx.Exec("UPDATE runs SET state = state WHERE id = ?", id)
	if result.Error == nil && result.RowsAffected == 0 {
		return row, ErrNoRun
	}
	return row, errors.Join(result.Error, w.tx.Where("id = ?", id).Take(&row).Error)
}

// cancel ends every waiting target now, so that no worker can begin one, and ends the run when nothing is under way.
func (s store) cancel(ctx context.Context, actor access.Actor, id int64, note string) error {
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

func (w write) cancel(row runRow, actor access.Actor, note string) error {
	now, id := micros(w.now), row.ID
	kept := w.tx.Model(&targetRow{}).Where("run_id = ? AND state = ?", id, TargetWaiting).Updates(map[string]any{
		"state": TargetDone, "outcome": wordpress.Failed, "reason": wordpress.ReasonCancelled, "note": note, "ended_at": now,
	})
	if kept.Error != nil {
		return kept.Error
	}
	err := errors.Join(
		w.tx.Model(&runRow{}).Where("id = ?", id).Updates(map[string]any{"cancelled_at": now, "cancelled_by": actor.Name}).Error,
		w.tx.Model(&batchRow{}).Where("run_id = ? AND owner = ''", id).Update("done", true).Error,
		w.log.Record(w.tx, actor, audit.Event{Action: access.RunCancel, Subject: access.On("run", id), Detail: map[string]any{"title": row.Title, "sites": row.Total, "not_sent": kept.RowsAffected}}),
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
	reasons := map[string]int{}
	for _, g := range groups {
		if g.Reason != "" {
			reasons[string(g.Reason)] += g.Count
		}
	}
	return w.log.Record(w.tx, access.System(), audit.Event{Action: access.RunFinish, Subject: access.On("run", id), Detail: map[string]any{
		"title": row.Title, "state": state, "sites": row.Total, "counts": counts, "reasons": reasons, "started_by": row.ActorName,
		"took_ms": (micros(w.now) - max(row.StartedAt, row.CreatedAt)) / 1000,
	}})
}

func countTargets(db *gorm.DB, reach access.Scope, run int64) ([]Group, Counts, error) {
	var rows []struct {
		State   TargetState
		Outcome wordpress.Outcome
		Reason  wordpress.Reason
		N       int
	}
	var counts Counts
	within, values := inScope(reach, "site_id")
	err := db.Raw("SELECT state, outcome, reason, count(*) AS n FROM targets WHERE run_id = ? AND "+within+" GROUP BY state, outcome, reason", with(values, run)...).Scan(&rows).Error
	var groups []Group
	for _, r := range rows {
		counts.add(r.State, r.Outcome, r.N)
		if r.State == TargetDone {
			groups = append(groups, Group{r.Outcome, r.Reason, r.N})
		}
	}
	return groups, counts, err
}

// take gives the batch to the owner until the time, unless another one has it or it is done.
func (s store) take(ctx context.Context, batch int64, owner string, until time.Time) (bool, error) {
	result := s.db.Gorm.WithContext(ctx).Exec("UPDATE batches SET owner = ?, lease_until = ? WHERE id = ? AND NOT done AND (owner = '' OR lease_until < ?)",
		owner, micros(until), batch, time.Now().UnixMicro())
	return result.RowsAffected == 1, result.Error
}

// renew prolongs the lease and tells whether the owner still had it, and whether the run was cancelled.
func (s store) renew(ctx context.Context, batch int64, owner string, until time.Time) (held, cancelled bool, err error) {
	result := s.db.Gorm.WithContext(ctx).Exec("UPDATE batches SET lease_until = ? WHERE id = ? AND owner = ?", micros(until), batch, owner)
	if result.Error != nil || result.RowsAffected == 0 {
		return false, false, result.Error
	}
	err = s.db.Gorm.WithContext(ctx).Raw("SELECT cancelled_at <> 0 FROM runs JOIN batches ON batches.run_id = runs.id WHERE batches.id = ?", batch).Scan(&cancelled).Error
	return true, cancelled, err
}

// giveBack returns a batch that is not done to the queue.
func (s store) giveBack(ctx context.Context, batch int64, owner string) error {
	return s.change(ctx, func(w write) error {
		result := w.tx.Exec("UPDATE batches SET owner = '', lease_until = 0 WHERE id = ? AND owner = ? AND NOT done", batch, owner)
		if result.Error != nil || result.RowsAffected == 0 {
			return result.Error
		}
		return w.enqueue([]int64{batch})
	})
}

// requeue queues the batches anew whose worker let the lease run out, without those that this process works itself.
func (s store) requeue(ctx context.Context, own func(int64) bool) (int, error) {
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
			if err := w.enqueue([]int64{id}); err != nil {
				return err
			}
		}
		return nil
	})
	return queued, err
}

// unowned lists the batches that nobody works.
func (s store) unowned(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT id FROM batches WHERE NOT done AND owner = '' AND run_id NOT IN (SELECT id FROM runs WHERE approval = ?)", approvalAsked).Scan(&ids).Error
	return ids, err
}

// enqueueUnowned queues those of the batches that still nobody works.
func (s store) enqueueUnowned(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return s.change(ctx, func(w write) error {
		var still []int64
		if err := w.tx.Raw("SELECT id FROM batches WHERE id IN ? AND NOT done AND owner = ''", ids).Scan(&still).Error; err != nil {
			return err
		}
		return w.enqueue(still)
	})
}

// overdue lists the runs whose time is over and which nobody cancelled yet.
func (s store) overdue(ctx context.Context) ([]Run, error) {
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

// claim makes those of the addresses the owner's that nobody else holds, and returns them.
func (s store) claim(ctx context.Context, owner string, wanted []netip.Addr, until time.Time) ([]netip.Addr, error) {
	values := make([]string, len(wanted))
	args := make([]any, 0, 3*len(wanted)+1)
	for i, address := range wanted {
		values[i] = "(?, ?, ?)"
		args = append(args, address.String(), owner, micros(until))
	}
	var got []string
	err := s.db.Gorm.WithContext(ctx).Raw("INSERT INTO holds (address, owner, until) VALUES "+strings.Join(values, ", ")+
		" ON CONFLICT (address) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE holds.owner = excluded.owner OR holds.until < ? RETURNING address",
		append(args, time.Now().UnixMicro())...).Scan(&got).Error
	addresses := make([]netip.Addr, 0, len(got))
	for _, text := range got {
		if address, err := netip.ParseAddr(text); err == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses, err
}

// renewHolds prolongs what the owner holds.
func (s store) renewHolds(ctx context.Context, owner string, until time.Time) error {
	return s.db.Gorm.WithContext(ctx).Exec("UPDATE holds SET until = ? WHERE owner = ?", micros(until), owner).Error
}

// unhold gives up some of the owner's addresses.
func (s store) unhold(ctx context.Context, owner string, idle []netip.Addr) error {
	for some := range slices.Chunk(idle, askedAtOnce) {
		names := make([]string, len(some))
		for i, address := range some {
			names[i] = address.String()
		}
		if err := s.db.Gorm.WithContext(ctx).Exec("DELETE FROM holds WHERE owner = ? AND address IN ?", owner, names).Error; err != nil {
			return err
		}
	}
	return nil
}

func (s store) unholdAll(ctx context.Context, owner string) error {
	return s.db.Gorm.WithContext(ctx).Exec("DELETE FROM holds WHERE owner = ?", owner).Error
}

func (s store) verified(ctx context.Context, reach access.Scope, run int64) (map[Verified]int, error) {
	var rows []struct {
		Verified Verified
		N        int
	}
	within, values := inScope(reach, "site_id")
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT verified, count(*) AS n FROM targets WHERE run_id = ? AND verified <> '' AND "+within+" GROUP BY verified", with(values, run)...).Scan(&rows).Error
	found := make(map[Verified]int, len(rows))
	for _, row := range rows {
		found[row.Verified] = row.N
	}
	return found, err
}

// begin makes the run a running one.
func (s store) begin(ctx context.Context, run int64) error {
	return s.db.Gorm.WithContext(ctx).Exec("UPDATE runs SET state = ?, started_at = ? WHERE id = ? AND state = ?", Running, time.Now().UnixMicro(), run, Waiting).Error
}

func (s store) batch(ctx context.Context, id int64) (Run, []Target, error) {
	var batch batchRow
	if err := s.db.Gorm.WithContext(ctx).Where("id = ?", id).Take(&batch).Error; err != nil {
		return Run{}, nil, err
	}
	run, err := s.run(ctx, batch.RunID)
	if err != nil {
		return Run{}, nil, err
	}
	var rows []targetRow
	err = s.db.Gorm.WithContext(ctx).Where("batch_id = ? AND state <> ?", id, TargetDone).Order("id").Find(&rows).Error
	return run, targetsOf(rows), err
}

func targetsOf(rows []targetRow) []Target {
	all := make([]Target, len(rows))
	for i, r := range rows {
		all[i] = r.target()
	}
	return all
}

// finish marks the batch done and ends the run when it was the last one. Targets that have not ended keep it open.
func (s store) finish(ctx context.Context, run, batch int64, owner string) error {
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
			return errLeaseLost
		}
		return w.finishIfDone(run)
	})
}

// apply stores what the batch's writer collected, in one transaction. It returns the targets that could not begin since the run
// was cancelled, and errLeaseLost, having stored nothing, when the batch is another worker's by now.
func (s store) apply(ctx context.Context, batch int64, owner string, until time.Time, news news) (refused []int64, err error) {
	err = s.change(ctx, func(w write) error {
		lease := w.tx.Exec("UPDATE batches SET lease_until = ? WHERE id = ? AND owner = ?", micros(until), batch, owner)
		if lease.Error != nil {
			return lease.Error
		}
		if lease.RowsAffected == 0 {
			return errLeaseLost
		}
		if refused, err = w.beginTargets(news.begin); err != nil {
			return err
		}
		return errors.Join(w.insertAttempts(news.attempts), w.endTargets(batch, news.ends))
	})
	return refused, err
}

func (w write) beginTargets(ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	result := w.tx.Exec("UPDATE targets SET state = ?, started_at = ? WHERE id IN ? AND state <> ?", TargetRunning, micros(w.now), ids, TargetDone)
	if result.Error != nil || int(result.RowsAffected) == len(ids) {
		return nil, result.Error
	}
	var refused []int64
	err := w.tx.Model(&targetRow{}).Where("id IN ? AND state = ?", ids, TargetDone).Pluck("id", &refused).Error
	return refused, err
}

func (w write) insertAttempts(all []attemptOf) error {
	if len(all) == 0 {
		return nil
	}
	rows := make([]attemptRow, len(all))
	for i, a := range all {
		var err error
		if rows[i], err = attemptRowOf(a.target, a.attempt); err != nil {
			return err
		}
	}
	return w.tx.Omit("ID").CreateInBatches(&rows, insertedAtOnce).Error
}

func (w write) endTargets(batch int64, ends []Target) error {
	if len(ends) == 0 {
		return nil
	}
	rows := make([]targetRow, len(ends))
	for i, t := range ends {
		rows[i] = rowOf(t, batch)
	}
	// Every row is there already: an insert that always conflicts is one statement for all of them.
	changed := clause.AssignmentColumns([]string{"state", "outcome", "reason", "status", "code", "message", "note", "location", "attempts", "started_at", "ended_at", "took_us", "verified", "proof"})
	return w.tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: changed}).CreateInBatches(&rows, insertedAtOnce).Error
}

func (s store) run(ctx context.Context, id int64) (Run, error) {
	var row runRow
	err := s.db.Gorm.WithContext(ctx).Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Run{}, ErrNoRun
	}
	if err != nil {
		return Run{}, fmt.Errorf("runs: %w", err)
	}
	return row.run()
}

// with puts the first values of a statement before those of a reach.
func with(values []any, first ...any) []any { return append(first, values...) }

// within counts the targets of each run that are within reach.
func (s store) within(ctx context.Context, reach access.Scope, ids []int64) (map[int64]int, error) {
	counts, err := s.countsOf(ctx, reach, ids)
	all := make(map[int64]int, len(counts))
	for id, c := range counts {
		all[id] = c.Ended() + c.Waiting + c.Running
	}
	return all, err
}

func (s store) filteredRuns(ctx context.Context, reach access.Scope, f Filter) *gorm.DB {
	within, values := inScope(reach, "site_id")
	q := s.db.Gorm.WithContext(ctx).Model(&runRow{})
	if len(reach) > 0 {
		q = q.Where("id IN (SELECT run_id FROM targets WHERE "+within+")", values...)
	}
	if f.Operation != "" {
		q = q.Where("operation = ?", f.Operation)
	}
	switch f.State {
	case "":
	case Asked:
		q = q.Where("approval = ? AND ended_at = 0", approvalAsked)
	case Waiting:
		q = q.Where("state = ? AND approval <> ?", Waiting, approvalAsked)
	default:
		q = q.Where("state = ?", f.State)
	}
	if f.Actor != "" {
		q = q.Where("actor_name = ?", f.Actor)
	}
	if f.Site != 0 {
		q = q.Where("id IN (SELECT run_id FROM targets WHERE site_id = ?)", f.Site)
	}
	if !f.Since.IsZero() {
		q = q.Where("created_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		q = q.Where("created_at < ?", micros(f.Until))
	}
	switch f.Has {
	case "":
	case HasTrouble:
		q = q.Where("EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state = ? AND outcome IN ? AND "+within+")", with(values, TargetDone, []wordpress.Outcome{wordpress.Partial, wordpress.Failed, wordpress.Unknown})...)
	default:
		q = q.Where("EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state = ? AND outcome = ? AND "+within+")", with(values, TargetDone, f.Has)...)
	}
	return q
}

func (s store) listRuns(ctx context.Context, reach access.Scope, f Filter) ([]Run, int64, error) {
	var total int64
	var rows []runRow
	err := s.filteredRuns(ctx, reach, f).Count(&total).Error
	if err == nil {
		q := s.filteredRuns(ctx, reach, f).Order("id DESC").Offset(f.Offset)
		if f.Limit > 0 {
			q = q.Limit(f.Limit)
		}
		err = q.Find(&rows).Error
	}
	if err != nil {
		return nil, 0, fmt.Errorf("runs: %w", err)
	}
	all := make([]Run, len(rows))
	for i, row := range rows {
		if all[i], err = row.run(); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

func (s store) countsOf(ctx context.Context, reach access.Scope, ids []int64) (map[int64]Counts, error) {
	var rows []struct {
		RunID   int64
		State   TargetState
		Outcome wordpress.Outcome
		N       int
	}
	within, values := inScope(reach, "site_id")
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT run_id, state, outcome, count(*) AS n FROM targets WHERE run_id IN ? AND "+within+" GROUP BY run_id, state, outcome", with(values, ids)...).Scan(&rows).Error
	all := make(map[int64]Counts, len(ids))
	for _, r := range rows {
		c := all[r.RunID]
		c.add(r.State, r.Outcome, r.N)
		all[r.RunID] = c
	}
	return all, err
}

func (s store) filteredTargets(ctx context.Context, reach access.Scope, f TargetFilter) *gorm.DB {
	within, values := inScope(reach, "site_id")
	q := s.db.Gorm.WithContext(ctx).Model(&targetRow{}).Where("run_id = ?", f.Run).Where(within, values...)
	if len(f.Outcomes) > 0 {
		q = q.Where("outcome IN ?", f.Outcomes)
	}
	if f.Site != 0 {
		q = q.Where("site_id = ?", f.Site)
	}
	if f.Reason != "" {
		q = q.Where("reason = ?", f.Reason)
	}
	if f.NoReason {
		q = q.Where("reason = ''")
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	return q
}

func (s store) targets(ctx context.Context, reach access.Scope, f TargetFilter) ([]Target, int64, error) {
	var total int64
	var rows []targetRow
	err := s.filteredTargets(ctx, reach, f).Count(&total).Error
	if err == nil {
		q := s.filteredTargets(ctx, reach, f).Offset(f.Offset)
		if f.Latest {
			q = q.Where("ended_at > 0").Order("ended_at DESC, id DESC")
		} else {
			q = q.Order("lower(site_name), id")
		}
		if f.Limit > 0 {
			q = q.Limit(f.Limit)
		}
		err = q.Find(&rows).Error
	}
	if err != nil {
		return nil, 0, fmt.Errorf("runs: targets: %w", err)
	}
	return targetsOf(rows), total, nil
}

func (s store) target(ctx context.Context, reach access.Scope, run, id int64) (Target, error) {
	var row targetRow
	err := s.filteredTargets(ctx, reach, TargetFilter{Run: run}).Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Target{}, ErrNoTarget
	}
	return row.target(), err
}

func (s store) attempts(ctx context.Context, target int64) ([]Attempt, error) {
	var rows []attemptRow
	if err := s.db.Gorm.WithContext(ctx).Where("target_id = ?", target).Order("n, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("runs: attempts: %w", err)
	}
	all := make([]Attempt, len(rows))
	for i, r := range rows {
		var err error
		if all[i], err = r.attempt(); err != nil {
			return nil, fmt.Errorf("runs: attempts: %w", err)
		}
	}
	return all, nil
}

// goodBodies calls each with the bodies of a target's good attempts, target by target.
func (s store) goodBodies(ctx context.Context, reach access.Scope, run int64, each func(site int64, bodies [][]byte) error) error {
	within, values := inScope(reach, "targets.site_id")
	rows, err := s.db.Gorm.WithContext(ctx).Raw(`SELECT targets.site_id, attempts.body FROM targets JOIN attempts ON attempts.target_id = targets.id
		WHERE targets.run_id = ? AND attempts.outcome = ? AND `+within+` ORDER BY lower(targets.site_name), targets.id, attempts.n`, with(values, run, wordpress.OK)...).Rows()
	if err != nil {
		return fmt.Errorf("runs: answers: %w", err)
	}
	defer rows.Close()
	var site int64
	var bodies [][]byte
	for rows.Next() {
		var of int64
		var body []byte
		if err := rows.Scan(&of, &body); err != nil {
			return fmt.Errorf("runs: answers: %w", err)
		}
		if of != site && len(bodies) > 0 {
			if err := each(site, bodies); err != nil {
				return err
			}
			bodies = nil
		}
		site, bodies = of, append(bodies, body)
	}
	if len(bodies) > 0 {
		if err := each(site, bodies); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s store) sitesOf(ctx context.Context, run int64, which Which) ([]int64, error) {
	var ids []int64
	err := s.filteredTargets(ctx, nil, TargetFilter{Run: run, Outcomes: which.Outcomes, Reason: which.Reason}).Pluck("site_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return ids, nil
}

// lastOfSites looks from each site's newest target back, so that it takes no longer when the site had many.
const lastOfSites = `SELECT * FROM targets WHERE id IN (SELECT (SELECT id FROM targets
	WHERE site_id = sites.id AND state = ? ORDER BY id DESC LIMIT 1) FROM sites WHERE sites.id IN ? AND `

func (s store) lastOf(ctx context.Context, reach access.Scope, ids []int64) (map[int64]Target, error) {
	within, values := inScope(reach, "sites.id")
	ofRuns, more := runsInScope(reach, "run_id")
	last := make(map[int64]Target, len(ids))
	for some := range slices.Chunk(ids, askedAtOnce) {
		var rows []targetRow
		err := s.db.Gorm.WithContext(ctx).Raw(lastOfSites+within+")"+ofRuns, with(append(values, more...), TargetDone, some)...).Scan(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("runs: %w", err)
		}
		for _, r := range rows {
			last[r.SiteID] = r.target()
		}
	}
	return last, nil
}

// endedSince counts the targets of a run that ended since the time.
func (s store) endedSince(ctx context.Context, reach access.Scope, run int64, since time.Time) (int, error) {
	var n int
	within, values := inScope(reach, "site_id")
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT count(*) FROM targets WHERE run_id = ? AND ended_at >= ? AND "+within, with(values, run, micros(since))...).Scan(&n).Error
	return n, err
}

// usualTook is the mean time of the operation's last targets, 0 when there is none.
func (s store) usualTook(ctx context.Context, operation string) (time.Duration, error) {
	var mean float64
	err := s.db.Gorm.WithContext(ctx).Raw(`SELECT coalesce(avg(took_us), 0) FROM (SELECT took_us FROM targets JOIN runs ON runs.id = targets.run_id
		WHERE runs.operation = ? AND targets.state = ? ORDER BY targets.id DESC LIMIT 500) AS recent`, operation, TargetDone).Scan(&mean).Error
	return time.Duration(mean) * time.Microsecond, err
}

func (s store) actors(ctx context.Context, reach access.Scope) ([]string, error) {
	var names []string
	err := s.filteredRuns(ctx, reach, Filter{}).Distinct("actor_name").Order("actor_name").Pluck("actor_name", &names).Error
	return names, err
}

func (s store) setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT value FROM settings WHERE name = ?", name).Scan(&value).Error
	return value, err
}

func (w write) putSetting(name, value string) error {
	return w.tx.Exec("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value).Error
}

// unapproved returns the runs that waited for approval long enough.
func (s store) unapproved(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT id FROM runs WHERE approval = ? AND ended_at = 0 AND approval_until < ?", approvalAsked, time.Now().UnixMicro()).Scan(&ids).Error
	return ids, err
}

// lockAsked locks a run that waits for approval, or returns ErrNotAsked: of two who decide at once, one is late.
func (w write) lockAsked(id int64) (runRow, error) {
	row, err := w.lockRun(id)
	if err == nil && (row.Approval != approvalAsked || row.EndedAt != 0) {
		err = ErrNotAsked
	}
	return row, err
}

// approve lets the run begin: its batches are queued now, and its time limit begins.
func (s store) approve(ctx context.Context, actor access.Actor, id int64) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockAsked(id)
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
		if limit := run.Spec.Limits.Deadline; limit > 0 {
			values["deadline_at"] = micros(w.now.Add(limit))
		}
		var batches []int64
		err = errors.Join(
			w.tx.Model(&runRow{}).Where("id = ?", id).Updates(values).Error,
			w.tx.Model(&batchRow{}).Where("run_id = ? AND NOT done", id).Order("id").Pluck("id", &batches).Error,
			w.log.Record(w.tx, actor, audit.Event{Action: access.RunApprove, Subject: access.On("run", id), Detail: map[string]any{"title": row.Title, "sites": row.Total, "asked_by": row.ActorName}}),
			w.log.Record(w.tx, run.Actor, audit.Event{Action: access.RunStart, Subject: access.On("run", id), Detail: map[string]any{
				"operation": row.Operation, "title": row.Title, "effect": row.Effect, "params": run.Spec.Params, "selection": run.Spec.Selection, "sites": row.Total, "approved_by": actor.Name,
			}}),
		)
		if err != nil {
			return err
		}
		return w.enqueue(batches)
	})
}

// settle ends a run that waits for approval without it.
func (s store) settle(ctx context.Context, actor access.Actor, id int64, how approval, note string) error {
	return s.change(ctx, func(w write) error {
		row, err := w.lockAsked(id)
		if err != nil {
			return err
		}
		err = errors.Join(
			w.tx.Model(&runRow{}).Where("id = ?", id).Update("approval", how).Error,
			w.log.Record(w.tx, actor, audit.Event{Action: access.RunDecline, Subject: access.On("run", id), Detail: map[string]any{"title": row.Title, "sites": row.Total, "asked_by": row.ActorName, "how": how}}),
		)
		if err != nil {
			return err
		}
		return w.cancel(row, actor, note)
	})
}
