package endpoint

import (
	"context"

	"github.com/droverhq/drover/internal/expression"
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
	Columns    []Column
	evaluation *expression.Evaluation
}

// Answer is one site's answer.
type Answer struct {
	Site  int64
	Home  string   // its address when the run was started
	Pages [][]byte // JSON, more than one where a list had several pages
}

// Row is one row of a table.
type Row struct {
	Site  int64
	Cells []any // nil, bool, json.Number, string, or json.RawMessage for a list or an object
	Odd   []bool
	Error string // what jq said
}

// Check returns what is wrong with the query, as a sentence for a person.
func (q Query) Check() error {
	_, err := q.compile()
	return err
}

func (q Query) compile() (*expression.Program, error) {
	columns := make([]expression.Column, len(q.Columns))
	for i, c := range q.Columns {
		columns[i] = expression.Column(c)
	}
	return expression.Compile(q.Rows, columns)
}

// NewTable compiles the query, to be evaluated at the place. Its error is a sentence for a person. Close ends what goes on for the table.
func NewTable(q Query, place *expression.Place) (*Table, error) {
	program, err := q.compile()
	if err != nil {
		return nil, err
	}
	return &Table{Columns: q.Columns, evaluation: place.Evaluate(program)}, nil
}

// NewStream is NewTable for rows that go out as they come: their number and size are bounded for each answer, not for all of them.
func NewStream(q Query, place *expression.Place) (*Table, error) {
	program, err := q.compile()
	if err != nil {
		return nil, err
	}
	return &Table{Columns: q.Columns, evaluation: place.EvaluateStream(program)}, nil
}

// Close ends what goes on for the table. Nil is a table that never began.
func (t *Table) Close() {
	if t != nil {
		t.evaluation.Close()
	}
}

// Add returns the rows of an answer. An answer that gives none, or that jq fails on, is one row that says so; so does the last row of
// one that gives too many. An error is no fault of the answer or the query. It is for one goroutine at a time.
func (t *Table) Add(ctx context.Context, a Answer) ([]Row, error) {
	found, err := t.evaluation.Answer(ctx, a.Pages)
	rows := make([]Row, len(found))
	for i, r := range found {
		rows[i] = Row{Site: a.Site, Cells: r.Cells, Error: r.Error}
	}
	return rows, err
}
