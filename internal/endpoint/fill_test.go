package endpoint

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// formFor makes the form of one argument v, in the body or the query.
func formFor(t testing.TB, method, schema string) Form {
	t.Helper()
	index, err := ParseIndex([]byte(`{"routes":{"/a":{"endpoints":[{"methods":["` + method + `"],"args":{"v":` + schema + `}}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return FormOf(index.Routes[0], index.Routes[0].Endpoints[0])
}

func TestTypesAndAdvice(t *testing.T) {
	for _, c := range []struct{ schema, typed, body, problem string }{
		{`{"type":"integer"}`, "+007", `{"v":7}`, ""},
		{`{"type":"integer"}`, "1.5", "", "Enter a whole number, such as 12."},
		{`{"type":"number"}`, "1.50", `{"v":1.50}`, ""},
		{`{"type":"number"}`, "1e999999999", "", "Enter a number, such as 1.5."},
		{`{"type":"number"}`, "1e-999999999", "", "Enter a number, such as 1.5."},
		{`{"type":"number","minimum":1.5}`, "1", "", "Enter 1.5 or more."},
		{`{"type":"boolean"}`, "maybe", "", "Choose yes or no."},
		{`{"type":"array","items":{"type":"integer"},"maxItems":1}`, "1,2", "", "Enter at most 1. There are 2."},
		{`{"type":"array","items":{"type":"integer"},"minItems":3}`, "1,2", "", "Enter at least 3. There are 2."},
		{`{"type":"array","items":{"type":"string"}}`, "a, b\n", `{"v":["a, b"]}`, ""},
		{`{"type":"string","minLength":3}`, "äö", "", "Enter at least 3 characters. This has 2."},
		{`{"type":"string","pattern":"^[a-z\\/]+$"}`, "A", "", "Enter it in the form that the site requires (^[a-z/]+$)."},
		{`{"type":"string","pattern":"(?<=a)b"}`, "x", `{"v":"x"}`, ""},
		{`{"type":"string","format":"email"}`, "x", "", "Enter it in the format email."},
		{`{"type":"object"}`, `{"a":1e-999999999}`, "", "A number is too large or too small. Enter it as text, in double quotes."},
		{`{"type":"object"}`, `{} x`, "", "This is not JSON. Put strings and names in double quotes, and leave out the comma after the last one."},
		{`{"type":"object"}`, `[1]`, "", "This must be of the type object, not array."},
		{`{"type":"array","items":{"type":"object","properties":{"a":{"type":"integer","required":true}}}}`, `[{}]`, "", "This is required: a."},
		{`{"enum":["a","a",1]}`, "1", `{"v":1}`, ""},
		{`{"enum":[1e999999999,"a"]}`, "a", `{"v":"a"}`, ""},
		{`{"type":["mixed","string","string"],"maxLength":1}`, "ab", "", "Enter at most 1 character. This has 2."},
		{`{"type":["string","integer"]}`, "12", `{"v":"12"}`, ""},
		{`{"oneOf":[{"type":"string"},{"type":"string"}],"maxLength":1}`, "ab", "", "Enter at most 1 character. This has 2."},
	} {
		filled, problems := formFor(t, "POST", c.schema).Fill(map[string][]string{"v": {c.typed}})
		if problems["v"] != c.problem || c.problem == "" && !sameJSON(filled.Body, c.body) {
			t.Errorf("%s with %q: %s, %v", c.schema, c.typed, filled.Body, problems)
		}
	}
}

// The query of a GET is held against the schema as well.
func TestQueryIsChecked(t *testing.T) {
	form := formOf(t, "/wp/v2/posts", "GET")
	if _, problems := form.Fill(map[string][]string{"per_page": {"500"}}); problems["per_page"] != "Enter 100 or less." {
		t.Errorf("%v", problems)
	}
}

func TestEmptyIsNotAbsent(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type":"string"}`: `{"v":""}`, `{"type":"array"}`: `{"v":[]}`, `{"type":"object"}`: `{"v":{}}`, `{"type":["integer","null"]}`: `{"v":null}`,
		`{"enum":["","a"]}`: `{"v":""}`, `{}`: `{"v":""}`,
	} {
		form := formFor(t, "POST", schema)
		if filled, problems := form.Fill(map[string][]string{SendEmpty: {"v"}}); len(problems) > 0 || !sameJSON(filled.Body, want) {
			t.Errorf("%s: %s, %v", schema, filled.Body, problems)
		}
		if filled, problems := form.Fill(map[string][]string{"v": {""}}); len(problems) > 0 || filled.Body != "" {
			t.Errorf("%s, left alone: %s, %v", schema, filled.Body, problems)
		}
	}
	if _, problems := formFor(t, "POST", `{"type":"integer"}`).Fill(map[string][]string{SendEmpty: {"v"}}); problems["v"] == "" {
		t.Error("a number was sent empty")
	}
	if filled, _ := formFor(t, "GET", `{"type":"array"}`).Fill(map[string][]string{SendEmpty: {"v"}}); filled.Path != "/a?v=" {
		t.Error(filled.Path)
	}
}

// Only what is around a reference is escaped, and nothing goes up in the path.
func TestReferencesInForms(t *testing.T) {
	form := formOf(t, "/wp/v2/posts/{id}", "DELETE")
	for typed, want := range map[string]string{"{{row.id}}": "/wp/v2/posts/{{row.id}}", "../{{row.id}}?x#": "/wp/v2/posts/..%2F{{row.id}}%3Fx%23",
		"{{row.my id}}": "/wp/v2/posts/{{row.my id}}"} {
		if filled, problems := form.Fill(map[string][]string{"id": {typed}}); filled.Path != want || len(problems) > 0 {
			t.Errorf("%s: %s, %v", typed, filled.Path, problems)
		}
	}
	plugin := formOf(t, "/wp/v2/plugins/{plugin}", "POST")
	if _, problems := plugin.Fill(map[string][]string{"plugin": {"../{{row.id}}"}}); problems["plugin"] == "" {
		t.Error("it went up")
	}
	// WordPress refuses a number where it asks for a text, and takes a text for a number.
	text, _ := formFor(t, "POST", `{"type":"string"}`).Fill(map[string][]string{"v": {"{{row.zip}}"}})
	number, _ := formFor(t, "POST", `{"type":"integer"}`).Fill(map[string][]string{"v": {"{{row.zip}}"}})
	for body, want := range map[string]string{text.Body: `{"v":"12345"}`, number.Body: `{"v":12345}`} {
		if got, err := ExpandJSON(body, Values{"row.zip": "12345"}); err != nil || got != want {
			t.Errorf("%s became %s, %v", body, got, err)
		}
		if names, err := Names(body, []string{"zip"}); err != nil || !slices.Equal(names, []string{"row.zip"}) {
			t.Errorf("%s: %v, %v", body, names, err)
		}
	}
}

func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		method, template, path, body string
		want                         map[string][]string
		complete                     bool
	}{
		"a query": {"GET", "/wp/v2/posts", "/wp/v2/posts?per_page=5&status[]=draft&include%5B%5D=1&tax[relation]=OR", "",
			map[string][]string{"per_page": {"5"}, "status": {"draft"}, "include": {"1\n"}, "tax.relation": {"OR"}}, true},
		"a body": {"POST", "/wp/v2/posts", "/wp/v2/posts", `{"author":3,"title":{"raw":"a"},"categories":[4,5],"content":""}`,
			map[string][]string{"author": {"3"}, "title.raw": {"a"}, "categories": {"4\n5"}, SendEmpty: {"content"}}, true},
		"a variable": {"POST", "/wp/v2/plugins/{plugin}", "/wp/v2/plugins/a/b", `{"status":"active"}`,
			map[string][]string{"plugin": {"a/b"}, "status": {"active"}}, true},
		"references": {"POST", "/wp/v2/posts", "/wp/v2/posts", `{"author":"{{row.a}}","content":"{{row.b:text}}"}`,
			map[string][]string{"author": {"{{row.a}}"}, "content": {"{{row.b}}"}}, true},
		"an unknown name": {"POST", "/wp/v2/posts", "/wp/v2/posts", `{"author":3,"more":1}`, map[string][]string{"author": {"3"}}, false},
		"another type":    {"POST", "/wp/v2/posts", "/wp/v2/posts", `{"author":3,"content":7}`, map[string][]string{"author": {"3"}, "content": {"7"}}, false},
		"another route":   {"GET", "/wp/v2/posts", "/wp/v2/pages", "", map[string][]string{}, false},
		"a query beside":  {"POST", "/wp/v2/posts", "/wp/v2/posts?x=1", `{"author":3}`, map[string][]string{"author": {"3"}}, false},
		"no JSON":         {"POST", "/wp/v2/posts", "/wp/v2/posts", `{`, map[string][]string{}, false},
		"a broken query":  {"GET", "/wp/v2/posts", "/wp/v2/posts?per_page=%zz", "", map[string][]string{}, false},
	} {
		got, complete := formOf(t, c.template, c.method).Values(c.path, c.body)
		if complete != c.complete || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, complete)
		}
	}
}

