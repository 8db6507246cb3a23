package operation

import (
	"net/http"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// routeEffect says what requests of a route do. In a route, * stands for any text without a slash and ** for any text.
type routeEffect struct {
	methods string // by spaces; "writes" is every method but GET, HEAD and OPTIONS
	route   string
	effect  Effect
	builtin string // the built-in operation that the request is, if it is one
}

const writes = "writes"

// routeEffects comes before the method. Where several routes of the table fit a request, the worst counts. What is not in the table is
// judged by its words (see guarded) and its method.
var routeEffects = append(pluginRoutes(), []routeEffect{
	// WordPress core, version 7.2: who may do what, and which code runs.
	{writes, "/wp/v2/users", Destroy, ""},
	{writes, "/wp/v2/users/**", Destroy, ""}, // application passwords included
	{writes, "/wp/v2/plugins", Destroy, ""},
	{writes, "/wp/v2/plugins/**", Destroy, ""},
	{writes, "/wp/v2/themes", Destroy, ""},
	{writes, "/wp/v2/themes/**", Destroy, ""},
	{writes, "/wp/v2/settings", Destroy, ""},
	{writes, "/wp/v2/settings/**", Destroy, ""},
	{writes, "/wp/v2/block-directory/**", Destroy, ""},
	// The site editor stores parts of the theme here.
	{writes, "/wp/v2/templates", Destroy, ""},
	{writes, "/wp/v2/templates/**", Destroy, ""},
	{writes, "/wp/v2/template-parts", Destroy, ""},
	{writes, "/wp/v2/template-parts/**", Destroy, ""},
	{writes, "/wp/v2/global-styles/**", Destroy, ""},

	// WooCommerce: customers are users; keys, webhooks and tools reach code and data beyond the shop.
	{writes, "/wc/*/customers", Destroy, ""},
	{writes, "/wc/*/customers/**", Destroy, ""},
	{writes, "/wc/*/webhooks", Destroy, ""},
	{writes, "/wc/*/webhooks/**", Destroy, ""},
	{writes, "/wc/*/payment_gateways/**", Destroy, ""},
	{writes, "/wc/*/shipping_methods/**", Destroy, ""},
	{writes, "/wc/*/system_status/**", Destroy, ""},
	{writes, "/wc-admin/**", Destroy, ""}, // installs extensions and themes, and writes options

	// Cache plugins that internal/cacheplugin does not describe. Some purge on a GET.
	{"GET HEAD POST PUT PATCH", "/litespeed/v1/purge**", Change, ""},
	{"GET HEAD POST PUT PATCH", "/litespeed/v3/purge**", Change, ""},
	{writes, "/wp-rocket/v1/rocketcdn/**", Destroy, ""}, // switches the CDN on and off
}...)

func pluginRoutes() []routeEffect {
	var all []routeEffect
	for _, p := range cacheplugin.All() {
		for _, r := range p.Routes {
			all = append(all, routeEffect{r.Methods, r.Path, Effect(r.Effect), r.Operation})
		}
	}
	return all
}

// guarded are the parts of a route that name who may do what, or which code runs, in whatever namespace. Their writes destroy.
var guarded = []string{
	"role", "roles", "permission", "permissions", "api-key", "api-keys", "api_keys", "apikeys", "apikey", "api_key", "token", "tokens", "secret", "secrets",
	"login", "auth", "oauth", "oauth1", "oauth2", "sso", "impersonate", "extension", "extensions", "module", "modules", "addon", "addons", "add-ons", "core",
	"update", "updates", "upgrade", "option", "config", "configuration", "snippet", "snippets", "code-snippets", "file-manager", "filesystem",
	"execute", "eval", "exec", "cli", "wp-cli", "sql", "database", "restore", "rollback", "reset", "uninstall", "install", "activate", "deactivate",
}

// guardedWords stand in parts of any form, such as updateSettings or plugin-install.
var guardedWords = []string{"user", "password", "capabilit", "credential", "plugin", "theme", "setting", "options"}

// guardedNames stand alone between the hyphens and underscores of a part, such as update-option or run_sql.
var guardedNames = []string{"role", "roles", "permission", "permissions", "login", "impersonate", "option", "sql", "db", "database", "query", "snippet", "exec",
	"eval", "shell", "php", "replace", "sudo"}

func guardedPart(part string) bool {
	named := func(name string) bool { return slices.Contains(guardedNames, name) }
	return slices.Contains(guarded, part) || slices.ContainsFunc(guardedWords, func(word string) bool { return strings.Contains(part, word) }) ||
		slices.ContainsFunc(strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '_' }), named)
}

