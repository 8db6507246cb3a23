package operation

import (
	"slices"

	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Operation is something that can be run on many sites.
type Operation struct {
	Name     string // as the command line and addresses call it
	Group    string
	Title    string
	Sentence string // what it does, side effects included
	Endpoint string // method and path, empty where the parameters decide
	Effect   Effect // where the parameters decide, the least that it can be
	Params   []Param
	Purges   bool // its effect can be verified on the sites' pages

	plan func(map[string]string, validation.Problems) Plan
}

// Param is one parameter of an operation.
type Param struct {
	Name    string
	Label   string
	Help    string
	Kind    ParamKind
	Choices []Choice
	Default string
	When    string // "purge_type=urls": only used, and asked for, when that parameter has that value; several values by |
}

// ParamKind is how a parameter is written.
type ParamKind string

// The kinds of parameter.
const (
	KindChoice   ParamKind = "choice"
	KindIntegers ParamKind = "integers" // separated by commas, spaces or lines
	KindURLs     ParamKind = "urls"     // separated by spaces or lines
	KindFlag     ParamKind = "flag"     // true or empty
	KindText     ParamKind = "text"
	KindJSON     ParamKind = "json"
	KindLines    ParamKind = "lines" // text of several lines
)

// Choice is one value of a parameter.
type Choice struct{ Value, Label string }

// Builtins lists the built-in operations in the order in which they are offered.
func Builtins() []Operation { return catalog }

// catalog are the operations: those of cache plugins first, then any request.
var catalog = slices.Concat([]Operation{clearCache}, ofPlugins(), []Operation{clearAnyCache, anyEndpoint})

var clearCache = Operation{
	Name: "clear-cache", Group: cacheplugin.BigScoots.Name, Title: "Clear cache", Effect: Change, Purges: true, Endpoint: endpointOf(cacheplugin.BigScoots.Clear),
	Sentence: "Purges pages from the CDN and the page cache. Clearing everything also flushes OPcache and the object cache, so expect more load on the sites " +
		"for a while.",
	Params: []Param{
		{Name: "purge_type", Label: "What to clear", Kind: KindChoice, Default: "all", Choices: []Choice{
			{"all", "Everything"}, {"post_ids", "Some posts"}, {"urls", "Some URLs"}}},
		{Name: "post_ids", Label: "Post IDs", Kind: KindIntegers, When: "purge_type=post_ids",
			Help: "Whole numbers, such as 1, 17. The same ID is a different post on each site, so for several sites enter one line per site, such as " +
				"https://acme.example,1 17"},
		{Name: "purge_related_urls", Label: "Also their archives, categories and feeds", Kind: KindFlag, When: "purge_type=post_ids"},
		{Name: "urls", Label: "URLs", Kind: KindURLs, When: "purge_type=urls",
			Help: "One per line. https://acme.example/page/ goes to the site it belongs to; /page/ goes to every selected site."},
	},
	plan: planClearCache,
}

var anyEndpoint = Operation{
	Name: "request", Group: "Any endpoint", Title: "Any endpoint", Effect: Read,
	Sentence: "Sends a custom request to each site's REST API. Its route and method determine its effect.",
	Params: []Param{
		{Name: "method", Label: "Method", Kind: KindChoice, Default: "GET", Choices: []Choice{
			{"GET", "GET"}, {"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}, {"DELETE", "DELETE"}, {"OPTIONS", "OPTIONS"}, {"HEAD", "HEAD"}}},
		{Name: "path", Label: "Path", Kind: KindText,
			Help: "Below the REST root, such as /wp/v2/plugins?status=active. {{site.name}}, {{site.url}}, {{site.host}} and {{site.id}} are replaced for each site."},
		{Name: "body", Label: "Body", Kind: KindJSON, When: "method=POST|PUT|PATCH|DELETE",
			Help: "JSON, or empty. Values with names such as password or token are sent but not stored. Enter them again to rerun."},
		{Name: "headers", Label: "Headers", Kind: KindLines,
			Help: "One per line, such as X-Trace: 7. Authorization, Cookie and Host cannot be set. Secret values, such as that of X-API-Key, are sent but not stored."},
		{Name: "rows", Label: "Values for each site", Kind: KindLines,
			Help: "CSV with one row per site: a column named site with the site URL, and your own columns, used as {{row.column}} in the path or body. Sites without " +
				"a row are left out. A table with a column such as password is not stored."},
		{Name: "pages", Label: "Follow all pages of a list (at most 50)", Kind: KindFlag, When: "method=GET"},
		{Name: "effect", Label: "Effect", Kind: KindChoice,
			Help: "Drover determines this from the route and method. A lower effect changes only retries and how much of each response is stored. The " +
				"required role, confirmation and approval stay the same.", Choices: []Choice{
				{"", "Determined by route and method"}, {"read", "Read-only"}, {"change", "Makes changes"}, {"destroy", "Destructive"}}},
	},
	plan: planRequest,
}

// ofPlugins are the operations of cache plugins that have no parameters.
func ofPlugins() []Operation {
	var all []Operation
	for _, p := range cacheplugin.All() {
		for _, o := range p.Operations {
			effect, endpoint, request := Effect(o.Effect), endpointOf(o.Request), wordpress.PluginRequest(o.Request)
			all = append(all, Operation{
				Name: o.Name, Group: p.Name, Title: o.Title, Sentence: o.Sentence, Endpoint: endpoint, Effect: effect,
				plan: func(map[string]string, validation.Problems) Plan {
					return Plan{Title: o.Title, Effect: effect, Idempotent: true, Endpoint: endpoint, Plugin: p.Slug, Request: toEvery(request)}
				},
			})
		}
	}
	return all
}

// inverses are the operations that take another one back.
var inverses = map[string]string{"disable-cache": "enable-cache", "enable-cache": "disable-cache"}

// Inverse is the operation that takes the named one back, if there is one.
func Inverse(name string) (Operation, bool) { return Find(inverses[name]) }