func TestFieldsTellTheirBounds(t *testing.T) {
	for _, field := range formOf(t, "/wp/v2/posts", "GET").Fields {
		if field.Name == "per_page" && (field.Min != "1" || field.Max != "100" || field.Default != "10" || field.Kind != Integer) {
			t.Errorf("%+v", field)
		}
	}
	if id := formOf(t, "/wp/v2/posts/{id}", "GET").Fields[0]; id.Pattern != `[\d]+` || !id.Required || id.Place != InPath {
		t.Errorf("%+v", id)
	}
}

// A form never panics; what it fills in stays in its place, is what its schema asks for, and can be read back.
func FuzzForm(f *testing.F) {
	f.Add(`{"type":"string"}`, "x", `[\d]+`)
	f.Add(`{"type":["array","null"],"items":{"enum":[1,"a",null]}}`, "1,2", `[^.\/]+(?:\/[^.\/]+)?`)
	f.Add(`{"type":"object","properties":{"x":{"type":"object","properties":{"x":{"type":"integer"}}}}}`, `{"x":1}`, `(`)
	f.Add(`{"type":"number","minimum":1,"enum":[1,1.0,2e1]}`, "1e99999", `a|b`)
	f.Add(`{"type":"array","items":{"type":"string","maxLength":3}}`, "a\nb, c\n", `.*`)
	f.Add(`{"type":"string"}`, "../{{row.a}}", `[\/a-z]+`)
	f.Fuzz(func(t *testing.T, schema, typed, pattern string) {
		if !json.Valid([]byte(schema)) {
			schema = `{}`
		}
		raw, _ := json.Marshal(map[string]any{"routes": map[string]any{"/a/(?P<id>" + pattern + ")": map[string]any{
			"endpoints": []any{map[string]any{"methods": []string{"GET", "POST"}, "args": map[string]json.RawMessage{"v": json.RawMessage(schema)}}}}}})
		index, err := ParseIndex(raw)
		if err != nil {
			return
		}
		for _, route := range index.Routes {
			for _, verb := range route.Endpoints {
				fuzzForm(t, FormOf(route, verb), typed)
			}
		}
	})
}

