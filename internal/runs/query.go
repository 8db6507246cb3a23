package runs

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/wordpress"
)

// HasTrouble filters the runs in which some site needs a hand.
const HasTrouble wordpress.Outcome = "trouble"

// Filter chooses runs for a list; a zero field does not filter.
type Filter struct {
	Operation    string
	State        State
	Actor        string
	Site         int64
	Has          wordpress.Outcome // with at least one target of this outcome, or HasTrouble
	Since, Until time.Time
	Limit        int // 0: all
	Offset       int
}

// TargetFilter chooses targets of a run.
type TargetFilter struct {
	Run      int64
	Site     int64
	Outcomes []wordpress.Outcome
	Reason   wordpress.Reason
	NoReason bool // only those without a reason
	State    TargetState
	Latest   bool // by the time they ended, the newest first; else by name
	Limit    int  // 0: all
	Offset   int
}

// Run returns one run, or ErrNoRun.
func (r *Runner) Run(ctx context.Context, id int64) (Run, error) { return r.store.run(ctx, id) }

// Listed is a run with its counts.
type Listed struct {
	Run
	Counts Counts
}

// Runs returns the runs of a list's page, the newest first, and how many match in all.
func (r *Runner) Runs(ctx context.Context, f Filter) ([]Listed, int64, error) {
	page, total, err := r.store.listRuns(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	counts, err := r.tallies.of(ctx, r.store, page)
	listed := make([]Listed, len(page))
	for i, run := range page {
		listed[i] = Listed{run, counts[run.ID]}
	}
	return listed, total, err
}

// Targets returns the chosen targets and how many match in all.
func (r *Runner) Targets(ctx context.Context, f TargetFilter) ([]Target, int64, error) {
	return r.store.targets(ctx, f)
}

// Target returns a target of a run with its attempts in order, or ErrNoTarget.
func (r *Runner) Target(ctx context.Context, run, id int64) (Target, []Attempt, error) {
	t, err := r.store.target(ctx, run, id)
	if err != nil {
		return t, nil, err
	}
	attempts, err := r.store.attempts(ctx, id)
	return t, attempts, err
}

// LastTargets returns each site's last target that has ended, by site.
func (r *Runner) LastTargets(ctx context.Context, ids []int64) (map[int64]Target, error) {
	return r.store.lastOf(ctx, ids)
}

// shownLatest is how many of the last targets a snapshot holds.
const shownLatest = 8

// rateWindow is the time over which a run's rate is measured.
const rateWindow = 4 * time.Second

// Snapshot reads a run as it is now.
func (r *Runner) Snapshot(ctx context.Context, id int64) (Snapshot, error) {
	run, err := r.store.run(ctx, id)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Run: run}
	if s.Groups, s.Counts, err = countTargets(r.store.db.Gorm.WithContext(ctx), id); err != nil {
		return s, err
	}
	if run.Spec.Verify {
		if s.Verified, err = r.store.verified(ctx, id); err != nil {
			return s, err
		}
	}
	slices.SortFunc(s.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(weight[a.Outcome], weight[b.Outcome]), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	if s.Latest, _, err = r.store.targets(ctx, TargetFilter{Run: id, Latest: true, Limit: shownLatest}); err != nil {
		return s, err
	}
	return s, r.pace(ctx, &s)
}

// weight orders outcomes by how much they need a person.
var weight = map[wordpress.Outcome]int{wordpress.Failed: 0, wordpress.Unknown: 1, wordpress.Partial: 2, wordpress.Skipped: 3, wordpress.OK: 4}

// pace fills in the rate and the time left of a run that goes on, and the mean rate of one that has ended.
func (r *Runner) pace(ctx context.Context, s *Snapshot) error {
	if s.Run.StartedAt.IsZero() {
		return nil
	}
	if s.Run.Ended() {
		if took := s.Run.EndedAt.Sub(s.Run.StartedAt).Seconds(); took > 0 {
			s.Rate = float64(s.Counts.Ended()) / took
		}
		return nil
	}
	window := min(rateWindow, time.Since(s.Run.StartedAt))
	n, err := r.store.endedSince(ctx, s.Run.ID, time.Now().Add(-window))
	if err != nil || n == 0 || window < time.Second {
		return err
	}
	s.Rate = float64(n) / window.Seconds()
	s.Left = time.Duration(float64(s.Counts.Waiting+s.Counts.Running) / s.Rate * float64(time.Second))
	return nil
}

// Actors returns the names of those who started runs.
func (r *Runner) Actors(ctx context.Context) ([]string, error) { return r.store.actors(ctx) }
