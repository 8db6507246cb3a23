package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/views"
)

// mostFound bounds what the palette shows of each kind.
const mostFound = 6

// search finds what a person may mean by some words: runs by number, sites, clients, tags, operations and pages.
func (s *Server) search(v *requestContext) error {
	words := strings.TrimSpace(v.Query("q"))
	if words == "" {
		return v.render(http.StatusOK, views.FoundAll(nil))
	}
	found := s.foundPlaces(v, words)
	for _, look := range []func(*requestContext, string) ([]views.Found, error){s.foundRun, s.foundOperations, s.foundSites, s.foundMembers, foundHelp} {
		some, err := look(v, words)
		if err != nil {
			return err
		}
		found = append(found, some...)
	}
	return v.render(http.StatusOK, views.FoundAll(found))
}

func matches(text, words string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(words))
}

// matchesAll tells whether the text holds each of the words.
func matchesAll(text, words string) bool {
	return containsAll(strings.ToLower(text), strings.Fields(strings.ToLower(words)))
}

// foundRun is the run with the number: 88, #88 or run 88.
func (s *Server) foundRun(v *requestContext, words string) ([]views.Found, error) {
	text := strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(strings.ToLower(words), "run")), "#")
	id, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	if err != nil || id < 1 || !v.actor().May(access.RunRead) {
		return nil, nil
	}
	// Looked for in the list, since asking for a run by its number that is out of scope is recorded as an attempt.
	listed, _, err := s.Runner.Runs(v.Request.Context(), v.actor(), runs.Filter{ID: id, Limit: 1})
	if err != nil || len(listed) == 0 {
		return nil, err
	}
	return []views.Found{{Kind: "Run", Icon: "history", Title: "Run " + strconv.FormatInt(id, 10) + ": " + listed[0].Title, Hint: countedSites(listed[0].Total),
		Href: "/runs/" + strconv.FormatInt(id, 10)}}, nil
}

// foundSites finds sites, and the clients and tags that hold the words.
func (s *Server) foundSites(v *requestContext, words string) ([]views.Found, error) {
	ctx := v.Request.Context()
	facets, err := s.Registry.Facets(ctx, v.actor())
	if err != nil {
		return nil, err
	}
	found := foundFacet("Client", "users", "client", facets.Clients, words)
	found = append(found, paired(v, "client", facets.Clients, words)...)
	found = append(found, foundFacet("Tag", "tag", "tag", facets.Tags, words)...)
	found = append(found, paired(v, "tag", facets.Tags, words)...)
	matching, _, err := s.Registry.Sites(ctx, v.actor(), sites.Filter{Query: words, Limit: mostFound + 2})
	for _, site := range matching {
		found = append(found, views.Found{Kind: "Site", Icon: "globe", Title: site.Name, Hint: site.Host, Href: "/sites/" + strconv.FormatInt(site.ID, 10)})
	}
	return found, err
}

func foundFacet(kind, icon, name string, all []sites.Count, words string) (found []views.Found) {
	for _, c := range all {
		if matches(c.Value, words) && len(found) < mostFound {
			found = append(found, views.Found{Kind: kind, Icon: icon, Title: c.Value, Hint: countedSites(int(c.Sites)),
				Href: "/sites?" + url.Values{name: {c.Value}}.Encode()})
		}
	}
	return found
}
