package wordpress

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// Obstacle is why a site cannot be asked for an application password in the browser. The list is closed.
type Obstacle string

// The obstacles.
const (
	ObstacleNone         Obstacle = ""
	ObstacleAddress      Obstacle = "address"       // what was typed is no address
	ObstacleNoAnswer     Obstacle = "no_answer"     // Verdict says why
	ObstacleNotWordPress Obstacle = "not_wordpress" // something else answers
	ObstacleNoHTTPS      Obstacle = "no_https"
	ObstacleSwitchedOff  Obstacle = "switched_off"
	ObstacleBasicAuth    Obstacle = "basic_auth" // the host's own password stands in front
	ObstacleElsewhere    Obstacle = "elsewhere"  // the approval page is said to be on another host
)

// Prospect is what can be seen of a site without a credential.
type Prospect struct {
	Home      string // as the site itself says, on the scheme that answered
	SiteURL   string // of WordPress itself, where that is elsewhere than the home
	Root      string
	Name      string
	Approval  string // the page on which a user approves an application; empty where there is none
	Redirects string // the home that was typed, where the site is elsewhere
	Plugins   string // active cache plugins, as cacheplugin.Stored writes them
	Obstacle  Obstacle
	Verdict   Verdict // of what stood in the way
}

// prospectTimeout bounds each request of a look.
const prospectTimeout = 15 * time.Second

// Look finds the WordPress site that an address leads to, in any form that people paste: a page of wp-admin, a post, the front page of a language.
// It sends no credential, so it follows redirects as a visitor does. Where nothing answers over https, and the address does not insist on it, http is tried.
func (n *Network) Look(ctx context.Context, address string) Prospect {
	home, err := ParseHome(address)
	if err != nil {
		if home, err = ParseHome(withoutQuery(strings.SplitN(address, "#", 2)[0])); err != nil {
			return Prospect{Obstacle: ObstacleAddress, Verdict: Verdict{Note: err.Error()}}
		}
	}
	secure := "https" + strings.TrimPrefix(strings.TrimPrefix(home, "https"), "http")
	p := n.look(ctx, secure)
	insists := strings.HasPrefix(strings.ToLower(strings.TrimSpace(address)), "https:")
	if p.Obstacle == ObstacleNoAnswer && p.Verdict.Reason == ReasonUnreachable && !insists {
		if plain := n.look(ctx, "http"+strings.TrimPrefix(secure, "https")); plain.Obstacle != ObstacleNoAnswer {
			p = plain
		}
	}
	if p.Home != "" && p.Home != home && SiteKey(p.Home) != SiteKey(home) {
		p.Redirects = home
	}
	return p
}

// SiteKey is the same for all addresses of one site: scheme and www do not count, and neither do the usual ports.
func SiteKey(home string) string {
	u := webAddress(home)
	if u == nil {
		return home
	}
	key := bareHost(u)
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		key += ":" + port
	}
	return key + belowOrigin(u)
}

func (n *Network) look(ctx context.Context, home string) Prospect {
	visitor := n.Client(Address{Home: home}, "", "")
	page := visitor.homePage(ctx, prospectTimeout, true)
	switch {
	case page.Fault != nil && !page.TooLarge && nothingAnswered(page.Fault), page.Fault != nil && page.hops == 0 && silent(page.Exchange):
		return Prospect{Home: home, Obstacle: ObstacleNoAnswer, Verdict: Classify(page.Exchange)}
	case page.Status == http.StatusUnauthorized && page.Header.Get("Www-Authenticate") != "":
		return Prospect{Home: home, Obstacle: ObstacleBasicAuth, Verdict: Classify(page.Exchange)}
	}
	at := home
	if end, err := ParseHome(withoutQuery(page.at)); err == nil && !sameOrigin(end, home) {
		at = end
	}
	return n.lookAround(ctx, at, announced(page.Exchange))
}

// lookAround reads the index that the page announces, else looks for one at each level of the path, the deepest first.
func (n *Network) lookAround(ctx context.Context, home, announcedRoot string) Prospect {
	var first *reading
	for _, root := range rootsAround(home, announcedRoot) {
		r := n.Client(Address{Home: originOf(root)}, "", "").indexAt(ctx, root, prospectTimeout)
		if r.found {
			return n.prospect(ctx, home, root, r.index)
		}
		if first == nil {
			first = &r
		}
		if silent(r.exchange) {
			break
		}
	}
	p := Prospect{Home: home, Obstacle: ObstacleNotWordPress, Verdict: first.verdict}
	switch x := first.exchange; {
	case x.Status == http.StatusUnauthorized && x.Header.Get("Www-Authenticate") != "":
		p.Obstacle = ObstacleBasicAuth
	case first.verdict.Outcome != OK && !slices.Contains([]Reason{ReasonNotJSON, ReasonNoRoute, ReasonRedirected, ReasonUnclear}, first.verdict.Reason):
		p.Obstacle = ObstacleNoAnswer
	}
	return p
}

