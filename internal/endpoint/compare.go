package endpoint

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Show is a cell as text.
func Show(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.RawMessage:
		return string(v)
	}
	return shown(cell)
}

// Compare orders cells: numbers as numbers, versions by their parts with 6.5-beta2 before 6.5, then texts without regard to case, and
// nothing last. It is an order of all cells, whatever sites answer.
func Compare(a, b any) int {
	x, y := weightOf(a), weightOf(b)
	return cmp.Or(
		cmp.Compare(x.class, y.class), cmp.Compare(x.integer, y.integer), cmp.Compare(x.step, y.step), cmp.Compare(x.fraction, y.fraction),
		slices.Compare(x.parts, y.parts), comparePre(x.pre, y.pre),
		cmp.Compare(strings.ToLower(x.text), strings.ToLower(y.text)), cmp.Compare(x.text, y.text),
	)
}

// weight is a cell's place in the order. A number and a version share their whole part; the step then tells 6-beta, 6, the number 6.5
// and the version 6.5 apart.
type weight struct {
	class    int // numeric, textual or nothing
	integer  int64
	step     int
	fraction float64
	parts    []int64
	pre      string
	text     string
}

const (
	numeric = iota
	textual
	nothing
)

const (
	before = iota - 1
	exact
	fractional
	versioned
)

func weightOf(cell any) weight {
	text := Show(cell)
	switch cell.(type) {
	case json.Number, int, float64, *big.Int:
		return weightOfNumber(text)
	}
	if text == "" {
		return weight{class: nothing}
	}
	if w, is := weightOfVersion(text); is {
		return w
	}
	return weight{class: textual, text: text}
}

func weightOfNumber(text string) weight {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return weight{integer: n}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) {
		return weight{class: textual, text: text}
	}
	floor := math.Floor(f)
	switch {
	case floor >= math.MaxInt64:
		return weight{integer: math.MaxInt64, step: fractional, fraction: f}
	case floor < math.MinInt64:
		return weight{integer: math.MinInt64, step: before, fraction: f}
	case floor == f:
		return weight{integer: int64(f)}
	}
	return weight{integer: int64(floor), step: fractional, fraction: f - floor}
}

var (
	versionText = regexp.MustCompile(`^v?(\d{1,18}(?:\.\d{1,18})*)(?:[-.]?([A-Za-z][A-Za-z0-9.+-]*))?$`)
	negative    = regexp.MustCompile(`^-\d+(?:\.\d+)?$`)
)

// weightOfVersion reads 5, 5.9.1, v2.0 and 6.5-RC1. 5.9 is 5.9.0.
func weightOfVersion(text string) (weight, bool) {
	if len(text) > 100 {
		return weight{}, false
	}
	if negative.MatchString(text) {
		return weightOfNumber(text), true
	}
	found := versionText.FindStringSubmatch(text)
	if found == nil {
		return weight{}, false
	}
	var parts []int64
	for part := range strings.SplitSeq(found[1], ".") {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return weight{}, false
		}
		parts = append(parts, n)
	}
	for len(parts) > 1 && parts[len(parts)-1] == 0 {
		parts = parts[:len(parts)-1]
	}
	w := weight{integer: parts[0], parts: parts[1:], pre: found[2], step: versioned}
	if len(parts) == 1 {
		w.parts, w.step = nil, exact
		if w.pre != "" {
			w.step = before
		}
	}
	return w, true
}

// comparePre puts what comes before a release before it, and beta2 before beta10.
func comparePre(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(len(b), len(a))
	}
	a, b = strings.ToLower(a), strings.ToLower(b)
	word, number := trailing(a)
	otherWord, otherNumber := trailing(b)
	return cmp.Or(cmp.Compare(word, otherWord), cmp.Compare(number, otherNumber), cmp.Compare(a, b))
}

func trailing(text string) (word string, number int64) {
	word = strings.TrimRight(text, "0123456789")
	number, err := strconv.ParseInt(text[len(word):], 10, 64)
	if err != nil {
		return word, 0
	}
	return word, number
}

// Sort orders the rows by a column. Rows with nothing there come last, downwards too.
func Sort(rows []Row, column int, down bool) {
	slices.SortStableFunc(rows, func(a, b Row) int {
		x, y := cellOf(a, column), cellOf(b, column)
		order := Compare(x, y)
		if down && Show(x) != "" && Show(y) != "" {
			return -order
		}
		return order
	})
}

func cellOf(r Row, column int) any {
	if column < 0 || column >= len(r.Cells) {
		return nil
	}
	return r.Cells[column]
}

// AnyColumn is a filter's column where each is looked at: some must contain the value, or none.
const AnyColumn = -1

// Filter keeps rows by one column, such as version < 5.3.
type Filter struct {
	Column int    // AnyColumn takes contains and !contains
	Op     string // = != < <= > >= contains !contains
	Value  string
}

// Ops are what a filter can ask.
func Ops() []string { return []string{"=", "!=", "<", "<=", ">", ">=", "contains", "!contains"} }

// Keeps tells whether the row passes.
func (f Filter) Keeps(r Row) bool {
	if f.Column == AnyColumn {
		contains := slices.ContainsFunc(r.Cells, func(cell any) bool { return strings.Contains(strings.ToLower(Show(cell)), strings.ToLower(f.Value)) })
		return contains == (f.Op != "!contains")
	}
	if f.Column < 0 || f.Column >= len(r.Cells) {
		return true
	}
	cell := r.Cells[f.Column]
	text := Show(cell)
	order := Compare(cell, f.valueFor(cell))
	same := order == 0 || strings.EqualFold(text, f.Value)
	switch f.Op {
	case "=":
		return same
	case "!=":
		return !same
	case "<":
		return text != "" && order < 0
	case "<=":
		return text != "" && (same || order < 0)
	case ">":
		return text != "" && order > 0
	case ">=":
		return text != "" && (same || order > 0)
	case "contains":
		return strings.Contains(strings.ToLower(text), strings.ToLower(f.Value))
	case "!contains":
		return !strings.Contains(strings.ToLower(text), strings.ToLower(f.Value))
	}
	return true
}

// Narrows tells whether the filter asks for anything.
func (f Filter) Narrows() bool {
	return slices.Contains(Ops(), f.Op) && (f.Value != "" || f.Op == "=" || f.Op == "!=")
}

// Keep returns the rows that pass every filter: of several, all must hold for the same row.
func Keep(rows []Row, filters []Filter) []Row {
	return slices.DeleteFunc(rows, func(r Row) bool {
		return slices.ContainsFunc(filters, func(f Filter) bool { return !f.Keeps(r) })
	})
}

// Versions tells whether most of what stands in a column is read as a version: 5.3, not 53 or a name.
func Versions(rows []Row, column int) bool {
	versions, texts := 0, 0
	for _, r := range rows {
		text := Show(cellOf(r, column))
		if text == "" {
			continue
		}
		texts++
		if _, is := weightOfVersion(text); is && strings.Contains(text, ".") {
			versions++
		}
	}
	return versions*2 > texts
}

// valueFor reads the filter's value as the cell is: 1.25 beside a number is a number, beside a text a version.
func (f Filter) valueFor(cell any) any {
	switch cell.(type) {
	case json.Number, int, float64, *big.Int:
		if n := json.Number(f.Value); json.Valid([]byte(f.Value)) && sane(n) {
			if _, err := n.Float64(); err == nil {
				return n
			}
		}
	}
	return f.Value
}
