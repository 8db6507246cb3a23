package views

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// source is what a template looks like when it reaches the page instead of being run.
// References in double braces are words to people.
var source = regexp.MustCompile(`@[A-Za-z]+\(|(^|[^{])\{ *[a-z]+\.[A-Za-z]+ *\}`)

func TestPagesShowNoSourceAndPointAtWhatIsThere(t *testing.T) {
	for _, page := range Gallery() {
		t.Run(page.Name+"/"+page.State, func(t *testing.T) {
			root, _ := drawn(t, page.Component)
			ids := map[string]bool{}
			for n := range root.Descendants() {
				if name, found := attribute(n, "id"); found {
					ids[name] = true
				}
			}
			for n := range root.Descendants() {
				if n.Type == html.TextNode && nearest(n, "pre") == nil && source.MatchString(n.Data) {
					t.Errorf("the page says %q", strings.TrimSpace(n.Data))
				}
				for _, name := range []string{"aria-describedby", "for", "list", "popovertarget", "data-dialog"} {
					value, _ := attribute(n, name)
					for _, target := range strings.Fields(value) {
						if !ids[target] {
							t.Errorf("<%s %s=%q> points at nothing", n.Data, name, target)
						}
					}
				}
			}
		})
	}
}

// templ drops the space between a word and a component: "checked" and a time become "checked1 h ago".
func TestTimesStandApartFromWords(t *testing.T) {
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for _, page := range Gallery() {
		t.Run(page.Name+"/"+page.State, func(t *testing.T) {
			root, _ := drawn(t, page.Component)
			for n := range root.Descendants() {
				if n.Data != "time" || n.FirstChild == nil {
					continue
				}
				if before := n.PrevSibling; before != nil && before.Type == html.TextNode {
					if last, _ := utf8.DecodeLastRuneInString(before.Data); letter(last) {
						t.Errorf("the page says %q", before.Data+n.FirstChild.Data)
					}
				}
				if after := n.NextSibling; after != nil && after.Type == html.TextNode {
					if first, _ := utf8.DecodeRuneInString(after.Data); letter(first) {
						t.Errorf("the page says %q", n.FirstChild.Data+after.Data)
					}
				}
			}
		})
	}
}

// A problem is told to people who see it and to people who hear it, beside what was typed.
func TestAFieldKeepsWhatWasTypedAndTellsItsProblem(t *testing.T) {
	for name, f := range map[string]Field{
		"a line":  {Name: "url", Label: "Address", Value: `"acme" <example>`, Hint: "With https.", Problem: "An address holds no spaces."},
		"an area": {Name: "csv", Label: "Paste", Rows: 4, Value: `"acme" <example>`, Hint: "With a head.", Problem: "There is no column url."},
		"a choice": {Name: "role", Label: "Role", Value: `"acme" <example>`, Hint: "What they may do.", Problem: "There is no such role.",
			Options: []Option{{"viewer", "viewer"}, {`"acme" <example>`, "kept"}}},
		"suggested": {Name: "client", Label: "Client", Value: `"acme" <example>`, Hint: "Whose it is.", Problem: "Too long.", List: []string{"Acme"}},
	} {
		t.Run(name, func(t *testing.T) {
			root, text := drawn(t, Input(f))
			kept := false
			for n := range root.Descendants() {
				if value, _ := attribute(n, "value"); value == f.Value && (n.Data == "input" || has(n, "selected")) {
					kept = true
				}
				if n.Data == "textarea" && n.FirstChild != nil && n.FirstChild.Data == f.Value {
					kept = true
				}
				if name, _ := attribute(n, "name"); name != f.Name {
					continue
				}
				if described, _ := attribute(n, "aria-describedby"); described != f.Name+"-hint "+f.Name+"-problem" {
					t.Errorf("aria-describedby is %q", described)
				}
				if wrong, _ := attribute(n, "aria-invalid"); wrong != "true" {
					t.Errorf("aria-invalid is %q", wrong)
				}
			}
			if !kept {
				t.Errorf("what was typed is gone: %s", text)
			}
			if !strings.Contains(text, f.Problem) {
				t.Errorf("the problem is not told: %s", text)
			}
		})
	}
}

