package wptest

import (
	"fmt"
	"net/http"
	"strings"
)

// shut answers in WordPress's place where a server or a plugin shuts out some requests only, and tells whether it did.
func (s *site) shut(w http.ResponseWriter, r *http.Request, api bool) bool {
	_, _, signed := r.BasicAuth()
	switch fault := s.fault(); {
	case fault == HomeCut && !api:
		w.Header().Set("Content-Length", "5000")
		fmt.Fprint(w, "<!doctype html><html><head>")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case fault == IndexClosed && !signed && strings.Trim(r.URL.Path, "/") == "wp-json":
		html(w, http.StatusForbidden, "403 Forbidden", "Forbidden")
	case fault == OptionsByServer && r.Method == http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	default:
		return false
	}
	return true
}

// namespaces are those of the index, as the fault makes PHP write them.
func (s *site) namespaces(signed bool, fault Fault) any {
	all := []string{"oembed/1.0", "wp/v2", "wp-site-health/v1", "wp-block-editor/v1"}
	for _, plugin := range []Cache{WPSuperCache, SiteGround, WPEngine, BigScoots} {
		if s.has(plugin, fault) {
			all = append(all, string(plugin))
		}
	}
	switch {
	case fault == IndexMinimal && !signed:
		return []string{}
	case fault == NamespaceGaps:
		gaps := map[string]any{"1": 7}
		for i, name := range all {
			gaps[fmt.Sprint(i+2)] = name
		}
		return gaps
	}
	return all
}

// called is what the index calls the site's home.
func (s *site) called(fault Fault) string {
	if fault == OtherSite {
		return "https://main.example"
	}
	return s.home()
}

// usersClosed answers as plugins do that hide who the users are.
func usersClosed(w http.ResponseWriter) {
	wpError(w, http.StatusUnauthorized, "rest_user_cannot_view", "Sorry, you are not allowed to list users.")
}
