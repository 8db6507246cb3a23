package wordpress

import "strings"

func ok(finding string) (CheckStep, bool) { return CheckStep{State: CheckOK, Finding: finding}, true }

func warn(finding, fix string) (CheckStep, bool) {
	return CheckStep{State: CheckWarning, Finding: finding, Fix: fix}, true
}

func fail(finding, fix string) (CheckStep, bool) {
	return CheckStep{State: CheckFailed, Finding: finding, Fix: fix}, false
}

// siteCheck is a check that is running.
type siteCheck struct {
	client    *Client
	host      string
	report    Report
	announced string // the REST root that the home page announces
	index     index
	known     bool // who is signed in, and with which roles
}

// failed tells what an exchange that should have worked found instead.
func (l *siteCheck) failed(v Verdict) (CheckStep, bool) {
	return fail(l.found(v), toDo(v.Reason))
}

func (l *siteCheck) found(v Verdict) string {
	finding := l.host + ": " + findingOf(v.Reason)
	if note := certain(v.Note); note != "" {
		finding += " " + note
	}
	if v.Message != "" {
		finding += " WordPress says: " + v.Message
	}
	return finding
}

// findingOf says what a reason means for a check.
func findingOf(r Reason) string {
	if words, is := checkWords[r]; is {
		return words.found
	}
	return r.Sentence()
}

func toDo(r Reason) string {
	if words, is := checkWords[r]; is {
		return words.toDo
	}
	return r.Fix()
}

// certain leaves out of a note what is said of requests that change something.
func certain(note string) string {
	var kept []string
	for _, sentence := range strings.SplitAfter(note, ". ") {
		if !strings.Contains(sentence, "may have been carried out") {
			kept = append(kept, strings.TrimSpace(sentence))
		}
	}
	return strings.Join(kept, " ")
}
