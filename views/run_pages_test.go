package views

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func drawn(t *testing.T, c Component) (*html.Node, string) {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return root, b.String()
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func has(n *html.Node, name string) bool { _, found := attribute(n, name); return found }

func nearest(n *html.Node, tag string) *html.Node {
	for ; n != nil; n = n.Parent {
		if n.Data == tag {
			return n
		}
	}
	return nil
}

// The policy of content forbids inline scripts and styles; people with screen readers need a heading and labels.
func TestPagesKeepTheRules(t *testing.T) {
	for _, page := range Gallery() {
		t.Run(page.Name+"/"+page.State, func(t *testing.T) {
			root, _ := drawn(t, page.Component)
			headings, ids, labelled := 0, map[string]int{}, map[string]bool{}
			for n := range root.Descendants() {
				if target, found := attribute(n, "for"); found {
					labelled[target] = true
				}
			}
			for n := range root.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				for _, a := range n.Attr {
					if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") {
						t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
					}
				}
				if name, found := attribute(n, "id"); found {
					if ids[name]++; ids[name] > 1 {
						t.Errorf("the id %s stands twice", name)
					}
				}
				switch n.Data {
				case "h1":
					headings++
				case "style":
					t.Error("an inline style sheet")
				case "script":
					if src, _ := attribute(n, "src"); !strings.HasPrefix(src, "/static/") {
						t.Errorf("a script from %q", src)
					}
				case "input", "select", "textarea":
					name, _ := attribute(n, "id")
					kind, _ := attribute(n, "type")
					if kind != "hidden" && !labelled[name] && !has(n, "aria-label") && nearest(n, "label") == nil {
						t.Errorf("<%s> %v has no label", n.Data, n.Attr)
					}
				}
			}
			if headings != 1 {
				t.Errorf("%d headings of the first rank", headings)
			}
		})
	}
}

// What a site answers is hostile until proven otherwise: it is never more than text.
func TestAnswersAreOnlyText(t *testing.T) {
	target := RunTarget{ID: 1, RunID: 2, Site: hostile, Home: hostile, State: "done", Outcome: "failed", Label: hostile, Code: hostile, Message: hostile,
		Note: hostile, Location: hostile, Took: 1}
	attempt := Attempt{N: 1, Method: "GET", URL: hostile, RequestBody: hostile, Body: hostile, Fault: hostile, Status: 200, Headers: []Header{{hostile, hostile}},
		Outcome: "failed", Reason: hostile, Address: hostile}
	entry := AuditRow{Actor: hostile, Action: "site.edit", Subject: "site:" + hostile, SubjectName: hostile, Outcome: "done",
		Detail: AuditDetail{hostile: map[string]any{"before": hostile, "after": hostile}}}
	preview := galleryPreview(hostile, "change", 1)
	preview.Requests[0].Body, preview.Requests[0].Site, preview.Warnings = hostile, hostile, []string{hostile}
	for name, page := range map[string]Component{
		"exchange": Exchange(ExchangePage{RunTitle: hostile, Target: target, Sentence: hostile, Fix: hostile, Attempts: []Attempt{attempt}}),
		"targets":  RunTargetList(RunTargets{Rows: []RunTarget{target}, Total: 1, Page: 1, Per: 50}),
		"progress": RunProgress(RunView{State: "done", Latest: []RunTarget{target},
			Groups: []RunGroup{{Outcome: "failed", Reason: hostile, Label: hostile, Sentence: hostile, Count: 1}}}),
		"entry":   AuditEntry(AuditEntryPage{Entry: entry, DetailJSON: hostile}),
		"preview": Preview(preview),
	} {
		t.Run(name, func(t *testing.T) {
			root, text := drawn(t, page)
			if !strings.Contains(text, "&lt;script&gt;alert(document.domain)") {
				t.Error("the hostile text is not shown at all")
			}
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && (has(n, "onerror") || n.Data == "script" && n.FirstChild != nil) {
					t.Errorf("hostile text became <%s>", n.Data)
				}
				if n.Data == "a" {
					if href, _ := attribute(n, "href"); strings.HasPrefix(strings.ToLower(href), "javascript:") {
						t.Errorf("a link to %s", href)
					}
				}
			}
		})
	}
}

