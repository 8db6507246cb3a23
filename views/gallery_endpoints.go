package views

import (
	"fmt"
	"net/url"
	"time"
)

// galleryEndpoints are the explorer, its forms, answers as a table, and saved operations.
func galleryEndpoints() []GalleryPage {
	frame := galleryFrame("Endpoints", "endpoints", "operator")
	explorer := ExplorerPage{Frame: frame, Query: url.Values{"all": {"1"}}, Chosen: 5000, IndexesRead: 24, Answered: 22, WithoutAbilities: 20,
		Problems: []ExplorerProblem{{longName, "The site is in maintenance mode or temporarily unavailable."}, {hebrewName, hostile}},
		Abilities: []AbilityOffer{{"core/get-site-info", "Get site information", "Returns the site's title.", "read", 2},
			{"acme/empty-trash", hostile, hebrewName, "destroy", 1}}}
	for i := range 140 {
		r := RouteOffer{Namespace: []string{"wp/v2", "wc/v3", "bigscoots-cache/v2"}[i/47%3], Template: fmt.Sprintf("/wp/v2/things-%d/{id}", i),
			Methods: []string{"GET", "POST", "PATCH", "DELETE"}[:i%4+1], Sites: 22 - i%5, Alike: i%7 != 0}
		explorer.Routes = append(explorer.Routes, r)
	}
	form := EndpointFormPage{Frame: frame, Method: "POST", Template: "/wp/v2/posts/{id}", Problems: 2, Fields: []EndpointField{
		{Name: "f.id", Label: "id", Kind: "integer", Place: "path", Required: true, Values: []string{"seventeen"}, Problem: "Enter a whole number, such as 12."},
		{Name: "f.title", Label: "title · raw", Kind: "text", Help: longName},
		{Name: "f.content", Label: "content", Kind: "long", Values: []string{hebrewName + hostile}},
		{Name: "f.status", Label: "status", Kind: "choose", Choices: []string{"publish", "draft"}, Default: "draft"}, {Name: "f.tags", Label: "tags", Kind: "list"},
		{Name: "f.formats", Label: "formats", Kind: "several", Choices: []string{"aside", "gallery", emojiName}, Values: []string{"aside"},
			Problem: "Choose one of: aside, gallery."},
		{Name: "f.sticky", Label: "sticky", Kind: "boolean"}, {Name: "f.meta", Label: "meta", Kind: "json", Values: []string{"{"}},
	}}
	filled := form
	filled.Problems, filled.FromSite = 0, true
	return append([]GalleryPage{
		{Name: "endpoints", State: "nothing chosen", Component: Explorer(ExplorerPage{Frame: frame})},
		{Name: "endpoints", State: "many", Component: Explorer(explorer)},
		{Name: "endpoint form", State: "problems", Component: EndpointForm(form)},
		{Name: "endpoint form", State: "a site's own words", Component: EndpointForm(filled)},
		{Name: "endpoint form", State: "nothing declared", Component: EndpointForm(EndpointFormPage{Frame: frame, Method: "PATCH", Template: "/" + longName})},
	}, galleryAnswers()...)
}

func galleryAnswers() []GalleryPage {
	frame := galleryFrame("Answers", "runs", "operator")
	page := AnswersPage{Frame: frame, RunID: 88, Title: "GET /wp/v2/plugins", Query: url.Values{"sort": {"1"}},
		Columns: "plugin: .plugin\nversion: .version\nname: .name", Heads: []string{"plugin", "version", hebrewName},
		Conditions: []AnswerCondition{{0, "contains", "akismet", "plugin", false}, {1, "<", "5.3", "version", true}},
		Marked:     true, Sort: "1", Total: 9120, Page: 1, Per: 50, Without: 12, Nothing: 3, CanRun: true, Sites: []int64{1, 2, 3},
		Groups: []AnswerGroup{{"5.3.1", 4800, 4800}, {"5.2", 180, 180}, {"", 20, 20}, {hostile, 1, 1}}}
	for i := range 50 {
		page.Shown = append(page.Shown, AnswerRow{Site: galleryNames(i), Home: "https://site.example", Href: "/runs/88",
			Cells: []AnswerCell{{Text: "akismet/akismet"}, {Text: "5." + fmt.Sprint(i%4), Odd: i%4 == 2}, {Text: []string{"Akismet", hostile, longName}[i%3]}}})
	}
	page.Shown[3].Error = "cannot index number with \"version\""
	empty := page
	empty.Shown, empty.Groups, empty.Total, empty.Sites, empty.Problem = nil, nil, 0, nil, `Rows: ".[" is not a jq expression.`
	frame.Title = "Compare runs"
	changed := ComparePage{Frame: frame, RunID: 88, Title: "GET /wp/v2/plugins", With: 61, Same: 9114, Others: []Option{{"61", "run 61, 2026-11-02 09:15"}},
		Heads: page.Heads, Changes: []Change{
			{Site: longName, What: "changed", Cells: []ChangedCell{{"akismet", "akismet"}, {"5.2", "5.3"}, {hostile, "Akismet"}}},
			{Site: emojiName, What: "new", Cells: []ChangedCell{{"", "woocommerce"}, {"", "9.8"}, {"", "WooCommerce"}}},
			{Site: hebrewName, What: "gone", Cells: []ChangedCell{{"old", ""}, {"1.0", ""}, {"Old", ""}}}}}
	saved := SavedPage{Frame: galleryFrame("Saved operations", "endpoints", "operator"), Operations: []SavedOperation{
		{ID: 1, Name: longName, Sentence: hostile, Method: "GET", Path: "/wp/v2/" + longName, Effect: "read", By: arabicName, At: time.Now().Add(-time.Hour)},
		{ID: -1, Name: "Plugins and versions", Sentence: "Every plugin of each site.", Method: "GET", Path: "/wp/v2/plugins", Effect: "read", Builtin: true},
		{ID: -2, Name: "Deactivate a plugin", Sentence: "Deactivates it.", Method: "POST", Path: "/wp/v2/plugins/akismet/akismet", Effect: "destroy", Builtin: true}}}
	return []GalleryPage{
		{Name: "answers", State: "many", Component: Answers(page)}, {Name: "answers", State: "problem, empty", Component: Answers(empty)},
		{Name: "compare", State: "changes", Component: Compare(changed)},
		{Name: "compare", State: "nothing to compare with", Component: Compare(ComparePage{Frame: frame, RunID: 88, Title: "GET /"})},
		{Name: "saved operations", State: "some", Component: Saved(saved)},
		{Name: "saved operation", State: "edit", Component: SavedForm(SavedFormPage{Frame: saved.Frame, ID: 1, Name: "Users", Pages: true,
			Fields: []Field{{Name: "name", Label: "Name", Value: longName, Problem: "Enter a shorter name, on one line."}}})},
	}
}
