package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// RungState is how a rung of the ladder was found.
type RungState string

// The states of a rung.
const (
	RungOK       RungState = "ok"
	RungWarning  RungState = "warning"
	RungFailed   RungState = "failed"
	RungNotTried RungState = "not_tried"
)

// The rungs, in the order in which they are climbed.
const (
	RungReach                = "reach"
	RungRoot                 = "rest_root"
	RungApplicationPasswords = "application_passwords"
	RungCredential           = "credential"
	RungCapabilities         = "capabilities"
	RungNamespaces           = "namespaces"
	RungStatus               = "bigscoots_status"
)

var rungs = []string{RungReach, RungRoot, RungApplicationPasswords, RungCredential, RungCapabilities, RungNamespaces, RungStatus}

// Rung is one step of the ladder: what was found, and how to mend it.
type Rung struct {
	Name    string    `json:"name"`
	State   RungState `json:"state"`
	Finding string    `json:"finding"`
	Mend    string    `json:"mend,omitempty"`
}

// Report is what climbing the ladder found.
type Report struct {
	Rungs         []Rung        `json:"rungs"` // all of them, in order
	Root          string        `json:"root,omitempty"`
	Home          string        `json:"home,omitempty"` // as the site itself says
	Name          string        `json:"name,omitempty"`
	Address       netip.Addr    `json:"address"`
	Login         string        `json:"login,omitempty"`
	Roles         []string      `json:"roles,omitempty"`
	Administrator bool          `json:"administrator,omitempty"`
	CanManage     bool          `json:"can_manage,omitempty"`
	Namespaces    []string      `json:"namespaces,omitempty"`
	Plugin        *PluginStatus `json:"plugin,omitempty"`
	RedirectsTo   string        `json:"redirects_to,omitempty"`
}

// State is ready, warning or broken.
func (r Report) State() string {
	state := "ready"
	for _, rung := range r.Rungs {
		switch rung.State {
		case RungFailed:
			return "broken"
		case RungWarning:
			state = "warning"
		}
	}
	return state
}

// Failing returns the first rung that failed.
func (r Report) Failing() (Rung, bool) {
	i := slices.IndexFunc(r.Rungs, func(rung Rung) bool { return rung.State == RungFailed })
	if i < 0 {
		return Rung{}, false
	}
	return r.Rungs[i], true
}

// ladder is a check under way.
type ladder struct {
	client *Client
	host   string
	report Report
	index  index
}

// index is what Drover reads of the REST index.
type index struct {
	Name           string          `json:"name"`
	Home           string          `json:"home"`
	Namespaces     []string        `json:"namespaces"`
	Authentication json.RawMessage `json:"authentication"` // an empty array where the feature is off, else an object
}

// Check climbs the ladder: reach the site, find its REST root, see whether application passwords are on, sign in, see what the user
// may do, which plugins answer, and how BigScoots Cache is. Nothing on the site is changed.
func (c *Client) Check(ctx context.Context) Report {
	u, err := url.Parse(c.address.Home)
	if err != nil {
		u = &url.URL{}
	}
	l := &ladder{client: &Client{network: c.network, address: c.address, username: c.username, password: c.password}, host: u.Host}
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
	finding := l.host + ": " + v.Reason.Sentence()
	if v.Note != "" {
		finding += " " + v.Note
	}
	if v.Message != "" {
		finding += " WordPress says: " + v.Message
	}
	return fail(finding, v.Reason.Mend())
}

// followed is how many redirects the way to the home page may take.
const followed = 5

func (l *ladder) reach(ctx context.Context) (Rung, bool) {
	at := l.client.address.Home + "/"
	for range followed {
		x := l.client.exchange(ctx, Request{Method: http.MethodGet}, at, false)
		l.report.Address = x.Address
		if x.Fault != nil && !x.TooLarge {
			return l.failed(Classify(x))
		}
		location := x.Header.Get("Location")
		if x.Status < 300 || x.Status >= 400 || location == "" {
			return l.arrived(x)
		}
		next, err := url.Parse(at)
		if err == nil {
			next, err = next.Parse(location)
		}
		if err != nil {
			return fail(l.host+" redirects to an address that cannot be read.", "Correct the redirect on the site.")
		}
		if at = next.String(); !sameOrigin(at, l.client.address.Home) {
			l.report.RedirectsTo = next.Scheme + "://" + next.Host
			return fail(l.host+" sends visitors on to "+l.report.RedirectsTo+".",
				"Change the site's address to "+l.report.RedirectsTo+": a redirect loses the request, or shows the credential to another host.")
		}
	}
	return fail(l.host+" redirects in a circle.", "Correct the redirect on the site.")
}

// arrived judges the home page and takes the REST root that it announces.
func (l *ladder) arrived(x Exchange) (Rung, bool) {
	if product, fenced := firewall(x); fenced {
		return fail(l.host+" answers with a challenge instead of its home page: "+product+".", ReasonBlocked.Mend())
	}
	if x.Status == http.StatusUnauthorized && x.Header.Get("Www-Authenticate") != "" {
		return fail(l.host+" asks for a password of the host before WordPress is reached.", "Have the host's password switched off, at least for /wp-json/: a request can carry one password only.")
	}
	l.client.address.Root = announced(x)
	if x.Status >= 500 {
		return warn(l.host+" answers its home page with an error ("+http.StatusText(x.Status)+").", ReasonSiteError.Mend())
	}
	return ok(l.host + " answers.")
}

