package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// terminalWidth is how many columns the writer shows, 0 where it is no terminal.
func terminalWidth(out io.Writer) int {
	file, is := out.(*os.File)
	if !is || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// colours tells whether the writer shows them: a terminal does, unless NO_COLOR is set (no-color.org) or the terminal is a dumb one.
func colours(out io.Writer) bool {
	return terminalWidth(out) > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// tints are the colours of words that say how something stands, as SGR codes.
var tints = map[string]string{
	"ok": "32", "ready": "32", "done": "32", "skipped": "90", "unchecked": "90", "retired": "90", "cancelled": "90", "partial": "33", "warning": "33",
	"unknown": "35",
	"failed":  "31", "broken": "31", "fix": "31", "refused": "31", "running": "36", "waiting": "36",
}

// table is rows to be printed under their heads. The last column may be cut off where the terminal is too narrow, and wide ones are shortened.
type table struct {
	heads []string
	fixed int // columns at the beginning that are shortened last, such as numbers and times
	rows  [][]string
}

func (t *table) add(cells ...any) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = oneLine(fmt.Sprint(cell))
	}
	t.rows = append(t.rows, row)
}

// oneLine is the text without line breaks and without characters that move a terminal's cursor: what sites answer is shown, not obeyed.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf):
			return -1
		}
		return r
	}, text)
}

// between stands between two columns.
const between = 2

// print writes the table, no wider than a terminal; where the output is none, nothing is shortened.
func (t *table) print(out io.Writer) {
	widths := t.widths()
	if most := terminalWidth(out); most > 0 {
		shrink(widths, most, t.fixed)
	}
	tint := colours(out)
	t.line(out, t.heads, widths, false)
	for _, row := range t.rows {
		t.line(out, row, widths, tint)
	}
}

func (t *table) widths() []int {
	widths := make([]int, len(t.heads))
	for _, row := range append([][]string{t.heads}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	return widths
}

// narrowest is what a column keeps at least, so that a cell can still be told from another.
const narrowest = 6

// shrink takes from the widest columns until all fit, or none can give more; the first ones, which are fixed, give last.
func shrink(widths []int, most, fixed int) {
	total := between * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > most; total-- {
		widest := widestOf(widths[fixed:])
		if widest < 0 || widths[fixed+widest] <= narrowest {
			if fixed == 0 {
				return
			}
			fixed, total = 0, total+1
			continue
		}
		widths[fixed+widest]--
	}
}

func widestOf(widths []int) int {
	widest := -1
	for i, w := range widths {
		if widest < 0 || w > widths[widest] {
			widest = i
		}
	}
	return widest
}

func (t *table) line(out io.Writer, cells []string, widths []int, tint bool) {
	var b strings.Builder
	for i, cell := range cells {
		cell = runewidth.Truncate(cell, widths[i], "…")
		pad := widths[i] - runewidth.StringWidth(cell) + between
		if code := tints[cell]; tint && code != "" {
			cell = "\x1b[" + code + "m" + cell + "\x1b[0m"
		}
		b.WriteString(cell)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", pad))
		}
	}
	fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
}

func printJSON(out io.Writer, value any) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "drover: output:", err)
	}
}
