package views

import "strconv"

// RetentionPart is one kind of result, how long it is kept, and what of it is old enough to be removed.
type RetentionPart struct {
	Field             Field
	About             string
	Runs, Rows, Bytes int64
}

// RetentionPage shows how long results are kept.
type RetentionPage struct {
	Frame
	Parts []RetentionPart
}

// due says what is removed next.
func (p RetentionPart) due() string {
	if p.Runs == 0 {
		return "Nothing is old enough to be removed."
	}
	text := "To be removed within an hour: " + counted(int(p.Rows), "row", "rows") + " of " + counted(int(p.Runs), "run", "runs")
	if p.Bytes > 0 {
		text += ", " + bytesOf(p.Bytes)
	}
	return text + "."
}

// bytesOf writes a number of bytes as people read it.
func bytesOf(n int64) string {
	value, unit := float64(n), 0
	units := []string{"bytes", "KB", "MB", "GB", "TB"}
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return strconv.FormatFloat(value, 'g', 3, 64) + " " + units[unit]
}
