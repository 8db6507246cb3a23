package wordpress

import (
	"context"
	"net/url"
)

// Check goes through its steps: reach the site, find its REST root, see whether application passwords are on, sign in, see what the user
// may do, which cache plugins answer, and how they are. Nothing on the site is changed.
func (c *Client) Check(ctx context.Context) Report {
	l := &siteCheck{client: &Client{network: c.network, address: c.address, username: c.username, password: c.password}, host: c.address.Home}
	if u, err := url.Parse(c.address.Home); err == nil {
		l.host = u.Host
	}
	l.client.address.Root = "" // found again each time: a site's permalinks change
	steps := []func(context.Context) (CheckStep, bool){l.readHomePage, l.findRoot, l.applicationPasswords, l.credential, l.capabilities, l.namespaces, l.status}
	for i, step := range steps {
		result, goOn := step(ctx)
		result.Name = checkSteps[i]
		l.report.Steps = append(l.report.Steps, result)
		if !goOn {
			break
		}
	}
	for _, name := range checkSteps[len(l.report.Steps):] {
		l.report.Steps = append(l.report.Steps, CheckStep{Name: name, State: CheckNotTried})
	}
	if result, warns := l.report.first(CheckWarning); warns {
		l.report.Warning = result.Finding
	}
	return l.report
}

// checkWords say what some reasons mean for a check, which only looks: nothing can have been carried out, and nothing is run again.
var checkWords = map[Reason]struct{ found, toDo string }{
	ReasonTimeout: {"No answer came in time.", "Open the site in a browser: where it is slow there too, look at the server's load. Then check again."},
	ReasonCutOff: {"The connection was cut before the answer was complete.",
		"Check again. If it stays so, look at the server's error log, or ask the host what cuts the connection."},
	ReasonUnreachable:    {"The site could not be reached.", ReasonUnreachable.Fix()},
	ReasonTLS:            {"No secure connection to the site can be made.", ReasonTLS.Fix()},
	ReasonAddressRefused: {"The site's name leads to an address that Drover may not speak to.", ReasonAddressRefused.Fix()},
	ReasonRedirected: {"The site sends Drover's question to another address. It was not followed: that could show the credential to another host.",
		"If the site has moved, change its address to the one that it points to, and check again."},
	ReasonNotJSON: {"Something answered with a page instead of an API answer.",
		"Open the site: a coming-soon page, a login wall or a wrong REST address answers like this."},
	ReasonUnclear:      {"The site's answer cannot be understood.", "Look at what the site answers at this address: a plugin may change it."},
	ReasonMaintenance:  {"The site is in maintenance or not available at the moment.", "Check again in some minutes."},
	ReasonRateLimited:  {"The site, or something in front of it, asked for fewer requests.", "Check again in some minutes."},
	ReasonInvalidInput: {"The site did not accept Drover's question.", "Look at what it says, and check again."},
	ReasonRefused:      {"The site refused Drover's question.", "Look at what it says, and check again."},
	ReasonTooLarge:     {"The answer is larger than Drover's limit.", "Look at what the site answers at this address: a plugin may add to it."},
	ReasonForbidden:    {"The user is signed in, but may not read this.", "Let the user's role read it, or connect a user that may."},
}

// CheckWords say what a reason means where Drover only looked, and what to do about it.
func CheckWords(r Reason) (found, fix string) { return findingOf(r), toDo(r) }
