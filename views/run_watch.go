package views

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// RunPage is a run: while it goes on, its live part follows the stream /runs/:id/stream.
type RunPage struct {
	Frame Frame
	Run   RunView
}

// RunView is a run as it is now.
type RunView struct {
	ID        int64
	Title     string
	Effect    string // read, change or destroy
	State     string // waiting, running, done or cancelled
	Actor     string
	Endpoint  string
	Params    []RunParam
	Where     string // the selection in words
	Total     int
	RerunOf   int64   // the run that this one repeats, 0 for none
	Reruns    []int64 // the runs that repeat it, the latest first
	CreatedAt time.Time
	StartedAt time.Time
	EndedAt   time.Time

	CancelledAt time.Time
	CancelledBy string

	Verify                         bool // the run looks at pages
	Verified, NotVerified, Unclear int  // sites
	DeadlineAt                     time.Time
	AtOnce, AtOncePerServer        int // the run's own limits, 0 for none

	Counts  RunCounts
	Groups  []RunGroup // the troublesome first
	Latest  []RunTarget
	Rate    float64 // sites a second, 0 when not known
	Left    time.Duration
	Elapsed time.Duration

	Approval     *ApprovalRequest // of a run that waits for a second person
	ApprovedBy   string
	OutsideScope int // sites beyond the reader's reach

	CanCancel     bool
	CanChangeURLs bool              // may give sites another address
	CanRerun      bool              // may start this operation, its effect included
	CanRunOther   bool              // may start something on its sites
	CanStartNow   bool              // may end the wait of one that has not begun
	Delayed       bool              // nothing is sent yet, and it can be undone
	StartsIn      time.Duration     // until it begins by itself, while it is held
	ConfirmAbove  int               // on how many sites a change is confirmed by their number
	Inverse       RunInverse        // what takes it back, if anything does
	Problems      map[string]string // of a form on its page
}

// RunInverse is the operation that takes a run back.
type RunInverse struct{ Name, Title string }

// grave tells whether a rerun on so many sites is confirmed by their number.
func (v RunView) grave(sites int) bool {
	return v.Effect == "destroy" || v.Effect == "change" && sites > v.ConfirmAbove
}

func (v RunView) rerunVariant(sites int) string {
	if v.grave(sites) {
		return previewVariant(v.Effect)
	}
	return "outline"
}

// startsIn counts down in whole seconds.
func (v RunView) startsIn() string {
	if v.StartsIn <= 0 {
		return "a moment"
	}
	return count(int((v.StartsIn+time.Second-1)/time.Second)) + " s"
}

// afterCancel says what a cancelled run did and what it did not.
func (v RunView) afterCancel() string {
	switch sent := v.Total - v.Counts.NotSent; {
	case v.Live():
		return "Requests already sent will finish. No more will be sent."
	case sent == 0:
		return "Nothing was sent."
	default:
		return counted(sent, "site was", "sites were") + " already processed. Nothing was sent to the other " + count(v.Counts.NotSent) + "."
	}
}

// ApprovalRequest is what a second person decides on.
type ApprovalRequest struct {
	Preview   RunPreview
	Until     time.Time
	Own       bool // the reader asked for it
	CanDecide bool
	Problem   string
}

// RunParam is a parameter as it was typed.
type RunParam struct{ Label, Value string }

// RunGroup is the targets of a run that share an outcome and a reason.
type RunGroup struct {
	Outcome, Reason      string
	Label, Sentence, Fix string // of the reason; empty without one
	Count                int
}

// RunTarget is one site in a run.
type RunTarget struct {
	ID, RunID, SiteID int64
	Site, Home        string
	State             string // waiting, running or done
	Outcome, Reason   string
	Label             string // of the reason
	Status            int    // HTTP's, 0 without an answer
	Code, Message     string // WordPress's own
	Note, Location    string
	Attempts          int
	EndedAt           time.Time
	Took              time.Duration
	Verified          string // yes, no or unclear; empty where nobody looked
}

func (t RunTarget) badge() string { return TargetBadge(t.State, t.Outcome, t.Reason) }

// RunTargets is a page of a group's targets.
type RunTargets struct {
	RunID           int64
	Title           string // of the run
	Outcome, Reason string // both may be empty: every target
	Label           string // of the reason
	Rows            []RunTarget
	Total           int
	Page, Per       int
	Can             map[string]bool // what the reader may do, by action
}

// RunTargetsPage is the same as a page of its own, for browsers without scripts.
type RunTargetsPage struct {
	Frame   Frame
	Targets RunTargets
}

// Live tells whether something can still happen in the run.
func (v RunView) Live() bool { return v.State == "waiting" || v.State == "running" }

func (v RunView) path(rest string) string { return runHref(v.ID) + rest }

func runHref(run int64) string { return "/runs/" + id(run) }

func (t RunTarget) href() string { return runHref(t.RunID) + "/targets/" + id(t.ID) }

