package views

import (
	"fmt"
	"time"
)

// HomePage is what needs attention now, then the last days.
type HomePage struct {
	Frame            Frame
	Sites            HomeSites
	Trouble          []RunRow // the latest runs in which some site needs attention, the newest first
	Changes          []HomeChange
	Under            []RunRow // the runs under way
	AwaitingApproval []RunRow // waiting for a second person
	Pending          []PendingChange
	Faulted          []RunRow // the latest runs that Drover itself could not work a part of, the newest first
	Days             []HomeDay
	Recent           []RunRow
	Connected        bool // some site has been checked and is ready or has a warning
	HasRun           bool // some run was started ever
}

// HomeSites counts the sites by what their last check found.
type HomeSites struct {
	Total, Ready, Warning, Broken, Unchecked int
	Administrators                           int // sites with an administrator's credential
}

// HomeDay is the sites that runs of one day reached, by outcome.
type HomeDay struct {
	Day    time.Time
	Runs   int
	Counts RunCounts
}

// attentionItem is one thing that a person should look at.
type attentionItem struct {
	Tone  string // an outcome, for icon and colour
	Text  string
	Fix   string
	Href  string
	Label string
	At    time.Time
	Check string // the state of the sites that a click checks; empty: it leads to Href
}

// attentionItems lists what needs a person, the most pressing first.
func (p HomePage) attentionItems() []attentionItem {
	var all []attentionItem
	for _, r := range p.Faulted {
		all = append(all, attentionItem{Tone: "failed", Text: fmt.Sprintf("Drover could not process all sites of “%s”.", r.Title),
			Fix: fmt.Sprintf("Run %d, started by %s. %s", r.ID, r.Actor, r.Fault), Href: runHref(r.ID), Label: "View run", At: r.CreatedAt})
	}
	for _, r := range p.AwaitingApproval {
		all = append(all, attentionItem{Tone: "asked", Text: fmt.Sprintf("“%s” on %s is waiting for approval.", r.Title, counted(r.Total, "site", "sites")),
			Fix: fmt.Sprintf("Run %d, requested by %s.", r.ID, r.Actor), Href: runHref(r.ID), Label: "Review the request", At: r.CreatedAt})
	}
	for _, c := range p.Pending {
		all = append(all, attentionItem{Tone: "asked", Text: c.title() + " is waiting for approval.", Fix: "Requested by " + c.Actor + ".", Href: c.href(),
			Label: "Review the request", At: c.At})
	}
	if n := p.Sites.Broken; n > 0 {
		all = append(all, attentionItem{Tone: "failed", Text: counted(n, "site is broken.", "sites are broken."),
			Fix: "Each site's page shows which step fails and how to fix it.", Href: "/sites?state=broken", Label: "View sites"})
	}
	for _, r := range p.Trouble {
		all = append(all, attentionItem{Tone: "failed", Text: fmt.Sprintf("%s in “%s”.", counted(r.Counts.Trouble(), "site needs attention", "sites need attention"),
			r.Title),
			Fix: fmt.Sprintf("Run %d, started by %s.", r.ID, r.Actor), Href: runHref(r.ID), Label: "View run", At: r.CreatedAt})
	}
	if n := p.Sites.Warning; n > 0 {
		all = append(all, attentionItem{Tone: "partial", Text: counted(n, "site has a warning.", "sites have a warning."),
			Fix: "Each site's page shows the details.", Href: "/sites?state=warning", Label: "View sites"})
	}
	if n := p.Sites.Unchecked; n > 0 {
		all = append(all, attentionItem{Tone: "waiting", Text: counted(n, "site has never been checked.", "sites have never been checked."),
			Fix: "A check signs in to the site and changes nothing.", Href: "/sites?state=unchecked", Label: p.checkLabel(n), Check: p.checks("unchecked")})
	}
	return all
}

// checks is the state whose sites the reader may check by a click; empty where they may not.
func (p HomePage) checks(state string) string {
	if p.Frame.May("site.check") {
		return state
	}
	return ""
}

func (p HomePage) checkLabel(n int) string {
	if p.checks("unchecked") == "" {
		return "View sites"
	}
	return "Check " + counted(n, "site", "sites")
}

// runsHref lists the runs of a day.
func (d HomeDay) runsHref() string {
	return "/runs?since=" + d.Day.Format(time.DateOnly) + "&until=" + d.Day.AddDate(0, 0, 1).Format(time.DateOnly)
}

func (d HomeDay) label() string {
	if d.Runs == 0 {
		return d.Day.Format("Mon 2 Jan") + ": no runs"
	}
	return fmt.Sprintf("%s: %s, %s", d.Day.Format("Mon 2 Jan"), counted(d.Runs, "run", "runs"), plainly(d.Counts, nil))
}
