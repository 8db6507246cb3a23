package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
)

var undoOf = regexp.MustCompile(`action="(/sites/undo\?note=[^"]+)"`)

// Clients and tags of many sites are edited at once; the message undoes exactly that.
func TestEditManySites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := divided(t, db)
		p, owner := h.signIn(t, access.Admin), h.signIn(t, access.Owner)
		all := func() map[int64]string {
			found, _, err := h.registry.Sites(t.Context(), shell, sites.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			now := map[int64]string{}
			for _, s := range found {
				slices.Sort(s.Tags)
				now[s.ID] = s.Client + ": " + strings.Join(s.Tags, " ")
			}
			return now
		}
		before := all()
		for name, c := range map[string]struct {
			form  url.Values
			after func(string) bool
		}{
			"add tags": {url.Values{"tags": {"add"}, "new_tag": {"one, two"}}, func(s string) bool {
				return strings.Contains(s, "one") && strings.Contains(s, "two")
			}},
			"remove": {url.Values{"tags": {"remove"}, "new_tag": {"care, hidden-tag"}}, func(s string) bool {
				return !strings.Contains(s, "care") && !strings.Contains(s, "hidden")
			}},
			"replace":     {url.Values{"tags": {"replace"}, "new_tag": {"only"}}, func(s string) bool { return strings.HasSuffix(s, ": only") }},
			"a client":    {url.Values{"new_client": {" Other "}}, func(s string) bool { return strings.HasPrefix(s, "Other: ") }},
			"no client":   {url.Values{"no_client": {"1"}}, func(s string) bool { return strings.HasPrefix(s, ": ") }},
			"client, tag": {url.Values{"new_client": {"Z"}, "new_tag": {"t"}}, func(s string) bool { return strings.HasPrefix(s, "Z: ") && strings.Contains(s, "t") }},
		} {
			form := url.Values{"all": {"1"}, "all.state": {""}}
			for key, values := range c.form {
				form[key] = values
			}
			status, to := p.post("/sites/edit", form)
			if status != http.StatusSeeOther {
				t.Fatalf("%s: %d %.300s", name, status, to)
			}
			for id, now := range all() {
				if !c.after(now) {
					t.Errorf("%s: site %d is %q", name, id, now)
				}
			}
			_, page := p.get(to)
			undo := undoOf.FindStringSubmatch(page)
			if undo == nil {
				t.Fatalf("%s: nothing undoes it: %.300s", name, page[strings.Index(page, "<main"):])
			}
			if status, _ := owner.post(html.UnescapeString(undo[1]), nil); status != http.StatusNotFound {
				t.Errorf("%s: somebody else undoes it: %d", name, status)
			}
			if status, _ := p.post(html.UnescapeString(undo[1]), nil); status != http.StatusSeeOther {
				t.Errorf("%s: undo: %d", name, status)
			}
			for id, now := range all() {
				if now != before[id] {
					t.Errorf("%s: after undo, site %d is %q, not %q", name, id, now, before[id])
				}
			}
		}
		if status, page := p.post("/sites/edit", url.Values{"site": {"1"}}); status != http.StatusUnprocessableEntity ||
			!strings.Contains(page, "Nothing was changed") {
			t.Errorf("an empty edit: %d", status)
		}
		_, to := p.post("/sites/retire", url.Values{"all": {"1"}, "all.client": {"Acme"}})
		if to != "/sites?client=Acme" {
			t.Errorf("retiring loses the filter: %s", to)
		}
		_, page := p.get("/sites")
		if undo := undoOf.FindStringSubmatch(page); undo == nil {
			t.Error("retiring cannot be undone")
		} else if p.post(html.UnescapeString(undo[1]), nil); len(all()) != len(before) {
			t.Errorf("after undo there are %d sites", len(all()))
		}
		// Nobody moves a site out of their own sight.
		scoped := h.signInRestricted(t, access.Admin, access.Restriction{Clients: []string{"Acme"}})
		if status, _ := scoped.post("/sites/edit", url.Values{"site": {"1"}, "new_client": {"Zulu"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("out of one's own scope: %d", status)
		}
	})
}
