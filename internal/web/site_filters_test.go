package web_test

import (
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// listed are the hosts of the sites in the list, in order.
func listed(page string) (hosts []string) {
	for _, m := range regexp.MustCompile(`aria-label="Select (Site[^"]*)"`).FindAllStringSubmatch(page, -1) {
		hosts = append(hosts, html.UnescapeString(m[1]))
	}
	return hosts
}

var awkwardTags = []string{"shop & co", "50% off", "a/b", "e#f", `"quoted"`, "'apo", "<b>", "=cmd", "+plus", "-dash", "@at", "a+b", "a=b", "?", "*", `\back`,
	"日本", "über", "two words", "c%20d", "🐑", "tag:x", "_", "null"}

// A tag is one and the same wherever it goes: links, searches, saved views, the API and a run's form.
func TestTagsEverywhere(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	for i, tag := range awkwardTags {
		d := sites.Draft{URL: "https://s" + string(rune('a'+i)) + ".example", Name: "Site " + string(rune('a'+i)), Username: "u",
			Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678"), Client: tag, Tags: []string{tag}}
		if _, err := h.registry.Add(t.Context(), shell, d); err != nil {
			t.Fatalf("%q: %v", tag, err)
		}
	}
	p := h.signIn(t, access.Admin)
	for i, tag := range awkwardTags {
		want := "Site " + string(rune('a'+i))
		for _, filter := range []string{"tag", "client"} {
			query := url.Values{filter: {tag}}
			_, page := p.get("/sites?" + query.Encode())
			if got := listed(page); len(got) != 1 || got[0] != want {
				t.Errorf("%s %q: %q", filter, tag, got)
			}
			_, to := p.post("/sites/views", url.Values{"name": {filter + " " + tag}, "query": {query.Encode()}})
			if _, page = p.get(to); len(listed(page)) != 1 || listed(page)[0] != want {
				t.Errorf("the saved view of %s %q: %s %q", filter, tag, to, listed(page))
			}
			if _, page = p.get("/run?operation=status&" + query.Encode()); !strings.Contains(page, "1 site") {
				t.Errorf("a run of %s %q is not for 1 site", filter, tag)
			}
		}
	}
	_, page := p.get("/sites?q=Site")
	for _, m := range regexp.MustCompile(`href="(/sites\?[^"]*(?:tag|client)=[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if _, linked := p.get(html.UnescapeString(m[1])); len(listed(linked)) != 1 {
			t.Errorf("the link %s shows %q", m[1], listed(linked))
		}
	}
}

// The list filters and sorts by what checks and runs found: versions as versions, and what is not known last.
func TestSitesByWhatTheyReported(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	for _, s := range []struct{ name, cache, plugin, wordpress string }{
		{"Site a", "Enabled", "2.9.1", "6.9"}, {"Site b", "Disabled", "2.10", "6.10"}, {"Site c", "Enabled", "2.10", "6.8.1"}, {"Site d", "", "", ""},
		{"Site e", "Enabled", "3.0-beta1", "6.10-RC1"},
	} {
		added, err := h.registry.Add(t.Context(), shell, sites.Draft{URL: "https://" + s.name[5:] + ".example", Name: s.name, Username: "u",
			Password: vault.NewSecret("abcd EFGH 1234 ijkl MNOP 5678")})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.db.Gorm.Exec("UPDATE sites SET cache_state = ?, plugin_version = ?, wordpress_version = ? WHERE id = ?", s.cache, s.plugin, s.wordpress,
			added.ID).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(h.db.Gorm.Exec("UPDATE credentials SET created_at = ? WHERE site_id = 2", time.Now().AddDate(0, 0, -3).UnixMicro()).Error,
		h.db.Gorm.Exec("UPDATE sites SET certificate_ends = ? WHERE id = 3", time.Now().AddDate(0, 0, 20).UnixMicro()).Error); err != nil {
		t.Fatal(err)
	}
	p := h.signIn(t, access.Admin)
	api, _ := h.program(t, members.Member{Email: "mara@agency.example", Name: "Mara", Role: access.Admin}, members.Token{Name: "t", Role: access.Viewer})
	for query, want := range map[string]string{
		"cache=Enabled":               "a c e",
		"cache=not-known":             "d",
		"plugin=2.10":                 "b c",
		"plugin=2.10&cache=Enabled":   "c",
		"wordpress=6.9":               "a",
		"wordpress=6.9&plugin=2.10":   "",
		"wordpress=none+such":         "",
		"sort=plugin":                 "a b c e d",
		"sort=plugin&dir=desc":        "e b c a d",
		"sort=wordpress":              "c a e b d",
		"sort=cache&dir=desc":         "a c e b d",
		"cache=Enabled&sort=plugin":   "a c e",
		"plugin=%27+OR+1%3D1&q=site":  "",
		"sort=plugin&cache=not-known": "d",
		"credential=1":                "b",
		"credential=400":              "",
		"credential=x":                "a b c d e",
		"certificate=30":              "c",
		"certificate=5&cache=Enabled": "",
		"state=unchecked&plugin=2.10": "b c",
	} {
		_, page := p.get("/sites?" + query)
		if got := strings.ReplaceAll(strings.Join(listed(page), " "), "Site ", ""); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		if status, body := api.call("GET", "/api/v1/sites?"+query, ""); status != 200 || strings.Count(body, "\n") != len(strings.Fields(want)) {
			t.Errorf("the API with %s: %d %s, want %s", query, status, body, want)
		}
		_, to := p.post("/sites/views", url.Values{"name": {query}, "query": {query}})
		if _, page = p.get(to); strings.ReplaceAll(strings.Join(listed(page), " "), "Site ", "") != want {
			t.Errorf("the saved view of %s: %s", query, to)
		}
	}
	_, page := p.get("/sites?cache=Enabled")
	contains(t, "the choices", page, "Cache: Enabled (3)", "Cache: Disabled (1)", "Cache: Not known (1)", "Plugin version: 2.10 (1)", "Plugin version: 2.9.1 (1)",
		"WordPress: 6.8.1 (1)")
	if before, after := strings.Index(page, "Plugin version: 3.0-beta1"), strings.Index(page, "Plugin version: 2.10"); before < 0 || after < before {
		t.Error("the newest version is not the first")
	}
	_, page = p.get("/run?from=sites&all=1&all.plugin=2.10")
	contains(t, "a run of all that match", page, "2 sites")
}
