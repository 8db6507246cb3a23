package wordpress

import (
	"context"
	"encoding/json"
	"net/url"
)

// ladder is a check under way.
type ladder struct {
	client *Client
	host   string
	report Report
	ways   json.RawMessage // to sign in, as the REST index offers them
	known  bool            // who is signed in
}

// Check climbs the ladder: reach the site, find its REST root, see whether application passwords are on, sign in, see what the user
// may do, which plugins answer, and how BigScoots Cache is. Nothing on the site is changed.
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
	return fail(l.found(v), v.Reason.Mend())
}

func (l *ladder) found(v Verdict) string {
	finding := l.host + ": " + v.Reason.Sentence()
	if v.Note != "" {
		finding += " " + v.Note
	}
	if v.Message != "" {
		finding += " WordPress says: " + v.Message
	}
	return finding
}
