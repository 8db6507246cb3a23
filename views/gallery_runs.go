package views

import (
	"fmt"
	"time"
)

// runsGallery is every state of Home, of the pages of runs and of the audit log.
func runsGallery() []GalleryPage {
	var all []GalleryPage
	for _, pages := range [][]GalleryPage{homeGallery(), composeGallery(), galleryWatch(), galleryTargets(), galleryRuns(), galleryEndpoints(), auditGallery()} {
		all = append(all, pages...)
	}
	return all
}

// Names that lists must bear: long ones, from right to left, and with pictures.
const (
	longName   = "Donaudampfschifffahrtsgesellschaft — the official shop, archive and visitors' centre of the harbour museum in Regensburg"
	hebrewName = "מכון ויצמן למדע"
	arabicName = "متجر الزهور في بيروت"
	emojiName  = "Bäckerei Ähre 🥐🥖"
	hostile    = `</pre><script>alert(document.domain)</script><img src=x onerror=alert(1)>`
)

func galleryTarget(i int, outcome, reason string) RunTarget {
	labels := map[string]string{"bad_credential": "wrong password", "timeout": "timed out", "no_route": "no such endpoint"}
	t := RunTarget{ID: int64(5100 + i), RunID: 88, SiteID: int64(i + 1), Site: galleryNames(i), Home: fmt.Sprintf("https://site-%d.example", i+1), State: "done",
		Outcome: outcome, Reason: reason, Label: labels[reason], Status: 200, Attempts: 1, EndedAt: time.Now().Add(-time.Duration(i) * time.Second),
		Took: time.Duration(180+37*i) * time.Millisecond}
	switch outcome {
	case "unknown":
		t.Status, t.Attempts, t.Took = 0, 2, 60*time.Second
	case "failed":
		t.Status, t.Code, t.Message = 401, "incorrect_password", "The provided password is an invalid application password."
	case "skipped":
		t.Status, t.Code = 404, "rest_no_route"
	}
	return t
}

func galleryLatest() []RunTarget {
	var all []RunTarget
	for i, o := range []string{"ok", "ok", "failed", "ok", "unknown", "ok", "skipped", "ok"} {
		all = append(all, galleryTarget(i, o, ""))
	}
	return all
}

var galleryGroups = []RunGroup{
	{Outcome: "failed", Reason: "bad_credential", Label: "wrong password", Count: 12,
		Sentence: "WordPress did not accept the username or the application password.",
		Fix:      "It may have been revoked. Create a new application password on the site and replace the credential here."},
	{Outcome: "failed", Reason: "blocked", Label: "blocked by a firewall", Count: 3, Sentence: "A firewall or another service responded instead of WordPress.",
		Fix: "Ask the host, or whoever runs the firewall, to allow requests from Drover's IP address to /wp-json/."},
	{Outcome: "unknown", Reason: "timeout", Label: "timed out", Count: 2,
		Sentence: "The request was sent, but no complete response arrived in time. It may have taken effect.",
		Fix:      "Check the site, and rerun if the operation did not take effect."},
	{Outcome: "partial", Count: 4},
	{Outcome: "skipped", Reason: "no_route", Label: "no such endpoint", Count: 9, Sentence: "The site does not have this endpoint.",
		Fix: "The plugin is not active there, or is too old. Activate or update it, or leave the site out."},
}

// galleryRun is a run of 5,000 sites of which the given share has ended.
func galleryRun(ended int) RunView {
	now := time.Now()
	v := RunView{ID: 88, Title: "Clear the whole cache", Effect: "change", State: "running", Actor: "Mara Lindqvist",
		Endpoint: "PATCH /bigscoots-cache/v2/clear-cache",
		Where:    "all sites", Total: 5000, CreatedAt: now.Add(-42 * time.Second), StartedAt: now.Add(-41 * time.Second), CanCancel: true, CanRerun: true,
		Elapsed: 41 * time.Second, Rate: 118.4, Left: 26 * time.Second}
	if ended > 0 {
		v.Groups = append(append([]RunGroup{}, galleryGroups...), RunGroup{Outcome: "ok", Count: ended - 30})
		v.Counts = RunCounts{OK: ended - 30, Partial: 4, Skipped: 9, Failed: 15, Unknown: 2}
		v.Latest = galleryLatest()
	}
	v.Counts.Running = min(40, 5000-ended)
	v.Counts.Waiting = 5000 - ended - v.Counts.Running
	return v
}

