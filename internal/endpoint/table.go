package endpoint

import (
	"cmp"
	"context"
	"fmt"
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
	spent   time.Duration
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
	Cells []any // nil, bool, a number (json.Number, int, float64, *big.Int), string, []any or map[string]any
	Odd   []bool
	Error string // what jq said
}

// Bounds of a table.
const (
	mostRows   = 2000
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

// Add returns the rows of an answer. An answer that gives none, or that jq fails on, is one row that says so; so does the last row of
// one that gives too many. It is for one goroutine at a time.
func (t *Table) Add(ctx context.Context, a Answer) []Row {
	if t.spent >= tableTime {
		return []Row{t.failed(a.Site, errBudget)}
	}
	began := time.Now()
	defer func() { t.spent += time.Since(began) }()
	ctx, cancel := context.WithTimeout(ctx, exprTime)
	defer cancel()
	m := metered(ctx)
	var all []Row
	for _, page := range a.Pages {
		var value any
		if decode(page, &value) != nil {
			return append(all, t.failed(a.Site, errIncomplete))
		}
		rows, enough := t.page(m, a.Site, plain(value), mostRows-len(all))
		if all = append(all, rows...); enough {
			return all
		}
	}
	return all
}

// page returns the rows of one page, at most the given number, and whether that is enough of this answer.
func (t *Table) page(m *meter, site int64, value any, most int) (rows []Row, enough bool) {
	for iter := t.rows.RunWithContext(m, value); ; {
		found, more := iter.Next()
		if !more {
			return rows, false
		}
		if failure, is := found.(error); is {
			return append(rows, t.failed(site, failure)), true
		}
		if len(rows) == most {
			if most > 0 {
				rows[most-1].Error = fmt.Sprintf("This answer gives more than %d rows; the rest was left out.", mostRows)
			}
			return rows, true
		}
		rows = append(rows, t.row(m, site, found))
		if m.Err() != nil {
			return rows, true
		}
	}
}

var errIncomplete = fault("The answer is not complete JSON.")

func (t *Table) failed(site int64, failure error) Row {
	return Row{Site: site, Cells: make([]any, len(t.columns)), Error: said(failure)}
}

func (t *Table) row(m *meter, site int64, value any) Row {
	row := Row{Site: site, Cells: make([]any, len(t.columns))}
	for i, code := range t.columns {
		found, some := code.RunWithContext(m, value).Next()
		failure, failed := found.(error)
		if !failed && some {
			row.Cells[i], failure = settled(found)
		}
		if failure != nil {
			row.Error = t.Columns[i].Name + ": " + said(failure)
		}
	}
	return row
}
