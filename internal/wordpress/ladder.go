package wordpress

import (
	"context"
	"net/url"
	"strings"
)

// ladder is a check under way.
type ladder struct {
	client    *Client
	host      string
	report    Report
	announced string // the REST root that the home page announces
	index     index
	known     bool // who is signed in, and with which roles
}

// Check climbs the ladder: reach the site, find its REST root, see whether application passwords are on, sign in, see what the user
// may do, which cache plugins answer, and how they are. Nothing on the site is changed.
func (c *Client) Check(ctx context.Context) Report {
	l := &ladder{client: &Client{network: c.network, address: c.address, username: c.username, password: c.password}, host: c.address.Home}
	if u, err := url.Parse(c.address.Home); err == nil {
		l.host = u.Host
	}
	l.client.address.Root = "" // found again each time: a site's permalinks change
	steps := []func(context.Context) (Rung, bool){l.reach, l.findRoot, l.applicationPasswords, l.credential, l.capabilities, l.namespaces, l.status}
	for i, step := range steps {
		rung, goOn := step(ctx)
		rung.Name = rungs[i]
		l.report.Rungs = append(l.report.Rungs, rung)
		if !goOn {
			break
		}
	}
	for _, name := range rungs[len(l.report.Rungs):] {
		l.report.Rungs = append(l.report.Rungs, Rung{Name: name, State: RungNotTried})
	}
	if rung, warns := l.report.first(RungWarning); warns {
		l.report.Warning = rung.Finding
	}
	return l.report
}

func ok(finding string) (Rung, bool) { return Rung{State: RungOK, Finding: finding}, true }

func warn(finding, mend string) (Rung, bool) {
	return Rung{State: RungWarning, Finding: finding, Mend: mend}, true
}

func fail(finding, mend string) (Rung, bool) {
	return Rung{State: RungFailed, Finding: finding, Mend: mend}, false
}

// failed tells what an exchange that should have worked found instead.
func (l *ladder) failed(v Verdict) (Rung, bool) {
	return fail(l.found(v), toDo(v.Reason))
}

func (l *ladder) found(v Verdict) string {
	finding := l.host + ": " + findingOf(v.Reason)
	if note := certain(v.Note); note != "" {
		finding += " " + note
	}
	if v.Message != "" {
		finding += " WordPress says: " + v.Message
	}
	return finding
}

// checkWords say what some reasons mean for a check, which only looks: nothing can have been carried out, and nothing is run again.
var checkWords = map[Reason]struct{ found, toDo string }{
	ReasonTimeout:        {"No answer came in time.", "Open the site in a browser: where it is slow there too, look at the server's load. Then check again."},
	ReasonCutOff:         {"The connection was cut before the answer was complete.", "Check again. If it stays so, look at the server's error log, or ask the host what cuts the connection."},
	ReasonUnreachable:    {"The site could not be reached.", ReasonUnreachable.Mend()},
	ReasonTLS:            {"No secure connection to the site can be made.", ReasonTLS.Mend()},
	ReasonAddressRefused: {"The site's name leads to an address that Drover may not speak to.", ReasonAddressRefused.Mend()},
	ReasonRedirected: {"The site sends Drover's question to another address. It was not followed: that could show the credential to another host.",
		"If the site has moved, change its address to the one that it points to, and check again."},
	ReasonNotJSON:      {"Something answered with a page instead of an API answer.", "Open the site: a coming-soon page, a login wall or a wrong REST address answers like this."},
	ReasonUnclear:      {"The site's answer cannot be understood.", "Look at what the site answers at this address: a plugin may change it."},
	ReasonMaintenance:  {"The site is in maintenance or not available at the moment.", "Check again in some minutes."},
	ReasonRateLimited:  {"The site, or something in front of it, asked for fewer requests.", "Check again in some minutes."},
	ReasonInvalidInput: {"The site did not accept Drover's question.", "Look at what it says, and check again."},
	ReasonRefused:      {"The site refused Drover's question.", "Look at what it says, and check again."},
	ReasonTooLarge:     {"The answer is larger than Drover's limit.", "Look at what the site answers at this address: a plugin may add to it."},
	ReasonForbidden:    {"The user is signed in, but may not read this.", "Let the user's role read it, or connect a user that may."},
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
	return r.Mend()
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