func galleryEnded(v RunView) RunView {
	v.State, v.EndedAt, v.Left = "done", v.StartedAt.Add(v.Elapsed), 0
	return v
}

func galleryWatch() []GalleryPage {
	waiting := galleryRun(0)
	waiting.State, waiting.StartedAt, waiting.Rate, waiting.Left, waiting.Counts = "waiting", time.Time{}, 0, 0, RunCounts{Waiting: 5000}

	faults := galleryEnded(galleryRun(5000))

	well := faults
	well.Total, well.Counts, well.Groups, well.Where = 412, RunCounts{OK: 412}, []RunGroup{{Outcome: "ok", Count: 412}}, "clients Acme and Nordwind"

	one := well
	one.Total, one.Counts, one.Groups, one.Latest, one.RerunOf = 1, RunCounts{OK: 1}, []RunGroup{{Outcome: "ok", Count: 1}}, well.Latest[:1], 87

	cancelling := galleryRun(2200)
	cancelling.CancelledAt, cancelling.CancelledBy = time.Now().Add(-time.Second), emojiName
	cancelling.Groups = append([]RunGroup{{Outcome: "failed", Reason: "cancelled", Label: "cancelled", Count: 2760,
		Sentence: "The run was cancelled before it reached this site.",
		Fix:      "Rerun them when you are ready."}}, cancelling.Groups...)
	cancelling.Counts.NotSent, cancelling.Counts.Waiting = 2760, 0
	cancelled := galleryEnded(cancelling)
	cancelled.State, cancelled.Counts.OK, cancelled.Counts.Running = "cancelled", cancelled.Counts.OK+40, 0

	viewer := galleryRun(1830)
	viewer.CanCancel, viewer.CanRerun = false, false

	destroyed := faults
	destroyed.Title, destroyed.Effect, destroyed.Endpoint = "Disable cache", "destroy", "PATCH /bigscoots-cache/v2/disable-cache"
	destroyed.Problems = map[string]string{"confirm": "This can't be undone automatically. Type the number of sites, 15, to confirm."}

	long := galleryRun(1830)
	long.Title, long.Actor, long.Where = "POST /wp/v2/"+longName, arabicName, "client "+longName+", tag "+hebrewName
	long.Params = []RunParam{{"Path", "/wp/v2/posts?search=" + emojiName}, {"Body", `{"title":"` + hebrewName + `"}`}}

	verified := faults
	verified.Verify, verified.Verified, verified.NotVerified, verified.Unclear, verified.AtOnce, verified.DeadlineAt = true, 4931, 4, 35, 40,
		verified.CreatedAt.Add(10*time.Minute)
	verified.CanChangeURLs = true
	verified.Groups = append([]RunGroup{{Outcome: "failed", Reason: "redirected", Label: "redirected", Count: 6,
		Sentence: "The site redirects to another URL. Drover did not follow it, because that could lose the request or send the credential to another host.",
		Fix:      "Change the site's URL to the one it redirects to, and rerun."}}, verified.Groups...)

	awaiting := waiting
	awaiting.State, awaiting.Title, awaiting.Effect, awaiting.Total = "asked", "Disable cache", "destroy", 412
	awaiting.Approval = &ApprovalRequest{Preview: galleryPreview("Disable cache", "destroy", 412), Until: time.Now().Add(20 * time.Hour), CanDecide: true,
		Problem: "This can't be undone automatically. Type the number of sites, 412, to confirm."}
	own := awaiting
	own.CanCancel, own.Approval = true, &ApprovalRequest{Preview: galleryPreview("Disable cache", "destroy", 412), Until: time.Now().Add(20 * time.Hour),
		Own: true}

	var all []GalleryPage
	for _, s := range []struct {
		state, role string
		run         RunView
	}{
		{"waiting for approval", "admin", awaiting}, {"waiting for approval, own request", "operator", own},
		{"waiting", "operator", waiting}, {"running", "operator", galleryRun(1830)}, {"running, no permission", "viewer", viewer},
		{"running, long names", "operator", long},
		{"finished with failures", "operator", faults}, {"finished, verified, some redirected", "admin", verified}, {"all succeeded", "operator", well},
		{"one site", "operator", one}, {"being cancelled", "operator", cancelling},
		{"cancelled", "operator", cancelled}, {"finished, destructive", "admin", destroyed},
	} {
		all = append(all, GalleryPage{Name: "run", State: s.state, Component: Run(RunPage{Frame: galleryFrame(s.run.Title, "runs", s.role), Run: s.run})})
	}
	return all
}

