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
	ReasonTimeout: {"The site did not respond in time.", "Open the site in a browser. If it is slow there too, check the server's load. Then check again."},
	ReasonCutOff: {"The connection closed before the response was complete.",
		"Check again. If this continues, check the server's error log, or ask the host what closes the connection."},
	ReasonUnreachable:    {"The site could not be reached.", ReasonUnreachable.Fix()},
	ReasonTLS:            {"A secure connection to the site could not be established.", ReasonTLS.Fix()},
	ReasonAddressRefused: {"The site's host name resolves to an address that Drover is not allowed to contact.", ReasonAddressRefused.Fix()},
	ReasonRedirected: {"The site redirects Drover's request to another URL. Drover did not follow it, because that could send the credential to another host.",
		"If the site has moved, change its URL to the new one and check again."},
	ReasonNotJSON: {"The site returned a web page instead of an API response.",
		"Open the site. A coming-soon page, a login page or a wrong REST API URL can cause this."},
	ReasonUnclear:      {"Drover does not understand the site's response.", "Check what the site returns at this URL. A plugin may be changing it."},
	ReasonMaintenance:  {"The site is in maintenance mode or temporarily unavailable.", "Check again in a few minutes."},
	ReasonRateLimited:  {"The site, or a service in front of it, limits the number of requests.", "Check again in a few minutes."},
	ReasonInvalidInput: {"The site rejected Drover's request.", "Read the site's message, and check again."},
	ReasonRefused:      {"The site refused Drover's request.", "Read the site's message, and check again."},
	ReasonTooLarge:     {"The response is larger than Drover's limit.", "Check what the site returns at this URL. A plugin may be adding to it."},
	ReasonForbidden: {"The user is signed in but doesn't have permission to read this.",
		"Give the user's role permission to read it, or connect a user who has it."},
}

// CheckWords say what a reason means where Drover only looked, and what to do about it.
func CheckWords(r Reason) (found, fix string) { return findingOf(r), toDo(r) }
