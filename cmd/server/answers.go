package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/endpoint"
	"github.com/droverhq/drover/internal/spreadsheet"
	"github.com/droverhq/drover/internal/web"
)

// answering is the flags that say which part of the answers is wanted, and how it is printed.
type answering struct {
	columns       []string
	jq            string
	asCSV, asJSON bool
}

// register adds the flags; run has --json already.
func (a *answering) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&a.columns, "columns", nil, "columns of the answers, as paths: name,version,title.rendered; '*' for columns that suit the answers")
	f.StringVar(&a.jq, "jq", "", "jq expression; each of its results is one row, such as '.[] | select(.status==\"active\") | .plugin'")
	f.BoolVar(&a.asCSV, "csv", false, "print the answers as CSV")
}

func (a *answering) check() error {
	switch {
	case a.jq != "" && len(a.columns) > 0:
		return usage("choose --columns or --jq, not both")
	case a.asCSV && a.asJSON:
		return usage("choose --csv or --json, not both")
	}
	return nil
}

// query is what the answers are asked for. A table and a file need columns: without any, those that suit the answers.
func (a *answering) query() web.AnswerQuery {
	q := web.AnswerQuery{Columns: a.columns, JQ: a.jq}
	if len(q.Columns) == 0 && q.JQ == "" && !a.asJSON {
		q.Columns = []string{"*"}
	}
	return q
}

// print asks for the answers of the run, and prints each row as it comes.
func (a *answering) print(ctx context.Context, out io.Writer, d client, run int64) error {
	printer := a.printer(out)
	if err := d.answers(ctx, run, a.query(), printer.add); err != nil {
		return err
	}
	return printer.end()
}

// answerPrinter prints rows of answers.
type answerPrinter interface {
	add(web.AnswerLine) error
	end() error
}

func (a *answering) printer(out io.Writer) answerPrinter {
	switch {
	case a.asJSON:
		return jsonAnswers{out}
	case a.asCSV:
		return &csvAnswers{to: spreadsheet.NewWriter(out), columns: a.columns}
	}
	return &tableAnswers{out: out}
}

type jsonAnswers struct{ out io.Writer }

func (p jsonAnswers) add(l web.AnswerLine) error { printJSON(p.out, l); return nil }
func (p jsonAnswers) end() error                 { return nil }

// csvAnswers prints a head with the first row. What is wrong with a row is in the last column.
type csvAnswers struct {
	to      *spreadsheet.Writer
	columns []string // that were asked for
	heads   []string
}

func (p *csvAnswers) add(l web.AnswerLine) error {
	l = opened(l, p.heads)
	if p.heads == nil {
		if err := p.head(l.Columns); err != nil {
			return err
		}
	}
	return p.to.Write(slices.Concat([]string{l.Site}, texts(l, len(p.heads)), []string{l.Error})...)
}

func (p *csvAnswers) head(columns []string) error {
	p.heads = append([]string{}, columns...)
	return p.to.Write(slices.Concat([]string{"site"}, p.heads, []string{"error"})...)
}

// end writes the head where no site gave a row: a script that reads the file finds its columns.
func (p *csvAnswers) end() error {
	if p.heads == nil && !slices.Contains(p.columns, "*") {
		if err := p.head(p.columns); err != nil {
			return err
		}
	}
	return p.to.Flush()
}

func texts(l web.AnswerLine, n int) []string {
	all := make([]string, n)
	for i := range min(n, len(l.Cells)) {
		all[i] = endpoint.Show(l.Cells[i])
	}
	return all
}

// rowsTogether is how many rows of answers share the widths of their columns: more than these are not kept in memory.
const rowsTogether = 500

// tableAnswers prints a table in parts, so that the first rows show while the others are still read.
type tableAnswers struct {
	out   io.Writer
	rows  table
	heads []string
	shown bool
}

func (p *tableAnswers) add(l web.AnswerLine) error {
	l = opened(l, p.heads)
	if p.heads == nil {
		p.heads = append([]string{}, l.Columns...)
		p.rows.heads = []string{"SITE"}
		for _, name := range p.heads {
			p.rows.heads = append(p.rows.heads, strings.ToUpper(oneLine(name)))
		}
	}
	cells := []any{strings.TrimPrefix(l.Site, "https://")}
	for _, text := range texts(l, len(p.heads)) {
		cells = append(cells, text)
	}
	if l.Error != "" && len(cells) > 1 {
		cells[1] = fmt.Sprint("! ", l.Error)
	}
	if p.rows.add(cells...); len(p.rows.rows) == rowsTogether {
		p.flush()
	}
	return nil
}

func (p *tableAnswers) flush() {
	p.rows.print(p.out)
	p.rows.rows, p.shown = nil, true
}

func (p *tableAnswers) end() error {
	if len(p.rows.rows) > 0 {
		p.flush()
	}
	if !p.shown {
		fmt.Fprintln(p.out, "No site returned an answer to show. See what happened with drover runs show.")
	}
	return nil
}

// opened makes columns of the members of an object that a jq expression gave, so that '{name, version}' becomes two columns.
func opened(l web.AnswerLine, heads []string) web.AnswerLine {
	if len(l.Columns) != 1 || len(heads) == 1 && heads[0] == l.Columns[0] {
		return l
	}
	object, is := l.Opened()
	if !is || heads == nil {
		return object
	}
	made := web.AnswerLine{Site: l.Site, Error: l.Error, Columns: heads, Cells: make([]any, len(heads))}
	for i, name := range heads {
		if at := slices.Index(object.Columns, name); at >= 0 {
			made.Cells[i] = object.Cells[at]
		}
	}
	return made
}

func runsAnswersCommand(c *config) *cobra.Command {
	var a answering
	cmd := &cobra.Command{
		Use:   "answers ID",
		Short: "Show what the sites of a run answered",
		Long: `Show what the sites of a run answered, one row for each element of a list, else one for each site. Rows are printed as they are read.

Without --columns and --jq, a table has the columns of the run's saved operation, else those that suit the answers; --json has each site's whole answer:

  {"site":"https://acme.example","answer":[…]}             without columns
  {"site":"https://acme.example","name":"Akismet","version":"5.3"}   --columns name,version
  {"site":"https://acme.example","value":"akismet/akismet"}          --jq '.[].plugin'

A row that something is wrong with has a member "error".`,
		Example: `  drover runs answers 12 --columns name,version
  drover runs answers 12 --jq '.[] | select(.status == "active") | .plugin' --json
  drover runs answers 12 --csv > plugins.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := runID(args[0])
			if err == nil {
				err = a.check()
			}
			if err != nil {
				return err
			}
			return c.withClient(cmd.Context(), func(d client) error { return a.print(cmd.Context(), cmd.OutOrStdout(), d, id) })
		},
	}
	a.register(cmd)
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print one JSON object per line")
	return cmd
}
