package endpoint

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamesSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"äö {{site.url":  "The {{ at character 4 has no }} after it. Close it, such as {{site.name}}.",
		"{{row.nope}}":   "There is no {{row.nope}}. Use one of: site.url, site.name, site.host, site.id, row.id.",
		"{{row.x:text}}": "There is no {{row.x}}. Use one of: site.url, site.name, site.host, site.id, row.id.",
	} {
		if _, err := Names(text, []string{"id"}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestExpandedPartsStayParts(t *testing.T) {
	values := Values{"row.dot": ".", "row.dots": "..", "row.none": "", "row.e": "e", "row.path": "../users/1?x=1#y%2f", "row.query": "a&_method=DELETE#"}
	for path, want := range map[string]string{
		"/a/{{row.dot}}{{row.dot}}/b":   "/a/%20/b",
		"/a/.{{row.dot}}/b":             "/a/%20/b",
		"/a/%2e{{row.dot}}/b":           "/a/%20/b",
		"/a/%2{{row.e}}{{row.dot}}/b":   "/a/%20/b",
		"/a/{{row.none}}/b":             "/a/%20/b",
		"/a/x{{row.dots}}/b?q={{none}}": "/a/x../b?q=",
		"/a/{{row.path}}/b":             "/a/..%2Fusers%2F1%3Fx=1%23y%252f/b",
		"/a?q={{row.query}}":            "/a?q=a%26_method%3DDELETE%23",
		"/a/../b":                       "/a/../b", // not ours: the request's own check refuses it
	} {
		if got := ExpandPath(path, values); got != want {
			t.Errorf("%s became %s", path, got)
		}
	}
}

func TestExpandJSONTypes(t *testing.T) {
	values := Values{"site.name": "2024", "site.id": "7", "row.n": "-1.5", "row.b": "true", "row.huge": "1e999999", "row.null": "null", "row.two": "1 2",
		"row.k": "key"}
	for body, want := range map[string]string{
		`"{{site.name}}"`: `"2024"`, `"{{site.id}}"`: `7`, `"{{row.n}}"`: `-1.5`, `"{{row.n:text}}"`: `"-1.5"`, `"{{row.b}}"`: `true`, `"{{row.huge}}"`: `"1e999999"`,
		`"{{row.null}}"`: `"null"`, `"{{row.two}}"`: `"1 2"`, `"{{row.n}}{{row.n}}"`: `"-1.5-1.5"`, `{"{{row.k}}":"{{row.k}}"}`: `{"key":"key"}`,
	} {
		if got, err := ExpandJSON(body, values); err != nil || got != want {
			t.Errorf("%s became %s, %v", body, got, err)
		}
	}
	if _, err := ExpandJSON(`{"a":"{{row.n}}"} x`, values); err == nil {
		t.Error("what follows the body was lost")
	}
}

func TestReadRowsSays(t *testing.T) {
	for text, want := range map[string]string{
		"id\n1":                      "No column is named site or url. Give that name to the column with the site URLs.",
		"site,id,ID\na,1,2":          "Two columns are named id. Rename one of them.",
		"site,a}b\na,1":              `The name of the column "a}b" contains a character that a reference cannot. Leave out { } ? & # / and :.`,
		"site,id\na,1\nb,2\na,3":     "Line 4 repeats a from line 2. Remove one of the two.",
		"site,id\na,1\n ,2":          "Line 3 has no site. Enter its URL in the column site, or remove the line.",
		"site,id\na,1,2":             "Line 2 does not have 2 values like the header. Put values that contain the separator in double quotes.",
		"site,id\na,\"1":             "Line 2 is not CSV: extraneous or missing \" in quoted-field. Write a double quote within quotes twice.",
		"site,id\na,\xff":            "The table is not in UTF-8. Save it as CSV UTF-8.",
		strings.Repeat("x", 5<<20+1): "The table is larger than 5 MB. Leave out columns that you do not need.",
	} {
		if _, err := ReadRows(text); err == nil || err.Error() != want {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	rows, err := ReadRows("url\tsite\tn\t\n1\thttps://a.example\t\"x\ty\"\t\n")
	if err != nil || rows.BySite["https://a.example"]["n"] != "x\ty" || len(rows.Columns) != 3 {
		t.Errorf("%+v, %v", rows, err)
	}
}

// What a site's name or a table's cell holds never leaves its place.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"a/../b?x=1&y=2#z", `"},{"x":"`, "{{row.v}}", ".", "..", "%2e", "\xff", "1e999999", "{{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		values := Values{"row.v": value, "site.name": value}
		path := ExpandPath("/a/{{row.v}}/.{{row.v}}/{{row.v}}{{site.name}}/b?q={{row.v}}&r=1", values)
		route, query, _ := strings.Cut(path, "?")
		if strings.Count(route, "/") != 5 || strings.Count(query, "&") != 1 || strings.ContainsAny(path, "#\r\n ") {
			t.Errorf("%q became %q", value, path)
		}
		for _, part := range strings.Split(route, "/")[1:] {
			if part == "" || part == "." || part == ".." {
				t.Errorf("%q became %q", value, path)
			}
		}
		body, err := ExpandJSON(`{"a":"{{row.v}}","b":["x{{row.v}}","{{row.v:text}}"]}`, values)
		var read struct {
			A any
			B []string
		}
		if err != nil || json.Unmarshal([]byte(body), &read) != nil || len(read.B) != 2 || utf8.ValidString(value) && read.B[1] != value {
			t.Errorf("%q became %s, %v", value, body, err)
		}
		switch read.A.(type) {
		case string, bool, float64:
		default:
			t.Errorf("%q became %s", value, body)
		}
		_, _ = Names(value, []string{"v"})
		_, _ = ReadRows(value)
	})
}
