package views

import "time"

func galleryFrame(title, active, role string) Frame {
	f := Frame{Title: title, Active: active, Who: Who{Name: "Mara Lindqvist", Email: "mara@agency.example", Role: role}, Gallery: true}
	f.Who.Can = map[string]bool{"site.read": true, "run.read": true, "audit.read": true, "audit.verify": true, "member.read": true}
	if role != "viewer" {
		f.Who.Can["run.start"], f.Who.Can["run.cancel"] = true, true
	}
	if role == "admin" {
		f.Who.Can["site.add"], f.Who.Can["run.start_destroy"] = true, true
	}
	return f
}

func galleryNames(i int) string {
	return []string{"Acme Garden Supplies", longName, hebrewName, emojiName, "Nordwind Yachting", arabicName, "Café Zürich", "acme-staging"}[i%8]
}

// galleryRunRows are runs of all sorts.
func galleryRunRows(n int) []RunRow {
	var rows []RunRow
	for i := range n {
		start := time.Now().Add(-time.Duration(i*i*13+1) * time.Minute)
		r := RunRow{ID: int64(90 - i), Title: []string{"Clear the whole cache", "Status", "GET /wp/v2/plugins?status=active&search=" + longName, "Disable cache",
			"Clear the cache of 2 posts and related pages"}[i%5],
			Effect: []string{"change", "read", "read", "destroy", "change"}[i%5], State: "done", Actor: []string{"Mara Lindqvist", arabicName, "command line"}[i%3],
			CreatedAt: start, StartedAt: start, EndedAt: start.Add(41 * time.Second)}
		r.Counts = RunCounts{OK: 380 + i, Skipped: 9 * (i % 2), Failed: 5 * (i % 3), Unknown: i % 4, Partial: i % 2}
		if i == 0 {
			r.State, r.EndedAt, r.Counts.Waiting, r.Counts.Running = "running", time.Time{}, 4400, 40
		}
		if i == 6 {
			r.State, r.RerunOf = "cancelled", 80
		}
		r.Total = r.Counts.total()
		rows = append(rows, r)
	}
	return rows
}
