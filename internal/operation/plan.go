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
}

// Values are what references such as {{site.name}} stand for on the site.
func (s Site) Values() endpoint.Values {
	return endpoint.Values{"site.url": s.Home, "site.name": s.Name, "site.host": s.Host, "site.id": strconv.FormatInt(s.ID, 10)}
}

// Plan is an operation with its parameters checked: what to send to each site.
type Plan struct {
	Title      string
	Endpoint   string
	Effect     Effect
	Lowered    bool // a person says that it does less than its method may
	Idempotent bool // sending it twice does no more than sending it once
	AllPages   bool // a list is followed over all its pages
	Purges     bool // pages can be looked at before and after

	Request func(Site) (wordpress.Request, bool)    // false: it has nothing to do on this site
	Among   func(homes []string)                    // told the homes of all chosen sites first; nil: it does not depend on them
	Strays  func(chosen []Site) validation.Problems // what was given for sites that are not chosen; nil: nothing can be
}

// MostEffect is the most that the plan may do, whatever a person says of it.
func (p Plan) MostEffect() Effect {
	if p.Lowered {
		return Destroy
	}
	return p.Effect
}

// New checks an operation and its parameters. What is wrong is added to the problems, by parameter; then the plan is of no use.
func New(name string, params map[string]string, p validation.Problems) Plan {
	o, found := Find(name)
	if !found {
		p["operation"] = "There is no operation of that name. Choose one of: " + strings.Join(names(), ", ") + "."
		return Plan{}
	}
	return o.plan(o.params(params, p), p)
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
