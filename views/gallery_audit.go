package views

import "time"

// auditGallery is every state of the audit log's pages.
func auditGallery() []GalleryPage {
	page := AuditPage{Frame: galleryFrame("Audit", "audit", "admin"), Actions: []string{"member.sign_in", "run.start", "site.edit"}, First: true,
		BarWidth: time.Hour, Clients: []string{"Acme", longName}}
	page.Verification = Verification{At: time.Now().Add(-3 * time.Minute), Entries: 18204, Proven: 18190, CanVerify: true, CanSign: true}
	empty, none, many := page, page, page
	empty.Verification = Verification{CanVerify: true}
	none.Filter = AuditFilter{Actor: arabicName, Subject: "acme", Problems: map[string]string{"subject": "Write it as site:12 or run:88."}}
	many.Entries, many.Count, many.More, many.Older, many.Bars, many.Counted = galleryEntries(), 10_000, true, 18100, galleryBars(), 2000
	many.Saved = []SavedView{{1, "Acme this month", "client=Acme"}, {2, arabicName, "actor=x"}}
	many.Sinks = []SinkState{{Name: "file", Seq: 18204, SentAt: time.Now()},
		{Name: "hook", Seq: 18001, SentAt: time.Now().Add(-time.Hour), FailedAt: time.Now(), Problem: "the webhook answered 503 Service Unavailable"}}
	broken := many
	broken.Verification = Verification{At: time.Now(), Entries: 17002, Broken: 17003, Why: "The entry's hash does not match its content.", CanVerify: true}
	entries := galleryEntries()
	unsaved := many
	unsaved.Filter, unsaved.ViewProblem, unsaved.First = AuditFilter{Client: "Acme", Words: "opcache"}, "Enter a name of 1 to 60 characters.", false
	paper := PrintedRecord{Filter: unsaved.Filter, Count: 12, At: time.Now(), By: "Mara Lindqvist", Verification: page.Verification}
	for _, e := range entries {
		paper.Entries = append(paper.Entries, PrintedEntry{e, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"})
	}
	return []GalleryPage{
		{Name: "audit", State: "many", Component: Audit(many)}, {Name: "audit", State: "broken audit log", Component: Audit(broken)},
		{Name: "audit", State: "saving a view fails", Component: Audit(unsaved)}, {Name: "audit", State: "on paper", Component: Printed(paper)},
		{Name: "audit", State: "no match", Component: Audit(none)}, {Name: "audit", State: "empty", Component: Audit(empty)},
		{Name: "audit entry", State: "before and after", Component: AuditEntry(galleryEntry(entries[4], `{
  "client": {
    "after": "Nordwind",
    "before": ""
  }
}`))},
		{Name: "audit entry", State: "long, hostile", Component: AuditEntry(galleryEntry(entries[7], `{"name": "`+hostile+`"}`))},
	}
}

func galleryEntry(e AuditRow, detail string) AuditEntryPage {
	const hash = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
	return AuditEntryPage{Frame: galleryFrame("Entry", "audit", "viewer"), Entry: e, Role: "admin", DetailJSON: detail, Hash: hash, Prev: hash}
}

func galleryEntries() []AuditRow {
	change := func(before, after any) map[string]any { return map[string]any{"before": before, "after": after} }
	rows := []AuditRow{
		{Actor: "Drover", ActorKind: "system", Action: "run.finish", Subject: "run:88",
			Detail: AuditDetail{"title": "Clear the whole cache", "sites": 412.0, "state": "done", "took_ms": 41200.0, "started_by": "Mara Lindqvist",
				"counts": map[string]any{"ok": 398.0, "skipped": 9.0, "failed": 5.0}}},
		{Actor: "Mara Lindqvist", Action: "run.start", Subject: "run:88", Detail: AuditDetail{"title": "Clear the whole cache", "sites": 412.0, "again_of": 87.0}},
		{Actor: arabicName, Action: "run.start_destroy", Outcome: "refused", Detail: AuditDetail{"why": "role"}},
		{Actor: "Mara Lindqvist", Action: "run.cancel", Subject: "run:86", Detail: AuditDetail{"title": "Disable cache", "sites": 5000.0, "not_sent": 2760.0}},
		{Actor: "Mara Lindqvist", Action: "site.edit", Subject: "site:12", SubjectName: "Acme Garden Supplies",
			Detail: AuditDetail{"client": change("", "Nordwind")}},
		{Actor: "Mara Lindqvist", Action: "site.credential", Subject: "site:12", SubjectName: "Acme Garden Supplies",
			Detail: AuditDetail{"home": "https://acme.example", "username": change("mara", "drover")}},
		{Actor: "root", ActorKind: "command_line", Action: "site.import", Detail: AuditDetail{"added": 4980.0, "unchanged": 12.0, "bad": 8.0}},
		{Actor: longName, Action: "site.add", Subject: "site:7", SubjectName: hostile, Detail: AuditDetail{"home": "https://site-7.example"}},
		{Actor: emojiName, Action: "site.check", Subject: "site:3", SubjectName: hebrewName,
			Detail: AuditDetail{"state": "broken", "finding": "WordPress did not accept the password."}},
		{Actor: "Mara Lindqvist", Action: "member.role", Subject: "member:4", SubjectName: "Jo", Detail: AuditDetail{"role": change("viewer", "operator")}},
		{Actor: "jo@agency.example", Action: "member.sign_in", Outcome: "refused", Detail: AuditDetail{"why": "wrong password"}},
		{Actor: "Drover", ActorKind: "system", Action: "drover.start"},
	}
	for i := range rows {
		rows[i].Seq, rows[i].At, rows[i].Addr = int64(18204-i), time.Now().Add(-time.Duration(i*i)*17*time.Minute), "203.0.113.7"
		if rows[i].ActorKind == "" {
			rows[i].ActorKind = "member"
		} else {
			rows[i].Addr = ""
		}
		if rows[i].Outcome == "" {
			rows[i].Outcome = "done"
		}
	}
	return rows
}

func galleryBars() []AuditBar {
	bars := make([]AuditBar, 48)
	for i := range bars {
		bars[i] = AuditBar{At: time.Now().UTC().Truncate(time.Hour).Add(time.Duration(i-47) * time.Hour), Count: int64(i * 37 % 23 * (i % 5))}
	}
	return bars
}
