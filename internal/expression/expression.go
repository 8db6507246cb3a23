// Package expression evaluates what people type as jq over sites' answers. A path such as .title.rendered is followed in this process, without
// building the answer in memory. Everything else is a program that may take any time and memory within one of its steps, so it runs in a child
// process that the system limits.
package expression

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/itchyny/gojq"
)

// Column is one value of each row.
type Column struct{ Name, Expr string }

// Program gives the rows of an answer, and the columns of each row.
type Program struct {
	rows    string
	columns []Column
	paths   []path // the rows' path, then the columns'; nil where one of them is no path
}

// Bounds of what is typed.
const (
	maxLength  = 2000
	maxColumns = 30
	maxNesting = 200
)

// eachElement is what the rows of an answer are unless somebody says otherwise.
const eachElement = `if type == "array" then .[] else . end`

// Compile checks the expressions without running them. Its error is a sentence for a person.
func Compile(rows string, columns []Column) (*Program, error) {
	if strings.TrimSpace(rows) == "" {
		rows = eachElement
	}
	if len(columns) > maxColumns {
		return nil, fmt.Errorf("a table has at most %d columns", maxColumns)
	}
	p := &Program{rows: rows, columns: columns}
	query, err := parse(rows)
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	all := []*gojq.Query{query}
	for _, c := range columns {
		if query, err = parse(c.Expr); err != nil {
			return nil, fmt.Errorf("%s: %w", cmp.Or(c.Name, c.Expr), err)
		}
		all = append(all, query)
	}
	p.paths = pathsOf(rows, all)
	return p, nil
}

func pathsOf(rows string, queries []*gojq.Query) []path {
	var paths []path
	for i, query := range queries {
		found, is := pathOf(query)
		if i == 0 && rows == eachElement {
			found, is = path{steps: []step{{kind: elements}}}, true
		}
		if !is || i == 0 && found.joined {
			return nil
		}
		paths = append(paths, found)
	}
	return paths
}

// parse reads an expression and compiles it, to tell what is wrong with it: that takes no longer than it is long.
func parse(text string) (*gojq.Query, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("an expression has at most %d characters", maxLength)
	}
	if nesting(text) > maxNesting {
		return nil, fmt.Errorf("an expression has at most %d brackets within each other", maxNesting)
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a jq expression: %w", text, err)
	}
	if _, err := compile(query); err != nil {
		return nil, fmt.Errorf("%q cannot be used: %w", text, err)
	}
	return query, nil
}

// nesting counts brackets also where they stand in a string: an interpolation nests as well.
func nesting(text string) int {
	depth, deepest := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', ']', '}':
			depth--
		}
	}
	return deepest
}

// compile gives no access to the environment, files, modules or other inputs.
func compile(query *gojq.Query) (*gojq.Code, error) {
	return gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
}

// Row is one row of a table.
type Row struct {
	Cells []any  // nil, bool, json.Number, string, or json.RawMessage for a list or an object
	Error string // what is wrong with the row or one of its cells
}

// What a person is told where an answer cannot be evaluated.
const (
	incomplete       = "The answer is not complete JSON."
	outOfMemory      = "The expression needs too much memory. Choose a smaller part of the answer."
	withoutResult    = "The expression ended without a result. Rewrite it."
	tooManyRestarts  = "The expression was ended several times, so the rest was left out. Choose a smaller part of the answer."
	tooLargeAnAnswer = "The answer is larger than %d MB, so it cannot be shown as a table."
	tooLargeATable   = "The table is larger than %d MB, so the rest was left out. Choose fewer sites, or fewer columns."
	tooSlowATable    = "This table took longer than %s altogether, so the rest was left out. Choose fewer sites, or simpler columns."
	tooSlow          = "The expression took longer than %s. Choose a smaller part of the answer, or a simpler expression."
	tooManyRows      = "This answer gives more than %d rows; the rest was left out."
)

// What is wrong with one cell, told after its column's name.
var (
	errCell = fmt.Errorf("the value is larger than %d KB; choose a part of it", maxCell>>10)
	errRow  = fmt.Errorf("the values of the row are larger than %d KB together; choose fewer columns, or parts of them", maxRow>>10)
)

// Bounds of what comes out.
const (
	maxRows = 2000 // of one answer
	maxCell = 256 << 10
	maxRow  = 1 << 20
	maxPage = 16 << 20
)
