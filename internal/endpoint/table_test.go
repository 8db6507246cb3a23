package endpoint

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/expression"
)

// tableOf makes a table that ends with the test.
func tableOf(t testing.TB, q Query) *Table {
	t.Helper()
	place, err := expression.NewPool(expression.Limits{Answer: time.Minute}).Enter(t.Context(), "mara")
	if err != nil {
		t.Fatal(err)
	}
	table, err := NewTable(q, place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close(); place.Leave() })
	return table
}

func rowsOf(t testing.TB, table *Table, pages ...[]byte) []Row {
	t.Helper()
	rows, err := table.Add(t.Context(), Answer{Site: 1, Pages: pages})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// one is the table's first row of one answer, for one column.
func one(t testing.TB, expr, answer string) Row {
	t.Helper()
	return rowsOf(t, tableOf(t, Query{Columns: []Column{{"v", expr}}}), []byte(answer))[0]
}

func TestRowsLeftOutAreReported(t *testing.T) {
	page := []byte("[" + strings.Repeat("1,", 1499) + "1]")
	for _, expr := range []string{".", ". + 0"} {
		table := tableOf(t, Query{Columns: []Column{{"v", expr}}})
		rows := rowsOf(t, table, page, page)
		if len(rows) != 2000 || !strings.Contains(rows[1999].Error, "more than 2000") || rows[1998].Error != "" {
			t.Errorf("%s: %d rows, %q", expr, len(rows), rows[len(rows)-1].Error)
		}
		rows = rowsOf(t, table, page, []byte("[1"))
		if len(rows) != 1501 || !strings.Contains(rows[1500].Error, "not complete JSON") {
			t.Errorf("%s: %d rows", expr, len(rows))
		}
	}
}

// Identifiers of 19 digits keep them all, and what no computer can hold is shown as it came.
func TestNumbersKeepTheirDigits(t *testing.T) {
	for answer, want := range map[string]string{
		"9007199254740993": "9007199254740993", "1.50": "1.50", "-0.5": "-0.5", "1e400": "1e400", "1e999999999": "1e999999999",
		strings.Repeat("9", 60): strings.Repeat("9", 60), "true": "true", "null": "",
	} {
		if got := Show(one(t, ".", answer).Cells[0]); got != want {
			t.Errorf("%s became %s", answer, got)
		}
	}
	for _, expr := range []string{"nan", "infinite", "[nan, -infinite]", "{a: infinite}"} {
		if _, err := json.Marshal(one(t, expr, "1").Cells); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestOrder(t *testing.T) {
	n := func(text string) any { return json.Number(text) }
	order := []any{
		n("-1e300"), n("-2"), "-1.5", n("-1"), n("0"), n("1.25"), n("1.5"), "1.1", "1.25", n("2"), "5-beta", "5.9-alpha", "5.9-beta2", "5.9-beta10", "5.9-RC1",
		"v5.9", "5.10", "6.5-RC1-57835", "6.5", 9, "10",
		n("9007199254740992"), n("9007199254740993"), 1e300, "2024-01-02", "2024-02-01", "Apple", "banana", nil,
	}
	for i := range order {
		for j := range order {
			if got := Compare(order[i], order[j]); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%v against %v: %d", order[i], order[j], got)
			}
		}
	}
}

func TestSort(t *testing.T) {
	rows := []Row{{Site: 1, Cells: []any{"5.10"}}, {Site: 2, Cells: []any{nil}}, {Site: 3, Cells: []any{"5.9"}}, {Site: 4}, {Site: 5, Cells: []any{"5.9.0"}}}
	sites := func() (all []int64) {
		for _, r := range rows {
			all = append(all, r.Site)
		}
		return all
	}
	if Sort(rows, 0, false); !slices.Equal(sites(), []int64{3, 5, 1, 2, 4}) {
		t.Error(sites())
	}
	if Sort(rows, 0, true); !slices.Equal(sites(), []int64{1, 3, 5, 2, 4}) {
		t.Error(sites())
	}
}

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		cell      any
		op, value string
		want      bool
	}{
		{json.Number("1.25"), "=", "1.25", true}, {json.Number("1.25"), "<", "1.3", true}, {json.Number("1.5"), ">", "1.25", true}, {"1.5", "<", "1.25", true},
		{json.Number("3"), ">=", "3", true},
		{"Active", "=", "active", true}, {"Active", "<=", "active", true}, {nil, "<", "5", false}, {nil, "=", "", true}, {nil, "!=", "x", true},
		{true, "=", "true", true}, {"6.5-RC1", "<", "6.5", true},
		{"x", "contains", "", true}, {[]any{"a"}, "contains", `"A"`, true}, {json.Number("5"), "<", "many", true}, {"x", "~", "y", true},
	} {
		if got := (Filter{0, c.op, c.value}).Keeps(Row{Cells: []any{c.cell}}); got != c.want {
			t.Errorf("%v %s %s: %v", c.cell, c.op, c.value, got)
		}
	}
}

