package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/views"
)

// tabulated is a run's answers as a table.
type tabulated struct {
	run     runs.Run
	query   endpoint.Query
	columns []endpoint.Column
	rows    []endpoint.Row
	sites   map[int64]runs.Target
	problem string // what is wrong with the query
	without int    // sites that gave no answer to show
	empty   int    // sites whose answer has no rows
	broken  bool   // some row says what is wrong with it

	conditions []endpoint.Filter
	versions   []bool // whether a condition's column holds versions
}

// mostTableRows bounds the rows of all sites together.
const mostTableRows = 100_000

// withPlace waits for a place to make tables in, and holds it until everything about them is done: their rows are in memory as long.
func (s *Server) withPlace(v *requestContext, do func(*expression.Place) error) error {
	place, err := s.expressions.Enter(v.Request.Context(), strconv.FormatInt(v.actor().ID, 10))
	if err != nil {
		return err
	}
	defer place.Leave()
	return do(place)
}

// tabulate makes the table that the address asks for. Without columns, those of the run's saved operation are taken, or suggested.
func (s *Server) tabulate(v *requestContext, place *expression.Place, run runs.Run, q url.Values) (tabulated, error) {
	ctx := v.Request.Context()
	t := tabulated{run: run, query: endpoint.Query{Rows: q.Get("rows"), Columns: columnsOf(q.Get("columns"))}, sites: map[int64]runs.Target{}}
	if len(t.query.Columns) == 0 && !q.Has("columns") {
		t.query = usualTable(run)
	}
	if run.Expired >= runs.AnswersExpired {
		t.problem = "The answers of this run were removed after the retention period (Settings, Retention)."
		return t, nil
	}
	targets, _, err := s.Runner.Targets(ctx, v.actor(), runs.TargetFilter{Run: run.ID})
	if err != nil {
		return t, err
	}
	for _, target := range targets {
		t.sites[target.SiteID] = target
	}
	var table *endpoint.Table
	defer func() { table.Close() }()
	answered := 0
	err = s.Runner.Answers(ctx, v.actor(), run.ID, func(a endpoint.Answer) error {
		if table == nil {
			if len(t.query.Columns) == 0 {
				t.query.Columns = endpoint.Suggest(a.Pages[0])
			}
			if table, err = endpoint.NewTable(t.query, place); err != nil {
				return err
			}
		}
		answered++
		return t.add(ctx, table, a)
	})
	if table == nil && err != nil {
		t.problem, err = sentenceOf(err), nil
	}
	t.columns, t.without = t.query.Columns, len(targets)-answered
	endpoint.MarkOdd(t.rows)
	return t, err
}

func (t *tabulated) add(ctx context.Context, table *endpoint.Table, a endpoint.Answer) error {
	if len(t.rows) > mostTableRows {
		return nil
	}
	rows, err := table.Add(ctx, a)
	if len(rows) == 0 {
		t.empty++
	}
	for _, r := range rows {
		t.broken = t.broken || r.Error != ""
	}
	if t.rows = append(t.rows, rows...); len(t.rows) > mostTableRows {
		t.broken, t.rows[len(t.rows)-1].Error = true, fmt.Sprintf("The table has more than %d rows, so the rest was left out. Choose fewer sites.", mostTableRows)
	}
	return err
}

func sentenceOf(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// columnsOf reads one column a line: a name, a colon and a jq expression, or the expression alone.
func columnsOf(text string) []endpoint.Column {
	var all []endpoint.Column
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		name, expr, named := strings.Cut(line, ": ")
		switch {
		case line == "":
		case named && !strings.ContainsAny(name, ".|\"'([{"):
			all = append(all, endpoint.Column{Name: name, Expr: strings.TrimSpace(expr)})
		default:
			all = append(all, endpoint.Column{Name: strings.TrimPrefix(line, "."), Expr: line})
		}
	}
	return all
}

func columnsText(all []endpoint.Column) string {
	var b strings.Builder
	for _, c := range all {
		b.WriteString(c.Name + ": " + c.Expr + "\n")
	}
	return strings.TrimSpace(b.String())
}

// usualTable is how a run's answers are shown: as its saved operation says, or as suits its operation. Empty: as suits the first answer.
func usualTable(run runs.Run) endpoint.Query {
	table := run.Spec.Table
	if len(table.Columns) == 0 && table.Rows == "" {
		for _, c := range cacheplugin.StatusColumns(run.Spec.Operation) {
			table.Columns = append(table.Columns, endpoint.Column{Name: c[0], Expr: c[1]})
		}
	}
	return table
}