func galleryTargets() []GalleryPage {
	list := RunTargets{RunID: 88, Title: "Clear the whole cache", Outcome: "failed", Reason: "bad_credential", Label: "wrong password", Total: 12, Page: 1,
		Per: 50}
	for i := range list.Total {
		list.Rows = append(list.Rows, galleryTarget(i, "failed", "bad_credential"))
	}
	none := RunTargets{RunID: 88, Title: "Clear the whole cache", Outcome: "partial", Page: 1, Per: 50}
	frame := galleryFrame("Sites of run 88", "runs", "operator")
	return append([]GalleryPage{
		{Name: "run targets", State: "one reason", Component: RunTargetsAll(RunTargetsPage{frame, list})},
		{Name: "run targets", State: "none", Component: RunTargetsAll(RunTargetsPage{frame, none})},
	}, galleryExchanges()...)
}

func galleryExchanges() []GalleryPage {
	first := Attempt{N: 1, Method: "PATCH", URL: "https://site-3.example/wp-json/bigscoots-cache/v2/clear-cache",
		RequestBody: `{"purge_type":"post_ids","post_ids":[1,17]}`, Sent: true,
		Status: 503, Headers: []Header{{"Content-Type", "text/html; charset=UTF-8"}, {"Retry-After", "600"}, {"X-Hostile", hostile}},
		Body:    "<!doctype html>\n<h1>Briefly unavailable</h1>\n" + hostile,
		Outcome: "failed", Reason: "in maintenance", Address: "203.0.113.9", StartedAt: time.Now().Add(-3 * time.Minute), Took: 812 * time.Millisecond}
	second := first
	second.N, second.Status, second.Fault, second.Body, second.Headers, second.Outcome, second.Reason = 2, 0, "no complete answer within 30 s", "", nil, "unknown",
		"timed out"
	second.Took, second.Override = 30*time.Second, "header"
	third := first
	third.N, third.Status, third.Body, third.BodyCut, third.Outcome, third.Reason = 3, 200, "{\"success\":true}\n", true, "ok", ""
	for range 60 {
		third.Body += hebrewName + " " + emojiName + "\n"
	}
	faulty := galleryTarget(2, "failed", "bad_credential")
	faulty.Message = hostile
	faulty.Location = "https://www.site-3.example/" + longName
	tried := ExchangePage{Frame: galleryFrame(faulty.Site, "runs", "operator"), RunTitle: "Clear the cache of 2 posts", Target: faulty,
		Sentence: galleryGroups[0].Sentence, Fix: galleryGroups[0].Fix,
		Attempts: []Attempt{first, second, third}}
	redirected := tried
	redirected.Target.Location, redirected.RedirectedTo, redirected.SameDomain, redirected.CanChangeURL = "https://www.site-3.example/wp-json/x",
		"https://www.site-3.example", true, true
	redirected.Samples = []Sample{
		{URL: "https://site-3.example/", Before: "HIT, 3 h old", After: "MISS", Found: "yes", Waited: 1100 * time.Millisecond},
		{URL: "https://site-3.example/prices/", Before: "HIT, 2 min old", After: "HIT, 2 min 30 s old", Found: "no", Waited: 30 * time.Second},
		{URL: "https://site-3.example/cart/", Before: "BYPASS", Found: ""},
	}
	otherDomain := redirected
	otherDomain.RedirectedTo, otherDomain.SameDomain, otherDomain.Samples = "https://other.example", false, nil
	well := galleryTarget(0, "ok", "")
	well.Message = "Cache purge request submitted."
	waiting := galleryTarget(1, "", "")
	waiting.State, waiting.Attempts = "waiting", 0
	return []GalleryPage{
		{Name: "exchange", State: "three attempts, hostile answers", Component: Exchange(tried)},
		{Name: "exchange", State: "redirected, pages verified", Component: Exchange(redirected)},
		{Name: "exchange", State: "redirected to another domain", Component: Exchange(otherDomain)},
		{Name: "exchange", State: "succeeded", Component: Exchange(ExchangePage{Frame: tried.Frame, RunTitle: tried.RunTitle, Target: well,
			Attempts: []Attempt{third}})},
		{Name: "exchange", State: "waiting", Component: Exchange(ExchangePage{Frame: tried.Frame, RunTitle: tried.RunTitle, Target: waiting})},
	}
}

