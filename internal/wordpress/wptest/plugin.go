package wptest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// verbs are the plugin's routes with the one verb that each takes; every other verb is registered too and refused in the plugin's own
// words.
var verbs = map[string]string{
	"clear-cache": http.MethodPatch, "clear-opcache": http.MethodDelete, "enable-cache": http.MethodPatch, "disable-cache": http.MethodPatch,
	"clear-logs": http.MethodDelete, "status": http.MethodGet, "test-cache": http.MethodGet,
}

func (s *site) plugin(w http.ResponseWriter, c call, route string, fault Fault) {
	if route == "" {
		reply(w, http.StatusOK, map[string]any{"namespace": "bigscoots-cache/v2", "routes": map[string]any{}})
		return
	}
	verb, found := verbs[route]
	if !found {
		noRoute(w)
		return
	}
	allowed := s.mayPurge(c, fault)
	if c.method == http.MethodOptions {
		if allowed || route == "status" {
			w.Header().Set("Allow", verb)
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !allowed && route != "status" {
		forbidden(w, c)
		return
	}
	if c.method != verb {
		reply(w, http.StatusMethodNotAllowed, map[string]any{"success": false, "status": "error", "message": "This endpoint only supports the " + verb + " method."})
		return
	}
	if s.refuses(w, route, fault) {
		return
	}
	s.operate(w, c, route)
}

func pluginError(w http.ResponseWriter, status int, code, message string) {
	wpError(w, status, code, message)
}

// refuses answers for the faults of the plugin itself.
func (s *site) refuses(w http.ResponseWriter, route string, fault Fault) bool {
	clearing := route == "clear-cache"
	switch {
	case fault == Staging && clearing:
		pluginError(w, http.StatusForbidden, "clear_cache_not_allowed_on_staging", "You can't clear cache on a staging website.")
	case fault == CacheDisabled && clearing:
		pluginError(w, http.StatusForbidden, "cache_disabled", "The cache is disabled.")
	case fault == Misconfigured && route != "status":
		pluginError(w, http.StatusForbidden, "plugin_misconfigured", "BigScoots Cache is misconfigured.")
	case fault == OpcacheMissing && route == "clear-opcache":
		pluginError(w, http.StatusFailedDependency, "opcache_not_loaded", "OPcache is not loaded.")
	case fault == SuccessFalse && route != "status":
		reply(w, http.StatusOK, map[string]any{"success": false, "status": "error", "message": "The CDN did not accept the request. Please try again later."})
	default:
		return false
	}
	return true
}

func (s *site) accept(c call, change func()) {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.calls = append(s.calls, Call{Method: c.method, Route: c.route, Body: string(c.body), At: time.Now()})
	change()
}

func success(w http.ResponseWriter, message string) {
	reply(w, http.StatusOK, map[string]any{"success": true, "status": "success", "message": message})
}

func (s *site) operate(w http.ResponseWriter, c call, route string) {
	switch route {
	case "clear-cache":
		s.clearCache(w, c)
	case "clear-opcache":
		s.accept(c, func() {})
		success(w, "OPcache for your website has been cleared successfully!")
	case "enable-cache":
		s.accept(c, func() { s.disabled = false })
		success(w, "BigScoots Cache has been enabled successfully on your website.")
	case "disable-cache":
		s.accept(c, func() { s.disabled = true })
		success(w, "BigScoots Cache has been disabled successfully on your website.")
	case "clear-logs":
		s.accept(c, func() {})
		success(w, "BigScoots Cache plugin log has been cleared successfully.")
	case "test-cache":
		success(w, "Page caching is working properly.")
	case "status":
		s.status(w)
	}
}

func (s *site) status(w http.ResponseWriter) {
	s.guard.Lock()
	fault, disabled := s.broken, s.disabled
	s.guard.Unlock()
	cache, mode, environment := "Enabled", []string{"Standard", "Performance+"}[s.number%2], "Production"
	if disabled || fault == CacheDisabled {
		cache = "Disabled"
	}
	if fault == Misconfigured {
		mode = "Misconfigured"
	}
	if fault == Staging {
		environment = "Staging"
	}
	pair := func(label string, value any) map[string]any { return map[string]any{"label": label, "value": value} }
	reply(w, http.StatusOK, map[string]any{"success": true, "status": "success", "data": map[string]any{
		"website_environment_type": pair("Website Environment Type", environment), "plugin_cache_status": pair("Cache Status", cache),
		"plugin_version": pair("Plugin Version", s.version()), "plugin_setup_mode": pair("Setup Mode", mode),
		"website_using_cloudflare": pair("Using Cloudflare", "Yes"), "cloudflare_setup_mode": pair("Cloudflare Setup", "Enterprise"),
		"cache_rule_status": pair("Cache Rule", "Active"), "home_page_cache_status": pair("Home Page", "HIT"), "test_page_cache_status": pair("Test Page", "HIT"),
	}})
}

// purge empties the cache in front of the site. The guard is held.
func (s *site) purge() {
	if s.broken != PurgeIgnored {
		s.purged = true
		clear(s.cached)
	}
}

const submitted = "Your request to clear cache has been submitted! Please allow up to 30 seconds for this to take effect."

func (s *site) clearCache(w http.ResponseWriter, c call) {
	var body struct {
		Type  string `json:"purge_type"`
		Posts []any  `json:"post_ids"`
		URLs  []any  `json:"urls"`
	}
	if len(c.body) == 0 || json.Unmarshal(c.body, &body) != nil {
		pluginError(w, http.StatusForbidden, "no_data_provided", "No data provided.")
		return
	}
	switch body.Type {
	case "all":
		s.accept(c, s.purge)
		success(w, submitted)
	case "post_ids":
		s.clearPosts(w, c, body.Posts)
	case "urls":
		s.clearURLs(w, c, body.URLs)
	default:
		pluginError(w, http.StatusForbidden, "improper_purge_type", "The purge type is not one of all, post_ids, urls.")
	}
}

// clearPosts knows the posts 1 to 100; every tenth is a draft.
func (s *site) clearPosts(w http.ResponseWriter, c call, ids []any) {
	missing, drafts := []int{}, []int{}
	done := 0
	for _, each := range ids {
		number, isNumber := each.(float64)
		id := int(number)
		switch {
		case !isNumber || id < 1 || id > 100:
			missing = append(missing, id)
		case id%10 == 0:
			drafts = append(drafts, id)
		default:
			done++
		}
	}
	if done == 0 {
		pluginError(w, http.StatusInternalServerError, "no_post_id_eligible_for_cache_purge", "None of the provided post IDs is eligible for cache purge.")
		return
	}
	s.accept(c, s.purge)
	answer := map[string]any{"success": true, "status": "success", "message": submitted}
	if len(missing)+len(drafts) > 0 || s.fault() == PartialPosts {
		answer["post_ids_with_error"] = map[string]any{"post_doesnt_exists": missing, "post_part_of_ignored_post_type": []int{},
			"post_status_is_not_publish_or_private": drafts, "no_permalink_found": []int{}}
	}
	reply(w, http.StatusOK, answer)
}

// clearURLs drops the addresses of other hosts without a word, and says success all the same.
func (s *site) clearURLs(w http.ResponseWriter, c call, urls []any) {
	if len(urls) == 0 {
		pluginError(w, http.StatusForbidden, "invalid_urls", "No valid URLs provided.")
		return
	}
	own := 0
	for _, each := range urls {
		text, isText := each.(string)
		u, err := url.Parse(text)
		if isText && err == nil && strings.EqualFold(u.Hostname(), s.Host) {
			own++
		}
	}
	if own > 0 {
		s.accept(c, s.purge)
	}
	success(w, submitted)
}
