package wordpress

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Location is where a site's REST API is, and what its index says of the site.
type Location struct {
	Root string
	Home string // as the site itself says
	Name string

	Namespaces []string // of its plugins' routes; none where the index does not tell
}

// discoveryTimeout bounds a look before a request: a site that is slow now will be slow for the request too, which says so itself.
const discoveryTimeout = 10 * time.Second

// Locate looks whose REST API answers at the site's address before anything is sent to it, and finds it where it is elsewhere: with
// plain permalinks, below index.php, or under another prefix. It costs one look where all is as it was. Without a location, the verdict
// tells that another site answers, or nothing where that cannot be told and the request itself will show more.
func (c *Client) Locate(ctx context.Context) (Location, Verdict) {
	s := search{client: c, timeout: discoveryTimeout, read: c.indexAt}
	s.add(c.root())
	found, is := s.run(ctx)
	if !is && s.onOtherHost() {
		page := c.homePage(ctx, discoveryTimeout, false)
		s.announce(announced(page.Exchange))
		if s.first.Reason != ReasonBlocked {
			s.addUsual()
		}
		found, is = s.run(ctx)
	}
	switch {
	case is:
		return found.location(), Verdict{}
	case s.other != nil:
		return Location{}, s.other.another()
	case c.gate.MaxPause > 0 && s.first.RetryAfter > c.gate.MaxPause: // the request itself would wait for too long
		return Location{}, s.first
	}
	return Location{}, Verdict{}
}

// discovery is an index and where it was found.
type discovery struct {
	root string
	index
	signUp bool // no index: a network sent to its sign-up page, as it does for blogs that it does not have (ms_site_not_found)
}

func (d discovery) location() Location {
	return Location{Root: d.root, Home: printable(d.Home, 500), Name: plain(d.Name), Namespaces: d.Namespaces}
}

// says is what the other site calls itself.
func (d discovery) says() string {
	named := d.Home
	if named == "" {
		named = d.URL
	}
	if d.signUp {
		return "No such site exists: the network's main site, " + printable(d.Home, 300) + ", responds with its sign-up page."
	}
	says := "The REST API at " + printable(d.root, 300) + " belongs to another site"
	if named != "" {
		says += ", named " + printable(named, 300)
	}
	if name := plain(d.Name); name != "" {
		says += " (“" + cut(name, 80) + "”)"
	}
	return says + "."
}

func (d discovery) another() Verdict {
	return failed(ReasonOtherSite, d.says())
}

// mostRoots bounds the places that are tried for one site.
const mostRoots = 7

// search tries places for the REST root, one after the other.
type search struct {
	client  *Client
	timeout time.Duration
	read    func(context.Context, string, time.Duration) reading
	queue   []string
	tried   []string
	first   Verdict    // of the first place
	other   *discovery // another site's index that was found on the way
	foreign string     // a root that was announced on another host
}

// add puts a place at the end of the queue.
func (s *search) add(root string) {
	if root = s.own(root); root != "" && !slices.Contains(s.queue, root) {
		s.queue = append(s.queue, root)
	}
}

// addFirst puts a place that an answer led to before those that are only usual.
func (s *search) addFirst(root string) {
	if root = s.own(root); root != "" {
		s.queue = slices.Insert(slices.DeleteFunc(s.queue, func(other string) bool { return other == root }), 0, root)
	}
}

// announce notes a root that a page or answer announces.
func (s *search) announce(root string) {
	u, h := webAddress(root), webAddress(s.client.address.Home)
	if u != nil && h != nil && !strings.EqualFold(u.Hostname(), h.Hostname()) {
		s.foreign = root
	}
	s.addFirst(root)
}

// own is the place on the site's own origin, since the credential goes nowhere else; empty where it was tried.
func (s *search) own(root string) string {
	if root = rebase(root, s.client.address.Home); slices.Contains(s.tried, root) {
		return ""
	}
	return root
}

