package runs

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// HasTrouble filters the runs in which some site needs attention.
const HasTrouble wordpress.Outcome = "trouble"

// Filter chooses runs for a list; a zero field does not filter.
type Filter struct {
	ID           int64
	Operation    string
	State        State
	Actor        string
	Site         int64
	RerunOf      int64
	Has          wordpress.Outcome // with at least one target of this outcome that was sent, or HasTrouble
	Faulted      bool              // that Drover itself could not work a part of
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
	NoReason bool   // only those without a reason
	Client   string // that the site belonged to when the run started
	State    TargetState
	Latest   bool // those that were sent, by the time they ended, the newest first; else by name
	Limit    int  // 0: all
	Offset   int
}

// Run returns one run as far as the actor reaches, or ErrNoRun. Asking for one that went to no site within reach is recorded.
func (r *Runner) Run(ctx context.Context, actor access.Actor, id int64) (Run, error) {
	run, err := r.store.run(ctx, id)
	if err != nil || len(actor.Scope) == 0 {
		return run, err
	}
	within, err := r.store.within(ctx, actor.Scope, []int64{id})
	if err != nil {
		return Run{}, err
	}
	if within[id] == 0 {
		return Run{}, errors.Join(ErrNoRun, r.log.Refuse(ctx, actor, access.RunRead, access.On("run", id), "reach"))
	}
	return run.narrowed(within[id]), nil
}

// narrowed is the run for somebody who reaches that many of its sites only: what was typed may tell of the others.
func (r Run) narrowed(within int) Run {
	if r.OutsideScope = r.Total - within; r.OutsideScope > 0 {
		r.Total, r.Spec.Params, r.Spec.Selection, r.Spec.Form = within, nil, sites.Selection{}, ""
	}
	return r
}

// Listed is a run with its counts.
type Listed struct {
	Run
	Counts Counts
}

// Runs returns the runs of a list's page, the newest first, and how many match in all, as far as the actor reaches.
func (r *Runner) Runs(ctx context.Context, actor access.Actor, f Filter) ([]Listed, int64, error) {
	total, err := r.store.countRuns(ctx, actor.Scope, f)
	if err != nil {
		return nil, 0, err
	}
	lists, err := r.Lists(ctx, actor, f)
	if err != nil {
		return nil, 0, err
	}
	return lists[0], total, nil
}

// Lists returns the runs of several lists, each the newest first, as far as the actor reaches. A run that is on more than one is counted once.
func (r *Runner) Lists(ctx context.Context, actor access.Actor, filters ...Filter) ([][]Listed, error) {
	pages := make([][]Run, len(filters))
	distinct := map[int64]Run{}
	for i, f := range filters {
		var err error
		if pages[i], err = r.store.listRuns(ctx, actor.Scope, f); err != nil {
			return nil, err
		}
		for _, run := range pages[i] {
			distinct[run.ID] = run
		}
	}
	counts, err := r.countsOf(ctx, actor.Scope, slices.Collect(maps.Values(distinct)))
	if err != nil {
		return nil, err
	}
	lists := make([][]Listed, len(pages))
	for i, page := range pages {
		lists[i] = make([]Listed, len(page))
		for j, run := range page {
			c := counts[run.ID]
			if len(actor.Scope) > 0 {
				run = run.narrowed(c.Ended() + c.Waiting + c.Running)
			}
			lists[i][j] = Listed{run, c}
		}
	}
	return lists, nil
}

func (r *Runner) countsOf(ctx context.Context, scope access.Scope, page []Run) (map[int64]Counts, error) {
	if scope.EverySite() {
		return r.counts.of(ctx, r.store, page)
	}
	ids := make([]int64, len(page))
	for i, run := range page {
		ids[i] = run.ID
	}
	return r.store.countsOf(ctx, scope, ids)
}

// Targets returns the chosen targets within the actor's reach and how many match in all.
func (r *Runner) Targets(ctx context.Context, actor access.Actor, f TargetFilter) ([]Target, int64, error) {
	return r.store.targets(ctx, actor.Scope, f)
}

