package expression

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// path is an expression that only goes down into a value: .title.rendered, .items[].name, .["a b"]?, .[0] | .id, and the list of texts
// [.roles[]?] | join(", ") that is suggested for lists.
type path struct {
	steps   []step
	joined  bool
	between string
}

type step struct {
	kind     stepKind
	name     string
	index    int
	optional bool // an error gives nothing
}

type stepKind int

const (
	field    stepKind = iota
	item              // .[2]
	all               // .[]
	elements          // of a list, else the value itself
)

func pathOf(query *gojq.Query) (path, bool) {
	if inner, between, is := joinOf(query); is {
		steps, is := stepsOf(inner)
		return path{steps: steps, joined: true, between: between}, is
	}
	steps, is := stepsOf(query)
	return path{steps: steps}, is
}

// joinOf takes [PATH] | join("TEXT") apart.
func joinOf(query *gojq.Query) (inner *gojq.Query, between string, is bool) {
	if !plain(query) || query.Op != gojq.OpPipe || !plain(query.Left) || !plain(query.Right) {
		return nil, "", false
	}
	list, join := query.Left.Term, query.Right.Term
	if list == nil || join == nil || list.Type != gojq.TermTypeArray || len(list.SuffixList)+len(join.SuffixList) > 0 || list.Array.Query == nil {
		return nil, "", false
	}
	if join.Type != gojq.TermTypeFunc || join.Func.Name != "join" || len(join.Func.Args) != 1 {
		return nil, "", false
	}
	between, is = textOf(join.Func.Args[0])
	return list.Array.Query, between, is
}

// plain tells whether the query is one term or operator, without definitions before it.
func plain(q *gojq.Query) bool {
	return q != nil && q.Meta == nil && len(q.Imports)+len(q.FuncDefs)+len(q.Patterns) == 0
}

func stepsOf(q *gojq.Query) ([]step, bool) {
	if !plain(q) {
		return nil, false
	}
	if q.Op == gojq.OpPipe && q.Left != nil && q.Right != nil {
		left, is := stepsOf(q.Left)
		right, also := stepsOf(q.Right)
		return append(left, right...), is && also
	}
	if q.Term == nil {
		return nil, false
	}
	return termSteps(q.Term)
}

func termSteps(t *gojq.Term) ([]step, bool) {
	var steps []step
	switch t.Type {
	case gojq.TermTypeIdentity:
	case gojq.TermTypeIndex:
		first, is := indexStep(t.Index)
		if !is {
			return nil, false
		}
		steps = append(steps, first)
	default:
		return nil, false
	}
	for _, suffix := range t.SuffixList {
		switch {
		case suffix.Iter:
			steps = append(steps, step{kind: all})
		case suffix.Index != nil:
			next, is := indexStep(suffix.Index)
			if !is {
				return nil, false
			}
			steps = append(steps, next)
		case suffix.Optional && len(steps) > 0:
			steps[len(steps)-1].optional = true
		default:
			return nil, false
		}
	}
	return steps, true
}

func indexStep(i *gojq.Index) (step, bool) {
	switch {
	case i.IsSlice || i.End != nil:
		return step{}, false
	case i.Name != "":
		return step{kind: field, name: i.Name}, true
	case i.Str != nil:
		return step{kind: field, name: i.Str.Str}, len(i.Str.Queries) == 0
	}
	if text, is := textOf(i.Start); is {
		return step{kind: field, name: text}, true
	}
	if !plain(i.Start) || i.Start.Term == nil || i.Start.Term.Type != gojq.TermTypeNumber || len(i.Start.Term.SuffixList) > 0 {
		return step{}, false
	}
	n, err := strconv.Atoi(i.Start.Term.Number)
	return step{kind: item, index: n}, err == nil
}

// textOf is the text that a query is, where it is a constant one.
func textOf(q *gojq.Query) (string, bool) {
	if !plain(q) || q.Term == nil || q.Term.Type != gojq.TermTypeString || len(q.Term.SuffixList)+len(q.Term.Str.Queries) > 0 {
		return "", false
	}
	return q.Term.Str.Str, true
}

// walk calls each with the values that the steps lead to, until it says that it is enough.
func walk(value []byte, steps []step, each func([]byte) bool) (more bool, err error) {
	if len(steps) == 0 {
		return each(value), nil
	}
	s, rest := steps[0], steps[1:]
	next, many, err := s.from(value)
	if err != nil {
		if s.optional {
			return true, nil
		}
		return false, err
	}
	if !many {
		return walk(next, rest, each)
	}
	more = true
	eachIn(value, func(inner []byte) bool {
		more, err = walk(inner, rest, each)
		return more && err == nil
	})
	return more, err
}

var null = []byte("null")

// from goes one step down: to one value, or to all that are in this one.
func (s step) from(value []byte) (next []byte, many bool, err error) {
	kind := kindOf(value)
	switch {
	case s.kind == elements && kind != "array":
		return value, false, nil
	case s.kind == elements, s.kind == all && (kind == "array" || kind == "object"):
		return nil, true, nil
	case s.kind == all:
		return nil, false, fmt.Errorf("cannot iterate over: %s", kind)
	case kind == "null":
		return null, false, nil
	case s.kind == item && kind == "string":
		return signAt(value, s.index), false, nil
	case s.kind == field && kind != "object":
		return nil, false, fmt.Errorf("expected an object but got: %s", kind)
	case s.kind == item && kind != "array":
		return nil, false, fmt.Errorf("expected an array but got: %s", kind)
	case s.kind == field:
		return lookUp(value, s.name), false, nil
	}
	return itemAt(value, s.index), false, nil
}

// cell follows the path from one row to its first value.
func (p path) cell(row []byte) (any, error) {
	if p.joined {
		return p.join(row)
	}
	found := null
	_, err := walk(row, p.steps, func(value []byte) bool { found = value; return false })
	if err != nil {
		return nil, err
	}
	return cellOf(found)
}

// join writes the values one after the other; only texts, numbers, booleans and null can be.
func (p path) join(row []byte) (any, error) {
	var b strings.Builder
	n := 0
	var failed error
	_, err := walk(row, p.steps, func(value []byte) bool {
		if kind := kindOf(value); kind == "array" || kind == "object" {
			failed = fmt.Errorf("cannot join: %s", kind)
			return false
		}
		cell, err := cellOf(value)
		if failed = err; failed != nil {
			return false
		}
		if n++; n > 1 {
			b.WriteString(p.between)
		}
		if cell != nil {
			fmt.Fprint(&b, cell)
		}
		if b.Len() > maxCell {
			failed = errCell
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	return b.String(), nil
}
