package cacheplugin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// WPEngine is the cache plugin that WP Engine puts on all its sites. It clears at most once in 10 s, and refuses what comes sooner.
var WPEngine = Plugin{
	Slug: "wpe-cache-plugin", Name: "WP Engine", Layer: Edge, Namespace: "wpe/cache-plugin/v1",
	Clear:    Request{Method: http.MethodPost, Path: "/wpe/cache-plugin/v1/clear_all_caches"},
	Settings: "admin.php?page=wpengine-common",
	Access:   "WP Engine lets only users who can manage options clear its caches. Connect such a user.",
	Routes: []Route{
		{mostMethods, "/wpe/cache-plugin/v1/clear_all_caches", change, ""},
		{mostMethods, "/wpe/cache-plugin/v1/clear_**", change, ""},
	},
	Codes: map[string]Verdict{
		"rate_limit":          tooSoon,
		"rate_limited":        tooSoon,
		"rate_limit_exceeded": tooSoon,
		"too_many_requests":   tooSoon,
	},
	Read:        simpleStatus("WP Engine"), // it cannot be switched off
	Versioned:   "version",
	Pause:       10 * time.Second,
	Done:        rateLimited,
	PageHeaders: []string{"X-Wpe-Cached"}, // beside X-Cache, which many use
	Headers:     []string{"X-Cacheable"},
}

var tooSoon = Verdict{Outcome: "failed", Reason: "rate_limited", Note: "WP Engine clears its caches at most once every 10 s.", Retry: true}

// rateLimited tells a refusal that came with status 200.
func rateLimited(a Answer) (Verdict, bool) {
	for _, name := range []string{"rate_limited", "rate_limit", "rate_limit_exceeded"} {
		var is bool
		if json.Unmarshal(a.Fields[name], &is) == nil && is {
			return tooSoon, true
		}
	}
	var message string
	_ = json.Unmarshal(a.Fields["message"], &message) // what is no text says nothing
	if text := strings.ToLower(message); strings.Contains(text, "rate limit") || strings.Contains(text, "too many requests") {
		return tooSoon, true
	}
	return Verdict{}, false
}
