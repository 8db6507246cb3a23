// Package cacheplugin describes the cache plugins that Drover knows, as data and pure functions: their routes, what clears everything, what
// their answers mean, and how a page shows that it came from their cache. A further plugin is one more file and its line in known.
package cacheplugin

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Plugin is one cache plugin.
type Plugin struct {
	Slug      string // as it is stored on a site
	Name      string
	Layer     Layer
	Namespace string  // of its routes in the REST index
	Clear     Request // clears everything
	Settings  string  // its page below wp-admin/
	Access    string  // how a user comes to be allowed to clear it, as a sentence

	Operations  []Operation // in the order in which they are offered
	Routes      []Route     // what their methods do
	EveryMethod bool        // each route is registered for every method and itself refuses the wrong ones
	Status      *StatusRoute
	Tells       func(Observation) map[string]string // what an answer tells of the plugin itself; nil: none does
	Read        func(values map[string]string, host string) (s Status, finding, toDo string)
	Versioned   string // the name of the value that holds the version

	Codes       map[string]Verdict                // by the error codes of its own routes, whatever the HTTP status
	Suffixes    map[string]Verdict                // by the end of such a code
	SaysSuccess bool                              // a write that was carried out says "success": true; without it, it was not
	SameAnswer  bool                              // a write is answered alike whether or not it did anything, so only pages can prove it
	Pause       time.Duration                     // between two clears, where the plugin refuses them sooner
	Done        func(Answer) (Verdict, bool)      // judges what looks like a success; nil: there is no more to it
	Purged      func(body []byte) (purged Purged) // which pages a request clears; nil: all of them

	SetByCDN    bool           // its PageHeaders are the CDN's own words, which count before all others
	PageHeaders []string       // tell whether a page came from its cache, the surest first
	Headers     []string       // other headers worth keeping; a name that ends with - stands for all that begin so
	PageMark    *regexp.Regexp // in a page: when this copy of it was made
}

// Layer is where a cache stands. What a layer is filled from is cleared before it, or it keeps an old page again.
type Layer int

// The layers, in the order in which they are cleared.
const (
	Builder Layer = iota // what page builders keep inside WordPress
	PageCache
	Edge // the host's cache and the CDN, in front of WordPress
)

// Verdict is what a plugin's answer means, with the names that internal/wordpress gives outcomes and reasons.
type Verdict struct {
	Outcome, Reason, Note string
	Retry                 bool // worth another try later
}

func skipped(note string) Verdict {
	return Verdict{Outcome: "skipped", Reason: "not_applicable", Note: note}
}
func failed(reason, note string) Verdict {
	return Verdict{Outcome: "failed", Reason: reason, Note: note}
}

// Answer is what a plugin's success is judged by.
type Answer struct {
	Method  string
	Request []byte
	Fields  map[string]json.RawMessage
}

// Request is what to send to a plugin.
type Request struct {
	Method, Path string
	Body         []byte
	Timeout      time.Duration
}

// Operation is something that a plugin can do without parameters.
type Operation struct {
	Name, Title, Sentence string
	Effect                string
	Request               Request
}

// Route says what methods of a route do. In a path, * stands for any text without a slash and ** for any text.
type Route struct {
	Methods   string // by spaces; "writes" is every method but GET, HEAD and OPTIONS
	Path      string
	Effect    string
	Operation string // the built-in operation that the request is, if it is one
}

const (
	writes      = "writes"
	mostMethods = "GET HEAD POST PUT PATCH" // for routes that act on a GET too
)

// The effects, with the names of internal/operation.
const (
	read    = "read"
	change  = "change"
	destroy = "destroy"
)

// known are the plugins, each described in a file of its own.
var known = []Plugin{WPSuperCache, SiteGround, WPEngine, BigScoots}

// All lists the plugins in the order in which their caches are cleared.
func All() []Plugin {
	all := slices.Clone(known)
	slices.SortStableFunc(all, func(a, b Plugin) int { return int(a.Layer) - int(b.Layer) })
	return all
}

// In lists the plugins that have routes in these namespaces, in the order in which their caches are cleared.
func In(namespaces []string) []Plugin {
	return filter(func(p Plugin) bool { return slices.Contains(namespaces, p.Namespace) })
}

// OfURL returns the plugin whose route the URL leads to.
func OfURL(address string) (Plugin, bool) {
	route := routePath(address)
	for _, p := range known {
		if strings.Contains(route, "/"+p.Namespace+"/") {
			return p, true
		}
	}
	return Plugin{}, false
}

// none is stored for a site where no known plugin is active, since nothing is stored where that is not known.
const none = "none"

// Stored is how a site's plugins are stored.
func Stored(all []Plugin) string {
	if len(all) == 0 {
		return none
	}
	slugs := make([]string, len(all))
	for i, p := range all {
		slugs[i] = p.Slug
	}
	return strings.Join(slugs, ",")
}

// FromStored reads what Stored wrote, and tells whether anything is known.
func FromStored(text string) (all []Plugin, isKnown bool) {
	slugs := strings.Split(text, ",")
	return filter(func(p Plugin) bool { return slices.Contains(slugs, p.Slug) }), text != ""
}

func filter(keep func(Plugin) bool) []Plugin {
	return slices.DeleteFunc(All(), func(p Plugin) bool { return !keep(p) })
}

// Names lists the plugins' names in a sentence.
func Names(all []Plugin) string {
	var text strings.Builder
	for i, p := range all {
		switch {
		case i > 0 && i == len(all)-1:
			text.WriteString(" and ")
		case i > 0:
			text.WriteString(", ")
		}
		text.WriteString(p.Name)
	}
	return text.String()
}

// PageHeaders are the headers by which pages show that they came from a plugin's cache: those that a CDN sets, or those that it may have kept
// with the page.
func PageHeaders(setByCDN bool) []string {
	var all []string
	for _, p := range known {
		if p.SetByCDN == setByCDN {
			all = append(all, p.PageHeaders...)
		}
	}
	return canonical(all)
}

// Headers are all headers of the plugins that are worth keeping.
func Headers() []string {
	var all []string
	for _, p := range known {
		all = append(append(all, p.PageHeaders...), p.Headers...)
	}
	return canonical(all)
}

func canonical(names []string) []string {
	for i, name := range names {
		names[i] = http.CanonicalHeaderKey(name)
	}
	return names
}

// markedEnd is how much of a page's end may hold a plugin's mark.
const markedEnd = 4 << 10

// PageMark is what a page says of when its copy in a cache was made; empty where it says nothing.
func PageMark(page []byte) string {
	end := page[max(0, len(page)-markedEnd):]
	for _, p := range known {
		if p.PageMark != nil {
			if found := p.PageMark.FindSubmatch(end); found != nil {
				return p.Name + ", " + string(found[1])
			}
		}
	}
	return ""
}

// Of judges an error code of one of the plugin's routes.
func (p Plugin) Of(code string) (Verdict, bool) {
	if v, is := p.Codes[code]; is {
		return v, true
	}
	for suffix, v := range p.Suffixes {
		if strings.HasSuffix(code, suffix) {
			return v, true
		}
	}
	return Verdict{}, false
}

// Purged is what a request clears.
type Purged struct {
	URLs  []string
	Posts []int64
	Home  bool // the home page is among it, as where everything is cleared
}
