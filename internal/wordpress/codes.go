package wordpress

import (
	"net/http"
	"strings"
)

// byCode judges by the codes of WordPress (wp-includes/rest-api, wp_authenticate_application_password), whatever the status: they are
// exact where the status is not.
var byCode = map[string]Verdict{
	"incorrect_password":             failed(ReasonBadCredential, ""),
	"invalid_username":               failed(ReasonBadCredential, ""),
	"invalid_email":                  failed(ReasonBadCredential, ""),
	"application_passwords_disabled": failed(ReasonNotAuthenticated, "Application passwords are turned off on this site."),
	"application_passwords_disabled_for_user": failed(ReasonNotAuthenticated,
		"Application passwords are turned off for this user. Turn them on, or connect another user."),
	"rest_not_logged_in":          failed(ReasonNotAuthenticated, ""),
	"rest_cookie_invalid_nonce":   failed(ReasonNotAuthenticated, ""),
	"rest_cannot_access":          failed(ReasonNotAuthenticated, ""),
	"rest_no_route":               skipped(ReasonNoRoute, ""),
	"rest_invalid_param":          failed(ReasonInvalidInput, ""),
	"rest_missing_callback_param": failed(ReasonInvalidInput, ""),
	"rest_invalid_json":           failed(ReasonInvalidInput, ""),
	"internal_server_error":       failed(ReasonSiteError, ""),
}

// codePatterns judge the codes of plugins by what stands in them, the first that fits. A status that means something else, such as
// input that is not valid, keeps its meaning.
var codePatterns = []struct {
	parts []string // all of them stand in the code
	v     Verdict
}{
	{[]string{"jwt"}, failed(ReasonNotAuthenticated,
		"A JSON Web Token plugin handles the Authorization header and rejects application passwords. Turn it off, or configure it to ignore "+
			"other credentials.")},
	{[]string{"bad_auth_header"}, failed(ReasonNotAuthenticated,
		"A plugin handles the Authorization header and rejects application passwords. Turn it off, or configure it to ignore other credentials.")},
	{[]string{"two_factor"}, failed(ReasonNotAuthenticated,
		"A plugin asks this user for a second factor. Let it accept application passwords for the REST API, or connect a user without a second factor.")},
	{[]string{"2fa"}, failed(ReasonNotAuthenticated,
		"A plugin asks this user for a second factor. Let it accept application passwords for the REST API, or connect a user without a second factor.")},
	{[]string{"itsec"}, failed(ReasonNotAuthenticated,
		"Solid Security restricts the REST API. In its settings, set REST API to Default Access, and check that this user and Drover's IP are not locked out.")},
	{[]string{"password", "expired"}, failed(ReasonBadCredential, "The password has expired.")},
	{[]string{"credential", "expired"}, failed(ReasonBadCredential, "The password has expired.")},
	{[]string{"user", "suspended"}, failed(ReasonBadCredential, "This user is suspended.")},
	{[]string{"account", "suspended"}, failed(ReasonSuspended, "")},
	{[]string{"logged_in"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"loggedin"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"signed_in"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"logged_out"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"login"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"log_in"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"authenticat"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"sign_in"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"authorization_header"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"private_site"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"site_private"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"api_private"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"auth_failed"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"missing", "credential"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"no_credential"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"no_auth"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"auth_required"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"anonymous"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"visitor"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"guest"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"not_logged"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"members_only"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"only", "members"}, failed(ReasonNotAuthenticated, "")},
	{[]string{"public", "access"}, failed(ReasonNotAuthenticated, "")},
}

// ruleFor judges by a code. Codes of plugins are read only where the status is about who may do what, or where none is given.
func ruleFor(x Exchange, code string) (Verdict, bool) {
	status := x.Status
	if rule, known := byCode[code]; known {
		return rule, true
	}
	if rule, known := pluginCode(x, code); known {
		return rule, true
	}
	denied := status == http.StatusUnauthorized || status == http.StatusForbidden
	switch {
	case code == "rest_forbidden" && status == http.StatusUnauthorized:
		return failed(ReasonNotAuthenticated, ""), true
	case code == "rest_forbidden":
		return failed(ReasonForbidden, ""), true
	case !denied:
		return Verdict{}, false
	}
	lower := strings.ReplaceAll(strings.ToLower(code), "-", "_")
	for _, pattern := range codePatterns {
		if containsAll(lower, pattern.parts) {
			return pattern.v, true
		}
	}
	return Verdict{}, false
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