func TestSuggestQuery(t *testing.T) {
	for answer, want := range map[string]Query{
		`[{"id":1}]`: {Columns: []Column{{"id", ".id"}}},
		`{"success":true,"items":[{"name":"a"}]}`:                          {Rows: ".items[]?", Columns: []Column{{"name", ".name"}}},
		`{"success":true,"data":{"cache":{"label":"Cache","value":"on"}}}`: {Rows: ".data", Columns: []Column{{"cache", ".cache.value"}}},
		`{"id":1,"items":[{"name":"a"}]}`:                                  {Columns: []Column{{"id", ".id"}}},
		`{"odd list":[{"a b":1}]}`:                                         {Rows: `."odd list"[]?`, Columns: []Column{{"a b", `."a b"`}}},
		`{`:                                                                {},
	} {
		if got := SuggestQuery([]byte(answer)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", answer, got)
		}
		if err := want.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestPath(t *testing.T) {
	for want, steps := range map[string][]any{".": nil, ".title.rendered": {"title", "rendered"}, ".[0].a": {0, "a"}, `.a[2]."x-y"`: {"a", 2, "x-y"}} {
		if got := Path(steps...); got != want {
			t.Errorf("%v: %s", steps, got)
		}
	}
}

// A suggested column finds its value again, whatever the value's name.
func FuzzPath(f *testing.F) {
	for _, key := range []string{"a", "and", `\(1)`, `"`, "x-y", "ä", "", "__loc__", "\x00", "<&>"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		body, err := json.Marshal(map[string]any{key: []any{"found"}})
		if err != nil || len(key) > 200 {
			return
		}
		var read map[string]any
		if json.Unmarshal(body, &read) != nil {
			t.Fatal("not JSON")
		}
		for name := range read {
			if got := Show(one(t, Path(name, 0), string(body)).Cells[0]); got != "found" {
				t.Errorf("%q gave %q", Path(name, 0), got)
			}
		}
	})
}

// Whatever the expression and the answer, a table ends, and its cells can be written and ordered.
func FuzzColumns(f *testing.F) {
	for _, seed := range [][2]string{
		{".a", `{"a":1}`}, {".[] | .b?", `[{"b":[1,2]},3]`}, {"nan", "1"}, {"[limit(3; repeat(1))]", "null"}, {`test("a+")`, `"aaa"`}, {".[2:4]", `"abcdef"`},
		{"@csv", `[1,"a"]`},
		{"to_entries", `{"a":1e400}`}, {"tojson", "[1.0]"}, {". * 1e300 * 1e300", "5"}, {"implode", "[65]"}, {"ltrimstr(1)", "1"}, {"splits(\"a\")", `"bab"`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, answer string) {
		if (Query{Columns: []Column{{"v", expr}}}).Check() != nil {
			return
		}
		began := time.Now()
		rows := rowsOf(t, tableOf(t, Query{Columns: []Column{{"v", expr}}}), []byte(answer))
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", expr, took)
		}
		if _, err := json.Marshal(rows); err != nil {
			t.Errorf("%s gave what cannot be written: %v", expr, err)
		}
		Sort(rows, 0, true)
		MarkOdd(rows)
		if groups := GroupBy(rows, 0); len(rows) > 0 && len(groups) == 0 {
			t.Errorf("%d rows in no group", len(rows))
		}
	})
}

// Compare is an order: what sorts by it depends on that.
func FuzzCompare(f *testing.F) {
	f.Add("5.9", "5.10", "5.9-beta", uint8(0))
	f.Add("1.5", "1.25", "1.20", uint8(3))
	f.Add("10", "1x", "9", uint8(0))
	f.Add("-1.5", "1e300", "", uint8(2))
	f.Fuzz(func(t *testing.T, a, b, c string, numbers uint8) {
		cells := []any{a, b, c}
		for i, text := range []string{a, b, c} {
			if numbers&(1<<i) != 0 && json.Valid([]byte(text)) && sane(json.Number(text)) {
				var n json.Number
				if json.Unmarshal([]byte(text), &n) == nil && !strings.Contains(text, `"`) {
					cells[i] = n
				}
			}
		}
		x, y, z := cells[0], cells[1], cells[2]
		if Compare(x, x) != 0 || Compare(x, y) != -Compare(y, x) {
			t.Errorf("%#v and %#v have no order", x, y)
		}
		if Compare(x, y) <= 0 && Compare(y, z) <= 0 && Compare(x, z) > 0 {
			t.Errorf("%#v, %#v, %#v go in a circle", x, y, z)
		}
	})
}

func BenchmarkTable(b *testing.B) {
	var page strings.Builder
	page.WriteString("[")
	for i := range 100 {
		fmt.Fprintf(&page, `{"plugin":"p%d","version":"5.%d","status":"active","name":"Plugin %d"},`, i, i, i)
	}
	page.WriteString("{}]")
	for name, expr := range map[string]string{"paths": ".version", "child": ".version + .plugin"} {
		b.Run(name, func(b *testing.B) {
			table := tableOf(b, Query{Columns: []Column{{"plugin", ".plugin"}, {"version", expr}, {"status", ".status"}}})
			for b.Loop() {
				if rows := rowsOf(b, table, []byte(page.String())); len(rows) != 101 {
					b.Skip("the table is full")
				}
			}
		})
	}
}