func TestPlainly(t *testing.T) {
	for name, c := range map[string]struct {
		counts RunCounts
		groups []RunGroup
		want   string
	}{
		"all succeeded": {RunCounts{OK: 412}, nil, "All 412 sites succeeded."},
		"one":           {RunCounts{OK: 1}, nil, "The site succeeded."},
		"a mixture": {RunCounts{OK: 398, Skipped: 9, Failed: 5}, []RunGroup{{Outcome: "skipped", Reason: "no_route", Count: 9}},
			"398 succeeded, 9 do not have the endpoint, 5 need attention."},
		"singular":  {RunCounts{OK: 2, Unknown: 1, Skipped: 1}, nil, "2 succeeded, 1 skipped, 1 needs attention."},
		"running":   {RunCounts{OK: 1200, Partial: 1, Waiting: 3000, Running: 40}, nil, "1,200 succeeded, 1 needs attention, 3,040 remaining."},
		"beginning": {RunCounts{Waiting: 1}, nil, "No results yet: 1 site remaining."},
		"cancelled": {RunCounts{OK: 10, Failed: 2, NotSent: 88}, []RunGroup{{Outcome: "failed", Reason: "cancelled", Count: 88}},
			"10 succeeded, 2 need attention, 88 not sent."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plainly(c.counts, c.groups); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSentences(t *testing.T) {
	var all []string
	for _, e := range galleryEntries() {
		var b strings.Builder
		for _, p := range e.sentence() {
			b.WriteString(p.Text)
		}
		all = append(all, b.String())
	}
	for _, want := range []string{
		"Run 88 finished: “Clear the whole cache” on 412 sites: 398 succeeded, 9 skipped, 5 failed, in 41.2 s, started by Mara Lindqvist",
		"Mara Lindqvist started run 88: “Clear the whole cache” on 412 sites, rerun of run 87",
		arabicName + " was not allowed to start a destructive run: the role does not allow it",
		"Mara Lindqvist cancelled run 86, “Disable cache” on 5,000 sites",
		"Mara Lindqvist edited Acme Garden Supplies: client from none to Nordwind",
		"root imported sites: 4,980 added, 12 unchanged, 8 invalid",
		emojiName + " checked " + hebrewName + ": WordPress did not accept the password.",
		"Mara Lindqvist changed the role of Jo: role from viewer to operator",
		"jo@agency.example was not allowed to sign in: wrong password",
		"Drover started",
	} {
		if !slices.Contains(all, want) {
			t.Errorf("nothing says %q; there are:\n%s", want, strings.Join(all, "\n"))
		}
	}
}

func TestMarksSurviveEveryFrame(t *testing.T) {
	_, before := drawn(t, RunProgress(galleryRun(400)))
	_, after := drawn(t, RunProgress(galleryRun(4000)))
	for _, mark := range []string{`id="run-live"`, `id="group-failed-bad-credential"`, `id="targets-failed-bad-credential"`, "hx-morph-skip", `id="group-ok"`} {
		if !strings.Contains(before, mark) || !strings.Contains(after, mark) {
			t.Errorf("%s is not in every frame: what a person opened would be lost", mark)
		}
	}
}

func TestChartStacksToItsHeight(t *testing.T) {
	c := chartOf([]HomeDay{{Counts: RunCounts{OK: 50, Failed: 50}}, {Counts: RunCounts{OK: 25}}, {}})
	if len(c.Columns) != 3 || len(c.Columns[0].Rects) != 2 || len(c.Columns[2].Rects) != 0 {
		t.Fatalf("columns %+v", c.Columns)
	}
	if top := c.Columns[0].Rects[1]; top.Y != 0 || top.H != 50 {
		t.Errorf("the busiest day ends at %v with %v, not at the top", top.Y, top.H)
	}
	if ok := c.Columns[1].Rects[0]; ok.H != 25 || ok.Y != 75 {
		t.Errorf("a quarter of the busiest day is %v high at %v", ok.H, ok.Y)
	}
}
