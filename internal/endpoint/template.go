package endpoint

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
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
		if !closed {
			return nil, fault("The {{ at character %d has no }} after it. Close it, such as {{site.name}}.", utf8.RuneCountInString(text[:at])+1)
		}
		name = strings.TrimSuffix(strings.TrimSpace(name), asText)
		if rest = tail; slices.Contains(names, name) {
			continue
		}
		if !slices.Contains(ofSite, name) && !inRow(name, columns) {
			return nil, fault("There is no {{%s}}. Use one of: %s.", name, strings.Join(offered(columns), ", "))
		}
		names = append(names, name)
	}
}

// References counts how often each reference stands in a text, to tell how long the text becomes before it is made.
type References struct {
	plain int
	times map[string]int
}

// CountReferences reads the text once.
func CountReferences(text string) References {
	r := References{times: map[string]int{}}
	for {
		before, after, found := strings.Cut(text, "{{")
		name, rest, closed := strings.Cut(after, "}}")
		if !found || !closed {
			r.plain += len(text)
			return r
		}
		r.plain += len(before)
		r.times[strings.TrimSuffix(strings.TrimSpace(name), asText)]++
		text = rest
	}
}

// Size is how many bytes the text has with these values, before they are escaped.
func (r References) Size(values Values) int {
	size := r.plain
	for name, times := range r.times {
		size += times * len(values[name])
	}
	return size
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
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if Refers(part) {
			parts[i] = onePart(replace(part, values, url.PathEscape))
		}
	}
	if route = strings.Join(parts, "/"); !has {
		return route
	}
	return route + "?" + replace(query, values, url.QueryEscape)
}

// onePart keeps a part from being empty or dotted, which would make another route of it.
func onePart(part string) string {
	if plain, err := url.PathUnescape(part); part == "" || err == nil && (plain == "." || plain == "..") {
		return "%20"
	}
	return part
}

// asText after a name says that the value stays a text in JSON, even where it looks like a number: {{row.zip:text}}.
const asText = ":text"

// ExpandJSON puts the values into the texts and names of a JSON body. A text that is nothing but one reference to a table's cell or to
// site.id becomes a number or a boolean where the value is one: {"id": "{{row.id}}"} becomes {"id": 17}. {{row.id:text}} stays a text;
// Form.Fill writes it so where the schema asks for one, since WordPress refuses a number there.
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
		made := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			made[replace(key, values, func(s string) string { return s })] = expanded(v[key], values)
		}
		return made
	}
	return value
}

func typed(text string, values Values) any {
	filled := replace(text, values, func(s string) string { return s })
	name, isReference := soleReference(text)
	if !isReference || strings.HasSuffix(name, asText) || strings.HasPrefix(name, "site.") && name != "site.id" {
		return filled
	}
	var value any
	if decode([]byte(filled), &value) != nil {
		return filled
	}
	switch v := value.(type) {
	case bool:
		return v
	case json.Number:
		if v.String() == filled && sane(v) {
			return v
		}
	}
	return filled
}

// soleReference is the name in a text that is nothing but one reference.
func soleReference(text string) (name string, is bool) {
	inner, opens := strings.CutPrefix(text, "{{")
	inner, closes := strings.CutSuffix(inner, "}}")
	return strings.TrimSpace(inner), opens && closes && !strings.Contains(inner, "{{") && !strings.Contains(inner, "}}")
}

// around escapes a text but not the references in it.
func around(text string, escape func(string) string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{{")
		name, rest, closed := strings.Cut(after, "}}")
		if !found || !closed {
			b.WriteString(escape(text))
			return b.String()
		}
		b.WriteString(escape(before) + "{{" + name + "}}")
		text = rest
	}
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
		b.WriteString(escape(values[strings.TrimSuffix(strings.TrimSpace(name), asText)]))
		text = rest
	}
}
