package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

func (s *Store) verified(ctx context.Context, scope access.Scope, run int64) (map[Verified]int, error) {
	return verifiedOf(s.db.Gorm.WithContext(ctx), scope, run)
}

// verifiedOf counts the targets of a run by what looking at their pages showed.
func verifiedOf(db *gorm.DB, scope access.Scope, run int64) (map[Verified]int, error) {
	var rows []struct {
		Verified Verified
		N        int
	}
	within, values := inScope(scope, "site_id")
	err := db.Raw("SELECT verified, count(*) AS n FROM targets WHERE run_id = ? AND verified <> '' AND "+within+" GROUP BY verified",
		with(values, run)...).Scan(&rows).Error
	found := make(map[Verified]int, len(rows))
	for _, row := range rows {
		found[row.Verified] = row.N
	}
	return found, err
}

func (s *Store) run(ctx context.Context, id int64) (Run, error) {
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

// within counts the targets of each run that are within reach.
func (s *Store) within(ctx context.Context, scope access.Scope, ids []int64) (map[int64]int, error) {
	counts, err := s.countsOf(ctx, scope, ids)
	all := make(map[int64]int, len(counts))
	for id, c := range counts {
		all[id] = c.Ended() + c.Waiting + c.Running
	}
	return all, err
}

func (s *Store) filteredRuns(ctx context.Context, scope access.Scope, f Filter) *gorm.DB {
	within, values := inScope(scope, "site_id")
	q := s.db.Gorm.WithContext(ctx).Model(&runRow{})
	if len(scope) > 0 {
		q = q.Where("id IN (SELECT run_id FROM targets WHERE "+within+")", values...)
	}
	if f.ID != 0 {
		q = q.Where("id = ?", f.ID)
	}
	if f.Operation != "" {
		q = q.Where("operation = ?", f.Operation)
	}
	switch f.State {
	case "":
	case AwaitingApproval:
		q = q.Where("approval = ? AND ended_at = 0", approvalRequested)
	case Waiting:
		q = q.Where("state = ? AND approval <> ?", Waiting, approvalRequested)
	default:
		q = q.Where("state = ?", f.State)
	}
	if f.Actor != "" {
		q = q.Where("actor_name = ?", f.Actor)
	}
	if f.RerunOf != 0 {
		q = q.Where("rerun_of = ?", f.RerunOf)
	}
	if f.Site != 0 {
		q = q.Where("id IN (SELECT run_id FROM targets WHERE site_id = ? AND "+within+")", with(values, f.Site)...)
	}
	if f.Faulted {
		q = q.Where("fault <> ''")
	}
	if !f.Since.IsZero() {
		q = q.Where("created_at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		q = q.Where("created_at < ?", micros(f.Until))
	}
	if f.Has != "" {
		outcomes := []wordpress.Outcome{f.Has}
		if f.Has == HasTrouble {
			outcomes = []wordpress.Outcome{wordpress.Partial, wordpress.Failed, wordpress.Unknown}
		}
		q = q.Where("EXISTS (SELECT 1 FROM targets WHERE run_id = runs.id AND state = ? AND outcome IN ? AND reason <> ? AND "+within+")",
			with(values, TargetDone, outcomes, wordpress.ReasonCancelled)...)
	}
	return q
}

func (s *Store) countRuns(ctx context.Context, scope access.Scope, f Filter) (total int64, err error) {
	if err := s.filteredRuns(ctx, scope, f).Count(&total).Error; err != nil {
		return 0, fmt.Errorf("runs: %w", err)
	}
	return total, nil
}

func (s *Store) listRuns(ctx context.Context, scope access.Scope, f Filter) ([]Run, error) {
	q := s.filteredRuns(ctx, scope, f).Order("id DESC").Offset(f.Offset)
	if f.Limit > 0 {
		q = q.Limit(f.Limit)
	}
	var rows []runRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	all := make([]Run, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.run(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Store) countsOf(ctx context.Context, scope access.Scope, ids []int64) (map[int64]Counts, error) {
	var rows []struct {
		RunID   int64
		State   TargetState
		Outcome wordpress.Outcome
		Reason  wordpress.Reason
		N       int
	}
	within, values := inScope(scope, "site_id")
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT run_id, state, outcome, reason, count(*) AS n FROM targets WHERE run_id IN ? AND "+within+
		" GROUP BY run_id, state, outcome, reason", with(values, ids)...).Scan(&rows).Error
	all := make(map[int64]Counts, len(ids))
	for _, r := range rows {
		c := all[r.RunID]
		c.add(r.State, r.Outcome, r.Reason, r.N)
		all[r.RunID] = c
	}
	if err != nil {
		return all, err
	}
	kept, err := keptCounts(s.db.Gorm.WithContext(ctx), scope, ids)
	for id, counts := range kept {
		var c Counts
		for _, k := range counts {
			c.add(k.State, k.Outcome, k.Reason, k.N)
		}
		all[id] = c
	}
	return all, err
}

func (s *Store) filteredTargets(ctx context.Context, scope access.Scope, f TargetFilter) *gorm.DB {
	within, values := inScope(scope, "site_id")
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
	if f.Client != "" {
		q = q.Where("client = ?", f.Client)
	}
	if f.NoReason {
		q = q.Where("reason = ''")
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	return q
}

func (s *Store) targets(ctx context.Context, scope access.Scope, f TargetFilter) ([]Target, int64, error) {
	var total int64
	var rows []targetRow
	err := s.filteredTargets(ctx, scope, f).Count(&total).Error
	if err == nil {
		q := s.filteredTargets(ctx, scope, f).Offset(f.Offset)
		if f.Latest {
			q = q.Where("ended_at > 0 AND reason <> ?", wordpress.ReasonCancelled).Order("ended_at DESC, id DESC")
		} else {
			q = q.Order("sort_name, lower(site_name), id")
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

func (s *Store) target(ctx context.Context, scope access.Scope, run, id int64) (Target, error) {
	var row targetRow
	err := s.filteredTargets(ctx, scope, TargetFilter{Run: run}).Where("id = ?", id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Target{}, ErrNoTarget
	}
	return row.target(), err
}

func (s *Store) attempts(ctx context.Context, target int64) ([]Attempt, error) {
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

// goodBodies calls each with the bodies of a target's good attempts, target by target. A few targets are read at a time, so that a reader who
// is slow keeps no transaction of the database open.
func (s *Store) goodBodies(ctx context.Context, scope access.Scope, run int64, each func(site int64, home string, bodies [][]byte) error) error {
	within, values := inScope(scope, "targets.site_id")
	var targets []struct {
		ID, SiteID int64
		Home       string
	}
	err := s.db.Gorm.WithContext(ctx).Raw(`SELECT id, site_id, home FROM targets
		WHERE run_id = ? AND state = ? AND attempts > 0 AND `+within+` ORDER BY sort_name, lower(site_name), id`,
		with(values, run, TargetDone)...).Scan(&targets).Error
	if err != nil {
		return fmt.Errorf("runs: answers: %w", err)
	}
	for some := range slices.Chunk(targets, bodiesAtOnce) {
		ids := make([]int64, len(some))
		for i, t := range some {
			ids[i] = t.ID
		}
		var rows []struct {
			TargetID int64
			Body     []byte
		}
		err := s.db.Gorm.WithContext(ctx).Raw("SELECT target_id, body FROM attempts WHERE target_id IN ? AND outcome = ? ORDER BY target_id, n", ids,
			wordpress.OK).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("runs: answers: %w", err)
		}
		bodies := map[int64][][]byte{}
		for _, row := range rows {
			bodies[row.TargetID] = append(bodies[row.TargetID], row.Body)
		}
		for _, t := range some {
			if len(bodies[t.ID]) == 0 {
				continue
			}
			if err := each(t.SiteID, t.Home, bodies[t.ID]); err != nil {
				return err
			}
		}
	}
	return nil
}

// bodiesAtOnce is how many targets' answers are in memory together; each is at most MaxReadBody for a page.
const bodiesAtOnce = 8

func (s *Store) sitesOf(ctx context.Context, run int64, which Which) ([]int64, error) {
	var ids []int64
	err := s.filteredTargets(ctx, nil, TargetFilter{Run: run, Outcomes: which.Outcomes, Reason: which.Reason}).Pluck("site_id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	return ids, nil
}

// lastOfSites looks from each site's newest target back, so that it takes no longer when the site had many.
const lastOfSites = `SELECT * FROM targets WHERE id IN (SELECT (SELECT id FROM targets
	WHERE site_id = visible.id AND state = ? ORDER BY id DESC LIMIT 1) FROM (%s) AS visible)`

func (s *Store) lastOf(ctx context.Context, scope access.Scope, ids []int64) (map[int64]Target, error) {
	ofRuns, more := runsInScope(scope, "run_id")
	listed, list := database.Listed(s.db.Gorm, ids)
	visible := sites.IDsInScope(scope, audit.Query{SQL: listed, Values: []any{list}})
	var rows []targetRow
	err := s.db.Gorm.WithContext(ctx).Raw(fmt.Sprintf(lastOfSites, visible.SQL)+ofRuns, slices.Concat([]any{TargetDone}, visible.Values, more)...).
		Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("runs: %w", err)
	}
	last := make(map[int64]Target, len(rows))
	for _, r := range rows {
		last[r.SiteID] = r.target()
	}
	return last, nil
}

// endedSince counts the targets of a run that ended since the time, without those that were not sent.
func (s *Store) endedSince(ctx context.Context, scope access.Scope, run int64, since time.Time) (int, error) {
	var n int
	within, values := inScope(scope, "site_id")
	err := s.db.Gorm.WithContext(ctx).Raw("SELECT count(*) FROM targets WHERE run_id = ? AND ended_at >= ? AND reason <> ? AND "+within,
		with(values, run, micros(since), wordpress.ReasonCancelled)...).Scan(&n).Error
	return n, err
}

// usualTook is the mean time of the operation's last targets to which something was sent, 0 when there is none.
func (s *Store) usualTook(ctx context.Context, operation string) (time.Duration, error) {
	var mean float64
	err := s.db.Gorm.WithContext(ctx).Raw(`SELECT coalesce(avg(took_us), 0) FROM (SELECT took_us FROM targets JOIN runs ON runs.id = targets.run_id
		WHERE runs.operation = ? AND targets.state = ? AND targets.attempts > 0 ORDER BY targets.id DESC LIMIT 500) AS recent`,
		operation, TargetDone).Scan(&mean).Error
	return time.Duration(mean) * time.Microsecond, err
}

func (s *Store) actors(ctx context.Context, scope access.Scope) ([]string, error) {
	var names []string
	err := s.filteredRuns(ctx, scope, Filter{}).Distinct("actor_name").Order("actor_name").Pluck("actor_name", &names).Error
	return names, err
}

func targetsOf(rows []targetRow) []Target {
	all := make([]Target, len(rows))
	for i, r := range rows {
		all[i] = r.target()
	}
	return all
}
