package views

import (
	"net/url"
	"strconv"
)

// AnswersPage shows what the sites of a run answered, as a table.
type AnswersPage struct {
	Frame         Frame
	RunID         int64
	Title         string
	Query         url.Values // of the address
	Rows, Columns string     // the jq expressions
	Problem       string     // what is wrong with them
	Without       int        // sites that gave no answer to show
	Nothing       int        // sites whose answer was an empty list

	Heads  []string
	Shown  []AnswerRow
	Groups []AnswerGroup
	Sites  []int64 // of all rows that pass the filter

	Column    int
	Op, Value string
	Ops       []string
	Odd       bool
	Sort      string
	Down      bool
	Group     string

	Total, Page, Per int
	CanRun           bool
}

// AnswerRow is one row. What a site answered is only ever text.
type AnswerRow struct {
	Site, Home, Href string
	Cells            []AnswerCell
	Error            string
}

// AnswerCell is one value, and whether it differs from what most sites have.
type AnswerCell struct {
	Text string
	Odd  bool
}

// AnswerGroup counts the rows of one value.
type AnswerGroup struct {
	Value       string
	Rows, Sites int
}

// ComparePage shows what changed between two runs.
type ComparePage struct {
	Frame   Frame
	RunID   int64
	Title   string
	Others  []Option // runs to compare with
	With    int64
	Heads   []string
	Changes []Change
	Same    int
}

// Change is a row that is new, gone or changed.
type Change struct {
	Site, Home, What string
	Cells            []ChangedCell
}

// ChangedCell is a value before and after.
type ChangedCell struct{ Before, After string }

func (p AnswersPage) path(rest string) string { return runHref(p.RunID) + "/answers" + rest }

// sorted is the address that sorts by a column, the other way when it does already.
func (p AnswersPage) sorted(column int) string {
	q := url.Values{}
	for name, values := range p.Query {
		q[name] = values
	}
	q.Set("sort", strconv.Itoa(column))
	q.Del("dir")
	if p.Sort == strconv.Itoa(column) && !p.Down {
		q.Set("dir", "down")
	}
	q.Del("page")
	return p.path("?" + q.Encode())
}

func (p AnswersPage) order(column int) string {
	switch {
	case p.Sort != strconv.Itoa(column):
		return "none"
	case p.Down:
		return "descending"
	}
	return "ascending"
}

func (p AnswersPage) export(kind string) string {
	q := url.Values{}
	for name, values := range p.Query {
		if name != "page" {
			q[name] = values
		}
	}
	return p.path("." + kind + "?" + q.Encode())
}

// grouped is the address that shows the rows of one group.
func (p AnswersPage) grouped(value string) string {
	q := url.Values{"rows": p.Query["rows"], "column": {p.Group}, "op": {"="}, "value": {value}}
	if columns, has := p.Query["columns"]; has {
		q["columns"] = columns
	}
	return p.path("?" + q.Encode())
}

func (p AnswersPage) pages() Pages {
	return Pages{Page: p.Page, Per: p.Per, Total: p.Total, Path: p.path(""), Query: p.Query}
}

func (p AnswersPage) columnOptions(none string) []Option {
	var all []Option
	if none != "" {
		all = append(all, Option{"", none})
	}
	for i, name := range p.Heads {
		all = append(all, Option{strconv.Itoa(i), name})
	}
	return all
}

func (p AnswersPage) opOptions() []Option {
	all := []Option{{"", "any value"}}
	for _, op := range p.Ops {
		all = append(all, Option{op, op})
	}
	return all
}

// short is a cell as the table shows it; the whole stands in its title.
func short(text string) string {
	const longest = 160
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	return string(runes[:longest]) + "…"
}