func fuzzForm(t *testing.T, form Form, typed string) {
	values := map[string][]string{}
	for i, field := range form.Fields {
		values[field.Name] = []string{typed}
		if i%2 == 1 {
			values[SendEmpty] = append(values[SendEmpty], field.Name)
		}
	}
	filled, problems := form.Fill(values)
	if len(problems) > 0 {
		return
	}
	if filled.Body != "" && !json.Valid([]byte(filled.Body)) {
		t.Errorf("not JSON: %s", filled.Body)
	}
	path, _, _ := strings.Cut(filled.Path, "?")
	for _, part := range strings.Split(path, "/") {
		if part == ".." && !strings.Contains(form.Template, "..") {
			t.Errorf("it left its place: %s", filled.Path)
		}
	}
	if refilled, _ := form.Values(filled.Path, filled.Body); refilled == nil {
		t.Error("nothing was read back")
	}
	if !Refers(typed) {
		satisfies(t, form, filled.Body)
	}
}

// satisfies holds a body against the schema by itself, by the way of the library's own reader.
func satisfies(t *testing.T, form Form, body string) {
	t.Helper()
	if body == "" {
		return
	}
	sent, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range sent.(map[string]any) {
		if compiled, err := compile(form.schema[name], true); err == nil && compiled.Validate(value) != nil {
			t.Errorf("%s: %v", body, compiled.Validate(value))
		}
	}
}