// addUsual adds where WordPress has its REST API without being asked.
func (s *search) addUsual() {
	for _, path := range []string{"/wp-json/", "/index.php?rest_route=/", "/index.php/wp-json/"} {
		s.add(s.client.address.Home + path)
	}
}

// run tries the places until one has the site's own index. It ends early where the server does not answer at all, or asks to wait.
func (s *search) run(ctx context.Context) (discovery, bool) {
	for len(s.queue) > 0 && len(s.tried) < mostRoots {
		root := s.queue[0]
		s.queue, s.tried = s.queue[1:], append(s.tried, root)
		r := s.read(ctx, root, s.timeout)
		if len(s.tried) == 1 {
			s.first = r.verdict
		}
		found, to := discovery{root: root, index: r.index}, pointsTo(r.exchange)
		switch {
		case r.found && ownIndex(s.client.address.Home, root, r.index):
			return found, true
		case r.found && s.other == nil:
			s.other = &found
		case s.other == nil && signsUp(to):
			s.other = &discovery{root: root, index: index{Home: printable(strings.TrimSuffix(withoutQuery(to), signUpPage), 300)}, signUp: true}
		case silent(r.exchange), asksToWait(r.verdict):
			return discovery{}, false
		}
		s.announce(announced(r.exchange)) // every page and answer of WordPress announces it
		s.addFirst(restAddress(to))
	}
	return discovery{}, false
}

// asksToWait tells whether the site wants no request for a while, wherever it is sent.
func asksToWait(v Verdict) bool {
	return v.RetryAfter > 0 && (v.Reason == ReasonMaintenance || v.Reason == ReasonRateLimited)
}

// pointsTo is where a redirect leads, whatever it means; empty without one.
func pointsTo(x Exchange) string {
	if x.Status < 300 || x.Status > 399 {
		return ""
	}
	return absolute(x.URL, x.Header.Get("Location"))
}

const signUpPage = "/wp-signup.php"

func signsUp(address string) bool { return strings.HasSuffix(withoutQuery(address), signUpPage) }

func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address
}

// onOtherHost tells whether the REST API may be at another place than the first.
func (s *search) onOtherHost() bool {
	return s.other != nil || slices.Contains([]Reason{ReasonNotJSON, ReasonNoRoute, ReasonRedirected, ReasonProtected, ReasonBlocked, ReasonInvalidInput,
		ReasonTooLarge, ""}, s.first.Reason)
}

// restAddress is the root that a redirect of an index leads to: one of a language, or without the slash at its end.
func restAddress(location string) string {
	u := webAddress(location)
	if u == nil || strings.Contains(u.Path, "/wp-login.php") || !strings.Contains(u.Path, "/wp-json") && !u.Query().Has("rest_route") {
		return ""
	}
	query := url.Values{}
	if route := u.Query().Get("rest_route"); route != "" {
		query.Set("rest_route", route)
	}
	u.RawQuery, u.Fragment = strings.ReplaceAll(query.Encode(), "%2F", "/"), ""
	return u.String()
}

// followed is how many redirects the way to the home page may take.
const followed = 5

// homePage is the end of a visitor's way to the home page.
type homePage struct {
	Exchange
	at       string
	hops     int
	address  netip.Addr // of the site's own server
	circular bool
}

// homePage reads the home page as a visitor does, redirects and all, and without the credential. It leaves the site's origin only
// where it is told to.
func (c *Client) homePage(ctx context.Context, timeout time.Duration, leave bool) homePage {
	p := homePage{at: c.address.Home + "/"}
	for p.hops = 0; ; p.hops++ {
		p.Exchange = c.anonymous().exchange(ctx, getRequest("", timeout), wire{url: p.at})
		if p.hops == 0 {
			p.address = p.Address
		}
		next := absolute(p.at, p.Header.Get("Location"))
		if p.Status < 300 || p.Status >= 400 || next == "" || !leave && !sameOrigin(next, c.address.Home) {
			return p
		}
		if p.hops == followed {
			p.circular = true
			return p
		}
		p.at = next
	}
}
