package endpoint

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Values are what references stand for on one site: site.url, site.name, site.host, site.id, and row.COLUMN for each column of a table
// with one row per site.
type Values map[string]string

// Refers tells whether the text holds a reference, such as {{site.name}}.
func Refers(text string) bool { return strings.Contains(text, "{{") }

// Names lists the references in the text, each once, or says what is wrong with them. Known are the columns of the table.
func Names(text string, columns []string) ([]string, error) {
	var names []string
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "{{")
		if !found {
			return names, nil
		}
		name, tail, closed := strings.Cut(after, "}}")
		at := len(text) - len(rest) + len(before)
		if name = strings.TrimSpace(name); !closed {
			return nil, fault("The {{ at character %d has no }} after it.", at+1)
		}
		if !slices.Contains(ofSite, name) && !inRow(name, columns) {
			return nil, fault("There is no {{%s}}. Write one of: %s.", name, strings.Join(offered(columns), ", "))
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		rest = tail
	}
}

var ofSite = []string{"site.url", "site.name", "site.host", "site.id"}

func inRow(name string, columns []string) bool {
	column, is := strings.CutPrefix(name, "row.")
	return is && slices.Contains(columns, column)
}

func offered(columns []string) []string {
	all := slices.Clone(ofSite)
	for _, column := range columns {
		all = append(all, "row."+column)
	}
	return all
}

// ExpandPath puts the values into a path with a query. Each is escaped: it stays one part of the path, or one value of the query.
func ExpandPath(path string, values Values) string {
	route, query, has := strings.Cut(path, "?")
	route = replace(route, values, func(s string) string {
		if s == "" || s == "." || s == ".." {
			return "%20" // an empty or a dotted part would make another route of it
		}
		return url.PathEscape(s)
	})
	if !has {
		return route
	}
	return route + "?" + replace(query, values, url.QueryEscape)
}

// ExpandJSON puts the values into the texts of a JSON body. A text that is nothing but one reference becomes a number or a boolean where
// the value is one: {"id": "{{row.id}}"} becomes {"id": 17}.
func ExpandJSON(body string, values Values) (string, error) {
	if !Refers(body) {
		return body, nil
	}
	var value any
	if err := decode([]byte(body), &value); err != nil {
		return "", err
	}
	text, err := json.Marshal(expanded(value, values))
	return string(text), err
}

func expanded(value any, values Values) any {
	switch v := value.(type) {
	case string:
		return typed(v, values)
	case []any:
		for i := range v {
			v[i] = expanded(v[i], values)
		}
	case map[string]any:
		for key := range v {
			v[key] = expanded(v[key], values)
		}
	}
	return value
}

func typed(text string, values Values) any {
	whole := strings.HasPrefix(text, "{{") && strings.HasSuffix(text, "}}") && strings.Count(text, "{{") == 1
	filled := replace(text, values, func(s string) string { return s })
	var value any
	if !whole || decode([]byte(filled), &value) != nil {
		return filled
	}
	switch v := value.(type) {
	case bool:
		return v
	case json.Number:
		if v.String() == filled { // not 007, nor what follows a number
			return v
		}
	}
	return filled
}

// replace puts in each value once: what a value holds is not looked through again.
func replace(text string, values Values, escape func(string) string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest, closed := strings.Cut(after, "}}")
		if !closed {
			b.WriteString("{{" + after)
			return b.String()
		}
		b.WriteString(escape(values[strings.TrimSpace(name)]))
		text = rest
	}
}
