package wordpress

import "net/http"

// BigScoots Cache, observed with 2.8.1. What is special about this plugin stands in the files bigscoots*.go alone.
var bigscoots = CachePlugin{
	Namespace: pluginNamespace,
	Codes: map[string]Verdict{
		"cache_disabled":                      skipped(ReasonNotApplicable, "The cache is switched off there."),
		"page_cache_disabled":                 skipped(ReasonNotApplicable, "The page cache is switched off there."),
		"plugin_misconfigured":                skipped(ReasonNotApplicable, "BigScoots Cache is not set up properly there."),
		"opcache_not_loaded":                  skipped(ReasonNotApplicable, "The server runs PHP without OPcache."),
		"opcache_status_function_not_working": skipped(ReasonNotApplicable, "The server does not let PHP ask OPcache."),
		"opcache_reset_function_not_working":  skipped(ReasonNotApplicable, "The server does not let PHP reset OPcache."),
		"no_data_provided":                    failed(ReasonInvalidInput, ""),
		"improper_purge_type":                 failed(ReasonInvalidInput, ""),
		"invalid_urls":                        failed(ReasonInvalidInput, ""),
		"no_post_id_eligible_for_cache_purge": failed(ReasonInvalidInput, "None of the posts exists there and can be purged."),
		"page_cache_not_working_properly":     failed(ReasonRefused, "The plugin found that pages are not served from the cache."),
	},
	Suffixes:    map[string]Verdict{"_not_allowed_on_staging": skipped(ReasonNotApplicable, "It is a staging site.")},
	SaysSuccess: true,
	Done:        missedPosts,
}

// missedPosts judges a success that names posts which were not purged.
func missedPosts(x Exchange, fields map[string]Raw) (Verdict, bool) {
	missed := fields["post_ids_with_error"]
	if len(missed) == 0 {
		missed = firstObject(fields["data"])["post_ids_with_error"]
	}
	if x.Method == http.MethodHead {
		return Verdict{}, false
	}
	return missedVerdict(x, missed)
}

// bigscootsSettings is the plugin's page in wp-admin.
const bigscootsSettings = "options-general.php?page=bigscoots-cache"
