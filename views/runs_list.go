package views

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// RunsPage is the list of runs, the newest first.
type RunsPage struct {
	Frame      Frame
	Filter     RunsFilter
	Operations []Option // by name
	Actors     []string
	Rows       []RunRow
	Saved      []SavedView
	Total      int
	Page, Per  int
}

// RunsFilter is what the list is filtered by, as typed.
type RunsFilter struct {
	Operation, State, Actor string
	Has                     string // an outcome, or trouble
	Site                    int64
	SiteName                string
	Since, Until            string
	Problems                map[string]string
}

// RunRow is a run in a list.
type RunRow struct {
	ID        int64
	Title     string
	Effect    string
	State     string
	Actor     string
	Where     string // its selection, in words
	Total     int
	Counts    RunCounts
	RerunOf   int64
	Fault     string // what kept Drover itself from working a part of it
	CreatedAt time.Time
	StartedAt time.Time
	EndedAt   time.Time
}

func (r RunRow) shownState() string { return r.Counts.shownState(r.State) }

// Empty tells whether nothing is filtered.
func (f RunsFilter) Empty() bool { return len(f.query()) == 0 }

func (f RunsFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"operation": f.Operation, "state": f.State, "actor": f.Actor, "has": f.Has, "since": f.Since, "until": f.Until} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Site != 0 {
		q.Set("site", strconv.FormatInt(f.Site, 10))
	}
	return q
}

func (p RunsPage) pages() Pages {
	return Pages{Page: p.Page, Per: p.Per, Total: p.Total, Path: "/runs", Query: p.Filter.query()}
}

// took is how long the run was under way, empty while it is.
func (r RunRow) took() string {
	if r.EndedAt.IsZero() || r.StartedAt.IsZero() {
		return ""
	}
	return lasted(r.EndedAt.Sub(r.StartedAt))
}

// roughly writes a duration that is only guessed, in whole seconds.
func roughly(d time.Duration) string {
	if d < time.Minute {
		return strconv.Itoa(int(d.Round(time.Second).Seconds())) + " s"
	}
	return lasted(d)
}

func oneDecimal(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

var runStates = []Option{{"", "Any state"}, {"asked", "Waiting for approval"}, {"waiting", "Waiting"}, {"running", "Running"}, {"done", "Done"},
	{"cancelled", "Cancelled"}}

var runHas = []Option{{"", "Any outcome"}, {"trouble", "Needs attention"}, {"failed", "Some failed"}, {"unknown", "Some unknown"},
	{"partial", "Some partial"}, {"skipped", "Some skipped"}}

// anyLive tells whether something can still happen in one of the runs.
func anyLive(rows []RunRow) bool {
	return slices.ContainsFunc(rows, func(r RunRow) bool { return r.State == "waiting" || r.State == "running" })
}
