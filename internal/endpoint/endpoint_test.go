package endpoint

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/validation"
)

func sample(t testing.TB) Index {
	t.Helper()
	body, err := os.ReadFile("testdata/index.json")
	if err != nil {
		t.Fatal(err)
	}
	index, err := ParseIndex(body)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func formOf(t testing.TB, template, method string) Form {
	t.Helper()
	for _, route := range sample(t).Routes {
		if verb, has := route.Verb(method); has && route.Template == template {
			return FormOf(route, verb)
		}
	}
	t.Fatalf("there is no %s %s", method, template)
	return Form{}
}

func TestParseIndex(t *testing.T) {
	index := sample(t)
	var got []string
	for _, route := range index.Routes {
		var names []string
		for _, v := range route.Endpoints {
			names = append(names, v.Method)
		}
		got = append(got, route.Template+" "+strings.Join(names, ","))
	}
	want := []string{"/ GET", "/acme/v1/mail POST", "/acme/v1/odd POST", "/wp/v2/plugins/{plugin} POST", "/wp/v2/posts GET,POST",
		"/wp/v2/posts/{id} GET,POST,PATCH,DELETE"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, wrong := range []string{"", "[]", `{"routes":7}`, `{"code":"rest_no_route"}`, "<html>"} {
		if _, err := ParseIndex([]byte(wrong)); err == nil {
			t.Errorf("%q passed for an index", wrong)
		}
	}
}

func TestMergeAndSearch(t *testing.T) {
	all, few := sample(t), sample(t)
	few.Routes = few.Routes[4:]
	offers := Merge([]Index{all, few})
	if len(offers) != 6 || offers[1].Sites != 1 || offers[4].Sites != 2 || !offers[4].Alike {
		t.Errorf("%+v", offers)
	}
	for words, want := range map[string]int{"": 6, "posts": 2, "POSTS delete": 1, "maximum items": 1, "acme": 2, "nothing such": 0} {
		if got := len(Search(offers, words)); got != want {
			t.Errorf("%q found %d, want %d", words, got, want)
		}
	}
}

func TestFill(t *testing.T) {
	for name, c := range map[string]struct {
		method, template string
		typed            map[string][]string
		path, body       string
		problem          string // the field that has one
	}{
		"a query": {"GET", "/wp/v2/posts", map[string][]string{"per_page": {"5"}, "status": {"draft", "publish"}, "include": {"1, 2"}, "tax.relation": {"OR"},
			"search": {""}},
			"/wp/v2/posts?include%5B%5D=1&include%5B%5D=2&per_page=5&status%5B%5D=draft&status%5B%5D=publish&tax%5Brelation%5D=OR", "", ""},
		"nothing typed": {"GET", "/wp/v2/posts", nil, "/wp/v2/posts", "", ""},
		"a body": {"POST", "/wp/v2/posts", map[string][]string{"title.raw": {"A \"b\""}, "author": {"3"}, "sticky": {"true"}, "categories": {"4\n5"},
			"blocks": {`[{"a":1}]`}, "content": {"x\r\ny"}},
			"/wp/v2/posts", `{"author":3,"blocks":[{"a":1}],"categories":[4,5],"content":"x\ny","sticky":true,"title":{"raw":"A \"b\""}}`, ""},
		"a reference": {"POST", "/wp/v2/posts", map[string][]string{"title.raw": {"{{site.name}}"}, "author": {"{{row.author}}"}}, "/wp/v2/posts",
			`{"author":"{{row.author}}","title":{"raw":"{{site.name}}"}}`, ""},
		"a variable": {"DELETE", "/wp/v2/posts/{id}", map[string][]string{"id": {"12"}, "force": {"true"}}, "/wp/v2/posts/12?force=1", "", ""},
		"a variable with slash": {"POST", "/wp/v2/plugins/{plugin}", map[string][]string{"plugin": {"akismet/akismet"}, "status": {"active"}},
			"/wp/v2/plugins/akismet/akismet", `{"status":"active"}`, ""},
		"a variable that is out": {"DELETE", "/wp/v2/posts/{id}", map[string][]string{"id": {"../../x"}}, "", "", "id"},
		"no variable":            {"DELETE", "/wp/v2/posts/{id}", nil, "", "", "id"},
		"not a number":           {"GET", "/wp/v2/posts", map[string][]string{"per_page": {"many"}}, "", "", "per_page"},
		"not a choice":           {"POST", "/wp/v2/posts", map[string][]string{"author": {"1"}, "status": {"gone"}}, "", "", "status"},
		"not JSON":               {"POST", "/wp/v2/posts", map[string][]string{"author": {"1"}, "meta": {"{"}}, "", "", "meta"},
		"below the minimum":      {"POST", "/wp/v2/posts", map[string][]string{"author": {"0"}}, "", "", "author"},
		"too long":               {"POST", "/wp/v2/posts", map[string][]string{"author": {"1"}, "password": {strings.Repeat("x", 21)}}, "", "", "password"},
		"not an address":         {"POST", "/acme/v1/mail", map[string][]string{"to": {"nobody"}, "options.copies": {"1"}}, "", "", "to"},
		"too many in an object":  {"POST", "/acme/v1/mail", map[string][]string{"to": {"a@b.example"}, "options.copies": {"9"}}, "", "", "options.copies"},
		"missing in an object":   {"POST", "/acme/v1/mail", map[string][]string{"to": {"a@b.example"}}, "", "", "options.copies"},
	} {
		filled, problems := formOf(t, c.template, c.method).Fill(c.typed)
		if c.problem != "" {
			if problems[c.problem] == "" || len(problems) != 1 {
				t.Errorf("%s: %v", name, problems)
			}
			continue
		}
		var got, want any
		_ = json.Unmarshal([]byte(filled.Body), &got)
		_ = json.Unmarshal([]byte(c.body), &want)
		if len(problems) > 0 || filled.Path != c.path || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s %s, %v", name, filled.Path, filled.Body, problems)
		}
	}
}

func TestFieldProblems(t *testing.T) {
	for body, want := range map[string]validation.Problems{
		`{"code":"rest_invalid_param","data":{"status":400,"params":{"per_page":"per_page must be between 1 and 100."}}}`: {
			"per_page": "per_page must be between 1 and 100.",
		},
		`{"code":"rest_missing_callback_param","data":{"params":["title"]}}`: {
			"title": "The site requires this.",
		},
		`{"code":"rest_missing_callback_param","data":{"params":{"0":"a","2":"b"}}}`: {
			"a": "The site requires this.", "b": "The site requires this.",
		},
		`{"code":"rest_invalid_param","data":{"params":{"meta":"bad"},` +
			`"details":{"meta":{"code":"rest_invalid_type","message":"m","data":{"param":"meta[seo][title]"}}}}}`: {
			"meta.seo.title": "bad",
		},
		`{"code":"rest_invalid_param","data":{"params":{"meta":{"x":1}},"details":[]}}`: {
			"meta": "The site rejected this value. Enter another.",
		},
		`{"code":"rest_invalid_param","data":{"params":["meta"]}}`: {
			"meta": "The site rejected this value. Enter another.",
		},
		`{"code":"rest_invalid_param","data":{"params":{}}}`: {},
		`{"code":"rest_forbidden"}`:                          nil, `[]`: nil, ``: nil,
	} {
		if got := FieldProblems([]byte(body)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestTemplates(t *testing.T) {
	values := Values{"site.url": "https://a.example", "site.name": `Tom "&" Co/../{{site.id}}`, "row.id": "17", "row.zip": "007", "row.empty": ""}
	columns := []string{"id", "zip", "empty"}
	if got := ExpandPath("/wp/v2/posts/{{row.id}}/{{ site.name }}/{{row.empty}}?slug={{site.name}}",
		values); got != "/wp/v2/posts/17/Tom%20%22&%22%20Co%2F..%2F%7B%7Bsite.id%7D%7D/%20?slug=Tom+%22%26%22+Co%2F..%2F%7B%7Bsite.id%7D%7D" {
		t.Error(got)
	}
	got, err := ExpandJSON(`{"id":"{{row.id}}","zip":"{{row.zip}}","t":"{{site.name}}!","n":[1.50,"{{row.id}}x"]}`, values)
	if want := `{"id":17,"n":[1.50,"17x"],"t":"Tom \"\u0026\" Co/../{{site.id}}!","zip":"007"}`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
	for text, wrong := range map[string]bool{"{{site.url}} {{row.id}}": false, "{{site.url": true, "{{row.nope}}": true, "{{password}}": true, "plain": false} {
		if _, err := Names(text, columns); (err != nil) != wrong {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReadRows(t *testing.T) {
	rows, err := ReadRows("\ufeffURL;Id\nhttps://a.example;1\nhttps://b.example; 2 \n")
	if err != nil || rows.BySite["https://b.example"]["id"] != "2" || len(rows.Columns) != 2 {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, wrong := range []string{"", "id\n1", "site,id\na,1\na,2", "site,id\na", "site,id\n\"a,1"} {
		if _, err := ReadRows(wrong); err == nil {
			t.Errorf("%q passed", wrong)
		}
	}
}

func answers(version ...string) []Answer {
	var all []Answer
	for i, v := range version {
		all = append(all, Answer{Site: int64(i + 1), Pages: [][]byte{[]byte(fmt.Sprintf(`[{"plugin":"akismet","version":%q},{"plugin":"other","version":"1.0"}]`,
			v))}})
	}
	return all
}

func TestTable(t *testing.T) {
	table := tableOf(t, Query{Columns: []Column{{"plugin", ".plugin"}, {"version", ".version"}}})
	var rows []Row
	for _, a := range answers("5.3", "5.10", "5.3", "5.3.0", "5.3") {
		found, err := table.Add(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, found...)
	}
	if len(rows) != 10 {
		t.Fatalf("%d rows", len(rows))
	}
	below := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool {
		return !(Filter{0, "=", "Akismet"}).Keeps(r) || !(Filter{1, "<", "5.9"}).Keeps(r)
	})
	if len(below) != 4 {
		t.Errorf("%d rows are below 5.9", len(below))
	}
	groups := GroupBy(rows, 1)
	if groups[0].Value != "1.0" || groups[0].Rows != 5 || len(groups[0].Sites) != 5 {
		t.Errorf("%+v", groups)
	}
	MarkOdd(rows)
	var odd []int64
	for _, r := range rows {
		if r.Odd[1] {
			odd = append(odd, r.Site)
		}
	}
	if slices.Contains(odd, 1) || !slices.Contains(odd, 2) {
		t.Errorf("odd: %v", odd)
	}
}

func TestTableBounds(t *testing.T) {
	for _, wrong := range []Query{{Rows: ".["}, {Columns: []Column{{"a", "input_filename("}}}, {Columns: make([]Column, 31)}} {
		if wrong.Check() == nil {
			t.Errorf("%+v passed", wrong)
		}
	}
	if rows := rowsOf(t, tableOf(t, Query{Rows: "range(1e9)", Columns: []Column{{"a", "."}}}), []byte("1")); len(rows) != 2000 {
		t.Errorf("%d rows", len(rows))
	}
	for _, expr := range []string{".a.b.c", "error(\"x\")", "env.HOME", "$ENV.HOME"} {
		if row := one(t, expr, `{"a":1}`); Show(row.Cells[0]) != "" {
			t.Errorf("%s gave %+v", expr, row)
		}
	}
}

func TestCompare(t *testing.T) {
	order := []any{json.Number("2"), 3.0, "4", "5.9", "5.9.1", "5.10", "Apple", "banana", "", nil}
	for i := range order[:len(order)-1] {
		if Compare(order[i], order[i+1]) > 0 {
			t.Errorf("%v comes after %v", order[i], order[i+1])
		}
	}
	if Compare("5.9", "5.9.0") != 0 || Compare(nil, "") != 0 {
		t.Error("the same is not the same")
	}
}

func TestSuggest(t *testing.T) {
	columns := Suggest([]byte(`[{"id":1,"title":{"rendered":"A"},"_links":{},"tags":[1],"roles":["editor"],"odd key":true}]`))
	want := []Column{{"title", ".title.rendered"}, {"id", ".id"}, {"roles", `[.roles[]?] | join(", ")`}, {"odd key", `."odd key"`}}
	if !reflect.DeepEqual(columns, want) {
		t.Errorf("%+v", columns)
	}
	if got := Suggest([]byte(`"x"`)); len(got) != 1 || got[0].Expr != "." {
		t.Errorf("%+v", got)
	}
}
