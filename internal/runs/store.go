package runs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/natural"
	"github.com/droverhq/drover/internal/sites"
)

// Store is the tables of runs. Its exported methods are what the engine needs of it (internal/runs/engine).
type Store struct {
	db      *database.DB
	log     *audit.Log
	enqueue enqueue
	open    func(run int64, sealed []byte) ([]byte, error) // the params of a run that were sealed for it

	independent Independent
}

// Independent tells, in the transaction of an approval, whether the second person decides independently of the member who asked.
type Independent func(tx *gorm.DB, asker int64, second access.Actor) (bool, error)

// write is one change under way: rows, queue jobs and entries stand or fall together.
type write struct {
	tx      *gorm.DB
	log     *audit.Log
	now     time.Time
	enqueue func(jobs []time.Time) error // one for each batch, at the time, the zero one is now

	independent Independent
}

func (s *Store) change(ctx context.Context, f func(write) error) error {
	return s.log.RecordRefusal(ctx, s.transaction(ctx, f))
}

func (s *Store) transaction(ctx context.Context, f func(write) error) error {
	now := time.Now()
	if s.db.Postgres() {
		return s.db.WithConn(ctx, func(tx *gorm.DB, raw pgx.Tx) error {
			return f(write{tx, s.log, now, func(jobs []time.Time) error { return s.enqueue.postgres(ctx, raw, jobs) }, s.independent})
		})
	}
	return s.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return f(write{tx, s.log, now, func(jobs []time.Time) error { return s.enqueue.sqlite(ctx, tx.Statement.ConnPool.(*sql.Tx), jobs) }, s.independent})
	})
}

func (s *Store) setting(ctx context.Context, name string) (string, error) {
	return database.Setting(s.db.Gorm.WithContext(ctx), name)
}

// changeSetting stores a setting of the team as JSON, with the entry of what it was and is.
func (s *Store) changeSetting(ctx context.Context, actor access.Actor, action access.Action, name string, before, after any) error {
	text, err := json.Marshal(after)
	if err != nil {
		return err
	}
	return s.change(ctx, func(w write) error {
		// Recorded first: whether a second person must approve depends on the policy in force.
		event := audit.Event{Action: action, Detail: map[string]any{name: map[string]any{"before": before, "after": after}}}
		if err := w.log.Record(w.tx, actor, event); err != nil {
			return err
		}
		return w.putSetting(name, string(text))
	})
}

func (w write) putSetting(name, value string) error { return database.PutSetting(w.tx, name, value) }

// with puts the first values of a statement before those of a reach.
func with(values []any, first ...any) []any { return append(first, values...) }

// batchesAtOnce bounds the rows of one statement: the SQLite driver binds parameters in time that grows with their square.
const batchesAtOnce = 60

// start stores a run with its batches, targets, jobs and entry, and returns its id.
func (s *Store) start(ctx context.Context, run Run, batches [][]sites.Site, seal func(id int64) ([]byte, error)) (int64, error) {
	spec, err := json.Marshal(run.Spec)
	if err != nil {
		return 0, err
	}
	row := runRow{
		Operation: run.Spec.Operation, Title: run.Title, Effect: run.Effect, Spec: string(spec), State: Waiting, ActorKind: run.Actor.Kind, ActorID: run.Actor.ID,
		ActorName: run.Actor.Name, ActorToken: run.Actor.Token, Addr: run.Actor.Addr, Total: run.Total, RerunOf: run.RerunOf, CreatedAt: micros(run.CreatedAt),
		DeadlineAt: micros(run.DeadlineAt), StartsAt: micros(run.StartsAt), Delayed: !run.StartsAt.IsZero(),
	}
	action := access.RunStart
	if run.State == AwaitingApproval {
		action, row.Approval, row.ApprovalUntil = access.RunRequestApproval, approvalRequested, micros(run.ApprovalUntil)
	}
	err = s.change(ctx, func(w write) error {
		if err := w.tx.Create(&row).Error; err != nil {
			return err
		}
		sealed, err := seal(row.ID)
		if err != nil {
			return err
		}
		if err := w.putSealed(row.ID, run.Spec, sealed); err != nil {
			return err
		}
		if err := w.insertBatches(row.ID, batches); err != nil {
			return err
		}
		if run.State != AwaitingApproval && !row.Delayed {
			if err := w.enqueue(make([]time.Time, len(batches))); err != nil {
				return err
			}
		}
		return w.log.Record(w.tx, run.Actor, audit.Event{Action: action, Subject: access.On("run", row.ID), Detail: map[string]any{
			"operation": run.Spec.Operation, "title": run.Title, "effect": run.Effect, "params": run.Spec.Params, "selection": run.Spec.Selection,
			"sites": run.Total, "again_of": run.RerunOf, "verify": run.Spec.Verify, "request": endpointOf(run.Spec), "client": clientOf(batches),
		}})
	})
	return row.ID, err
}

// putSealed keeps the sealed params with the run, where there are some.
func (w write) putSealed(id int64, spec Spec, sealed []byte) error {
	if len(sealed) == 0 {
		return nil
	}
	spec.Sealed = sealed
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	return w.tx.Model(&runRow{}).Where("id = ?", id).Update("spec", string(text)).Error
}

func (w write) insertBatches(run int64, batches [][]sites.Site) error {
	rows := make([]batchRow, len(batches))
	for i := range rows {
		rows[i].RunID = run
	}
	if err := w.tx.CreateInBatches(&rows, batchesAtOnce).Error; err != nil {
		return err
	}
	var targets []targetRow
	for i, row := range rows {
		for _, s := range batches[i] {
			targets = append(targets, targetRow{RunID: run, BatchID: row.ID, SiteID: s.ID, SiteName: s.Name, SortName: natural.Key(s.Name),
				Home: s.Home, Client: s.Client, State: TargetWaiting})
		}
	}
	return database.InsertRows(w.tx, targets, "run_id", "batch_id", "site_id", "site_name", "sort_name", "home", "client", "state")
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

// endpointOf is what a run sends, as an audit entry tells it; empty where that differs from site to site.
func endpointOf(spec Spec) string {
	made, err := Plan(spec)
	if err != nil {
		return ""
	}
	return made.Endpoint
}

// clientOf names the client of a run's sites for its audit entry, empty where they are of several: an entry that is printed for one client
// must not name another.
func clientOf(batches [][]sites.Site) string {
	name, first := "", true
	for _, batch := range batches {
		for _, s := range batch {
			if !first && s.Client != name {
				return ""
			}
			name, first = s.Client, false
		}
	}
	return name
}
