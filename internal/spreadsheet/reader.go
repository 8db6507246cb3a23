package spreadsheet

import "strings"

// Separators are what may stand between two cells, the usual ones first.
const Separators = ",;\t|"

// What bounds a record. A cell of Excel holds 32,767 characters, and a quote that is still open after more was never meant to be one.
const (
	mostCells  = 1000
	longestRow = 40_000  // bytes, of a record that goes over several lines
	mostReread = 8 << 20 // bytes, of all lines that are read a second time since a quote was never closed
)

// Record is one row of a table.
type Record struct {
	Line     int // where it begins, as an editor counts
	Cells    []string
	Unclosed bool // a quote opens in this line and is never closed: the audit log is the line alone, the quote a character
}

// Reader reads the rows of a text one after another. Every line of the text belongs to exactly one record, or is empty.
type Reader struct {
	text      string
	separator byte
	line      int
	reread    int
	// Swallowed tells whether a line within a quoted cell is a record itself, so that the quote before it was left open.
	Swallowed func(cells []string) bool
}

// NewReader reads text as Decode returns it, from its beginning.
func NewReader(text string, separator byte) *Reader {
	return &Reader{text: text, separator: separator, line: 1}
}

// Next returns the next record that is not an empty line, and false at the end.
func (r *Reader) Next() (Record, bool) {
	for strings.HasPrefix(r.text, "\n") {
		r.text, r.line = r.text[1:], r.line+1
	}
	if r.text == "" {
		return Record{}, false
	}
	record := Record{Line: r.line}
	line := lineLength(r.text)
	window := r.text[:line]
	if r.reread < mostReread {
		window = r.text[:min(len(r.text), max(line, longestRow))]
	}
	cells, length, closed := r.parse(window)
	cut := length == len(window) && length < len(r.text) && r.text[length] != '\n'
	if !closed || cut || r.swallows(window[:length]) {
		r.reread += len(window)
		length = line
		cells, _, _ = r.parse(r.text[:length])
		record.Unclosed = true
	}
	record.Cells = cells
	r.line += strings.Count(r.text[:length], "\n") + 1
	r.text = strings.TrimPrefix(r.text[length:], "\n")
	return record, true
}

func lineLength(text string) int {
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		return end
	}
	return len(text)
}

func (r *Reader) swallows(record string) bool {
	_, below, several := strings.Cut(record, "\n")
	if !several || r.Swallowed == nil {
		return false
	}
	for line := range strings.SplitSeq(below, "\n") {
		if cells, _, _ := r.parse(line); r.Swallowed(cells) {
			return true
		}
	}
	return false
}

// parse returns the cells of the first record and its length without the line's end. It is not closed where a quote is still open at
// the end of the text; that cell is the rest of its line then, with the quote.
func (r *Reader) parse(text string) (cells []string, length int, closed bool) {
	closed = true
	for at := 0; ; at++ {
		start := at + spaces(text[at:])
		cell, n, complete := "", 0, false
		if start < len(text) && text[start] == '"' {
			cell, n, complete = r.quoted(text[start+1:])
			closed, n = closed && complete, n+1
		}
		if !complete {
			n = r.plain(text[start:])
			cell = text[start : start+n]
		}
		if len(cells) < mostCells {
			cells = append(cells, cell)
		}
		if at = start + n; at >= len(text) || text[at] == '\n' {
			return cells, at, closed
		}
	}
}

func spaces(text string) int { return len(text) - len(strings.TrimLeft(text, " \u00a0")) }

func (r *Reader) plain(text string) int {
	if end := strings.IndexAny(text, string(r.separator)+"\n"); end >= 0 {
		return end
	}
	return len(text)
}

// quoted reads what follows an opening quote: the cell, and the length up to the next separator. A quote within that nobody doubled is
// taken as it stands, but only where the cell stays on its line: else it is one that closes a cell further down. Where no quote follows it
// on the line, it closes the first words of the cell: "Acme" Ltd.
func (r *Reader) quoted(text string) (cell string, length int, closed bool) {
	var b strings.Builder
	at, lone, several := 0, 0, false
	for {
		end := strings.IndexByte(text[at:], '"')
		if lone%2 == 1 && (end < 0 || strings.Contains(text[at:at+end], "\n")) {
			at += r.plain(text[at:])
			return `"` + text[:at], at, true
		}
		if end < 0 {
			return "", 0, false
		}
		part := text[at : at+end]
		b.WriteString(part)
		at += end + 1
		if several = several || strings.Contains(part, "\n"); several && lone > 0 {
			return "", 0, false
		}
		if strings.HasPrefix(text[at:], `"`) {
			b.WriteByte('"')
			at++
			continue
		}
		after := at + spaces(text[at:])
		if after == len(text) || text[after] == '\n' || text[after] == r.separator {
			return b.String(), after, true
		}
		if several {
			return "", 0, false
		}
		lone++
		b.WriteByte('"')
	}
}
