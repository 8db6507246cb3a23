package cacheplugin

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// The plugin waits up to 10 s for each answer from the CDN, several times for a status.
const (
	bigScootsWrites = 30 * time.Second
	bigScootsReads  = 45 * time.Second
)

const bigScootsRoot = "/bigscoots-cache/v2/"

// BigScoots is BigScoots Cache, observed with 2.8.1. The documented endpoints are from BigScoots' help page "Managing BigScoots Cache with
// WP REST API"; status and test-cache are not documented there.
var BigScoots = Plugin{
	Slug: "bigscoots-cache", Name: "BigScoots Cache", Layer: Edge, Namespace: "bigscoots-cache/v2",
	Clear:    Purge{Everything: true}.Request(),
	Settings: "options-general.php?page=bigscoots-cache",
	Access:   "Let this role purge in the site's BigScoots Cache settings, or connect a user who can.",
	Operations: []Operation{
		bigScoots("clear-opcache", "Clear OPcache", "Makes PHP recompile its files. Pages stay cached.", http.MethodDelete, change),
		bigScoots("enable-cache", "Enable cache", "Turns BigScoots Cache on.", http.MethodPatch, change),
		bigScoots("disable-cache", "Disable cache",
			"Purges the whole domain, then turns caching off. Every request goes to the server until you enable the cache again.", http.MethodPatch, destroy),
		bigScoots("clear-logs", "Clear plugin log", "Empties BigScoots Cache's log on each site. The log's contents are lost.", http.MethodDelete, change),
		bigScoots("status", "Status", "Reads the plugin version, cache state, mode and environment. Changes nothing.", http.MethodGet, read),
		bigScoots("test-cache", "Test cache", "Asks the plugin to test whether pages are served from the cache. Changes nothing.", http.MethodGet, read),
	},
	EveryMethod: true,
	Routes: []Route{
		{writes, bigScootsRoot + "clear-cache", change, "clear-cache"},
		{writes, bigScootsRoot + "clear-opcache", change, "clear-opcache"},
		{writes, bigScootsRoot + "enable-cache", change, "enable-cache"},
		{writes, bigScootsRoot + "disable-cache", destroy, "disable-cache"},
		{writes, bigScootsRoot + "clear-logs", change, "clear-logs"},
		{"GET", bigScootsRoot + "status", read, "status"},
		{"GET", bigScootsRoot + "test-cache", read, "test-cache"},
	},
	Status: &StatusRoute{
		Request: Request{Method: http.MethodGet, Path: bigScootsRoot + "status", Timeout: bigScootsReads}, Values: bigScootsValues,
		Columns: [][2]string{
			{"cache", ".data.plugin_cache_status.value"}, {"version", ".data.plugin_version.value"}, {"mode", ".data.plugin_setup_mode.value"},
			{"environment", ".data.website_environment_type.value"}, {"home page", ".data.home_page_cache_status.value"},
		},
	},
	Tells: bigScootsTells, Read: bigScootsStatus, Versioned: "plugin_version",
	Codes: map[string]Verdict{
		"cache_disabled":                      skipped("The cache is turned off on this site."),
		"page_cache_disabled":                 skipped("The page cache is turned off on this site."),
		"plugin_misconfigured":                skipped("BigScoots Cache is not set up correctly on this site."),
		"opcache_not_loaded":                  skipped("The server runs PHP without OPcache."),
		"opcache_status_function_not_working": skipped("The server does not let PHP read the OPcache status."),
		"opcache_reset_function_not_working":  skipped("The server does not let PHP reset OPcache."),
		"no_data_provided":                    failed("invalid_input", ""),
		"improper_purge_type":                 failed("invalid_input", ""),
		"invalid_urls":                        failed("invalid_input", ""),
		"no_post_id_eligible_for_cache_purge": failed("invalid_input", "None of these posts exists on this site and can be purged."),
		"page_cache_not_working_properly":     failed("refused", "The plugin found that pages are not served from the cache."),
	},
	Suffixes:    map[string]Verdict{"_not_allowed_on_staging": skipped("It is a staging site.")},
	SaysSuccess: true,
	Done:        missedPosts,
	Purged:      purgedBy,
	SetByCDN:    true,
	PageHeaders: []string{"X-Bigscoots-Cache-Status"},
	Headers:     []string{"X-Bigscoots-"},
}