// Target returns a target of a run with its attempts in order, or ErrNoTarget where there is none within the actor's reach.
func (r *Runner) Target(ctx context.Context, actor access.Actor, run, id int64) (Target, []Attempt, error) {
	t, err := r.store.target(ctx, actor.Scope, run, id)
	if err != nil {
		return t, nil, err
	}
	attempts, err := r.store.attempts(ctx, id)
	return t, attempts, err
}

// LastRequests returns the last request that each target of a run was sent, by target, as far as the actor's scope covers them.
func (r *Runner) LastRequests(ctx context.Context, actor access.Actor, run int64) (map[int64]Sent, error) {
	return r.store.lastRequests(ctx, actor.Scope, run)
}

// ClientCounts returns how many targets of a run belonged to each client, as far as the actor's scope covers them, by name.
func (r *Runner) ClientCounts(ctx context.Context, actor access.Actor, run int64) ([]ClientCount, error) {
	return r.store.clientCounts(ctx, actor.Scope, run)
}

// LastTargets returns each site's last target that has ended, by site, for the sites within the actor's reach.
func (r *Runner) LastTargets(ctx context.Context, actor access.Actor, ids []int64) (map[int64]Target, error) {
	return r.store.lastOf(ctx, actor.Scope, ids)
}

// Sending tells whether a run may have opened the site's credential and still send with it.
func (r *Runner) Sending(ctx context.Context, site int64) (bool, error) {
	return r.store.sending(ctx, site, time.Now())
}

// shownLatest is how many of the last targets a snapshot holds.
const shownLatest = 8

// rateWindow is the time over which a run's rate is measured.
const rateWindow = 4 * time.Second

// Snapshot reads a run as it is now, as far as the actor reaches.
func (r *Runner) Snapshot(ctx context.Context, actor access.Actor, id int64) (Snapshot, error) {
	run, err := r.Run(ctx, actor, id)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Run: run}
	if s.Groups, s.Counts, err = countTargets(r.store.db.Gorm.WithContext(ctx), actor.Scope, id); err != nil {
		return s, err
	}
	if run.Spec.Verify {
		if s.Verified, err = r.store.verified(ctx, actor.Scope, id); err != nil {
			return s, err
		}
	}
	slices.SortFunc(s.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(weight[a.Outcome], weight[b.Outcome]), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	if s.Latest, _, err = r.store.targets(ctx, actor.Scope, TargetFilter{Run: id, Latest: true, Limit: shownLatest}); err != nil {
		return s, err
	}
	return s, r.pace(ctx, actor.Scope, &s)
}

// weight orders outcomes by how much they need a person.
var weight = map[wordpress.Outcome]int{wordpress.Failed: 0, wordpress.Unknown: 1, wordpress.Partial: 2, wordpress.Skipped: 3, wordpress.OK: 4}

// pace fills in the rate and the time left of a run that goes on, and the mean rate of one that has ended.
func (r *Runner) pace(ctx context.Context, scope access.Scope, s *Snapshot) error {
	if s.Run.StartedAt.IsZero() {
		return nil
	}
	if s.Run.Ended() {
		if took := s.Run.EndedAt.Sub(s.Run.StartedAt).Seconds(); took > 0 {
			s.Rate = float64(s.Counts.Ended()-s.Counts.NotSent) / took
		}
		return nil
	}
	window := min(rateWindow, time.Since(s.Run.StartedAt))
	n, err := r.store.endedSince(ctx, scope, s.Run.ID, time.Now().Add(-window))
	if err != nil || n == 0 || window < time.Second {
		return err
	}
	s.Rate = float64(n) / window.Seconds()
	s.Left = time.Duration(float64(s.Counts.Waiting+s.Counts.Running) / s.Rate * float64(time.Second))
	return nil
}

// Actors returns the names of those who started runs within the actor's reach.
func (r *Runner) Actors(ctx context.Context, actor access.Actor) ([]string, error) {
	return r.store.actors(ctx, actor.Scope)
}
