package endpoint

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Values is the way back: what to show in the fields for a saved path with its query, and body. Whole tells that Fill makes the same
// request of them again; where it is false, something has no field, and the request must be edited as free text to keep it.
func (f Form) Values(path, body string) (typed map[string][]string, complete bool) {
	typed = map[string][]string{}
	route, text, _ := strings.Cut(path, "?")
	inPath, is := match(f.Template, f.variables(), route)
	if !is {
		return typed, false
	}
	args, read := f.arguments(text, body)
	for _, field := range f.Fields {
		if field.Place == InPath {
			typed[field.Name] = []string{inPath[field.Name]}
		} else if value, has := lookUp(args, field.path); has {
			field.show(value, typed)
		}
	}
	refilled, problems := f.Fill(typed)
	return typed, read && len(problems) == 0 && sameRequest(refilled, path, body)
}

// arguments are what the saved request gave, by name.
func (f Form) arguments(query, body string) (args map[string]any, read bool) {
	if !f.inQuery() {
		if strings.TrimSpace(body) == "" {
			return nil, query == ""
		}
		err := decode([]byte(body), &args)
		return args, err == nil && query == ""
	}
	values, ok := queryOf(query)
	args = map[string]any{}
	for name, given := range values {
		place := strings.Split(strings.ReplaceAll(strings.TrimSuffix(name, "[]"), "]", ""), "[")
		if strings.HasSuffix(name, "[]") {
			list := make([]any, len(given))
			for i, each := range given {
				list[i] = each
			}
			put(args, place, list)
		} else {
			put(args, place, given[len(given)-1]) // PHP keeps the last
		}
	}
	return args, ok && body == ""
}

// queryOf reads a query with references in it.
func queryOf(text string) (url.Values, bool) {
	values := url.Values{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		ok := err == nil
		value = around(value, func(s string) string {
			plain, err := url.QueryUnescape(s)
			ok = ok && err == nil
			return plain
		})
		if !ok {
			return nil, false
		}
		values.Add(plainName, value)
	}
	return values, true
}

func (f Form) variables() []Variable {
	var all []Variable
	for _, field := range f.Fields {
		if field.Place == InPath {
			all = append(all, Variable{field.Name, field.Pattern})
		}
	}
	return all
}

func lookUp(args map[string]any, path []string) (any, bool) {
	value, has := args[path[0]]
	if !has || len(path) == 1 {
		return value, has
	}
	inner, is := value.(map[string]any)
	if !is {
		return nil, false
	}
	return lookUp(inner, path[1:])
}

// show writes the value as its field shows it.
func (f Field) show(value any, typed map[string][]string) {
	if isNothing(value) {
		typed[SendEmpty] = append(typed[SendEmpty], f.Name)
		return
	}
	list, isList := value.([]any)
	switch {
	case f.Kind == JSON:
		text, err := json.MarshalIndent(value, "", "  ")
		if err == nil {
			typed[f.Name] = []string{string(text)}
		}
	case isList && f.Kind == Several:
		typed[f.Name] = texts(list)
	case isList && f.Kind == List && len(list) == 1:
		typed[f.Name] = []string{shown(list[0]) + "\n"} // the line's end keeps a comma from separating
	case isList:
		typed[f.Name] = []string{strings.Join(texts(list), "\n")}
	default:
		text := shown(value)
		if name, is := soleReference(text); is {
			text = "{{" + strings.TrimSuffix(name, asText) + "}}"
		}
		typed[f.Name] = []string{text}
	}
}

func isNothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// sameRequest compares what is meant, not how it is written.
func sameRequest(made Filled, path, body string) bool {
	route, query, _ := strings.Cut(path, "?")
	madeRoute, madeQuery, _ := strings.Cut(made.Path, "?")
	plain, err := url.PathUnescape(route)
	madePlain, madeErr := url.PathUnescape(madeRoute)
	values, ok := queryOf(query)
	madeValues, madeOK := queryOf(madeQuery)
	if err != nil || madeErr != nil || !ok || !madeOK || strings.TrimSuffix(plain, "/") != strings.TrimSuffix(madePlain, "/") {
		return false
	}
	if len(values) != len(madeValues) {
		return false
	}
	for name, given := range values {
		if !slices.Equal(given, madeValues[name]) {
			return false
		}
	}
	return sameJSON(made.Body, body)
}

func sameJSON(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	var x, y any
	return decode([]byte(a), &x) == nil && decode([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