func bigScoots(name, title, sentence, method, effect string) Operation {
	timeout := bigScootsWrites
	if effect == read {
		timeout = bigScootsReads
	}
	return Operation{Name: name, Title: title, Sentence: sentence, Effect: effect, Request: Request{Method: method, Path: bigScootsRoot + name, Timeout: timeout}}
}

// Purge is what to clear of BigScoots Cache.
type Purge struct {
	Everything bool
	URLs       []string
	Posts      []int64
	Related    bool // also the posts' archives, categories and feeds
}

// Request is the purge as it is sent.
func (p Purge) Request() Request {
	body := map[string]any{"purge_type": "all"}
	switch {
	case p.Everything:
	case p.URLs != nil:
		body = map[string]any{"purge_type": "urls", "urls": p.URLs}
	default:
		body = map[string]any{"purge_type": "post_ids", "post_ids": p.Posts}
		if p.Related {
			body["purge_related_urls"] = true
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings, integers and booleans always have a JSON form
	}
	return Request{Method: http.MethodPatch, Path: bigScootsRoot + "clear-cache", Body: text, Timeout: bigScootsWrites}
}

func purgedBy(body []byte) Purged {
	var sent struct {
		Type    string   `json:"purge_type"`
		URLs    []string `json:"urls"`
		Posts   []int64  `json:"post_ids"`
		Related bool     `json:"purge_related_urls"`
	}
	_ = json.Unmarshal(body, &sent) // a body of ours
	return Purged{URLs: sent.URLs, Posts: sent.Posts, Home: sent.Type == "all" || sent.Related}
}

// bigScootsValues reads the values, each {label, value}, from the answer's data or from the answer itself.
func bigScootsValues(raw json.RawMessage) map[string]string {
	var values, within map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return nil
	}
	inData := json.Unmarshal(values["data"], &within) == nil && within != nil
	if inData {
		values = within
	}
	all := map[string]string{}
	for name, each := range values {
		var pair map[string]json.RawMessage
		text := ""
		if json.Unmarshal(each, &pair) == nil {
			text = scalar(pair["value"])
		} else if inData {
			text = scalar(each)
		}
		if text != "" {
			all[name] = text
		}
	}
	return all
}

func bigScootsStatus(values map[string]string, host string) (s Status, finding, toDo string) {
	s = Status{
		Version: values["plugin_version"], Cache: values["plugin_cache_status"], SetupMode: values["plugin_setup_mode"],
		Environment: values["website_environment_type"], Data: values,
	}
	name := strings.TrimSpace("BigScoots Cache " + s.Version)
	switch {
	case s.SetupMode == "Misconfigured":
		return s, name + " is misconfigured on " + host + ".", "Set it up again in the site's BigScoots Cache settings."
	case s.Cache == "":
		return s, name + " does not report on " + host + " whether its cache is on.", "Check the plugin's page in wp-admin."
	case s.Cache != "Enabled":
		return s, name + " is active; the state of its cache on " + host + " is: " + s.Cache + ".", "Run Enable cache if it should be on."
	}
	return s, name + ", cache enabled.", ""
}

// bigScootsTells reads the status, what enabling and disabling leave behind, and the refusals that name a state.
func bigScootsTells(t Observation) map[string]string {
	switch route := strings.TrimPrefix(t.Path, bigScootsRoot[:len(bigScootsRoot)-1]); {
	case t.OK && t.reads() && route == "/status":
		return bigScootsValues(t.Answer)
	case t.OK && !t.reads() && route == "/enable-cache":
		return map[string]string{"plugin_cache_status": "Enabled"}
	case t.OK && !t.reads() && route == "/disable-cache":
		return map[string]string{"plugin_cache_status": "Disabled"}
	case t.Code == "cache_disabled":
		return map[string]string{"plugin_cache_status": "Disabled"}
	case t.Code == "page_cache_disabled":
		return map[string]string{"plugin_cache_status": "Page Cache Disabled"}
	case t.Code == "plugin_misconfigured":
		return map[string]string{"plugin_setup_mode": "Misconfigured"}
	case strings.HasSuffix(t.Code, "_not_allowed_on_staging"):
		return map[string]string{"website_environment_type": "Staging"}
	}
	return nil
}
