package views

import (
	"net/url"
	"slices"
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

	Conditions []AnswerCondition // all hold for every row
	Marked     bool              // some row has a cell that differs from most sites
	Odd        bool
	Sort       string
	Down       bool
	Group      string

	Total, Page, Per int
	CanRun           bool
}

// AnswerCondition is one condition of the rows.
type AnswerCondition struct {
	Column    int // -1: any
	Op, Value string
	Name      string // of the column
	Versions  bool   // the column holds versions: one is older than another, not less
}

// column is the condition's column in an address.
func (c AnswerCondition) column() string {
	if c.Column < 0 {
		return "any"
	}
	return strconv.Itoa(c.Column)
}

// words says the condition as a person would.
func (c AnswerCondition) words() string {
	value := "“" + c.Value + "”"
	if c.Value == "" {
		value = "empty"
	}
	word := map[string]string{"=": "is", "!=": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least",
		"contains": "contains", "!contains": "does not contain"}[c.Op]
	if c.Versions {
		value = c.Value
		if older, is := map[string]string{"<": "is older than", "<=": "is at most", ">": "is newer than", ">=": "is at least"}[c.Op]; is {
			word = older
		}
	}
	return c.Name + " " + word + " " + value
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
	q := p.kept("group", "page", "sort", "dir", "odd")
	q.Add("column", p.Group)
	q.Add("op", "=")
	q.Add("value", value)
	return p.path("?" + q.Encode())
}

// kept is the address's query without some names.
func (p AnswersPage) kept(without ...string) url.Values {
	q := url.Values{}
	for name, values := range p.Query {
		if !slices.Contains(without, name) {
			q[name] = slices.Clone(values)
		}
	}
	return q
}

// withoutCondition is the address of the table without one of its conditions.
func (p AnswersPage) withoutCondition(at int) string {
	q := p.kept("column", "op", "value", "page")
	for i, c := range p.Conditions {
		if i != at {
			q.Add("column", c.column())
			q.Add("op", c.Op)
			q.Add("value", c.Value)
		}
	}
	return p.path("?" + q.Encode())
}

// run is the address of a run on the sites of these rows. It names the table, so it stays good however many they are.
func (p AnswersPage) run() string {
	q := url.Values{"answers": {strconv.FormatInt(p.RunID, 10)}, "answers.q": {p.kept("page", "sort", "dir", "group").Encode()}}
	return "/run?" + q.Encode()
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
	if none == "" {
		all = append(all, Option{"any", "any column"})
	}
	return all
}

func (p AnswersPage) conditionLabel() string {
	if len(p.Conditions) > 0 {
		return "And where"
	}
	return "Only where"
}

// lastColumn is the column of the last condition: a person who asks for a second one often begins there.
func (p AnswersPage) lastColumn() string {
	if n := len(p.Conditions); n > 0 {
		return p.Conditions[n-1].column()
	}
	return "0"
}

// answerOps are what a condition can ask, the commonest first.
var answerOps = []Option{
	{"contains", "contains"}, {"!contains", "does not contain"}, {"=", "is"}, {"!=", "is not"}, {"<", "is older or less than"}, {"<=", "is at most"},
	{">", "is newer or more than"}, {">=", "is at least"},
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

// findExample shows how rows are found, with a column that this table has.
func (p AnswersPage) findExample() string {
	switch i := slices.Index(p.Heads, "version"); {
	case i >= 0:
		return "Find rows: akismet version<5.3"
	case len(p.Heads) > 0:
		return "Find rows: any words, or " + p.Heads[0] + "=value"
	}
	return "Find rows"
}