// conditionsOf reads the conditions of an address: columns, what they are asked, and values, in the same order. What is incomplete asks nothing.
func conditionsOf(q url.Values) []endpoint.Filter {
	var all []endpoint.Filter
	for i, op := range q["op"] {
		f := endpoint.Filter{Op: op}
		if i < len(q["column"]) {
			f.Column = columnOf(q["column"][i])
		}
		if i < len(q["value"]) {
			f.Value = strings.TrimSpace(q["value"][i])
		}
		if f.Narrows() && len(all) < mostConditions {
			all = append(all, f)
		}
	}
	return all
}

// mostConditions is far more than a person combines.
const mostConditions = 20

// narrow filters and sorts the rows as the address says.
func (t *tabulated) narrow(q url.Values) {
	t.conditions = conditionsOf(q)
	for _, f := range t.conditions {
		if f.Column >= 0 && f.Column < len(t.columns) {
			t.versions = append(t.versions, endpoint.Versions(t.rows, f.Column))
		} else {
			t.versions = append(t.versions, false)
		}
	}
	t.rows = endpoint.Keep(t.rows, t.conditions)
	if q.Get("odd") == "1" {
		t.rows = slices.DeleteFunc(t.rows, func(r endpoint.Row) bool { return !slices.Contains(r.Odd, true) })
	}
	if sort := number(q.Get("sort")); q.Get("sort") != "" && sort < len(t.columns) {
		slices.SortStableFunc(t.rows, func(a, b endpoint.Row) int {
			if q.Get("dir") == "down" {
				a, b = b, a
			}
			return endpoint.Compare(a.Cells[sort], b.Cells[sort])
		})
	}
}

// columnOf reads a column of a condition.
func columnOf(text string) int {
	if text == "any" {
		return endpoint.AnyColumn
	}
	return number(text)
}

// number reads a place in a list; what is none is the first.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (s *Server) answers(v *requestContext) error {
	run, err := s.runOf(v)
	if err != nil {
		return err
	}
	return s.withPlace(v, func(place *expression.Place) error { return s.showAnswers(v, place, run) })
}

func (s *Server) showAnswers(v *requestContext, place *expression.Place, run runs.Run) error {
	q := v.Request.URL.Query()
	t, err := s.tabulate(v, place, run, q)
	if err != nil {
		return err
	}
	if strings.TrimSpace(q.Get("find")) != "" {
		return v.redirect(t.withFound(q))
	}
	t.narrow(q)
	page := views.AnswersPage{
		Frame: v.frame("Answers", "runs"), RunID: run.ID, Title: run.Title, Query: q, Rows: t.query.Rows, Columns: columnsText(t.columns), Problem: t.problem,
		Without: t.without, Nothing: t.empty, Odd: q.Get("odd") == "1", Sort: q.Get("sort"), Down: q.Get("dir") == "down",
		Group: q.Get("group"), Total: len(t.rows), Page: v.page(), Per: perPage, CanRun: v.frame("", "").May("run.start"),
	}
	for _, c := range t.columns {
		page.Heads = append(page.Heads, c.Name)
	}
	page.Conditions = t.words()
	chosen := map[int64]bool{}
	for _, r := range t.rows {
		page.Marked = page.Marked || slices.Contains(r.Odd, true)
		if !chosen[r.Site] {
			chosen[r.Site] = true
			page.Sites = append(page.Sites, r.Site)
		}
	}
	if column := number(page.Group); page.Group != "" && column < len(t.columns) {
		for _, g := range endpoint.GroupBy(t.rows, column) {
			page.Groups = append(page.Groups, views.AnswerGroup{Value: g.Value, Rows: g.Rows, Sites: len(g.Sites)})
		}
	}
	from := min((page.Page-1)*perPage, len(t.rows))
	for _, r := range t.rows[from:min(from+perPage, len(t.rows))] {
		page.Shown = append(page.Shown, t.view(r))
	}
	return v.render(http.StatusOK, views.Answers(page))
}

// words says the conditions as a person would.
func (t *tabulated) words() []views.AnswerCondition {
	all := make([]views.AnswerCondition, len(t.conditions))
	for i, f := range t.conditions {
		name := "column " + strconv.Itoa(f.Column+1)
		if f.Column == endpoint.AnyColumn {
			name = "any column"
		} else if f.Column < len(t.columns) {
			name = t.columns[f.Column].Name
		}
		all[i] = views.AnswerCondition{Column: f.Column, Op: f.Op, Value: f.Value, Name: name, Versions: t.versions[i]}
	}
	return all
}