// targetFixes is where a reason is put right, and the right that it takes.
var targetFixes = map[string]struct{ right, label, path string }{
	"bad_credential":    {"site.credential", "Replace credential", "?credential=1"},
	"not_authenticated": {"site.credential", "Replace credential", "?credential=1"},
	"forbidden":         {"site.credential", "Connect a user with permission", "?credential=1"},
	"redirected":        {"site.edit", "Change the site's URL", "/edit"},
	"other_site":        {"site.edit", "Change the site's URL", "/edit"},
	"unreachable":       {"site.edit", "Check the site's URL", "/edit"},
	"not_json":          {"site.read", "See what works", ""},
	"no_route":          {"site.read", "See what works", ""},
}

// fix leads to the place where the target's reason is put right.
func (t RunTarget) fix(can map[string]bool) (Crumb, bool) {
	fix, known := targetFixes[t.Reason]
	if !known || !can[fix.right] {
		return Crumb{}, false
	}
	to := "/sites/" + id(t.SiteID) + fix.path
	if strings.Contains(fix.path, "?") {
		to += "&run=" + id(t.RunID)
	}
	return Crumb{Label: fix.label, Href: to}, true
}

// summary is what the site's row says beside its outcome: WordPress's own words before ours.
func (t RunTarget) summary() string {
	for _, s := range []string{t.Note, t.Message, t.Label} {
		if s != "" {
			return s
		}
	}
	return ""
}

// key names a group in ids of the page.
func (g RunGroup) key() string {
	if g.Reason == "" {
		return g.Outcome
	}
	return g.Outcome + "-" + strings.ReplaceAll(g.Reason, "_", "-")
}

// failedLabel says what a run again for the failed ones is for: those that were never sent are among them.
func (v RunView) failedLabel() string {
	switch {
	case v.Counts.NotSent == 0:
		return "Rerun failed"
	case v.Counts.Failed == 0:
		return "Rerun not sent"
	}
	return "Rerun failed and not sent"
}

func (g RunGroup) badge() string { return TargetBadge("done", g.Outcome, g.Reason) }

// sent tells whether something was sent to the sites of the group: even where it failed, it may have changed them.
func (g RunGroup) sent() bool { return g.badge() != "not_sent" }

// meaning is what the group's outcome means where no reason says it.
func (g RunGroup) meaning() string {
	if g.Sentence != "" {
		return g.Sentence
	}
	return map[string]string{
		"ok":      "The site confirmed that it was done.",
		"partial": "The site did only part of it. Each site's page shows what is missing.",
	}[g.Outcome]
}

// targetsHref lists the targets of a group.
func targetsHref(run int64, outcome, reason string) string {
	return with(runHref(run)+"/targets", targetsQuery(outcome, reason), "page", "")
}

func targetsQuery(outcome, reason string) url.Values {
	q := url.Values{}
	if outcome != "" {
		q.Set("outcome", outcome)
	}
	if reason != "" {
		q.Set("reason", reason)
	}
	return q
}

func (t RunTargets) pages() Pages {
	return Pages{Page: t.Page, Per: t.Per, Total: t.Total, Path: runHref(t.RunID) + "/targets", Query: targetsQuery(t.Outcome, t.Reason)}
}

// verified says on how many sites a look at the pages showed that the cache was cleared.
func (v RunView) verified() string {
	s := "verified on " + count(v.Verified) + " of " + counted(v.Verified+v.NotVerified+v.Unclear, "site", "sites")
	if v.NotVerified > 0 {
		s += "; " + counted(v.NotVerified, "site", "sites") + " still served the old page from the cache"
	}
	if v.Unclear > 0 {
		s += "; " + counted(v.Unclear, "site", "sites") + " had no cached page to compare"
	}
	return s
}

// limits says the run's own limits.
func (v RunView) limits() string {
	var parts []string
	if v.AtOnce > 0 {
		parts = append(parts, counted(v.AtOnce, "concurrent site", "concurrent sites"))
	}
	if v.AtOncePerServer > 0 {
		parts = append(parts, counted(v.AtOncePerServer, "concurrent request", "concurrent requests")+" per server")
	}
	if !v.DeadlineAt.IsZero() {
		parts = append(parts, "time limit "+roughly(v.DeadlineAt.Sub(v.CreatedAt)))
	}
	return strings.Join(parts, ", ")
}

// elapsed is how long the run has been or was under way.
func (v RunView) elapsed() string {
	if v.StartedAt.IsZero() {
		return "–"
	}
	return lasted(v.Elapsed)
}

// announced keeps a screen reader quiet while the numbers run, and lets it speak once they stand.
func (v RunView) announced() string {
	if v.Live() {
		return "off"
	}
	return "polite"
}

// progress is how far the run is, for the window's title.
func (v RunView) progress() string {
	if v.Delayed {
		return "starts in " + v.startsIn()
	}
	if !v.Live() || v.Total == 0 {
		return badgeOf(v.State).word
	}
	return strconv.Itoa(v.Counts.Ended()*100/v.Total) + "%"
}

// left is the time that the run needs yet.
func (v RunView) left() string {
	switch {
	case !v.Live():
		return "–"
	case v.Left <= 0:
		return "Estimating…"
	case v.Left < time.Second:
		return "less than 1 s"
	}
	return "about " + roughly(v.Left)
}

func (v RunView) rate() string {
	if v.Rate <= 0 {
		return "–"
	}
	if v.Rate < 10 {
		return oneDecimal(v.Rate) + " sites/s"
	}
	return count(int(v.Rate+0.5)) + " sites/s"
}
