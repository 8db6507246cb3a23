package spreadsheet

import (
	"encoding/csv"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Writer writes CSV for spreadsheets. Cells come from sites and from people, and none becomes a formula, whatever separates the columns
// where the file is opened (OWASP: CSV injection).
type Writer struct{ csv *csv.Writer }

// NewWriter writes to w; Flush ends it.
func NewWriter(w io.Writer) *Writer { return &Writer{csv.NewWriter(w)} }

// Write writes one row.
func (w *Writer) Write(cells ...string) error {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = Neutralize(cell)
	}
	return w.csv.Write(safe)
}

// Flush writes what is left, and returns what went wrong since the beginning.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// formulas are the characters that a formula can begin with, the wide ones of East Asian keyboards too.
const formulas = "=+-@＝＋－＠﹢﹣−"

// splits are the characters at which a program with other settings begins a cell or a row, quotes around the cell or not.
const splits = ";\t|\n\r\v\f\u0085\u2028\u2029"

// Neutralize puts an apostrophe before everything in the cell that some spreadsheet could take for a formula: at its beginning, and
// after each character that could begin another cell.
func Neutralize(cell string) string {
	if !strings.ContainsAny(cell, formulas) {
		return cell
	}
	var b strings.Builder
	if strings.ContainsRune("\t\r\n", rune(cell[0])) { // some programs take these for the beginning of a formula themselves
		b.WriteByte('\'')
	}
	for part, split := range parts(cell) {
		if startsFormula(part) {
			b.WriteByte('\'')
		}
		b.WriteString(part + split)
	}
	return b.String()
}

func startsFormula(part string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(part, ignored))
	return strings.ContainsRune(formulas, first)
}

// parts are what could become cells of their own, each with the character behind it.
func parts(cell string) iter.Seq2[string, string] {
	return func(yield func(part, split string) bool) {
		for more := cell != ""; more; {
			end := strings.IndexAny(cell, splits)
			if end < 0 {
				end = len(cell)
			}
			_, size := utf8.DecodeRuneInString(cell[end:])
			more = yield(cell[:end], cell[end:end+size]) && len(cell) > end+size
			cell = cell[end+size:]
		}
	}
}

// Plain is the cell that Neutralize made this one of, where that does not begin with a tab or a line break. A text that somebody began with an
// apostrophe before such a character themselves loses it too: nothing tells the two apart.
func Plain(cell string) string {
	if !strings.Contains(cell, "'") {
		return cell
	}
	var b strings.Builder
	for part, split := range parts(cell) {
		if inner, marked := strings.CutPrefix(part, "'"); marked && startsFormula(inner) {
			part = inner
		}
		b.WriteString(part + split)
	}
	return b.String()
}

// ignored are the characters that programs pass over before they look whether a formula begins.
func ignored(r rune) bool {
	return r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
