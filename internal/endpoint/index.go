// Package endpoint knows what can be asked of a REST API and what its answers hold: the index of a site's routes, forms made from their
// schemas, values that refer to a site, and answers as a table. It is pure: no network, no database, no secret enters.
package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Index is what a site's REST API offers.
type Index struct {
	Namespaces []string
	Routes     []Route // by their templates
}

// Route is one address of a REST API with variables in it.
type Route struct {
	Namespace string
	Template  string // /wp/v2/posts/{id}
	Variables []Variable
	Endpoints []Verb
}

// Variable is a part of a route that is filled in.
type Variable struct {
	Name    string
	Pattern string // a regular expression as PHP has it, such as [\d]+
}

// Verb is what one method of a route takes.
type Verb struct {
	Method string
	Args   map[string]Schema
}

// Schema is what WordPress says of an argument: JSON Schema, draft 4, in its own dialect (developer.wordpress.org, REST API Handbook,
// "Schema").
type Schema struct {
	Types       []string // empty: anything
	Description string
	Required    bool
	RequiredOf  []string // of an object's properties, as draft 4 has it
	Enum        []any
	Default     any
	HasDefault  bool
	Format      string
	Pattern     string
	Minimum     *float64
	Maximum     *float64
	MinLength   *int
	MaxLength   *int
	MinItems    *int
	MaxItems    *int
	Items       *Schema
	Properties  map[string]Schema
	ReadOnly    bool
}

// ErrIndex is returned for something that is no REST index.
var ErrIndex = errors.New("this is not the index of a WordPress REST API")

// methods are those that a form can be made for, in the order in which they are offered. PUT is left out where PATCH is there: to
// WordPress they are the same.
var methods = []string{"GET", "POST", "PATCH", "PUT", "DELETE"}

// ParseIndex reads the answer of a site's REST root.
func ParseIndex(body []byte) (Index, error) {
	var raw struct {
		Namespaces phpList[phpText]
		Routes     lenient[map[string]lenient[struct {
			Namespace phpText
			Endpoints phpList[struct {
				Methods phpMethods
				Args    lenient[map[string]json.RawMessage]
			}]
		}]]
	}
	if err := json.Unmarshal(body, &raw); err != nil || raw.Routes.value == nil {
		return Index{}, ErrIndex
	}
	index := Index{}
	for _, name := range raw.Namespaces {
		index.Namespaces = append(index.Namespaces, string(name))
	}
	for pattern, each := range raw.Routes.value {
		found := each.value
		route := Route{Namespace: string(found.Namespace)}
		route.Template, route.Variables = template(pattern)
		byMethod := map[string]map[string]Schema{}
		for _, e := range found.Endpoints {
			args := map[string]Schema{}
			for name, schema := range e.Args.value {
				args[name] = parseSchema(schema, 0)
			}
			for _, method := range e.Methods {
				if byMethod[method] == nil {
					byMethod[method] = args
				}
			}
		}
		for _, method := range methods {
			if args, has := byMethod[method]; has && (method != "PUT" || byMethod["PATCH"] == nil) {
				route.Endpoints = append(route.Endpoints, Verb{method, args})
			}
		}
		index.Routes = append(index.Routes, route)
	}
	slices.SortFunc(index.Routes, func(a, b Route) int { return strings.Compare(a.Template, b.Template) })
	return index, nil
}

// deepest bounds how far nested schemas are read.
const deepest = 6

func parseSchema(raw json.RawMessage, depth int) Schema {
	var r struct {
		Type        json.RawMessage
		Description phpText
		Required    json.RawMessage
		Enum        lenient[[]any]
		Default     json.RawMessage
		Format      lenient[string]
		Pattern     lenient[string]
		Minimum     lenient[*float64]
		Maximum     lenient[*float64]
		MinLength   lenient[*int]
		MaxLength   lenient[*int]
		MinItems    lenient[*int]
		MaxItems    lenient[*int]
		Items       json.RawMessage
		Properties  lenient[map[string]json.RawMessage]
		ReadOnly    lenient[bool]
		OneOf       lenient[[]json.RawMessage]
		AnyOf       lenient[[]json.RawMessage]
	}
	if depth > deepest || json.Unmarshal(raw, &r) != nil {
		return Schema{}
	}
	s := Schema{
		Types: typesOf(r.Type), Description: string(r.Description), Enum: r.Enum.value, Format: r.Format.value, Pattern: r.Pattern.value, Minimum: r.Minimum.value,
		Maximum: r.Maximum.value, MinLength: r.MinLength.value, MaxLength: r.MaxLength.value, MinItems: r.MinItems.value, MaxItems: r.MaxItems.value,
		ReadOnly: r.ReadOnly.value,
	}
	_ = json.Unmarshal(r.Required, &s.Required)   // draft 3 has a flag,
	_ = json.Unmarshal(r.Required, &s.RequiredOf) // draft 4 a list of names
	if len(r.Default) > 0 {
		s.HasDefault = decode(r.Default, &s.Default) == nil
	}
	if len(r.Items) > 0 {
		items := parseSchema(r.Items, depth+1)
		s.Items = &items
	}
	if len(r.Properties.value) > 0 {
		s.Properties = map[string]Schema{}
		for name, property := range r.Properties.value {
			s.Properties[name] = parseSchema(property, depth+1)
		}
	}
	if len(s.Types) == 0 {
		for _, one := range append(r.OneOf.value, r.AnyOf.value...) {
			s.Types = append(s.Types, parseSchema(one, depth+1).Types...)
		}
	}
	return s
}

