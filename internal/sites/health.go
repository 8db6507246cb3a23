package sites

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/droverhq/drover/internal/access"
)

// How sites are checked without a person: so many workers, each with one site that it has leased for longer than a check takes. A broken site is
// checked again after a pause that doubles, up to the usual time between two checks.
const (
	checkWorkers  = 16
	checkLease    = 10 * time.Minute
	firstPause    = 15 * time.Minute
	newSiteWaits  = time.Minute // for the check that whoever adds it mostly does
	plannedAtOnce = 500
	keptEvents    = 400 * 24 * time.Hour
	recentCheck   = 10 * time.Minute // a check that is younger says enough
)

// hashOf spreads sites evenly, the same in every process and after every restart.
func hashOf(site int64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("drover check " + strconv.FormatInt(site, 10))) // never fails
	sum := h.Sum64()
	sum ^= sum >> 33 // FNV's last bytes decide little of its upper bits
	sum *= 0xff51afd7ed558ccd
	return sum ^ sum>>33
}

// phase is the site's own moment of an interval, which is longer than nothing. It is as exact as what is stored, or a site's turn would come twice.
func phase(site int64, of time.Duration) time.Duration {
	return time.Duration(hashOf(site) % uint64(of)).Truncate(time.Microsecond) // #nosec G115 -- the rest is less than a duration that is positive
}

// slot is the next time after now at which the site's turn comes: once in every interval, each site at its own moment of it.
func slot(site int64, now time.Time, every time.Duration) time.Time {
	next := now.Truncate(every).Add(phase(site, every))
	if !next.After(now) {
		next = next.Add(every)
	}
	return next
}

// nextCheck is when a site is checked again that was found broken so many times in a row. Zero where sites are not checked on a schedule.
func nextCheck(site int64, now time.Time, every time.Duration, failures int) time.Time {
	switch {
	case every <= 0:
		return time.Time{}
	case failures == 0:
		return slot(site, now, every)
	}
	pause := every
	if doubled := firstPause << min(failures-1, 20); doubled < every {
		pause = doubled
	}
	return now.Add(pause + phase(site, pause/10+1))
}

// CheckDue checks the sites whose turn it is, and returns when it is nobody's. Several processes may call it at once: each site is checked by one of
// them. Where the team's rule says so, none is.
func (r *Registry) CheckDue(ctx context.Context) error {
	u, err := r.Upkeep(ctx)
	if err != nil || u.CheckHours == 0 {
		return err
	}
	if err := r.planChecks(ctx, u.every()); err != nil {
		return fmt.Errorf("sites: plan checks: %w", err)
	}
	if due, err := r.store.checkIsDue(ctx, r.store.now()); err != nil || !due {
		return err
	}
	var workers errgroup.Group
	for range checkWorkers {
		workers.Go(func() error { return r.checkDue(ctx, u.every()) })
	}
	return workers.Wait()
}

func (r *Registry) checkDue(ctx context.Context, every time.Duration) error {
	for ctx.Err() == nil {
		now := r.store.now()
		id, found, err := r.store.claimCheck(ctx, now, now.Add(checkLease))
		if err != nil || !found {
			return err
		}
		_, err = r.checkSafely(ctx, access.System(), id)
		if ctx.Err() != nil {
			return r.store.postponeCheck(context.WithoutCancel(ctx), id, now) // the process is to stop: another one takes it
		}
		if errors.Is(err, ErrChanged) { // what the site has now was not checked
			if err := r.store.postponeCheck(ctx, id, now); err != nil {
				return err
			}
			continue
		}
		if err != nil { // it has no credential that opens, or Drover failed: not again at once
			if err := r.store.postponeCheck(ctx, id, slot(id, now, every)); err != nil {
				return err
			}
		}
		if err != nil && !errors.Is(err, ErrNoCredential) && !errors.Is(err, ErrSealed) && !errors.Is(err, ErrNoSite) {
			return err
		}
	}
	return nil
}

// planChecks gives sites their first turn: those that are new, and all after the rule was changed.
func (r *Registry) planChecks(ctx context.Context, every time.Duration) error {
	for ctx.Err() == nil {
		rows, err := r.store.unplanned(ctx, plannedAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		now, at := r.store.now(), make(map[int64]time.Time, len(rows))
		for _, row := range rows {
			if at[row.ID] = slot(row.ID, now, every); row.CheckedAt == 0 {
				at[row.ID] = now.Add(newSiteWaits + time.Duration(hashOf(row.ID)%uint64(newSiteWaits)))
			}
		}
		if err := r.store.plan(ctx, at); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// DropOldEvents forgets what changed on sites long ago.
func (r *Registry) DropOldEvents(ctx context.Context, now time.Time) error {
	return r.store.dropEvents(ctx, now.Add(-keptEvents))
}

// Kinds of events.
const (
	EventState     = "state"
	EventPlugin    = "plugin_version"
	EventCache     = "cache_state"
	EventWordPress = "wordpress_version"
)

// Event is something that changed on a site.
type Event struct {
	SiteID      int64
	At          time.Time
	Kind        string
	Was, Became string
	Finding     string // of a state that is not good
}

// Good tells whether a site in the state can be worked with.
func (s State) Good() bool { return s == Ready || s == Warning }

// Streak is how long a site has been in the state that it is in, good or not, and how long the other one before had lasted.
type Streak struct {
	Good   bool
	Since  time.Time
	Before time.Duration // 0 where that is not known
}

// StreakOf reads the events of a site, the latest first. It is zero where no state is known.
func StreakOf(events []Event) Streak {
	states := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Kind != EventState || State(e.Became) == Unchecked })
	if len(states) == 0 {
		return Streak{}
	}
	good := State(states[0].Became).Good()
	began := func(from int, good bool) int {
		for from+1 < len(states) && State(states[from+1].Became).Good() == good {
			from++
		}
		return from
	}
	first := began(0, good)
	s := Streak{Good: good, Since: states[first].At}
	if first+1 < len(states) {
		s.Before = s.Since.Sub(states[began(first+1, !good)].At)
	}
	return s
}

// mostEvents is how many of a site's events a page shows.
const mostEvents = 200

// Events returns what changed on a site that the caller may see, the latest first.
func (r *Registry) Events(ctx context.Context, s Site) ([]Event, error) {
	return r.store.events(ctx, s.ID, mostEvents)
}

// Change is a site that broke, or works again.
type Change struct {
	Site Site
	Event
}

// News returns the sites in the actor's scope that broke or work again since then, each with its last change, the latest first.
func (r *Registry) News(ctx context.Context, actor access.Actor, since time.Time, limit int) ([]Change, error) {
	events, err := r.store.news(ctx, actor.Scope, since, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(events))
	last := make(map[int64]Event, len(events))
	for i, e := range events {
		ids[i], last[e.SiteID] = e.SiteID, e
	}
	found, err := r.store.byIDs(ctx, ids)
	all := make([]Change, len(found))
	for i, s := range found {
		all[i] = Change{s, last[s.ID]}
	}
	slices.SortFunc(all, func(a, b Change) int { return cmp.Compare(b.At.UnixMicro(), a.At.UnixMicro()) })
	return all, err
}
