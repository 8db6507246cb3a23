package expression

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/itchyny/gojq"
)

// follow gives the rows of a page by paths alone, until each says that it is enough.
func (p *Program) follow(page []byte, each func(Row) bool) {
	page = bytes.TrimSpace(page)
	if !json.Valid(page) {
		each(p.failed(incomplete))
		return
	}
	_, err := walk(page, p.paths[0].steps, func(value []byte) bool {
		row := Row{Cells: make([]any, len(p.columns))}
		left := maxRow
		for i, c := range p.columns {
			cell, err := p.paths[i+1].cell(value)
			if left -= sizeOf(cell); left < 0 {
				cell, err = nil, errRow
			}
			row.put(i, c.Name, cell, err)
		}
		return each(row)
	})
	if err != nil {
		each(p.failed(err.Error()))
	}
}

func (r *Row) put(i int, column string, cell any, err error) {
	if err != nil {
		r.Error = column + ": " + err.Error()
		return
	}
	r.Cells[i] = cell
}

func (p *Program) failed(reason string) Row {
	return Row{Cells: make([]any, len(p.columns)), Error: reason}
}

// sizeOf is about what a cell takes in memory.
func sizeOf(cell any) int {
	switch v := cell.(type) {
	case string:
		return 16 + len(v)
	case json.Number:
		return 16 + len(v)
	case json.RawMessage:
		return 24 + len(v)
	}
	return 0
}

// machine runs the expressions of a program; it lives in the child.
type machine struct {
	names   []string
	rows    *gojq.Code
	columns []*gojq.Code
}

func newMachine(rows string, columns []Column) (*machine, error) {
	m := &machine{}
	for i, c := range append([]Column{{Expr: rows}}, columns...) {
		query, err := gojq.Parse(c.Expr)
		if err != nil {
			return nil, err
		}
		code, err := compile(query)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			m.rows = code
			continue
		}
		m.names, m.columns = append(m.names, c.Name), append(m.columns, code)
	}
	return m, nil
}

// output is a row on its way out of the child.
type output struct {
	Cells []json.RawMessage `json:"cells,omitempty"`
	Error string            `json:"error,omitempty"`
	End   bool              `json:"end,omitempty"` // of the page
}

func (m *machine) run(page []byte, most int, each func(output) error) error {
	var value any
	if !json.Valid(page) || decode(page, &value) != nil {
		return each(output{Error: incomplete})
	}
	for iter := m.rows.Run(bounded(value)); ; most-- {
		found, more := iter.Next()
		if !more || most < 0 {
			return nil
		}
		if failure, is := found.(error); is {
			return each(output{Error: shortened(failure)})
		}
		if err := each(m.row(found)); err != nil {
			return err
		}
	}
}

func (m *machine) row(value any) output {
	row := output{Cells: make([]json.RawMessage, len(m.columns))}
	left := maxRow
	for i, code := range m.columns {
		row.Cells[i] = json.RawMessage("null")
		found, some := code.Run(value).Next()
		if !some {
			continue
		}
		text, err := written(found)
		if left -= len(text); err == nil && left < 0 {
			err = errRow
		}
		if err != nil {
			row.Error = m.names[i] + ": " + shortened(err)
			continue
		}
		row.Cells[i] = text
	}
	return row
}

// shortened is what gojq says, which may hold the whole value.
func shortened(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 500)], "")
}

// written is a value as JSON, unless it is too large: jq's values may share their parts, and be endless when written out.
func written(value any) (json.RawMessage, error) {
	if failure, is := value.(error); is {
		return nil, failure
	}
	left := maxCell
	if measure(value, &left); left < 0 {
		return nil, errCell
	}
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) {
			return json.RawMessage("null"), nil
		}
	case json.Number:
		return json.RawMessage(v), nil
	}
	text, err := gojq.Marshal(value) // writes nan as null, and infinite as the largest number
	if err == nil && !json.Valid(text) {
		err = fmt.Errorf("the value cannot be written as JSON")
	}
	return text, err
}

// measure takes a value's size from left, and looks no further when nothing is left.
func measure(value any, left *int) {
	if *left -= 8; *left < 0 {
		return
	}
	switch v := value.(type) {
	case string:
		*left -= len(v)
	case json.Number:
		*left -= len(v)
	case *big.Int:
		*left -= v.BitLen() / 3
	case []any:
		for i := 0; i < len(v) && *left >= 0; i++ {
			measure(v[i], left)
		}
	case map[string]any:
		for key, each := range v {
			if *left -= len(key); *left < 0 {
				return
			}
			measure(each, left)
		}
	}
}
