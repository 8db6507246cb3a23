package endpoint

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// Column is one column of a table of answers.
type Column struct {
	Name string `json:"name"`
	Expr string `json:"expr"` // jq, over one row
}

// Query says how answers become a table.
type Query struct {
	Rows    string   `json:"rows,omitempty"`    // jq that gives the rows of an answer; empty: each element of a list, else the answer itself
	Columns []Column `json:"columns,omitempty"` // none: suggested from the answers
}

// Table turns answers into rows.
type Table struct {
	rows    *gojq.Code
	columns []*gojq.Code
	Columns []Column
}

// Answer is one site's answer.
type Answer struct {
	Site  int64
	Pages [][]byte // JSON, more than one where a list had several pages
}

// Row is one row of a table.
type Row struct {
	Site  int64
	Cells []any // nil, bool, json.Number, string, or anything else of JSON
	Odd   []bool
	Error string // what jq said
}

// Bounds of a table: what one answer may cost.
const (
	mostRows   = 2000
	exprTime   = time.Second
	mostColumn = 30
)

// NewTable compiles the query. Its error is a sentence for a person.
func NewTable(q Query) (*Table, error) {
	rows := q.Rows
	if strings.TrimSpace(rows) == "" {
		rows = "if type == \"array\" then .[] else . end"
	}
	t := &Table{Columns: q.Columns}
	var err error
	if t.rows, err = compileJQ(rows); err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	if len(q.Columns) > mostColumn {
		return nil, fmt.Errorf("a table has at most %d columns", mostColumn)
	}
	for _, c := range q.Columns {
		code, err := compileJQ(c.Expr)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cmp.Or(c.Name, c.Expr), err)
		}
		t.columns = append(t.columns, code)
	}
	return t, nil
}

// compileJQ compiles without access to the environment, files or other inputs.
func compileJQ(text string) (*gojq.Code, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a jq expression: %w", text, err)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, fmt.Errorf("%q cannot be used: %w", text, err)
	}
	return code, nil
}

// Add returns the rows of an answer. An answer that gives none, or that jq fails on, is one row that says so.
func (t *Table) Add(ctx context.Context, a Answer) []Row {
	ctx, cancel := context.WithTimeout(ctx, exprTime)
	defer cancel()
	var all []Row
	for _, page := range a.Pages {
		var value any
		if json.Unmarshal(page, &value) != nil {
			return append(all, Row{Site: a.Site, Cells: make([]any, len(t.columns)), Error: "the answer is not complete JSON"})
		}
		for iter := t.rows.RunWithContext(ctx, value); ; {
			row, more := iter.Next()
			if !more {
				break
			}
			if failure, is := row.(error); is {
				return append(all, Row{Site: a.Site, Cells: make([]any, len(t.columns)), Error: said(failure)})
			}
			if all = append(all, t.row(ctx, a.Site, row)); len(all) >= mostRows || ctx.Err() != nil {
				return all
			}
		}
	}
	return all
}

func said(failure error) string {
	if errors.Is(failure, context.DeadlineExceeded) {
		return fmt.Sprintf("the expression took longer than %s", exprTime)
	}
	return failure.Error()
}

func (t *Table) row(ctx context.Context, site int64, value any) Row {
	row := Row{Site: site, Cells: make([]any, len(t.columns))}
	for i, code := range t.columns {
		iter := code.RunWithContext(ctx, value)
		found, some := iter.Next()
		if failure, is := found.(error); is {
			row.Error = said(failure)
			continue
		}
		if some {
			row.Cells[i] = found
		}
	}
	return row
}

// Show is a cell as text.
func Show(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return shown(cell)
}

// Compare orders cells: numbers as numbers, versions by their parts, texts without regard to case, nothing last.
func Compare(a, b any) int {
	x, y := Show(a), Show(b)
	if (x == "") != (y == "") {
		return cmp.Compare(len(y), len(x))
	}
	xs, xIs := version(x)
	ys, yIs := version(y)
	if xIs && yIs {
		return slices.Compare(xs, ys)
	}
	return cmp.Or(cmp.Compare(strings.ToLower(x), strings.ToLower(y)), cmp.Compare(x, y))
}

// version reads 5.9.1, and whole numbers.
func version(text string) ([]int64, bool) {
	parts := strings.Split(strings.TrimPrefix(text, "v"), ".")
	numbers := make([]int64, len(parts))
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, false
		}
		numbers[i] = n
	}
	for len(numbers) > 1 && numbers[len(numbers)-1] == 0 {
		numbers = numbers[:len(numbers)-1] // 5.9 is 5.9.0
	}
	return numbers, true
}

// Filter keeps rows by one column, such as version < 5.3.
type Filter struct {
	Column int
	Op     string // = != < <= > >= contains
	Value  string
}

// Ops are what a filter can ask.
func Ops() []string { return []string{"=", "!=", "<", "<=", ">", ">=", "contains"} }

// Keeps tells whether the row passes.
func (f Filter) Keeps(r Row) bool {
	if f.Column < 0 || f.Column >= len(r.Cells) {
		return true
	}
	cell := r.Cells[f.Column]
	order := Compare(cell, f.Value)
	some := Show(cell) != ""
	same := order == 0 || strings.EqualFold(Show(cell), f.Value)
	switch f.Op {
	case "=":
		return same
	case "!=":
		return !same
	case "<":
		return some && order < 0
	case "<=":
		return some && order <= 0
	case ">":
		return some && order > 0
	case ">=":
		return some && order >= 0
	case "contains":
		return strings.Contains(strings.ToLower(Show(cell)), strings.ToLower(f.Value))
	}
	return true
}

// Group counts the rows and sites of each value of a column, the commonest first.
type Group struct {
	Value string
	Rows  int
	Sites []int64
}

// GroupBy groups the rows by a column.
func GroupBy(rows []Row, column int) []Group {
	at := map[string]int{}
	var groups []Group
	for _, r := range rows {
		value := Show(r.Cells[column])
		i, known := at[value]
		if !known {
			i = len(groups)
			at[value] = i
			groups = append(groups, Group{Value: value})
		}
		groups[i].Rows++
		if !slices.Contains(groups[i].Sites, r.Site) {
			groups[i].Sites = append(groups[i].Sites, r.Site)
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), Compare(a.Value, b.Value)) })
	return groups
}

// MarkOdd marks the cells that differ from what most sites have there. Rows are compared that share their first cell, where sites have
// several rows each; columns in which nothing is common to most are left unmarked.
func MarkOdd(rows []Row) {
	bySubject := map[string][]int{}
	sites := map[int64]int{}
	for i, r := range rows {
		rows[i].Odd = make([]bool, len(r.Cells))
		sites[r.Site]++
	}
	several := len(rows) > len(sites)
	for i, r := range rows {
		subject := ""
		if several && len(r.Cells) > 0 {
			subject = Show(r.Cells[0])
		}
		bySubject[subject] = append(bySubject[subject], i)
	}
	for _, same := range bySubject {
		if len(same) > 2 {
			markOdd(rows, same)
		}
	}
}

func markOdd(rows []Row, same []int) {
	for column := range rows[same[0]].Cells {
		times := map[string]int{}
		common, most := "", 0
		for _, i := range same {
			value := Show(rows[i].Cells[column])
			if times[value]++; times[value] > most {
				common, most = value, times[value]
			}
		}
		if most*2 <= len(same) {
			continue
		}
		for _, i := range same {
			rows[i].Odd[column] = Show(rows[i].Cells[column]) != common
		}
	}
}