// typesOf reads one type or a list of types.
func typesOf(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		if one == "" {
			return nil
		}
		return []string{one}
	}
	var many []string
	_ = json.Unmarshal(raw, &many)
	return many
}

// is tells whether the schema allows a value of the type.
func (s Schema) is(kind string) bool { return slices.Contains(s.Types, kind) }

// errMore is returned for JSON with something after it.
var errMore = errors.New("more than one value")

// decode reads one JSON value and keeps numbers as they are written.
func decode(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errMore
	}
	return nil
}

// Verb returns what the method takes.
func (r Route) Verb(method string) (Verb, bool) {
	for _, v := range r.Endpoints {
		if v.Method == method {
			return v, true
		}
	}
	return Verb{}, false
}

// Offer is a route of one or more sites.
type Offer struct {
	Route
	Sites int   // how many of them have it
	On    []int // which of the given indexes have it, by their places
	Alike bool  // they all take the same arguments, of the same types
	takes string
}

// Merge lists the routes of all indexes, each once, with on which sites it exists. The route itself is that of the first site.
func Merge(all []Index) []Offer {
	byTemplate := map[string]*Offer{}
	for i, index := range all {
		for _, route := range index.Routes {
			takes := signature(route)
			offer, found := byTemplate[route.Template]
			if !found {
				offer = &Offer{Route: route, Alike: true, takes: takes}
				byTemplate[route.Template] = offer
			}
			if n := len(offer.On); n > 0 && offer.On[n-1] == i {
				continue // two patterns of one site with the same path
			}
			offer.On = append(offer.On, i)
			offer.Sites = len(offer.On)
			offer.Alike = offer.Alike && offer.takes == takes
		}
	}
	offers := make([]Offer, 0, len(byTemplate))
	for _, name := range slices.Sorted(maps.Keys(byTemplate)) {
		offers = append(offers, *byTemplate[name])
	}
	return offers
}

// signature tells routes apart by what they take: names, types, choices and what is needed.
func signature(r Route) string {
	var b strings.Builder
	for _, v := range r.Endpoints {
		fmt.Fprintf(&b, "%s(", v.Method)
		signatures(&b, v.Args)
		b.WriteString(")")
	}
	return b.String()
}

func signatures(b *strings.Builder, args map[string]Schema) {
	for _, name := range slices.Sorted(maps.Keys(args)) {
		s := args[name]
		fmt.Fprintf(b, "%q %q %t %q %s{", name, s.Types, s.Required, s.RequiredOf, shown(s.Enum))
		signatures(b, s.Properties)
		b.WriteString("}")
		if s.Items != nil {
			signatures(b, map[string]Schema{"": *s.Items})
		}
	}
}

// Search keeps the offers whose path, namespace or arguments hold all words, in any case.
func Search(all []Offer, words string) []Offer {
	wanted := strings.Fields(strings.ToLower(words))
	if len(wanted) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(o Offer) bool {
		text := strings.ToLower(o.Template + " " + o.Namespace + " " + o.signature())
		return slices.ContainsFunc(wanted, func(word string) bool { return !strings.Contains(text, word) })
	})
}

// signature is what a search looks through beside the path.
func (r Route) signature() string {
	var b strings.Builder
	for _, v := range r.Endpoints {
		b.WriteString(v.Method + " ")
		for name, schema := range v.Args {
			b.WriteString(name + " " + schema.Description + " ")
		}
	}
	return b.String()
}

// shown is a value as a field shows it.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
