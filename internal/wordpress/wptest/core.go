package wptest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// core answers the routes of WordPress itself that Drover and its tests use.
func (s *site) core(w http.ResponseWriter, c call, fault Fault) {
	id, isPost := strings.CutPrefix(c.route, "/wp/v2/posts/")
	switch {
	case c.route == "/" && c.method == http.MethodGet:
		reply(w, http.StatusOK, s.index(c.signed, fault))
	case fault == UsersClosed && strings.HasPrefix(c.route, "/wp/v2/users"):
		usersClosed(w)
	case c.route == "/wp/v2/users/me" && c.method == http.MethodGet:
		s.me(w, c, fault)
	case strings.HasPrefix(c.route, passwordsRoute):
		s.applicationPasswords(w, c, fault)
	case c.route == "/wp/v2/types" && c.query.Get("context") == "edit" && !c.signed:
		wpError(w, http.StatusUnauthorized, "rest_cannot_view", "Sorry, you are not allowed to edit posts in this post type.")
	case c.route == "/wp/v2/types" && c.query.Get("context") == "edit":
		reply(w, http.StatusOK, map[string]any{"post": map[string]any{"name": "Posts", "slug": "post", "viewable": true}})
	case c.route == "/wp/v2/types" && c.method == http.MethodGet:
		reply(w, http.StatusOK, map[string]any{"post": map[string]any{"name": "Posts", "slug": "post"}, "page": map[string]any{"name": "Pages", "slug": "page"}})
	case c.route == "/wp/v2/posts" && c.method == http.MethodGet:
		s.posts(w, c)
	case manages(c) && c.signed:
		s.manageUsers(w, c, fault)
	case strings.HasPrefix(c.route, mainwpRoute) && (s.MainWP != nil || s.number%2 == 0): // every other site has no abilities
		s.mainwp(w, c, fault)
	case !c.signed:
		if c.route == "/wp/v2/plugins" || c.route == "/wp/v2/settings" || c.route == "/wp/v2/posts" || isPost {
			wpError(w, http.StatusUnauthorized, "rest_cannot_view_plugins", "Sorry, you are not allowed to do that as this user.")
			return
		}
		noRoute(w)
	case strings.HasPrefix(c.route, "/wp-abilities/v1/"):
		s.abilities(w, c)
	case strings.HasPrefix(c.route, "/wp/v2/plugins/") && c.method != http.MethodGet:
		s.switchPlugin(w, c)
	case c.route == "/wp/v2/themes" && c.method == http.MethodGet:
		reply(w, http.StatusOK, []any{map[string]any{"stylesheet": "twentytwentyfive", "name": map[string]any{"raw": "Twenty Twenty-Five"}, "version": "1." +
			strconv.Itoa(s.number%3), "status": "active"}})
	case c.route == "/wp/v2/users" && c.method == http.MethodGet:
		reply(w, http.StatusOK, []any{map[string]any{"id": 1, "username": "admin", "name": "Admin", "email": "admin@" + s.Host, "roles": []string{"administrator"}}})
	case c.route == "/wp/v2/plugins" && c.method == http.MethodGet:
		reply(w, http.StatusOK, s.plugins())
	case c.route == "/wp/v2/settings" && c.method == http.MethodGet:
		reply(w, http.StatusOK, map[string]any{"title": s.Name, "url": s.home(), "timezone": "Europe/Berlin", "posts_per_page": 10})
	case c.route == "/wp/v2/posts" && c.method == http.MethodPost:
		s.draft(w, c)
	case isPost && c.method == http.MethodDelete:
		s.removeDraft(w, id)
	default:
		noRoute(w)
	}
}

