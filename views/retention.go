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

// galleryRetention draws how long results are kept.
func galleryRetention() []GalleryPage {
	part := func(name, label, days, problem string, runs int64) RetentionPart {
		return RetentionPart{Field: Field{Name: name, Label: label + ", days", Type: "number", Value: days, Problem: problem, Required: true},
			About: "What the sites answered.", Runs: runs, Rows: 1234 * runs, Bytes: 5_600_000 * runs}
	}
	frame := galleryFrame("Retention", "settings", "admin")
	return []GalleryPage{
		{"retention", "usual", RetentionSettings(RetentionPage{frame, []RetentionPart{part("answers", "Answers", "90", "", 12), part("attempts", "Requests",
			"180", "", 0),
			part("targets", "Sites of runs", "0", "", 0)}})},
		{"retention", "with a problem", RetentionSettings(RetentionPage{frame, []RetentionPart{part("answers", "Answers", "soon",
			"Enter a number of days, or 0 to keep everything.", 0),
			part("attempts", "Requests", "180", "", 0), part("targets", "Sites of runs", "0", "", 0)}})},
	}
}
