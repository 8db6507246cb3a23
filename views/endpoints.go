package views

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ExplorerPage shows what the REST APIs of some sites offer.
type ExplorerPage struct {
	Frame       Frame
	Selection   ComposeSelection
	Query       url.Values // what chooses the sites
	Words       string
	Chosen      int // sites that are chosen
	IndexesRead int // of those, whose index was looked at
	Answered    int

	Problems         []ExplorerProblem
	Routes           []RouteOffer // by namespace
	Abilities        []AbilityOffer
	WithoutAbilities int // sites
}

// ExplorerProblem is a site whose index could not be read.
type ExplorerProblem struct{ Site, Text string }

// RouteOffer is a route and on how many of the sites it exists.
type RouteOffer struct {
	Namespace, Template string
	Methods             []string
	Sites               int
	Alike               bool // it takes the same on all of them
}

// where is on how many of the sites that answered the route was found.
func (r RouteOffer) where(answered int) string {
	words := fmt.Sprintf("on %d of %d", r.Sites, answered)
	if !r.Alike {
		words += ", with differences"
	}
	return words
}

// AbilityOffer is an ability (WordPress 6.9).
type AbilityOffer struct {
	Name, Label, Description, Effect string
	Sites                            int
}

// EndpointFormPage is the form of one method of a route.
type EndpointFormPage struct {
	Frame            Frame
	Method, Template string
	Route, Ability   string // how the address names it
	Effect           string // of an ability
	Query            url.Values
	Fields           []EndpointField
	Problems         int
	FromSite         bool // the problems are a site's own words
}

// EndpointField is one field.
type EndpointField struct {
	Name, Label, Help, Kind, Place string

	Required bool
	Choices  []string
	Default  string
	Format   string
	Values   []string // as typed
	Problem  string
}

// ofDraft is the path with the draft that it is about, if it is about one.
func ofDraft(path, draft string) string {
	if draft == "" {
		return path
	}
	return path + "?draft=" + url.QueryEscape(draft)
}

// SavedPage lists the saved operations.
type SavedPage struct {
	Frame      Frame
	Draft      string // of the run for which one is chosen, empty for none
	Operations []SavedOperation
}

// SavedOperation is one of them.
type SavedOperation struct {
	ID                                   int64
	Name, Sentence, Method, Path, Effect string
	Builtin                              bool
	By                                   string
	At                                   time.Time
}

// SavedFormPage gives a request a name.
type SavedFormPage struct {
	Frame  Frame
	Draft  string // of the run to go back to, empty for none
	ID     int64
	Name   string
	Pages  bool
	Fields []Field
}

// namespaces are the routes of one namespace.
type namespaceRoutes struct {
	Name   string
	Routes []RouteOffer
}

func (p ExplorerPage) namespaces() []namespaceRoutes {
	var all []namespaceRoutes
	for _, r := range p.Routes {
		name := r.Namespace
		if name == "" {
			name = "Root"
		}
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, namespaceRoutes{Name: name})
		}
		last := &all[len(all)-1]
		last.Routes = append(last.Routes, r)
	}
	return all
}

func (p ExplorerPage) form(r RouteOffer, method string) string {
	return formHref(p.Query, "route", r.Template, method)
}

func (p ExplorerPage) ability(a AbilityOffer) string {
	return formHref(p.Query, "ability", a.Name, "")
}

func formHref(sites url.Values, kind, name, method string) string {
	q := url.Values{}
	for key, values := range sites {
		q[key] = values
	}
	q.Set(kind, name)
	if method != "" {
		q.Set("method", method)
	}
	return "/endpoints/form?" + q.Encode()
}

// hiddenPair is a value that a form carries along.
type hiddenPair struct{ name, value string }

func hidden(q url.Values) []hiddenPair {
	var all []hiddenPair
	for name, values := range q {
		for _, value := range values {
			all = append(all, hiddenPair{name, value})
		}
	}
	slices.SortFunc(all, func(a, b hiddenPair) int { return strings.Compare(a.name+a.value, b.name+b.value) })
	return all
}

func (f EndpointField) first() string {
	if len(f.Values) > 0 {
		return f.Values[0]
	}
	return ""
}

func (f EndpointField) hint() string {
	hint := f.Help
	if f.Default != "" {
		hint += " Default: " + short(f.Default) + "."
	}
	switch {
	case f.Kind == "list":
		hint += " One per line, or separated by commas."
	case f.Format != "" && f.Kind == "text":
		hint += " Format: " + f.Format + "."
	}
	return strings.TrimSpace(hint)
}

func (f EndpointField) label() string {
	if f.Required {
		return f.Label + " (required)"
	}
	return f.Label
}

// field is the field where a plain input does.
func (f EndpointField) field() Field {
	field := Field{Name: f.Name, Label: f.label(), Value: f.first(), Hint: f.hint(), Problem: f.Problem, Required: f.Required, Complete: "off"}
	switch f.Kind {
	case "long":
		field.Rows = 5
	case "list":
		field.Rows, field.Value, field.Required = 3, strings.Join(f.Values, "\n"), false
	case "json":
		field.Rows, field.Mono = 5, true
	case "boolean":
		field.Options = []Option{{"", "No change"}, {"true", "Yes"}, {"false", "No"}}
	case "choose":
		field.Options = []Option{{"", "No change"}}
		for _, c := range f.Choices {
			field.Options = append(field.Options, Option{c, c})
		}
	case "integer":
		field.Mono, field.Pattern, field.Says = true, `\s*-?[0-9]+\s*|.*\{\{.*`, "A whole number, such as 12"
	case "number":
		field.Mono, field.Pattern, field.Says = true, `\s*-?[0-9]+(\.[0-9]+)?\s*|.*\{\{.*`, "A number, such as 1.5"
	}
	return field
}

// firstOf says that only some of the chosen sites were read, if so.
func (p ExplorerPage) firstOf() string {
	if p.Chosen <= p.IndexesRead {
		return ""
	}
	return ", the first of " + count(p.Chosen) + " selected"
}
