package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

// The palette finds whatever a person may mean by a word, and nothing that is not theirs.
func TestSearchFindsEveryKind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		owner, scoped := h.signIn(t, access.Owner), h.signInRestricted(t, access.Viewer, access.Restriction{Clients: []string{"Acme"}})
		for words, want := range map[string]string{
			"acme shop": `href="/sites/1"`, "ACME": `href="/sites?client=Acme"`, "care": `href="/sites?tag=care"`, "3": `href="/runs/3"`, "run 2": `href="/runs/2"`,
			"#1": `href="/runs/1"`, "clear": `href="/run?operation=clear-cache"`, "saved op": `href="/operations"`, "passkey": `href="/settings/second-factor"`,
			"token": `href="/settings/tokens"`, "hidden-tag": `href="/sites?tag=hidden-tag"`,
			"retention": `href="/settings/retention"`, "tls": `href="/sites?sort=certificate"`, "maintenance": `href="/help/reasons#`,
		} {
			if status, body := owner.get("/search?q=" + url.QueryEscape(words)); status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%q: %d %s", words, status, body)
			}
		}
		for _, words := range []string{"zulu", "hidden-tag", "run 2", "clear", "invite"} {
			if _, body := scoped.get("/search?q=" + url.QueryEscape(words)); strings.Count(body, "<a ") != strings.Count(body, `href="/help`) {
				t.Errorf("%q, for somebody held to a client: %s", words, body)
			}
		}
		if _, body := scoped.get("/search?q=3"); !strings.Contains(body, "1 site<") {
			t.Errorf("a run of which one site is theirs: %s", body)
		}
		for words, want := range map[string]string{"Acme": "Acme shop", "hidden-tag": "Zulu secret", "zulu": "Zulu secret"} {
			if _, body := owner.get("/sites?q=" + words); !strings.Contains(body, want) || strings.Count(body, `name="site"`) != 1 {
				t.Errorf("the list does not find %s", words)
			}
		}
	})
}

// The count of a chip is what choosing it shows: the other filters narrow it.
func TestChipsCountWhatTheyShow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		p := h.signIn(t, access.Viewer)
		_, body := p.get("/sites?client=Acme")
		for _, want := range []string{"tag=care", "client=Zulu"} {
			if !strings.Contains(body, want) {
				t.Errorf("there is no chip %s", want)
			}
		}
		if strings.Contains(body, "hidden-tag") {
			t.Error("a chip leads to no site")
		}
		if _, body = p.get("/sites?client=Nobody"); !strings.Contains(body, "No matching sites") {
			t.Error("a filter that leaves nothing looks as if there were no sites")
		}
	})
}

// Whoever remembers the heading of a page finds it: each that has an address of its own, but for those that the palette always shows.
func TestSearchFindsEveryPageByItsHeading(t *testing.T) {
	h := newGateServer(t, dbtest.SQLite(t))
	owner := h.signIn(t, access.Owner)
	heading, shown := regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`), regexp.MustCompile(`href="([^"]+)"[^>]*data-command|data-command href="([^"]+)"`)
	_, home := owner.get("/")
	always := map[string]bool{"/": true, "/runs/new": true, "/command": true} // Run with a draft, and a page about another
	for _, found := range shown.FindAllStringSubmatch(home, -1) {
		always[found[1]+found[2]] = true
	}
	found := 0
	for _, r := range h.server.Table() {
		if r.Method != http.MethodGet || strings.ContainsAny(r.Path, ":.*") || always[r.Path] {
			continue
		}
		status, page := owner.get(r.Path)
		h1 := heading.FindStringSubmatch(page)
		if status != http.StatusOK || len(h1) == 0 || strings.Contains(h1[1], "<") {
			continue // a fragment, a file, or a page about something that is chosen elsewhere
		}
		found++
		words := html.UnescapeString(strings.TrimSpace(h1[1]))
		if _, body := owner.get("/search?q=" + url.QueryEscape(words)); !strings.Contains(body, `href="`+r.Path) {
			t.Errorf("%s is not found by its heading, %q", r.Path, words)
		}
	}
	if found < 8 {
		t.Errorf("only %d pages were looked for", found)
	}
}
