package endpoint

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Filled is a request made from a form.
type Filled struct {
	Method string
	Path   string // with its query
	Body   string // JSON, or empty
}

// Problems says what is wrong, by field, each as a sentence that says what to do.
type Problems map[string]string

// Fill makes the request from what was typed. A field that was left empty is left out altogether. Values may hold references to the
// site, see Template; those are not checked before they are known.
func (f Form) Fill(typed map[string][]string) (Filled, Problems) {
	p := Problems{}
	query, body := url.Values{}, map[string]any{}
	path := f.Template
	for _, field := range f.Fields {
		values := given(typed[field.Name])
		if len(values) == 0 {
			if field.Required {
				p[field.Name] = "This is needed. Fill it in."
			}
			continue
		}
		if field.Place == InPath {
			part, problem := field.part(values[0])
			if problem != "" {
				p[field.Name] = problem
			}
			path = strings.ReplaceAll(path, "{"+field.Name+"}", part)
			continue
		}
		value, problem := field.value(values)
		if problem != "" {
			p[field.Name] = problem
		} else if field.Place == InQuery {
			addQuery(query, field.Name, value)
		} else {
			put(body, strings.Split(field.Name, "."), value)
		}
	}
	if len(p) == 0 {
		f.check(query, body, p)
	}
	return Filled{f.Method, withQuery(path, query), encoded(body)}, p
}

func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
}

// part is a variable of the path, escaped so that it stays one part, unless the route's own pattern lets it have slashes.
func (f Field) part(text string) (part, problem string) {
	text = strings.TrimSpace(text)
	slashes := strings.Contains(f.pattern, `\/`) || strings.Contains(f.pattern, "/") && !strings.Contains(f.pattern, "[^/")
	if Refers(text) {
		return text, ""
	}
	if re, err := regexp.Compile("^(?:" + strings.ReplaceAll(f.pattern, `\/`, "/") + ")$"); err == nil && f.pattern != "" && !re.MatchString(text) {
		return "", "This does not have the form that the route asks for (" + f.pattern + ")."
	}
	parts := []string{text}
	if slashes {
		parts = strings.Split(text, "/")
	}
	for i, each := range parts {
		if each == "" || each == "." || each == ".." {
			return "", "A part of the path cannot be empty, . or .."
		}
		parts[i] = url.PathEscape(each)
	}
	return strings.Join(parts, "/"), ""
}

// value turns what was typed into the type that the schema asks for.
func (f Field) value(typed []string) (any, string) {
	first := strings.TrimSpace(typed[0])
	if f.Kind != List && f.Kind != Several && Refers(first) {
		return first, ""
	}
	switch f.Kind {
	case Integer:
		if _, err := strconv.ParseInt(first, 10, 64); err != nil {
			return nil, "Write a whole number, such as 12."
		}
		return json.Number(first), ""
	case Number:
		if _, err := strconv.ParseFloat(first, 64); err != nil || !json.Valid([]byte(first)) {
			return nil, "Write a number, such as 1.5."
		}
		return json.Number(first), ""
	case Boolean:
		if first != "true" && first != "false" {
			return nil, "Choose yes or no."
		}
		return first == "true", ""
	case Choose:
		return f.choice(f.schema.Enum, first)
	case Several:
		return f.several(f.schema.Items.Enum, typed)
	case List:
		return f.list(typed)
	case JSON:
		var value any
		if decode([]byte(first), &value) != nil {
			return nil, "This is not JSON. Strings and names stand in double quotes, and no comma follows the last one."
		}
		return value, ""
	}
	return strings.ReplaceAll(typed[0], "\r\n", "\n"), ""
}

func (f Field) choice(choices []any, text string) (any, string) {
	for _, each := range choices {
		if shown(each) == text {
			return each, ""
		}
	}
	return nil, "Choose one of: " + strings.Join(f.Choices, ", ") + "."
}

func (f Field) several(choices []any, typed []string) (any, string) {
	all := []any{}
	for _, each := range typed {
		value, problem := f.choice(choices, strings.TrimSpace(each))
		if problem != "" {
			return nil, problem
		}
		all = append(all, value)
	}
	return all, ""
}

// list reads one value a line, or separated by commas where it is one line.
func (f Field) list(typed []string) (any, string) {
	text := strings.Join(typed, "\n")
	lines := strings.Split(text, "\n")
	if len(lines) == 1 {
		lines = strings.Split(text, ",")
	}
	item := Field{Kind: Text}
	if f.schema.Items != nil {
		item = fieldOf(f.Name, f.Place, *f.schema.Items)
	}
	all := []any{}
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		value, problem := item.value([]string{line})
		if problem != "" {
			return nil, fmt.Sprintf("%q: %s", line, problem)
		}
		all = append(all, value)
	}
	return all, ""
}

func put(into map[string]any, path []string, value any) {
	if len(path) == 1 {
		into[path[0]] = value
		return
	}
	inner, is := into[path[0]].(map[string]any)
	if !is {
		inner = map[string]any{}
		into[path[0]] = inner
	}
	put(inner, path[1:], value)
}

// addQuery writes a value as PHP reads it from a query: name[]=a for lists, name[key]=v for objects.
func addQuery(query url.Values, name string, value any) {
	outer, inner, nested := strings.Cut(name, ".")
	if nested {
		name = outer + "[" + strings.ReplaceAll(inner, ".", "][") + "]"
	}
	switch v := value.(type) {
	case []any:
		for _, each := range v {
			addQuery(query, name+"[]", each)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			addQuery(query, name+"["+key+"]", v[key])
		}
	default:
		query.Add(name, shown(value))
	}
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	// References to the site stay readable; what they stand for is escaped when it is put in.
	text := strings.NewReplacer("%7B%7B", "{{", "%7D%7D", "}}").Replace(query.Encode())
	return path + "?" + text
}

func encoded(body map[string]any) string {
	if len(body) == 0 {
		return ""
	}
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return ""
	}
	return string(text)
}

// FieldProblems reads WordPress's own words about wrong arguments: rest_invalid_param and rest_missing_callback_param
// (WP_REST_Request::has_valid_params), by field.
func FieldProblems(body []byte) Problems {
	var answer struct {
		Code string
		Data struct {
			Params json.RawMessage
		}
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	switch answer.Code {
	case "rest_invalid_param":
		var says map[string]string
		_ = json.Unmarshal(answer.Data.Params, &says)
		return says
	case "rest_missing_callback_param":
		var names []string
		_ = json.Unmarshal(answer.Data.Params, &names)
		p := Problems{}
		for _, name := range names {
			p[name] = "The site needs this."
		}
		return p
	}
	return nil
}
