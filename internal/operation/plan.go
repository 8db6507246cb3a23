package operation

import (
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Site is what a plan needs to know of a site.
type Site struct {
	ID               int64
	Name, Home, Host string
	Root             string // of the REST API, as last detected; empty: not known yet
	ReportedHome     string // what the site itself calls its home; empty: not known yet
	CachePlugins     string // as cacheplugin.Stored writes them; empty: not known yet
}

// Values are what references such as {{site.name}} stand for on the site.
func (s Site) Values() endpoint.Values {
	return endpoint.Values{"site.url": s.Home, "site.name": s.Name, "site.host": s.Host, "site.id": strconv.FormatInt(s.ID, 10)}
}

// Plan is an operation with its parameters checked: what to send to each site.
type Plan struct {
	Title      string
	Endpoint   string
	Unchosen   validation.Problems // what a person would still have to choose, where a program may leave it out
	Given      map[string]string   // the parameters that say more than their absence does: a form sends its defaults, an address leaves them out
	Effect     Effect              // as judged, or more where a person says so: it decides rights, confirmation and approval
	Operations []string            // the built-in operations that a request is in truth
	Abilities  []string            // the abilities that a request runs, by name
	Declared   Effect              // what a person says that it does; decides whether it is retried and how much of an answer is kept
	Refers     bool                // values of each site are filled in, so it is judged again for each
	Idempotent bool                // sending it twice does no more than sending it once
	AllPages   bool                // a list is followed over all its pages
	Purges     bool                // pages can be looked at before and after
	Plugin     string              // the slug of the cache plugin whose endpoint it is; empty: of none in particular

	Request   func(Site) (wordpress.Request, bool)    // false: it has nothing to do on this site
	Steps     func(Site) []Step                       // several requests, one after the other, where Request is the first; nil: Request is the only one
	Secrets   func(Site) []string                     // what is filled in for a site that must not be kept; nil: nothing is
	Unmatched func(chosen []Site) validation.Problems // what was given for sites that are not chosen; nil: nothing can be

	requestAmong func(s Site, homes []string) (wordpress.Request, bool) // Request, where it depends on the other sites
}

// NeedsSites tells whether what one site is sent depends on the other sites, so that WithSites comes before Request.
func (p Plan) NeedsSites() bool { return p.requestAmong != nil }

// WithSites returns the plan for a run on the sites with these homes.
func (p Plan) WithSites(homes []string) Plan {
	if p.requestAmong == nil {
		return p
	}
	among := p.requestAmong
	p.Request = func(s Site) (wordpress.Request, bool) { return among(s, homes) }
	return p
}

// Step is one of several requests to a site.
type Step struct {
	Plugin  string // the name of the plugin that it is for; empty: it looks for the plugins
	Request wordpress.Request
}

// Lowered tells whether a person says that it does less than it may.
func (p Plan) Lowered() bool { return p.Declared != "" && p.Declared.LessThan(p.Effect) }

// Reads tells whether its answer is what it is for.
func (p Plan) Reads() bool { return p.Effect == Read || p.Declared == Read }

// Exceeded tells whether the request with a site's values in it does more than the plan says.
func (p Plan) Exceeded(r wordpress.Request) bool {
	if !p.Refers {
		return false
	}
	judged := Judge(Request{Method: r.Method, Path: r.Path, Header: r.Header, Body: string(r.Body)})
	return judged.Exceeds(Judgement{p.Effect, p.Operations, p.Abilities})
}

// SecretsOf are the values filled in for the site that must not be kept.
func (p Plan) SecretsOf(s Site) []string {
	if p.Secrets == nil {
		return nil
	}
	return p.Secrets(s)
}

// New checks an operation and its parameters. What is wrong is added to the problems, by parameter; then the plan is of no use.
func New(name string, params map[string]string, p validation.Problems) Plan {
	o, found := Find(name)
	if !found {
		p["operation"] = "There is no operation with this name. Choose one of: " + strings.Join(names(), ", ") + "."
		return Plan{}
	}
	made := o.plan(o.params(params, p), p)
	made.Given, made.Unchosen = o.given(params), o.unchosen(params)
	return made
}

// Find returns the built-in operation of that name.
func Find(name string) (Operation, bool) {
	i := slices.IndexFunc(catalog, func(o Operation) bool { return o.Name == name })
	if i < 0 {
		return Operation{}, false
	}
	return catalog[i], true
}

func names() []string {
	all := make([]string, len(catalog))
	for i, o := range catalog {
		all[i] = o.Name
	}
	return all
}

// toEvery sends the same request to every site.
func toEvery(r wordpress.Request) func(Site) (wordpress.Request, bool) {
	return func(Site) (wordpress.Request, bool) { return r, true }
}
