package endpoint

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Place is where a field's value goes.
type Place string

// The places.
const (
	InPath  Place = "path"
	InQuery Place = "query"
	InBody  Place = "body"
)

// Kind is how a field is filled in.
type Kind string

// The kinds of field.
const (
	Text    Kind = "text"
	Long    Kind = "long" // text of several lines
	Number  Kind = "number"
	Integer Kind = "integer"
	Boolean Kind = "boolean"
	Choose  Kind = "choose"  // one of Choices
	Several Kind = "several" // any of Choices
	List    Kind = "list"    // one value a line
	JSON    Kind = "json"
)

// Field is one thing to fill in.
type Field struct {
	Name     string // title, or meta.title within an object
	Place    Place
	Label    string
	Help     string
	Kind     Kind
	Required bool
	Choices  []string
	Default  string // what the site takes when the field is left alone
	Format   string // date-time, email, uri; empty for none
	Min, Max string // of a number, or empty
	Pattern  string // that a value of the path must have, as PHP has it
	schema   Schema
	path     []string // where the value goes: meta, title
}

// Form is what a route's method takes.
type Form struct {
	Method   string
	Template string
	Fields   []Field // the path's first, then the required ones
	schema   map[string]Schema
}

// FormOf makes the form of a route's method.
func FormOf(r Route, v Verb) Form {
	f := Form{Method: v.Method, Template: r.Template, schema: v.Args}
	inPath := map[string]bool{}
	for _, variable := range r.Variables {
		inPath[variable.Name] = true
		schema := v.Args[variable.Name]
		field := fieldOf(variable.Name, InPath, schema)
		if field.Kind != Integer && field.Kind != Choose {
			field.Kind = Text
		}
		field.Required, field.Pattern = true, variable.Pattern
		f.Fields = append(f.Fields, field)
	}
	place := InBody
	if v.Method == "GET" || v.Method == "DELETE" {
		place = InQuery
	}
	var rest []Field
	for _, name := range slices.Sorted(maps.Keys(v.Args)) {
		if !inPath[name] {
			rest = append(rest, fields([]string{name}, place, v.Args[name], v.Args[name].Required)...)
		}
	}
	slices.SortStableFunc(rest, func(a, b Field) int { return rank(a) - rank(b) })
	f.Fields = append(f.Fields, rest...)
	return f
}

func rank(f Field) int {
	if f.Required {
		return 0
	}
	return 1
}

// opened is how deep objects become fields of their own; deeper ones are written as JSON.
const opened = 2

// fields are the field of an argument, or those of an object's properties.
func fields(path []string, place Place, s Schema, required bool) []Field {
	onlyObject := len(s.Types) == 1 && s.is("object")
	if !onlyObject || len(s.Properties) == 0 || len(path) > opened {
		field := fieldOf(strings.Join(path, "."), place, s)
		field.Required, field.path = required, path
		return []Field{field}
	}
	var all []Field
	for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
		inner := s.Properties[property]
		if !inner.ReadOnly {
			must := required && (inner.Required || slices.Contains(s.RequiredOf, property))
			all = append(all, fields(append(slices.Clone(path), property), place, inner, must)...)
		}
	}
	return all
}

func fieldOf(name string, place Place, s Schema) Field {
	f := Field{Name: name, Place: place, path: []string{name}, Label: strings.ReplaceAll(strings.ReplaceAll(name, "_", " "), ".", " · "), Help: s.Description,
		Format: s.Format, Required: s.Required, schema: s}
	f.Kind, f.Choices = kindOf(name, s)
	if s.HasDefault {
		f.Default = shown(s.Default)
	}
	f.Min, f.Max = limitText(s.Minimum), limitText(s.Maximum)
	return f
}

// long are the names of WordPress's texts of several lines.
var long = []string{"content", "excerpt", "description", "caption"}

func limitText(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func kindOf(name string, s Schema) (Kind, []string) {
	switch {
	case len(s.Enum) > 0:
		return Choose, texts(s.Enum)
	case s.is("array") && s.Items != nil && len(s.Items.Enum) > 0:
		return Several, texts(s.Items.Enum)
	case s.is("array") && (s.Items == nil || !s.Items.is("object") && !s.Items.is("array")):
		return List, nil
	case s.is("array"), s.is("object") && !s.is("string"):
		return JSON, nil
	case s.is("string") && slices.Contains(long, strings.TrimSuffix(name, ".raw")):
		return Long, nil
	case s.is("string"):
		return Text, nil
	case s.is("integer"):
		return Integer, nil
	case s.is("number"):
		return Number, nil
	case s.is("boolean"):
		return Boolean, nil
	}
	return Text, nil
}

func texts(values []any) []string {
	all := make([]string, 0, len(values))
	for _, value := range values {
		all = append(all, shown(value))
	}
	return all
}
