package views

import "strings"

// RunCounts are a run's targets by outcome; those that have not ended stand under Waiting and Running, and those that a cancelled run did not
// send under NotSent.
type RunCounts struct {
	OK, Partial, Skipped, Failed, Unknown int
	NotSent                               int
	Waiting, Running                      int
}

// Ended is how many targets have ended.
func (c RunCounts) Ended() int {
	return c.OK + c.Partial + c.Skipped + c.Failed + c.Unknown + c.NotSent
}

// shownState is how a run in the state ended: one that left sites which need attention is not merely done.
func (c RunCounts) shownState(state string) string {
	switch {
	case state != "done" || c.Trouble() == 0:
		return state
	case c.OK == 0 && c.Failed > 0:
		return "failed"
	}
	return "attention"
}

// Trouble is how many need a person.
func (c RunCounts) Trouble() int { return c.Partial + c.Failed + c.Unknown }

// sent tells whether something was sent to every site. Where it was to some, each group tells for itself.
func (c RunCounts) sent() bool { return c.NotSent == 0 }

func (c RunCounts) total() int { return c.Ended() + c.Waiting + c.Running }

// bar is the counts as a bar. What was never sent because the run was cancelled is nobody's fault, and stays with the rest.
func (c RunCounts) bar() Bar {
	return Bar{OK: c.OK, Partial: c.Partial, Skipped: c.Skipped, Failed: c.Failed, Unknown: c.Unknown, Rest: c.Waiting + c.Running + c.NotSent}
}

// plainly says how the targets stand, in one line that needs no explanation.
func plainly(c RunCounts, groups []RunGroup) string {
	total := c.total()
	var parts []string
	say := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, counted(n, one, many))
		}
	}
	switch {
	case total == 0:
		return "This run had no sites."
	case c.OK == total && total == 1:
		return "The site succeeded."
	case c.OK == total:
		return "All " + count(total) + " sites succeeded."
	case c.Waiting+c.Running == total:
		return "No results yet: " + counted(total, "site remaining.", "sites remaining.")
	case c.NotSent == total:
		return "Nothing was sent."
	}
	say(c.OK, "succeeded", "succeeded")
	parts = append(parts, skippedIn(c, groups)...)
	say(c.Trouble(), "needs attention", "need attention")
	say(c.NotSent, "not sent", "not sent")
	say(c.Waiting+c.Running, "remaining", "remaining")
	return strings.Join(parts, ", ") + "."
}

func skippedIn(c RunCounts, groups []RunGroup) []string {
	var parts []string
	left := c.Skipped
	for _, g := range groups {
		if g.Outcome != "skipped" {
			continue
		}
		switch g.Reason {
		case "no_route":
			parts, left = append(parts, counted(g.Count, "does not have the endpoint", "do not have the endpoint")), left-g.Count
		case "not_applicable":
			parts, left = append(parts, counted(g.Count, "not applicable", "not applicable")), left-g.Count
		}
	}
	if left > 0 {
		parts = append(parts, counted(left, "skipped", "skipped"))
	}
	return parts
}
