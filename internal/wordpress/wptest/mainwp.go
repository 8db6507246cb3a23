package wptest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// MainWP makes a site a MainWP dashboard, as the plugin's abilities answer. Its user may list everything, unless the site's fault is Forbidden.
type MainWP struct {
	Sites      []MainWPSite
	Clients    []string        // each has the number of its place, from 1
	Tags       []string        // the same
	OlderTags  bool            // tags do not say which sites have them
	Broken     map[string]bool // abilities that answer with an error, such as list-tags-v1
	BrokenPage int             // of the sites; 0 for none
}

// MainWPSite is one of the dashboard's sites.
type MainWPSite struct {
	URL, Name string
	Client    int // 0 for none
	Tags      []int
}

const mainwpRoute = "/wp-abilities/v1/abilities/mainwp/"

// mainwp answers the dashboard's abilities.
func (s *site) mainwp(w http.ResponseWriter, c call, fault Fault) {
	ability, run := strings.CutSuffix(strings.TrimPrefix(c.route, mainwpRoute), "/run")
	switch {
	case s.MainWP == nil || !run:
		wpError(w, http.StatusNotFound, "rest_ability_not_found", "Ability not found.")
	case c.method != http.MethodGet:
		wpError(w, http.StatusMethodNotAllowed, "rest_ability_invalid_method", "Read-only abilities require GET method.")
	case !c.signed:
		wpError(w, http.StatusUnauthorized, "mainwp_permission_denied", "You must be logged in to access this ability.")
	case fault == Forbidden:
		wpError(w, http.StatusForbidden, "mainwp_permission_denied", "You do not have permission to perform this action.")
	case s.MainWP.Broken[ability]:
		wpError(w, http.StatusInternalServerError, "mainwp_operation_failed", "Failed to retrieve.")
	default:
		s.mainwpPage(w, c, ability)
	}
}

func (s *site) mainwpPage(w http.ResponseWriter, c call, ability string) {
	page, _ := strconv.Atoi(c.query.Get("input[page]"))
	per, _ := strconv.Atoi(c.query.Get("input[per_page]"))
	if page < 1 || per < 1 || per > 100 {
		wpError(w, http.StatusBadRequest, "ability_invalid_input", "Ability has invalid input.")
		return
	}
	if ability == "list-sites-v1" && page == s.MainWP.BrokenPage {
		wpError(w, http.StatusInternalServerError, "mainwp_operation_failed", "Failed to retrieve sites.")
		return
	}
	all, known := s.mainwpItems(c, ability)
	if !known {
		wpError(w, http.StatusNotFound, "rest_ability_not_found", "Ability not found.")
		return
	}
	from := min((page-1)*per, len(all))
	reply(w, http.StatusOK, object{"items": append([]any{}, all[from:min(from+per, len(all))]...), "page": page, "per_page": per, "total": len(all)})
}

func (s *site) mainwpItems(c call, ability string) (all []any, known bool) {
	m := s.MainWP
	switch ability {
	case "list-sites-v1":
		tag, _ := strconv.Atoi(c.query.Get("input[tag_id]"))
		for i, one := range m.Sites {
			if tag == 0 || slices.Contains(one.Tags, tag) {
				item := object{"id": i + 1, "url": one.URL, "name": one.Name, "status": "connected", "client_id": nil}
				if one.Client > 0 {
					item["client_id"] = one.Client
				}
				all = append(all, item)
			}
		}
	case "list-clients-v1":
		for i, name := range m.Clients {
			all = append(all, object{"id": i + 1, "name": name, "email": "", "suspended": 0})
		}
	case "list-tags-v1":
		for i, name := range m.Tags {
			item := object{"id": i + 1, "name": name, "color": nil, "sites_count": 0}
			if !m.OlderTags {
				item["sites_ids"] = m.tagged(i + 1)
			}
			all = append(all, item)
		}
	default:
		return nil, false
	}
	return all, true
}

func (m *MainWP) tagged(tag int) []int {
	ids := []int{}
	for i, one := range m.Sites {
		if slices.Contains(one.Tags, tag) {
			ids = append(ids, i+1)
		}
	}
	return ids
}