func (t *tabulated) view(r endpoint.Row) views.AnswerRow {
	target := t.sites[r.Site]
	row := views.AnswerRow{Site: target.SiteName, Home: target.Home, Href: "/runs/" + strconv.FormatInt(t.run.ID, 10) + "/targets/" +
		strconv.FormatInt(target.ID, 10), Error: r.Error}
	for i, cell := range r.Cells {
		row.Cells = append(row.Cells, views.AnswerCell{Text: beginning(endpoint.Show(cell)), Odd: len(r.Odd) > i && r.Odd[i]})
	}
	return row
}

// longestShown is how much of a value a page shows, in bytes; an export has it all.
const longestShown = 4000

func beginning(text string) string {
	if len(text) <= longestShown {
		return text
	}
	return strings.ToValidUTF8(text[:longestShown], "") + "…"
}

func (s *Server) runOf(v *requestContext) (runs.Run, error) {
	id, err := v.number("id")
	if err != nil {
		return runs.Run{}, err
	}
	return s.Runner.Run(v.Request.Context(), v.actor(), id)
}

// compareRuns shows what changed between two runs of the same read, site by site.
func (s *Server) compareRuns(v *requestContext) error {
	after, err := s.runOf(v)
	if err != nil {
		return err
	}
	page := views.ComparePage{Frame: v.frame("Compare runs", "runs"), RunID: after.ID, Title: after.Title}
	others, _, err := s.Runner.Runs(v.Request.Context(), v.actor(), runs.Filter{Operation: after.Spec.Operation, Limit: 200})
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.ID != after.ID && other.Title == after.Title && other.Ended() {
			page.Others = append(page.Others, views.Option{Value: strconv.FormatInt(other.ID, 10), Label: "run " + strconv.FormatInt(other.ID, 10) + ", " +
				other.CreatedAt.Format("2006-01-02 15:04")})
		}
	}
	with, err := strconv.ParseInt(v.Query("with"), 10, 64)
	if err != nil {
		return v.render(http.StatusOK, views.Compare(page))
	}
	before, err := s.Runner.Run(v.Request.Context(), v.actor(), with)
	if err != nil {
		return err
	}
	page.With = with
	return s.withPlace(v, func(place *expression.Place) error { return s.showChanges(v, place, page, [2]runs.Run{before, after}) })
}

func (s *Server) showChanges(v *requestContext, place *expression.Place, page views.ComparePage, compared [2]runs.Run) error {
	old, err := s.tabulate(v, place, compared[0], v.Request.URL.Query())
	if err != nil {
		return err
	}
	if old.problem != "" {
		return validation.Problems{"columns": old.problem}
	}
	query := url.Values{"rows": {old.query.Rows}, "columns": {columnsText(old.columns)}}
	now, err := s.tabulate(v, place, compared[1], query)
	if err != nil {
		return err
	}
	for _, c := range now.columns {
		page.Heads = append(page.Heads, c.Name)
	}
	was := keyed(old.rows)
	is := keyed(now.rows)
	for _, r := range now.rows {
		earlier, there := was[keyOf(r)]
		if there && slices.EqualFunc(r.Cells, earlier.Cells, func(a, b any) bool { return endpoint.Show(a) == endpoint.Show(b) }) {
			page.Same++
			continue
		}
		page.Changes = append(page.Changes, change(now.view(r), old.view(earlier), there, true))
	}
	for _, r := range old.rows {
		if _, there := is[keyOf(r)]; !there {
			page.Changes = append(page.Changes, change(views.AnswerRow{}, old.view(r), true, false))
		}
	}
	return v.render(http.StatusOK, views.Compare(page))
}

// keyOf tells the rows of one site apart by their first column.
func keyOf(r endpoint.Row) string {
	first := ""
	if len(r.Cells) > 0 {
		first = endpoint.Show(r.Cells[0])
	}
	return strconv.FormatInt(r.Site, 10) + " " + first
}

func keyed(rows []endpoint.Row) map[string]endpoint.Row {
	by := make(map[string]endpoint.Row, len(rows))
	for _, r := range rows {
		by[keyOf(r)] = r
	}
	return by
}

func change(now, old views.AnswerRow, was, is bool) views.Change {
	c := views.Change{Site: now.Site, Home: now.Home, What: "changed"}
	switch {
	case !was:
		c.What = "new"
	case !is:
		c.What, c.Site, c.Home = "gone", old.Site, old.Home
	}
	for i := range max(len(now.Cells), len(old.Cells)) {
		var cell views.ChangedCell
		if was {
			cell.Before = old.Cells[i].Text
		}
		if is {
			cell.After = now.Cells[i].Text
		}
		c.Cells = append(c.Cells, cell)
	}
	return c
}
