package views

// galleryRetention draws how long results are kept.
func galleryRetention() []GalleryPage {
	part := func(name, label, days, problem string, runs int64) RetentionPart {
		return RetentionPart{Field: Field{Name: name, Label: label + " (days)", Type: "number", Value: days, Problem: problem, Required: true},
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
