// Package views draws the pages: templ components over plain structs. It knows no site, no run and no credential, only what a page
// shows; nothing in here can reach the database.
package views

import (
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// Who is the member that a page is drawn for.
type Who struct {
	Name, Email, Role string
	Can               map[string]bool // by action, such as site.add
}

// Flash is one message about what was just done.
type Flash struct {
	Kind string // "ok" or "problem"
	Text string
	Undo string // where a form is posted that undoes it; empty where nothing does
}

// Frame is what surrounds every page.
type Frame struct {
	Title     string
	Active    string // the rail's entry: home, sites, run, endpoints, runs, audit, team, settings
	Who       Who
	Flash     *Flash
	RequestID string
	Gallery   bool // the development gallery is there
	Above     []Crumb
	Refresh   int // seconds after which a browser without scripts loads the page again; 0: never
}

// Crumb is a page above this one.
type Crumb struct{ Label, Href string }

// documentTitle says in a browser's tab which page this is, and below which.
func (f Frame) documentTitle() string {
	if len(f.Above) == 0 {
		return f.Title
	}
	return f.Title + " · " + f.Above[len(f.Above)-1].Label
}

// Under is the frame of a page below others, the highest first.
func (f Frame) Under(above ...Crumb) Frame {
	f.Above = above
	return f
}

// Refreshed is the frame of a page that changes by itself.
func (f Frame) Refreshed(live bool) Frame {
	f.Refresh = 0
	if live {
		f.Refresh = 5
	}
	return f
}

// May tells whether the member may do the action.
func (f Frame) May(action string) bool { return f.Who.Can[action] }

// entry is one place of the rail; key is what follows g to get there.
type entry struct{ name, href, icon, label, right, key string }

func (f Frame) rail() []entry {
	var all []entry
	for _, e := range []entry{
		{"home", "/", "house", "Home", "", "h"},
		{"sites", "/sites", "globe", "Sites", "site.read", "s"},
		{"run", "/run", "play", "Run", "run.start", "n"},
		{"runs", "/runs", "history", "Runs", "run.read", "r"},
		{"endpoints", "/endpoints", "waypoints", "Endpoints", "run.start", "e"},
		{"audit", "/audit", "scroll-text", "Audit", "audit.read", "a"},
		{"team", "/team", "users", "Team", "member.read", "t"},
		{"settings", "/settings", "settings", "Settings", "", ","},
	} {
		if e.right == "" || f.May(e.right) {
			all = append(all, e)
		}
	}
	return all
}

// onPhone is how many places a small screen shows beside More.
const onPhone = 4

// tabs are the places that a small screen shows, and those behind More.
func (f Frame) tabs() (shown, more []entry) {
	all := f.rail()
	n := min(onPhone, len(all))
	return all[:n], all[n:]
}

// among tells whether the page belongs to one of the places.
func (f Frame) among(all []entry) bool {
	return slices.ContainsFunc(all, func(e entry) bool { return e.name == f.Active })
}

func current(is bool) string {
	if is {
		return "page"
	}
	return "false"
}

// count writes a number with separators.
func count(n int) string { return humanize.Comma(int64(n)) }

// counted writes a number and its word.
func counted(n int, one, many string) string {
	return count(n) + " " + english.PluralWord(n, one, many)
}

// agoUnits are the units of ago, each up to a time.
var agoUnits = []humanize.RelTimeMagnitude{
	{D: 10 * time.Second, Format: "just now"},
	{D: time.Minute, Format: "%d s ago", DivBy: time.Second},
	{D: time.Hour, Format: "%d min ago", DivBy: time.Minute},
	{D: 48 * time.Hour, Format: "%d h ago", DivBy: time.Hour},
	{D: 60 * 24 * time.Hour, Format: "%d days ago", DivBy: 24 * time.Hour},
}

// ago says how long ago the time was.
func ago(t time.Time) string {
	now := time.Now()
	switch since := now.Sub(t); {
	case since < 0:
		return exact(t)
	case since >= agoUnits[len(agoUnits)-1].D:
		return t.UTC().Format("2 Jan 2006")
	}
	return humanize.CustomRelTime(t, now, "", "", agoUnits)
}

// asOf says when something was last told: 14:02 of today, else the day too.
func asOf(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return "as of " + t.Format("15:04")
	case t.Year() == now.Year():
		return "as of " + t.Format("2 Jan, 15:04")
	}
	return "as of " + t.Format("2 Jan 2006")
}

func exact(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// lasted writes a duration as people read it: 1.2 s, 3 min 20 s.
func lasted(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 s"
	case d < time.Second:
		return strconv.Itoa(max(1, int(d.Milliseconds()))) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min " + strconv.Itoa(int(d.Seconds())%60) + " s"
	}
	return strconv.Itoa(int(d.Hours())) + " h " + strconv.Itoa(int(d.Minutes())%60) + " min"
}

func id(n int64) string { return strconv.FormatInt(n, 10) }
