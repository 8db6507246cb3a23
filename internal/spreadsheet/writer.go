package spreadsheet

import (
	"encoding/csv"
	"io"
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
	for start := 0; start < len(cell); {
		end := start + strings.IndexAny(cell[start:], splits)
		if end < start {
			end = len(cell)
		}
		part := cell[start:end]
		if first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(part, ignored)); strings.ContainsRune(formulas, first) {
			b.WriteByte('\'')
		}
		b.WriteString(part)
		_, size := utf8.DecodeRuneInString(cell[end:])
		b.WriteString(cell[end : end+size])
		start = end + size
	}
	return b.String()
}

// ignored are the characters that programs pass over before they look whether a formula begins.
func ignored(r rune) bool {
	return r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
