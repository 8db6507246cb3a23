package views

import "time"

// galleryChanges draws changes that wait for a second person.
func galleryChanges() []GalleryPage {
	frame := galleryFrame("Changes waiting for approval", "home", "admin")
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	edit := PendingChange{ID: 1, Actor: longName, State: "waiting", At: at, Until: at.Add(24 * time.Hour), CanDecide: true}
	edit.Entry = AuditRow{Action: "site.edit", Subject: "site:1", SubjectName: longName, Detail: AuditDetail{
		"home": map[string]any{"before": "https://acme.example", "after": "https://www.acme.example"}, "client": map[string]any{"before": "Acme", "after": ""},
	}}
	own, done := edit, edit
	own.ID, own.CanDecide, own.Own = 2, false, true
	own.Entry = AuditRow{Action: "site.tag", Detail: AuditDetail{"tag": "care", "count": 2, "sites": []any{"https://acme.example", "https://nordwind.example"}}}
	done.ID, done.State, done.DecidedBy = 3, "done", "Ines"
	done.Entry = AuditRow{Action: "member.reset", Subject: "member:4", SubjectName: "Jonas", Detail: AuditDetail{"lifts_second_factor": true}}
	return []GalleryPage{
		{"changes", "waiting", Changes(ChangesPage{Frame: frame, Changes: []PendingChange{edit, own}})},
		{"changes", "none", Changes(ChangesPage{Frame: frame})},
		{"change", "to decide", ReviewChange(ChangePage{Frame: frame, Change: edit})},
		{"change", "one's own", ReviewChange(ChangePage{Frame: frame, Change: own})},
		{"change", "approved", ReviewChange(ChangePage{Frame: frame, Change: done, Link: "https://drover.example/reset/abc"})},
	}
}
