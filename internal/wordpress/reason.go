package wordpress

// Outcome is how a request to a site ended.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Partial Outcome = "partial"
	Skipped Outcome = "skipped" // it does not apply to this site
	Failed  Outcome = "failed"
	Unknown Outcome = "unknown" // it was sent, and no answer can be trusted
)

// Outcomes lists the outcomes, the troublesome first.
func Outcomes() []Outcome { return []Outcome{Failed, Unknown, Partial, Skipped, OK} }

// Reason is why the outcome is not ok. The list is closed.
type Reason string

// The reasons.
const (
	ReasonBadCredential    Reason = "bad_credential"
	ReasonNotAuthenticated Reason = "not_authenticated"
	ReasonForbidden        Reason = "forbidden"
	ReasonNoRoute          Reason = "no_route"
	ReasonNotApplicable    Reason = "not_applicable"
	ReasonInvalidInput     Reason = "invalid_input"
	ReasonRefused          Reason = "refused"
	ReasonBlocked          Reason = "blocked"
	ReasonRedirected       Reason = "redirected"
	ReasonOtherSite        Reason = "other_site"
	ReasonMaintenance      Reason = "maintenance"
	ReasonRateLimited      Reason = "rate_limited"
	ReasonSiteError        Reason = "site_error"
	ReasonNotJSON          Reason = "not_json"
	ReasonTooLarge         Reason = "too_large"
	ReasonTimeout          Reason = "timeout"
	ReasonCutOff           Reason = "cut_off"
	ReasonUnreachable      Reason = "unreachable"
	ReasonTLS              Reason = "tls"
	ReasonAddressRefused   Reason = "address_refused"
	ReasonCancelled        Reason = "cancelled"
	ReasonUnclear          Reason = "unclear"
	ReasonProtected        Reason = "protected"
	ReasonSuspended        Reason = "suspended"
)

var reasons = []struct {
	reason            Reason
	label, means, fix string
}{
	{ReasonBadCredential, "wrong password", "WordPress did not accept the username or the application password.",
		"It may have been revoked. Create a new application password on the site and replace the credential here."},
	{ReasonNotAuthenticated, "not signed in", "WordPress saw no signed-in user.",
		"The application password is wrong or revoked, the server drops the Authorization header, or application passwords are turned off. Check the " +
			"site to see whether they are available. If they are, replace the credential. If a new one fails too, ask the host to " +
			"pass the Authorization header to PHP."},
	{ReasonForbidden, "no permission", "The user is signed in but doesn't have permission to do this.",
		"Give the user's role this permission, or connect a user who has it. BigScoots Cache has a setting for it; most other plugins require an administrator."},
	{ReasonNoRoute, "no such endpoint", "The site does not have this endpoint.",
		"The plugin is not active there or is too old, or the endpoint does not take this method. Activate or update the plugin, or leave the site out."},
	{ReasonNotApplicable, "does not apply", "The site reported that this does not apply to it.",
		"No action is needed. If you expected it to apply, check the site's response."},
	{ReasonInvalidInput, "wrong input", "The site rejected the parameters.",
		"Check the site's response, change the parameters, and rerun."},
	{ReasonRefused, "refused by the site", "The site reported that it did not do this.",
		"Check the site's response for the reason."},
	{ReasonBlocked, "blocked by a firewall", "A firewall or another service responded instead of WordPress.",
		"Ask the host, or whoever runs the firewall, to allow requests from Drover's IP address to /wp-json/."},
	{ReasonRedirected, "redirected",
		"The site redirects to another URL. Drover did not follow it, because that could lose the request or send the credential to another host.",
		"Change the site's URL to the one it redirects to, and rerun."},
	{ReasonOtherSite, "different site", "A different WordPress site responds at this URL. Nothing was sent to it.",
		"If that is the site you want, change the site's URL to the one it reports. Otherwise, restore the site on its server, or retire it in Drover."},
	{ReasonMaintenance, "in maintenance", "The site is in maintenance mode or temporarily unavailable.",
		"Rerun it in a few minutes."},
	{ReasonRateLimited, "rate limited", "The site, or a service in front of it, limits the number of requests.",
		"Rerun it in a few minutes."},
	{ReasonSiteError, "error on the site", "WordPress, a plugin or the server failed while handling the request.",
		"Check the response and the site's PHP error log."},
	{ReasonNotJSON, "not an API response", "The site returned a web page instead of an API response, so don't assume that the operation ran.",
		"Open the site. A coming-soon page, a login page or a wrong REST API URL can cause this. Check the site to find its REST API."},
	{ReasonTooLarge, "response too large", "The response is larger than Drover's limit.",
		"Request less data: with GET, add _fields or per_page to the query."},
	{ReasonTimeout, "timed out", "The request was sent, but no complete response arrived in time. It may have taken effect.",
		"Check the site, and rerun if the operation did not take effect."},
	{ReasonCutOff, "connection lost", "The request was sent, but the connection closed before the response was complete. It may have taken effect.",
		"Check the site, and rerun if the operation did not take effect."},
	{ReasonUnreachable, "not reachable", "The site could not be reached. Nothing was sent.",
		"Check that the URL is correct and that the server is running."},
	{ReasonTLS, "certificate problem", "A secure connection to the site could not be established. The request was not carried out.",
		"Fix the certificate on the server, as described in the note."},
	{ReasonAddressRefused, "address not allowed", "The site's host name resolves to an address that Drover is not allowed to contact. Nothing was sent.",
		"If the site really is on a private network, allow that network with DROVER_ALLOW_NETS."},
	{ReasonCancelled, "cancelled", "The run was cancelled before it reached this site.",
		"Rerun them when you are ready."},
	{ReasonUnclear, "unclear response", "The site responded, but the response does not say whether it was done. It may have been carried out.",
		"Check the response and the site, and rerun if it was not done."},
	{ReasonProtected, "behind a login page", "A login, password or coming-soon page blocks the REST API.",
		"Allow /wp-json/ in the plugin that protects the site, or ask the host to."},
	{ReasonSuspended, "account suspended", "The host has suspended the site's account, so WordPress does not run.",
		"Ask the host, or whoever pays for the account, to restore it."},
}

// Reasons lists all reasons.
func Reasons() []Reason {
	all := make([]Reason, len(reasons))
	for i, r := range reasons {
		all[i] = r.reason
	}
	return all
}

// Label names the reason in a word or two.
func (r Reason) Label() string { label, _, _ := r.words(); return label }

// Sentence says what the reason means.
func (r Reason) Sentence() string { _, means, _ := r.words(); return means }

// Fix says what to do about it.
func (r Reason) Fix() string { _, _, fix := r.words(); return fix }

func (r Reason) words() (label, means, fix string) {
	for _, known := range reasons {
		if known.reason == r {
			return known.label, known.means, known.fix
		}
	}
	return "", "", ""
}
