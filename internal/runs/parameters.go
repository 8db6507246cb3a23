package runs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// planOf checks the spec's operation and parameters. What is wrong stands in the Problems, by parameter.
func planOf(spec Spec) (plan, error) {
	o, found := Find(spec.Operation)
	if !found {
		return plan{}, sites.Problems{"operation": "There is no operation with this name. Choose one of: " + strings.Join(names(), ", ") + "."}
	}
	p := sites.Problems{}
	params := o.params(spec.Params, p)
	made := o.plan(params, p)
	spec.Limits.check(p)
	if len(p) > 0 {
		return plan{}, p
	}
	return made, nil
}

// EffectOf is the most that the spec may do: where a person says that a request does less than its method may, it is still Destroy. It
// is empty where the spec cannot be run.
func EffectOf(spec Spec) Effect {
	made, err := planOf(spec)
	if err != nil {
		return ""
	}
	return made.most()
}

func names() []string {
	all := make([]string, len(catalogue))
	for i, o := range catalogue {
		all[i] = o.Name
	}
	return all
}

// params returns the parameters that are in use, with defaults, and reports those that the operation does not know.
func (o Operation) params(given map[string]string, p sites.Problems) map[string]string {
	used := map[string]string{}
	for _, param := range o.Params {
		value := strings.TrimSpace(given[param.Name])
		if value == "" {
			value = param.Default
		}
		used[param.Name] = value
	}
	for _, param := range o.Params {
		if !param.inUse(used) {
			delete(used, param.Name)
		}
		if param.Kind == KindChoice && !slices.ContainsFunc(param.Choices, func(c Choice) bool { return c.Value == used[param.Name] }) {
			p[param.Name] = "Choose one of: " + choices(param.Choices) + "."
		}
	}
	for name := range given {
		if !slices.ContainsFunc(o.Params, func(param Param) bool { return param.Name == name }) {
			p[name] = "The operation " + o.Name + " has no parameter with this name."
		}
	}
	return used
}

func (param Param) inUse(used map[string]string) bool {
	if param.When == "" {
		return true
	}
	name, values, _ := strings.Cut(param.When, "=")
	return slices.Contains(strings.Split(values, "|"), used[name])
}

func choices(all []Choice) string {
	values := make([]string, len(all))
	for i, c := range all {
		values[i] = c.Value
	}
	return strings.Join(values, ", ")
}

func planClearCache(params map[string]string, p sites.Problems) plan {
	made := plan{title: "Clear the whole cache", effect: Change, idempotent: true, purges: true, endpoint: "PATCH " + bigscoots + "clear-cache"}
	switch params["purge_type"] {
	case "post_ids":
		planPosts(&made, params, p)
		return made
	case "urls":
		urls := splitURLs(params["urls"], p)
		made.title = "Clear the cache of " + plural(len(urls), "URL", "URLs")
		made.request = func(s sites.Site) (wordpress.Request, bool) {
			own := urlsOf(s.Home, urls)
			return clearCache(map[string]any{"purge_type": "urls", "urls": own}), len(own) > 0
		}
		made.strays = func(chosen []sites.Site) sites.Problems {
			return problemOf("urls", "These belong to none of the selected sites (http or https and www matter): ", homeless(urls, chosen))
		}
		return made
	}
	made.request = toEvery(clearCache(map[string]any{"purge_type": "all"}))
	return made
}

func planPosts(made *plan, params map[string]string, p sites.Problems) {
	which := readPosts(params["post_ids"], p)
	related := flag("purge_related_urls", params["purge_related_urls"], p)
	made.title = "Clear the cache of " + which.title()
	if related {
		made.title += " and related pages"
	}
	made.strays = which.strays
	made.request = func(s sites.Site) (wordpress.Request, bool) {
		body := map[string]any{"purge_type": "post_ids", "post_ids": which.of(s.Home)}
		if related {
			body["purge_related_urls"] = true
		}
		return clearCache(body), len(which.of(s.Home)) > 0
	}
}

// problemOf lists what is wrong with a parameter, the first ones by name; it is empty when nothing is.
func problemOf(name, says string, wrong []string) sites.Problems {
	const shown = 10
	switch {
	case len(wrong) == 0:
		return nil
	case len(wrong) > shown:
		return sites.Problems{name: says + strings.Join(wrong[:shown], " ") + fmt.Sprintf(" and %d more", len(wrong)-shown)}
	}
	return sites.Problems{name: says + strings.Join(wrong, " ")}
}

func clearCache(body map[string]any) wordpress.Request {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings, integers and booleans always have a JSON form
	}
	return wordpress.Request{Method: http.MethodPatch, Path: bigscoots + "clear-cache", Body: text, Timeout: writeTimeout}
}

// effectOf is what a method may do to a site, as far as anybody can know from outside.
func effectOf(method string) Effect {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return Read
	case http.MethodDelete:
		return Destroy
	}
	return Change
}

// idempotent follows RFC 9110, section 9.2.2.
func idempotent(method string) bool { return method != http.MethodPost && method != http.MethodPatch }

// mostValues bounds the posts or addresses of one run.
const mostValues = 500

func integers(name, text string, p sites.Problems) []int64 {
	var ids []int64
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;[]\t\r\n", r) }) {
		id, err := strconv.ParseInt(field, 10, 64)
		if err != nil || id < 1 {
			p[name] = fmt.Sprintf("%q is not a post ID. Enter whole numbers, such as 1, 17.", field)
			return nil
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		p[name] = "Enter at least one post ID, such as 1, 17."
	} else if len(ids) > mostValues {
		p[name] = fmt.Sprintf("A run can have at most %d post IDs. Split them across several runs, or clear everything.", mostValues)
	}
	return ids
}

func flag(name, text string, p sites.Problems) bool {
	switch strings.ToLower(text) {
	case "", "false", "0", "no", "off":
		return false
	case "true", "1", "yes", "on":
		return true
	}
	p[name] = "Enter true or false."
	return false
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
