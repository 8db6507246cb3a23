package expression

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// The paths are followed as gojq does.
func FuzzPathsAreJQ(f *testing.F) {
	for _, seed := range [][2]string{
		{".a", `{"a":1}`}, {".a.b[0]", `{"a":{"b":["x"]}}`}, {`.["a b"]`, `{"a b":[1,{"z":1,"a":2}]}`}, {".[]?.x", `[{"x":1},2,null]`},
		{`."\u00e4"?`, `{"ä":1,"\u00e4":2}`}, {".[] | .b?", `{"b":{"b":1},"a":{"b":2}}`},
		{".[1]", "null"}, {".a", "[1]"}, {"[.[]?] | join(\", \")", `["a",1,null,true]`}, {"[.a[]?] | join(\"-\")", `{"a":["x","y"]}`}, {".[0]", `["a\"]",2]`},
		{".", " 1.50 "}, {".[]", "3"}, {".a?", "3"}, {".[]", `{"b":1,"a":2,"b":3}`}, {".[]?", `"x"`},
		{".[][]", `[[1],{"a":[2]},[]]`}, {".[3]?", "{}"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, answer string) {
		program, err := Compile(expr, []Column{{"v", "."}, {"w", expr}})
		if err != nil || program.paths == nil || !json.Valid([]byte(answer)) || len(answer) > 10000 {
			return
		}
		var want, got []string
		m, err := newMachine(expr, program.columns)
		if err != nil {
			t.Fatal(err)
		}
		failed := 0
		err = m.run([]byte(answer), maxRows, func(o output) error {
			if len(o.Cells) == 0 {
				failed++
				return nil
			}
			row := program.read(o)
			want = append(want, fmt.Sprintf("%s %v", row.Cells, row.Error == ""))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		program.follow([]byte(answer), func(r Row) bool {
			if r.Error != "" && !strings.Contains(r.Error, ": ") || strings.HasPrefix(r.Error, "cannot") || strings.HasPrefix(r.Error, "expected") {
				failed--
				return false
			}
			got = append(got, fmt.Sprintf("%s %v", r.Cells, r.Error == ""))
			return true
		})
		if !reflect.DeepEqual(got, want) || failed != 0 {
			t.Errorf("%s over %s: %v, gojq %v", expr, answer, got, want)
		}
	})
}

// Common expressions need no child.
func TestPathsNeedNoChild(t *testing.T) {
	for expr, want := range map[string]bool{
		".": true, ".title.rendered": true, ".items[].name": true, `.["a b"]`: true, `."a b"`: true, ".a?": true, ".[]?": true, ".items[0].x": true, ".a | .b": true,
		`[.roles[]?] | join(", ")`: true,
		".a + 1":                   false, ".[1:2]": false, "..": false, ".a|length": false, ".[.a]": false, `.["\(.)"]`: false, "def f: .; .a": false,
	} {
		p, err := Compile("", []Column{{"v", expr}})
		if err != nil || (p.paths != nil) != want {
			t.Errorf("%s: %v, %v", expr, p.paths != nil, err)
		}
	}
}