func TestTheRailShowsOnlyWhatTheMemberMay(t *testing.T) {
	for name, c := range map[string]struct {
		can  map[string]bool
		want string
	}{
		"nothing":  {nil, "home settings"},
		"a viewer": {map[string]bool{"site.read": true, "run.read": true}, "home sites runs settings"},
		"runs":     {map[string]bool{"site.read": true, "run.read": true, "run.start": true}, "home sites run runs endpoints settings"},
	} {
		t.Run(name, func(t *testing.T) {
			var keys []string
			for _, e := range (Frame{Who: Who{Can: c.can}}).rail() {
				keys = append(keys, e.name)
			}
			if got := strings.Join(keys, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 18204: "18,204", 1234567: "1,234,567", -999: "-999", -1000: "-1,000",
		-123456: "-123,456"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for since, want := range map[time.Duration]string{
		2 * time.Second: "just now", 40 * time.Second: "40 s ago", 3*time.Minute + time.Second: "3 min ago",
		47 * time.Hour: "47 h ago", 49 * time.Hour: "2 days ago", 59 * 24 * time.Hour: "59 days ago",
	} {
		if got := ago(time.Now().Add(-since)); got != want {
			t.Errorf("%v back is %q, want %q", since, got, want)
		}
	}
	old := time.Now().AddDate(-1, 0, 0)
	if got, want := ago(old), old.UTC().Format("2 Jan 2006"); got != want {
		t.Errorf("a year back is %q, want %q", got, want)
	}
	soon := time.Now().Add(time.Hour)
	if got := ago(soon); got != exact(soon) {
		t.Errorf("an hour ahead is %q", got)
	}
}

func TestLasted(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 40 * time.Microsecond: "1 ms", 312 * time.Millisecond: "312 ms", 1240 * time.Millisecond: "1.2 s",
		200 * time.Second: "3 min 20 s", 3*time.Hour + 5*time.Minute: "3 h 5 min",
	} {
		if got := lasted(d); got != want {
			t.Errorf("lasted(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestAddressesOfAList(t *testing.T) {
	query := url.Values{"client": {"Acme, Inc."}, "page": {"7"}}
	for name, c := range map[string]struct{ got, want string }{
		"the next page, past a thousand":   {Pages{Page: 1000, Per: 5, Total: 9000, Path: "/sites", Query: query}.href(1001), "/sites?client=Acme%2C+Inc.&page=1001"},
		"another filter goes to the front": {with("/sites", query, "tag", "a,b"), "/sites?client=Acme%2C+Inc.&tag=a%2Cb"},
		"a filter taken away":              {with("/sites", query, "client", ""), "/sites"},
		"sorted by another column":         {Sites{Sort: "name", Pages: Pages{Query: query}}.sortHref("state"), "/sites?client=Acme%2C+Inc.&sort=state"},
		"sorted the other way":             {Sites{Sort: "name", Pages: Pages{Query: query}}.sortHref("name"), "/sites?client=Acme%2C+Inc.&dir=desc&sort=name"},
		"and back": {Sites{Sort: "name", Descending: true, Pages: Pages{Query: url.Values{"dir": {"desc"}}}}.sortHref("name"),
			"/sites?sort=name"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %s, want %s", c.got, c.want)
			}
		})
	}
	if query.Get("page") != "7" || query.Has("tag") {
		t.Errorf("the list's own query was changed: %v", query)
	}
}

func TestWhereAListIs(t *testing.T) {
	for name, c := range map[string]struct {
		pages          Pages
		from, to, last int
	}{
		"empty":        {Pages{Page: 1, Per: 50}, 0, 0, 1},
		"one":          {Pages{Page: 1, Per: 50, Total: 1}, 1, 1, 1},
		"exactly full": {Pages{Page: 2, Per: 50, Total: 100}, 51, 100, 2},
		"one more":     {Pages{Page: 3, Per: 50, Total: 101}, 101, 101, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if p := c.pages; p.from() != c.from || p.to() != c.to || p.last() != c.last {
				t.Errorf("%d–%d of %d pages, want %d–%d of %d", p.from(), p.to(), p.last(), c.from, c.to, c.last)
			}
		})
	}
}

func TestABarIsFilledByItsOutcomes(t *testing.T) {
	b := Bar{OK: 398, Skipped: 9, Failed: 5, Rest: 88}
	end, words := 0.0, []string{}
	for _, p := range b.parts() {
		if p.x != end {
			t.Errorf("%s begins at %v, not where the last one ends, %v", p.word, p.x, end)
		}
		end += p.width
		words = append(words, p.word)
	}
	if end < 823.9 || end > 824.1 {
		t.Errorf("412 of 500 fill %v of 1000", end)
	}
	if got := strings.Join(words, " "); got != "succeeded skipped failed" {
		t.Errorf("the parts are %s", got)
	}
	if got := b.words(); got != "398 succeeded, 9 skipped, 5 failed, 88 waiting" {
		t.Errorf("it is read as %q", got)
	}
	if parts := (Bar{}).parts(); len(parts) != 0 {
		t.Errorf("an empty bar has parts: %v", parts)
	}
}

// Whatever a page says about a state, it says with a word and an icon; an icon outside the sprite would be an empty space.
func TestEveryIconIsInTheSprite(t *testing.T) {
	text, err := os.ReadFile("../static/icons.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		t.Fatal(err)
	}
	for state, l := range badges {
		if l.word == "" || l.class == "" || !slices.Contains(names, l.icon) {
			t.Errorf("%s is shown as %+v", state, l)
		}
	}
	if l := badgeOf("brand_new"); l.word != "brand_new" || !slices.Contains(names, l.icon) {
		t.Errorf("an unheard-of state is shown as %+v", l)
	}
	for _, page := range Gallery() {
		root, _ := drawn(t, page.Component)
		for n := range root.Descendants() {
			if n.Data != "use" {
				continue
			}
			href, _ := attribute(n, "href")
			if _, icon, _ := strings.Cut(href, "#"); !slices.Contains(names, icon) {
				t.Errorf("%s, %s: there is no icon %q", page.Name, page.State, href)
			}
		}
	}
}

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{"mara": "M", "ähre": "Ä", "🥐 bakery": "B", arabicName: string([]rune(arabicName)[0]), "": "•", "🥐": "•"} {
		if got := initial(name); got != want {
			t.Errorf("initial(%q) = %q, want %q", name, got, want)
		}
	}
}
