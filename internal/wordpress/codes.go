package wordpress

import (
	"net/http"
	"strings"
)

// byCode judges by the codes of WordPress (wp-includes/rest-api, wp_authenticate_application_password) and of BigScoots Cache
// (observed with 2.8.1), whatever the status: they are exact where the status is not.
var byCode = map[string]Verdict{
	"incorrect_password":                      failed(ReasonBadCredential, ""),
	"invalid_username":                        failed(ReasonBadCredential, ""),
	"invalid_email":                           failed(ReasonBadCredential, ""),
	"application_passwords_disabled":          failed(ReasonNotAuthenticated, "Application passwords are switched off there."),
	"application_passwords_disabled_for_user": failed(ReasonNotAuthenticated, "Application passwords are switched off for this user."),
	"rest_not_logged_in":                      failed(ReasonNotAuthenticated, ""),
	"rest_cookie_invalid_nonce":               failed(ReasonNotAuthenticated, ""),
	"rest_no_route":                           skipped(ReasonNoRoute, ""),
	"cache_disabled":                          skipped(ReasonNotApplicable, "The cache is switched off there."),
	"page_cache_disabled":                     skipped(ReasonNotApplicable, "The page cache is switched off there."),
	"plugin_misconfigured":                    skipped(ReasonNotApplicable, "BigScoots Cache is not set up properly there."),
	"opcache_not_loaded":                      skipped(ReasonNotApplicable, "The server runs PHP without OPcache."),
	"opcache_status_function_not_working":     skipped(ReasonNotApplicable, "The server does not let PHP ask OPcache."),
	"opcache_reset_function_not_working":      skipped(ReasonNotApplicable, "The server does not let PHP reset OPcache."),
	"no_data_provided":                        failed(ReasonInvalidInput, ""),
	"improper_purge_type":                     failed(ReasonInvalidInput, ""),
	"invalid_urls":                            failed(ReasonInvalidInput, ""),
	"no_post_id_eligible_for_cache_purge":     failed(ReasonInvalidInput, "None of the posts exists there and can be purged."),
	"rest_invalid_param":                      failed(ReasonInvalidInput, ""),
	"rest_missing_callback_param":             failed(ReasonInvalidInput, ""),
	"rest_invalid_json":                       failed(ReasonInvalidInput, ""),
	"page_cache_not_working_properly":         failed(ReasonRefused, "The plugin found that pages are not served from the cache."),
}

func ruleFor(code string, status int) (Verdict, bool) {
	if rule, known := byCode[code]; known {
		return rule, true
	}
	switch {
	case strings.HasSuffix(code, "_not_allowed_on_staging"):
		return skipped(ReasonNotApplicable, "It is a staging site."), true
	case code == "rest_forbidden" && status == http.StatusUnauthorized:
		return failed(ReasonNotAuthenticated, ""), true
	case code == "rest_forbidden":
		return failed(ReasonForbidden, ""), true
	}
	return Verdict{}, false
}
