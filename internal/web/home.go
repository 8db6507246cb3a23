package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// shownDays is how many days the chart of the first page shows.
const shownDays = 14

func (s *Server) home(v *requestContext) error {
	ctx := v.Request.Context()
	page := views.HomePage{Frame: v.frame("Home", "home")}
	states, err := s.Registry.States(ctx, v.actor())
	if err != nil {
		return err
	}
	page.Sites = homeSites(states)
	if page.Sites.Administrators, err = s.Registry.Administrators(ctx, v.actor()); err != nil {
		return err
	}
	page.Connected = page.Sites.Ready+page.Sites.Warning > 0
	if page.Changes, err = s.changesOfSites(v); err != nil {
		return err
	}
	if page.Pending, err = s.pendingChanges(v); err != nil {
		return err
	}
	today, lastWeek := time.Now().UTC().Truncate(24*time.Hour), time.Now().AddDate(0, 0, -7)
	lists, err := s.Runner.Lists(ctx, v.actor(),
		runs.Filter{Limit: 6},
		runs.Filter{State: runs.Running, Limit: 5},
		runs.Filter{State: runs.AwaitingApproval, Limit: 5},
		runs.Filter{Faulted: true, Since: lastWeek, Limit: 3},
		runs.Filter{Has: runs.HasTrouble, Since: lastWeek, Limit: 20},
		runs.Filter{Since: today.AddDate(0, 0, 1-shownDays)},
	)
	if err != nil {
		return err
	}
	for i, rows := range []*[]views.RunRow{&page.Recent, &page.Under, &page.AwaitingApproval, &page.Faulted, &page.Trouble} {
		*rows = runRows(lists[i])
	}
	ofLastDays := lists[5]
	page.HasRun, page.Days, page.Trouble = len(page.Recent) > 0, days(today, ofLastDays), withoutRerun(page.Trouble, ofLastDays)
	return v.render(http.StatusOK, views.Home(page))
}

func homeSites(states map[sites.State]int64) views.HomeSites {
	all := views.HomeSites{Ready: int(states[sites.Ready]), Warning: int(states[sites.Warning]), Broken: int(states[sites.Broken]),
		Unchecked: int(states[sites.Unchecked])}
	all.Total = all.Ready + all.Warning + all.Broken + all.Unchecked
	return all
}

// mostTrouble is how many runs with trouble the first page shows.
const mostTrouble = 3

// withoutRerun leaves out the runs that were run again: what is still wrong stands at the later one.
func withoutRerun(rows []views.RunRow, listed []runs.Listed) []views.RunRow {
	again := map[int64]bool{}
	for _, run := range listed {
		again[run.RerunOf] = true
	}
	rows = slices.DeleteFunc(rows, func(r views.RunRow) bool { return again[r.ID] })
	return rows[:min(mostTrouble, len(rows))]
}

// days sums the outcomes of the last days' runs, by day.
func days(today time.Time, listed []runs.Listed) []views.HomeDay {
	first := today.AddDate(0, 0, 1-shownDays)
	all := make([]views.HomeDay, shownDays)
	for i := range all {
		all[i].Day = first.AddDate(0, 0, i)
	}
	for _, run := range listed {
		i := int(run.CreatedAt.Sub(first) / (24 * time.Hour))
		if i < 0 || i >= shownDays {
			continue
		}
		c := &all[i].Counts
		all[i].Runs++
		c.OK += run.Counts.OK
		c.Partial += run.Counts.Partial
		c.Skipped += run.Counts.Skipped
		c.Failed += run.Counts.Failed
		c.Unknown += run.Counts.Unknown
	}
	return all
}