// ownedFrom is where the parts of a route begin that hold ids: below a namespace, such as acme/v1, and the name of a resource. What a
// reference there holds is judged again once it is filled in.
const ownedFrom = 3

func guardedRoute(route string) bool {
	for i, part := range strings.Split(strings.Trim(route, "/"), "/") {
		if guardedPart(part) && !namedBySites(route) || i < ownedFrom && strings.ContainsRune(part, reference) {
			return true
		}
	}
	return false
}

// namedBySites tells whether the parts of a route are names that a site gives its own content: an ability, a type of posts. What is
// guarded in core stands in the table.
func namedBySites(route string) bool {
	return strings.HasPrefix(route, "/wp-abilities/v1/") || strings.HasPrefix(route, "/wp/v2/")
}

// judgeRoute judges a method on a route, which is as normalRoutes makes it, and which is told to take the actions.
func judgeRoute(method, route string, actions []string) Judgement {
	if !slices.Contains(methodsKnown, method) || len(route) > longestRoute {
		return Judgement{Effect: Destroy}
	}
	var j Judgement
	for _, known := range routeEffects {
		if known.covers(method) && overlap(known.route, route) {
			j = j.and(Judgement{Effect: known.effect, Operations: some(known.builtin)})
		}
	}
	if j.Effect != "" && !strings.ContainsRune(route, reference) {
		return j
	}
	j.Effect = Most(j.Effect, EffectOf(method))
	if j.Effect != Read && guardedRoute(route) && EffectOf(method) != Read {
		j.Effect = Destroy
	}
	if method == http.MethodOptions {
		return j // WordPress itself answers it
	}
	if ability := abilityOf(route); strings.ContainsRune(ability, reference) {
		j.Effect = Destroy
	} else if ability != "" {
		j.Abilities = []string{ability}
	}
	j.Effect = Most(j.Effect, wordEffect(route, actions))
	return j
}

var methodsKnown = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

// longestRoute bounds the work for a route, in bytes. No site has a longer one.
const longestRoute = 4 << 10

func some(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

func (k routeEffect) covers(method string) bool {
	if k.methods == writes {
		return EffectOf(method) != Read
	}
	return slices.Contains(strings.Fields(k.methods), method)
}

// overlap tells whether some text fits both the pattern of the table and a route whose references may stand for anything.
func overlap(pattern, route string) bool {
	plain, _, starred := strings.Cut(pattern, "*")
	known, _, open := strings.Cut(route, string(reference))
	switch {
	case !starred && !open:
		return pattern == route
	case !strings.HasPrefix(known, plain) && !(open && strings.HasPrefix(plain, known)):
		return false
	}
	p, r := []rune(pattern), []rune(route)
	fits := make([][]bool, len(p)+1) // fits[i][j]: p[i:] and r[j:] can be the same
	for i := range fits {
		fits[i] = make([]bool, len(r)+1)
	}
	for i := len(p); i >= 0; i-- {
		for j := len(r); j >= 0; j-- {
			fits[i][j] = fitsAt(p, r, i, j, fits)
		}
	}
	return fits[0][0]
}

func fitsAt(p, r []rune, i, j int, fits [][]bool) bool {
	switch {
	case i == len(p) && j == len(r):
		return true
	case j < len(r) && r[j] == reference:
		return fits[i][j+1] || i < len(p) && fits[i+1][j]
	case i < len(p) && p[i] == '*':
		deep := i > 0 && p[i-1] == '*' || i+1 < len(p) && p[i+1] == '*'
		return fits[i+1][j] || j < len(r) && (deep || r[j] != '/') && fits[i][j+1]
	}
	return i < len(p) && j < len(r) && p[i] == r[j] && fits[i+1][j+1]
}