// rootsAround are the places of the REST API for an address that may lie below the site's home.
func rootsAround(home, announcedRoot string) []string {
	var roots []string
	add := func(root string) {
		if root != "" && !slices.Contains(roots, root) && len(roots) < mostRoots {
			roots = append(roots, root)
		}
	}
	if a := webAddress(announcedRoot); a != nil && bareHost(a) == bareHost(webAddress(home)) {
		add(rebase(announcedRoot, home))
	}
	add(home + "/wp-json/")
	add(home + "/index.php?rest_route=/")
	for below := home; ; {
		cut := strings.LastIndexByte(below, '/')
		if below = below[:cut]; strings.HasSuffix(below, "/") || cut < 0 {
			break
		}
		add(below + "/wp-json/")
	}
	if last := originOf(home) + "/wp-json/"; !slices.Contains(roots, last) {
		roots[len(roots)-1] = last
	}
	return roots
}

func originOf(address string) string {
	u := webAddress(address)
	if u == nil {
		return address
	}
	return origin(u)
}

// prospect reads an index that was found.
func (n *Network) prospect(ctx context.Context, asked, root string, i index) Prospect {
	p := Prospect{Home: ownHome(asked, i), SiteURL: printable(i.URL, 500), Root: root, Name: plain(i.Name),
		Plugins: cacheplugin.Stored(cacheplugin.In(i.Namespaces))}
	if language, is := n.frontOfLanguage(ctx, p, i); is {
		p = language
	}
	ways, _ := readObject(i.Authentication)
	way, _ := readObject(ways["application-passwords"])
	endpoints, _ := readObject(way["endpoints"])
	page := webAddress(readText(endpoints["authorization"]))
	switch {
	case strings.HasPrefix(p.Home, "http:"):
		p.Obstacle = ObstacleNoHTTPS
	case len(way) == 0 || page == nil:
		p.Obstacle = ObstacleSwitchedOff
	case bareHost(page) != bareHost(webAddress(p.Home)) && (webAddress(i.URL) == nil || bareHost(page) != bareHost(webAddress(i.URL))):
		p.Obstacle = ObstacleElsewhere
	default:
		page.Scheme = "https"
		if sameHostname(page, p.Home) {
			page.Host = webAddress(p.Home).Host // behind a proxy, WordPress may name an inner port
		}
		page.RawQuery, page.Fragment = "", ""
		p.Approval = page.String()
	}
	return p
}

func sameHostname(page *url.URL, home string) bool {
	h := webAddress(home)
	return h != nil && strings.EqualFold(h.Hostname(), page.Hostname())
}

// ownHome is the site's own name for itself, on the origin that answered: a server behind a proxy often knows its scheme and port wrongly.
func ownHome(asked string, i index) string {
	own, at := webAddress(i.Home), webAddress(asked)
	if own == nil {
		own = webAddress(i.URL)
	}
	if own == nil {
		return asked
	}
	if strings.EqualFold(own.Hostname(), at.Hostname()) {
		own.Host = at.Host
	}
	own.Scheme = at.Scheme
	home, err := ParseHome(origin(own) + own.EscapedPath())
	if err != nil {
		return asked
	}
	return home
}

// frontOfLanguage tells whether the home is that of one language of a site: below WordPress's own address, named the home of another
// index. A network's blog has an address of its own instead.
func (n *Network) frontOfLanguage(ctx context.Context, p Prospect, i index) (Prospect, bool) {
	own := webAddress(i.URL)
	if own == nil || belowOrigin(own) == belowOrigin(webAddress(p.Home)) || !within(originOf(p.Home)+belowOrigin(own), p.Home) {
		return p, false
	}
	above := originOf(p.Home) + belowOrigin(own)
	root := above + "/wp-json/"
	r := n.Client(Address{Home: above}, "", "").indexAt(ctx, root, prospectTimeout)
	if !r.found || SiteKey(ownHome(above, r.index)) != SiteKey(above) {
		return p, false
	}
	p.Home, p.Root, p.Name = ownHome(above, r.index), root, plain(r.index.Name)
	return p, true
}
