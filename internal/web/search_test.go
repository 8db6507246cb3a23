package web_test

import (
	"net/http"
	"net/url"
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
		} {
			if status, body := owner.get("/search?q=" + url.QueryEscape(words)); status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%q: %d %s", words, status, body)
			}
		}
		for _, words := range []string{"zulu", "hidden-tag", "run 2", "clear", "invite"} {
			if _, body := scoped.get("/search?q=" + url.QueryEscape(words)); strings.Contains(body, "<a ") {
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
