package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// startable is something that a run can do, as the palette names it: an operation, one of its choices, or a well-known request.
type startable struct {
	operation        operation.Operation
	title, hint      string
	query            url.Values // what the composer's address says
	common, complete bool       // offered for every client that is found; complete without anything to type
}

// mostChoices is how many choices of an operation are offered one by one.
const mostChoices = 4

// startables lists what the member may start.
func startables(actor access.Actor) (all []startable) {
	for _, o := range operation.Builtins() {
		if !runs.Within(actor, o) || !actor.May(runs.Right(o.Effect)) {
			continue
		}
		all = append(all, startable{operation: o, title: o.Title, hint: o.Group, query: url.Values{"operation": {o.Name}},
			common: o.Name == "status", complete: len(o.Params) == 0})
		if o.Name == "request" {
			for _, e := range requestExamples {
				query := url.Values{"operation": {o.Name}}
				for name, value := range e.params {
					query.Set("p."+name, value)
				}
				all = append(all, startable{operation: o, title: e.label, hint: "WordPress", query: query, complete: e.complete})
			}
			continue
		}
		for _, p := range o.Params {
			if p.Kind != operation.KindChoice || len(p.Choices) > mostChoices || o.Effect == operation.Read {
				continue
			}
			for _, c := range p.Choices {
				all = append(all, startable{operation: o, title: o.Title + ": " + strings.ToLower(c.Label[:1]) + c.Label[1:], hint: o.Group,
					query: url.Values{"operation": {o.Name}, "p." + p.Name: {c.Value}}, common: c.Value == p.Default, complete: c.Value == p.Default})
			}
			break
		}
	}
	return all
}

// requestExample is a request that WordPress itself answers, to begin with.
type requestExample struct {
	name, label string
	params      map[string]string
	complete    bool // nothing is left to fill in
}

var requestExamples = []requestExample{
	{"plugins", "List plugins", map[string]string{"method": "GET", "path": "/wp/v2/plugins"}, true},
	{"deactivate", "Deactivate a plugin", map[string]string{"method": "POST", "path": "/wp/v2/plugins/" + operation.ToFill,
		"body": `{"status": "inactive"}`}, false},
	{"themes", "List themes", map[string]string{"method": "GET", "path": "/wp/v2/themes"}, true},
	{"users", "List users", map[string]string{"method": "GET", "path": "/wp/v2/users?context=edit", "pages": "true"}, true},
	{"settings", "Read settings", map[string]string{"method": "GET", "path": "/wp/v2/settings"}, true},
}

// fillExample puts the parameters of an example into the form.
func fillExample(form url.Values, name string) {
	i := slices.IndexFunc(requestExamples, func(e requestExample) bool { return e.name == name })
	if i < 0 {
		return
	}
	form.Del("saved")
	form.Del("form")
	form.Set("operation", "request")
	for param := range form {
		if strings.HasPrefix(param, "p.") {
			form.Del(param)
		}
	}
	for param, value := range requestExamples[i].params {
		form.Set("p."+param, value)
	}
}

// foundOperations finds operations and saved operations by their names.
func (s *Server) foundOperations(v *requestContext, words string) ([]views.Found, error) {
	if !v.actor().May(access.RunStart) {
		return nil, nil
	}
	var found []views.Found
	for _, each := range startables(v.actor()) {
		if matchesAll(each.title+" "+each.hint, words) {
			query := each.query
			if each.complete && each.operation.Name == "request" {
				query = with(query, "all", "1")
			}
			found = append(found, views.Found{Kind: "Operation", Icon: "play", Title: each.title + "…", Hint: each.hint, Href: "/run?" + query.Encode()})
		}
	}
	all, err := s.Library.All(v.Request.Context())
	for _, each := range all {
		if each.Within(v.actor()) && matchesAll(each.Name, words) {
			found = append(found, views.Found{Kind: "Saved operation", Icon: "bookmark", Title: each.Name,
				Href: "/operations/" + strconv.FormatInt(each.ID, 10) + "/use"})
		}
	}
	return found[:min(len(found), 2*mostFound)], err
}

// mostPaired bounds the clients and tags that operations are offered for.
const mostPaired = 2

// paired finds operations on the sites of a client or with a tag: “clear granite”. Where the words name a client alone, what is run most is
// offered, reading first. Nothing starts: each leads to the composer.
func paired(v *requestContext, name string, facet []sites.Count, words string) []views.Found {
	tokens := strings.Fields(strings.ToLower(words))
	if !v.actor().May(access.RunStart) || len(tokens) == 0 {
		return nil
	}
	var found []views.Found
	pairs := 0
	for _, c := range facet {
		rest := slices.DeleteFunc(slices.Clone(tokens), func(token string) bool { return matches(c.Value, token) })
		if len(rest) == len(tokens) || len(rest) > 0 && pairs == mostPaired || len(rest) == 0 && len(found) >= 2*mostPaired {
			continue
		}
		var here []views.Found
		for _, each := range pairable(v.actor()) {
			if len(rest) == 0 && !each.common || !matchesAll(each.title, strings.Join(rest, " ")) {
				continue
			}
			here = append(here, views.Found{Kind: "Run", Icon: "play", Title: each.title + " on " + c.Value, Hint: countedSites(int(c.Sites)),
				Href: "/run?" + with(each.query, name, c.Value).Encode()})
		}
		if len(here) > 0 {
			pairs++
			found = append(found, here[:min(len(here), mostFound)]...)
		}
	}
	return found
}

// pairable is what can be offered for a client without anything to type, what reads first.
func pairable(actor access.Actor) []startable {
	all := slices.DeleteFunc(startables(actor), func(each startable) bool { return !each.complete })
	slices.SortStableFunc(all, func(a, b startable) int {
		return cmp.Compare(effectOrder[a.operation.Effect], effectOrder[b.operation.Effect])
	})
	return all
}

var effectOrder = map[operation.Effect]int{operation.Read: 0, operation.Change: 1, operation.Destroy: 2}

// with is the query with one more value.
func with(q url.Values, name, value string) url.Values {
	kept := url.Values{name: {value}}
	for key, values := range q {
		kept[key] = values
	}
	return kept
}
