package views

import (
	"slices"
	"strings"
	"testing"
)

// Without scripts there is no stream: the page of a run that goes on reads itself again.
func TestARunsPageRefreshesItselfWithoutScripts(t *testing.T) {
	for state, want := range map[string]bool{"running": true, "waiting": true, "done": false, "cancelled": false} {
		run := galleryRun(2000)
		run.State = state
		_, page := drawn(t, Run(RunPage{Frame: galleryFrame("Clear cache", "runs", "admin"), Run: run}))
		if got := strings.Contains(page, `<noscript><meta http-equiv="refresh"`); got != want {
			t.Errorf("%s: refreshes itself: %t, want %t", state, got, want)
		}
	}
}

// Enter in a field presses the first button of its form: in the composer, one that only shows what would be sent.
func TestEnterInTheComposerOnlyPreviews(t *testing.T) {
	seen := 0
	for _, p := range Gallery() {
		_, page := drawn(t, p.Component)
		_, form, found := strings.Cut(page, "data-compose")
		if !found {
			continue
		}
		seen++
		_, button, _ := strings.Cut(form, "<button")
		button, _, _ = strings.Cut(button, ">")
		if !strings.Contains(button, `formaction="/run/preview"`) {
			t.Errorf("%s, %s: Enter presses <button%s>", p.Name, p.State, button)
		}
	}
	if seen == 0 {
		t.Error("no page of the gallery is the composer")
	}
}

func TestPagesAreNumbered(t *testing.T) {
	for _, c := range []struct {
		page, total int
		want        []int
	}{{1, 50, []int{1}}, {1, 150, []int{1, 2, 3}}, {5, 500, []int{1, 0, 3, 4, 5, 6, 7, 0, 10}},
		{10, 500, []int{1, 0, 8, 9, 10}}, {1, 5000, []int{1, 2, 3, 0, 100}}} {
		if got := (Pages{Page: c.page, Per: 50, Total: c.total}).numbers(); !slices.Equal(got, c.want) {
			t.Errorf("page %d of %d sites: %v, want %v", c.page, c.total, got, c.want)
		}
	}
}

// A request that is copied as a command never holds a credential, and comes to the shell as it was.
func TestARequestAsCurl(t *testing.T) {
	a := Attempt{Method: "PATCH", URL: "https://acme.example/wp-json/x?a=1&b=it's", RequestBody: `{"it's":1}`, Override: "header"}
	got := a.curl()
	for _, part := range []string{"-X POST", "X-HTTP-Method-Override: PATCH", `-u "$WP_USERNAME:$WP_APPLICATION_PASSWORD"`,
		`b=it'\''s'`, `--data-raw '{"it'\''s":1}'`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in\n%s", part, got)
		}
	}
}
