package runs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
)

// Past is a run that a demo pretends to have had.
type Past struct {
	Of        int64 // the run that really was
	At        time.Time
	Actor     access.Actor
	Selection sites.Selection   // how its sites were selected
	Keep      func(Target) bool // which of its sites were in it
}

// StorePast stores a finished run once more, as if it had begun earlier, with its entries, and returns its number; 0 where no site was in
// it. Only a demo does so. Its audit log's clock must tell the time of the run.
func (r *Runner) StorePast(ctx context.Context, p Past) (int64, error) {
	var id int64
	err := r.store.change(ctx, func(w write) (err error) {
		id, err = w.storePast(p)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("runs: past of run %d: %w", p.Of, err)
	}
	return id, nil
}

func (w write) storePast(p Past) (int64, error) {
	var run runRow
	if err := w.tx.Where("id = ?", p.Of).Take(&run).Error; err != nil {
		return 0, err
	}
	var targets []targetRow
	if err := w.tx.Where("run_id = ?", p.Of).Order("id").Find(&targets).Error; err != nil {
		return 0, err
	}
	targets = slices.DeleteFunc(targets, func(t targetRow) bool { return !p.Keep(t.target()) })
	if len(targets) == 0 {
		return 0, nil
	}
	by := micros(p.At) - run.CreatedAt
	run.ID, run.Total, run.ActorKind, run.ActorID, run.ActorName, run.Addr = 0, len(targets), p.Actor.Kind, p.Actor.ID, p.Actor.Name, p.Actor.Addr
	run.CreatedAt, run.StartedAt, run.EndedAt = run.CreatedAt+by, run.StartedAt+by, 0
	last := run.StartedAt
	for _, t := range targets {
		last = max(last, t.EndedAt+by)
	}
	parsed, err := run.run()
	if err != nil {
		return 0, err
	}
	parsed.Spec.Selection = p.Selection
	spec, err := json.Marshal(parsed.Spec)
	if err != nil {
		return 0, err
	}
	run.Spec = string(spec)
	if err := w.tx.Create(&run).Error; err != nil {
		return 0, err
	}
	if err := w.pastTargets(run.ID, targets, by); err != nil {
		return 0, err
	}
	err = w.log.Record(w.tx, p.Actor, audit.Event{Action: access.RunStart, Subject: access.On("run", run.ID), Detail: map[string]any{
		"operation": run.Operation, "title": run.Title, "effect": run.Effect, "params": parsed.Spec.Params, "selection": parsed.Spec.Selection, "sites": run.Total,
	}})
	if err != nil {
		return 0, err
	}
	w.now = moment(last)
	return run.ID, w.finishIfDone(run.ID)
}

func (w write) pastTargets(run int64, targets []targetRow, by int64) error {
	batch := batchRow{RunID: run, Done: true}
	if err := w.tx.Create(&batch).Error; err != nil {
		return err
	}
	before := make(map[int64]int64, len(targets)) // what the copied target was, by site
	var originals []int64
	for i := range targets {
		t := &targets[i]
		before[t.SiteID] = t.ID
		originals = append(originals, t.ID)
		t.ID, t.RunID, t.BatchID, t.StartedAt, t.EndedAt = 0, run, batch.ID, t.StartedAt+by, t.EndedAt+by
	}
	if err := database.InsertRows(w.tx, targets); err != nil {
		return err
	}
	var stored []targetRow
	if err := w.tx.Select("id", "site_id").Where("run_id = ?", run).Find(&stored).Error; err != nil {
		return err
	}
	newIDs := make(map[int64]int64, len(stored))
	for _, t := range stored {
		newIDs[before[t.SiteID]] = t.ID
	}
	var attempts []attemptRow
	if err := w.tx.Where("target_id IN ?", originals).Order("id").Find(&attempts).Error; err != nil || len(attempts) == 0 {
		return err
	}
	for i := range attempts {
		a := &attempts[i]
		a.ID, a.TargetID, a.StartedAt = 0, newIDs[a.TargetID], a.StartedAt+by
	}
	return database.InsertRows(w.tx, attempts)
}

// Backdate makes a finished run one that began earlier. Only a demo does so; the entries stay as they were recorded.
func (r *Runner) Backdate(ctx context.Context, id int64, at time.Time) error {
	err := r.store.change(ctx, func(w write) error {
		var run runRow
		if err := w.tx.Where("id = ?", id).Take(&run).Error; err != nil {
			return err
		}
		by := micros(at) - run.CreatedAt
		for _, sql := range []string{
			"UPDATE runs SET created_at = created_at + ?, started_at = started_at + ?, ended_at = ended_at + ? WHERE id = ?",
			"UPDATE targets SET started_at = started_at + ?, ended_at = ended_at + ? WHERE run_id = ?",
			"UPDATE attempts SET started_at = started_at + ? WHERE target_id IN (SELECT id FROM targets WHERE run_id = ?)",
		} {
			values := slices.Repeat([]any{by}, strings.Count(sql, "+ ?"))
			if err := w.tx.Exec(sql, append(values, id)...).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("runs: move run %d: %w", id, err)
	}
	return nil
}