func galleryRuns() []GalleryPage {
	page := func(role string) RunsPage {
		return RunsPage{Frame: galleryFrame("Runs", "runs", role), Page: 1, Per: 25, Actors: []string{"Mara Lindqvist", arabicName},
			Operations: []Option{{"clear-cache", "Clear cache"}, {"status", "Status"}, {"request", "Any endpoint"}}}
	}
	many, one, none, empty := page("operator"), page("viewer"), page("operator"), page("operator")
	many.Rows, many.Total, many.Page = galleryRunRows(25), 5000, 2
	one.Rows, one.Total = galleryRunRows(2)[1:], 1
	none.Filter = RunsFilter{Operation: "status", Has: "trouble", Site: 3, SiteName: longName, Since: "2026-13-01",
		Problems: map[string]string{"since": "Write the day as 2026-11-23."}}
	return []GalleryPage{
		{Name: "runs", State: "many", Component: Runs(many)}, {Name: "runs", State: "one, no permission to start", Component: Runs(one)},
		{Name: "runs", State: "no match", Component: Runs(none)}, {Name: "runs", State: "empty", Component: Runs(empty)},
		{Name: "report", State: "of a run", Component: RunReportPage(galleryReport(""))},
		{Name: "report", State: "for a client", Component: RunReportPage(galleryReport(longName))},
	}
}

// galleryReport is a report with a site of each outcome.
func galleryReport(client string) RunReport {
	start := time.Now().Add(-time.Hour)
	r := RunReport{Run: 88, Title: "Clear the whole cache", Sentence: "Clears BigScoots Cache.", Endpoint: "PATCH /bigscoots-cache/v2/clear-cache", State: "done",
		Effect: "change", Params: []RunParam{{Label: "What to clear", Value: "all"}}, By: "Mara Lindqvist", ApprovedBy: arabicName, Where: "client " + longName,
		StartedAt: start, EndedAt: start.Add(time.Minute), Verify: true, Client: client,
		Clients:      []Option{{longName, longName + " (12 sites)"}, {arabicName, arabicName}},
		OutsideScope: client != "", At: time.Now(), Reader: "Vera", Verification: Verification{At: time.Now(), Entries: 18204}}
	for i, outcome := range []string{"ok", "ok", "partial", "skipped", "failed", "unknown"} {
		r.Add(ReportRow{Site: galleryNames(i), Home: "https://site.example/" + longName, Client: longName, Outcome: outcome, Status: 200, Sentence: hostile,
			Verified: []string{"yes", "unclear", "no", "", "", ""}[i], EndedAt: start})
	}
	if client == "" {
		r.Entries = []PrintedEntry{{galleryEntries()[0], "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"}}
	}
	return r
}
