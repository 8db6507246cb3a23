package endpoint

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/validation"
)

// Filled is a request made from a form.
type Filled struct {
	Method string
	Path   string // with its query
	Body   string // JSON, or empty
}

// SendEmpty is the name under which the fields are listed that are sent although they are empty.
const SendEmpty = "send-empty"

// Fill makes the request from what was typed. A field that was left empty is left out altogether, unless typed[SendEmpty] names it: then
// an empty text, list or object is sent, or null where the schema knows nothing else that is empty. Values may hold references to the
// site, see Names; those are not checked before they are known.
func (f Form) Fill(typed map[string][]string) (Filled, validation.Problems) {
	p := validation.Problems{}
	args, path := map[string]any{}, f.Template
	for _, field := range f.Fields {
		values := given(typed[field.Name])
		empty := len(values) == 0
		var value any
		problem := ""
		switch {
		case field.Place == InPath && !empty:
			part, wrong := field.part(values[0])
			if problem = wrong; problem == "" {
				path = strings.ReplaceAll(path, "{"+field.Name+"}", part)
			}
		case field.Place != InPath && empty && slices.Contains(typed[SendEmpty], field.Name):
			if value, problem = field.nothing(); problem == "" {
				put(args, field.path, value)
			}
		case empty && field.Required:
			problem = "This is required."
		case !empty:
			if value, problem = field.value(values); problem == "" {
				put(args, field.path, value)
			}
		}
		if problem != "" {
			p[field.Name] = problem
		}
	}
	if len(p) == 0 {
		f.check(args, p)
	}
	if f.inQuery() {
		return Filled{f.Method, withQuery(path, args), ""}, p
	}
	return Filled{f.Method, path, encoded(args)}, p
}

// inQuery tells whether the method's arguments go into the query: WordPress reads no body of a GET.
func (f Form) inQuery() bool { return f.Method == "GET" || f.Method == "DELETE" }

func given(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return strings.TrimSpace(v) == "" })
}

// nothing is the empty value of the field's type.
func (f Field) nothing() (any, string) {
	switch {
	case f.schema.is("string") && f.Kind != Choose, len(f.schema.Types) == 0:
		return "", ""
	case f.schema.is("array"):
		return []any{}, ""
	case f.schema.is("object"):
		return map[string]any{}, ""
	case f.schema.is("null"):
		return nil, ""
	}
	if f.Kind == Choose && slices.Contains(f.Choices, "") {
		return f.choice(f.schema.Enum, "")
	}
	return nil, "This cannot be sent empty. Fill it in, or leave it out."
}

// part is a variable of the path, escaped so that it stays one part, unless the route's own pattern lets it have slashes.
func (f Field) part(text string) (part, problem string) {
	text = strings.TrimSpace(text)
	if len(text) > mostMatched {
		return "", "This is too long for a part of the path."
	}
	if re := goPattern(f.Pattern); re != nil && !Refers(text) && !re.MatchString(text) {
		return "", "This does not match the form that the route requires (" + f.Pattern + ")."
	}
	parts := []string{text}
	if (Variable{Pattern: f.Pattern}).slashed() {
		parts = strings.Split(text, "/")
	}
	for i, each := range parts {
		if each == "" || each == "." || each == ".." {
			return "", "A part of the path cannot be empty, . or .., so enter something else."
		}
		parts[i] = around(each, url.PathEscape)
	}
	return strings.Join(parts, "/"), ""
}

// value turns what was typed into the type that the schema asks for.
func (f Field) value(typed []string) (any, string) {
	first := strings.TrimSpace(typed[0])
	if Refers(first) && f.Kind != List && f.Kind != Several && f.Kind != JSON {
		return f.reference(first), ""
	}
	switch f.Kind {
	case Integer:
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return nil, "Enter a whole number, such as 12."
		}
		return json.Number(strconv.FormatInt(n, 10)), ""
	case Number:
		if !json.Valid([]byte(first)) || !sane(json.Number(first)) {
			return nil, "Enter a number, such as 1.5."
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
			return nil, "This is not JSON. Put strings and names in double quotes, and leave out the comma after the last one."
		}
		if !sane(value) {
			return nil, "A number is too large or too small. Enter it as text, in double quotes."
		}
		return value, ""
	}
	return strings.ReplaceAll(typed[0], "\r\n", "\n"), ""
}

// reference marks a reference to a table's cell that must stay text, see ExpandJSON. A query knows texts only.
func (f Field) reference(text string) string {
	name, isReference := soleReference(text)
	if isReference && f.Place == InBody && strings.HasPrefix(name, "row.") && !strings.HasSuffix(name, asText) && f.schema.is("string") {
		return "{{" + name + asText + "}}"
	}
	return text
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

// addQuery writes a value as PHP reads it from a query: name[]=a for lists, name[key]=v for objects, name= for what is empty.
func addQuery(query url.Values, name string, value any) {
	switch v := value.(type) {
	case []any:
		for _, each := range v {
			addQuery(query, name+"[]", each)
		}
		if len(v) == 0 {
			query.Add(name, "")
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			addQuery(query, name+"["+key+"]", v[key])
		}
		if len(v) == 0 {
			query.Add(name, "")
		}
	case bool:
		query.Add(name, map[bool]string{true: "1", false: "0"}[v]) // to PHP, and to abilities before WordPress 7.1, the text false is true
	default:
		query.Add(name, shown(value))
	}
}

// withQuery adds the arguments. References to the site stay as they are; what they stand for is escaped when it is put in.
func withQuery(path string, args map[string]any) string {
	query := url.Values{}
	for name, value := range args {
		addQuery(query, name, value)
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			pairs = append(pairs, url.QueryEscape(name)+"="+around(value, url.QueryEscape))
		}
	}
	if len(pairs) == 0 {
		return path
	}
	return path + "?" + strings.Join(pairs, "&")
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