func (l *ladder) findRoot(ctx context.Context) (Rung, bool) {
	home := l.client.address.Home
	var first Verdict
	for i, candidate := range []string{l.client.address.Root, home + "/wp-json/", home + "/index.php?rest_route=/", home + "/index.php/wp-json/"} {
		if candidate == "" {
			continue
		}
		if !sameOrigin(candidate, home) {
			return fail(l.host+" says that its REST API is at "+printable(candidate, 200)+", on another host.",
				"Correct the WordPress address and the site address under Settings → General, or add the site with that address: the credential is sent to the site's own host only.")
		}
		l.client.address.Root = candidate
		verdict, found := l.readIndex(ctx)
		if found {
			l.report.Root = candidate
			return ok("The REST API is at " + candidate + ".")
		}
		if i <= 1 && first.Outcome == "" {
			first = verdict
		}
	}
	if first.Outcome == OK || first.Reason == ReasonNotJSON || first.Reason == ReasonNoRoute {
		return fail(l.host+" has no REST API that can be found.", "Check that this is a WordPress site, that Settings → Permalinks is saved, and that no plugin switches the REST API off.")
	}
	return l.failed(first)
}

// readIndex reads the index below the root and tells whether it is one.
func (l *ladder) readIndex(ctx context.Context) (Verdict, bool) {
	anonymous := &Client{network: l.client.network, address: l.client.address}
	x := anonymous.Do(ctx, Request{Method: http.MethodGet, Path: "/?_fields=name,home,namespaces,authentication"})
	v := Classify(x)
	found, isJSON := findJSON(x.Body)
	if v.Outcome != OK || !isJSON {
		return v, false
	}
	var read index
	if json.Unmarshal(found.value, &read) != nil || len(read.Namespaces) == 0 {
		return v, false
	}
	l.index = read
	l.report.Name, l.report.Home, l.report.Namespaces = plain(read.Name), printable(read.Home, 500), read.Namespaces
	return v, true
}

func (l *ladder) applicationPasswords(context.Context) (Rung, bool) {
	var ways map[string]json.RawMessage
	if json.Unmarshal(l.index.Authentication, &ways) != nil {
		ways = nil // an empty array: nothing is offered
	}
	if _, offered := ways["application-passwords"]; !offered {
		return fail("Application passwords are switched off on "+l.host+".",
			"A security plugin or the host switches them off (the filter wp_is_application_passwords_available), or WordPress does not know that it is reached by https. Have that changed.")
	}
	return ok("Application passwords are available.")
}

func (l *ladder) credential(ctx context.Context) (Rung, bool) {
	x := l.client.Do(ctx, Request{Method: http.MethodGet, Path: "/wp/v2/users/me?context=edit&_fields=id,username,name,roles,capabilities"})
	v := Classify(x)
	if v.Outcome != OK {
		if v.Reason == ReasonNotAuthenticated && v.Note == "" {
			return fail("WordPress did not accept the credential for "+l.host+".",
				"The user name or the application password is wrong or was revoked, or the server drops the Authorization header. Replace the credential; if a new one fails too, ask the host to pass the Authorization header on.")
		}
		return l.failed(v)
	}
	var me struct {
		Username     string                     `json:"username"`
		Name         string                     `json:"name"`
		Roles        []string                   `json:"roles"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
	}
	found, _ := findJSON(x.Body)
	if json.Unmarshal(found.value, &me) != nil || me.Username == "" && me.Name == "" {
		return fail(l.host+" does not tell who is signed in.", "A plugin changes the answer of /wp/v2/users/me. Switch that off for signed-in users.")
	}
	l.report.Login, l.report.Roles = printable(me.Username+map[bool]string{true: me.Name}[me.Username == ""], 200), me.Roles
	l.report.CanManage = truth(me.Capabilities["manage_options"])
	l.report.Administrator = slices.Contains(me.Roles, "administrator") || truth(me.Capabilities["promote_users"])
	return ok("Signed in as " + l.report.Login + ".")
}

func truth(raw json.RawMessage) bool { return string(raw) == "true" || string(raw) == "1" }

const pluginNamespace = "bigscoots-cache/v2"

func (l *ladder) hasPlugin() bool { return slices.Contains(l.report.Namespaces, pluginNamespace) }

func (l *ladder) capabilities(ctx context.Context) (Rung, bool) {
	as := "The user's role is " + strings.Join(l.report.Roles, ", ")
	switch {
	case len(l.report.Roles) == 0:
		return fail("The user has no role on "+l.host+".", "On a multisite, add the user to this site too, with a role that BigScoots Cache's settings let purge.")
	case l.report.Administrator:
		return warn(as+": an administrator's credential can do everything on the site.",
			"Connect a user of a lesser role instead, and let that role purge in BigScoots Cache's settings.")
	case l.report.CanManage:
		return ok(as + ", which may manage options.")
	case !l.hasPlugin():
		return ok(as + ".")
	}
	x := l.client.Do(ctx, Request{Method: http.MethodOptions, Path: "/" + pluginNamespace + "/clear-cache"})
	if allow := x.Header.Get("Allow"); x.Status < 300 && x.Fault == nil && strings.Contains(allow, http.MethodPatch) {
		return ok(as + ", which may purge.")
	} else if x.Status >= 300 || x.Fault != nil {
		return warn(as+"; whether it may purge cannot be asked: the server does not let OPTIONS through.", "Run Status or Clear cache to see. Ask the host to let OPTIONS, PATCH and DELETE through to /wp-json/.")
	}
	return Rung{State: RungFailed, Finding: as + ", which may not purge the cache of " + l.host + ".",
		Mend: "Let this role purge in the site's BigScoots Cache settings, or connect a user that may."}, true
}

func (l *ladder) namespaces(context.Context) (Rung, bool) {
	if l.hasPlugin() {
		return ok("BigScoots Cache answers.")
	}
	rung, _ := warn("BigScoots Cache is not active on "+l.host+".", "Activate the plugin there, or leave the site out of cache operations. Everything else works.")
	return rung, false
}