// posts are three, on as many pages as per_page makes of them.
func (s *site) posts(w http.ResponseWriter, c call) {
	all := []any{}
	for i, slug := range []string{"hello-world", "prices", "about-us"} {
		all = append(all, map[string]any{"id": i + 1, "slug": slug, "status": "publish", "title": map[string]any{"rendered": slug + " of " + s.Name}})
	}
	if slug := c.query.Get("slug"); slug != "" {
		all = slices.DeleteFunc(all, func(post any) bool { return post.(map[string]any)["slug"] != slug })
	}
	per, page := len(all), 1
	if n, err := strconv.Atoi(c.query.Get("per_page")); err == nil && n > 0 && n < per {
		per = n
	}
	if n, err := strconv.Atoi(c.query.Get("page")); err == nil && n > 1 {
		page = n
	}
	pages := 1
	if per > 0 {
		pages = (len(all) + per - 1) / per
	}
	if page > pages {
		wpError(w, http.StatusBadRequest, "rest_post_invalid_page_number", "The page number requested is larger than the number of pages available.")
		return
	}
	w.Header().Set("X-WP-Total", strconv.Itoa(len(all)))
	w.Header().Set("X-WP-TotalPages", strconv.Itoa(pages))
	reply(w, http.StatusOK, all[min(len(all), (page-1)*per):min(len(all), page*per)])
}

func (s *site) index(signed bool, fault Fault) map[string]any {
	var authentication any = []any{} // PHP's empty array, where the feature is off
	if fault != AppPasswordsOff {
		authentication = map[string]any{"application-passwords": map[string]any{"endpoints": map[string]any{"authorization": s.home() +
			"/wp-admin/authorize-application.php"}}}
	}
	all := map[string]any{"name": s.Name, "description": "", "url": s.called(fault), "home": s.called(fault), "namespaces": s.namespaces(signed, fault),
		"authentication": authentication, "routes": s.routes(fault)}
	if fault == IndexLarge {
		all["description"] = strings.Repeat("x", 2<<20)
	}
	return all
}

func (s *site) me(w http.ResponseWriter, c call, fault Fault) {
	if !c.signed {
		wpError(w, http.StatusUnauthorized, "rest_not_logged_in", "You are not currently logged in.")
		return
	}
	if u, made := s.madeBy(c.with.user); made {
		reply(w, http.StatusOK, u.object())
		return
	}
	roles, capabilities := []string{"cache_manager"}, map[string]any{"read": true, "cache_manager": true}
	switch fault {
	case Administrator:
		roles, capabilities = []string{"administrator"}, map[string]any{"manage_options": true, "promote_users": true, "create_users": true, "administrator": true}
	case Forbidden:
		roles, capabilities = []string{"subscriber"}, map[string]any{"read": true, "subscriber": true}
	}
	reply(w, http.StatusOK, map[string]any{"id": 7, "username": DefaultUser, "name": "Drover", "roles": roles, "capabilities": capabilities})
}

func (s *site) plugins() []any {
	all := []any{
		map[string]any{"plugin": "akismet/akismet", "status": []string{"active", "inactive"}[s.number%2], "name": "Akismet", "version": "5." +
			strconv.Itoa(s.number%5)},
		map[string]any{"plugin": "bigscoots-cache/bigscoots-cache", "status": "active", "name": "BigScoots Cache", "version": s.version()},
	}
	if s.number%3 == 0 {
		all = append(all, map[string]any{"plugin": "woocommerce/woocommerce", "status": "active", "name": "WooCommerce", "version": "9.8." +
			strconv.Itoa(s.number%4)})
	}
	return all
}

func (s *site) version() string { return []string{"2.8.1", "2.8.1", "2.8.0", "2.7.4"}[s.number%4] }

func (s *site) draft(w http.ResponseWriter, c call) {
	var post struct{ Title, Status string }
	if json.Unmarshal(c.body, &post) != nil {
		wpError(w, http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
		return
	}
	s.guard.Lock()
	s.lastDraftID++
	id := s.lastDraftID
	s.drafts[id] = post.Title
	s.calls = append(s.calls, Call{Method: c.method, Route: c.route, Body: string(c.body), At: time.Now()})
	s.guard.Unlock()
	reply(w, http.StatusCreated, map[string]any{"id": id, "status": "draft", "title": map[string]any{"raw": post.Title}})
}

func (s *site) removeDraft(w http.ResponseWriter, text string) {
	id, err := strconv.Atoi(text)
	s.guard.Lock()
	_, found := s.drafts[id]
	delete(s.drafts, id)
	s.guard.Unlock()
	if err != nil || !found {
		wpError(w, http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.")
		return
	}
	reply(w, http.StatusOK, map[string]any{"deleted": true, "previous": map[string]any{"id": id}})
}
