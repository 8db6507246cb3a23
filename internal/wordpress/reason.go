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
		"Either the application password is wrong or revoked, or the server drops the Authorization header, or application passwords are switched off. Check the " +
			"site: if its REST index offers no application passwords, they are off. Otherwise, replace the credential, and if a new one fails too, ask the host to " +
			"pass the Authorization header on."},
	{ReasonForbidden, "no permission", "The user is signed in, but may not do this.",
		"Let the user's role do this: BigScoots Cache has a setting for it, most other plugins ask for an administrator. Or connect a user that may."},
	{ReasonNoRoute, "no such endpoint", "The site has no such endpoint.",
		"The plugin is not active there or is too old, or the endpoint does not take this method. Activate or update the plugin, or leave the site out."},
	{ReasonNotApplicable, "does not apply", "The site answered that this does not apply there.",
		"Nothing to do, unless you expect it to: look at the site's answer."},
	{ReasonInvalidInput, "wrong input", "The site rejected the parameters.",
		"Look at the site's answer, change the parameters, and rerun."},
	{ReasonRefused, "refused by the site", "The site says that it did not do this.",
		"Look at the site's answer: it says there why it was not done."},
	{ReasonBlocked, "blocked by a firewall", "Something in front of WordPress answered instead of it.",
		"Ask the host, or whoever runs the firewall, to let requests from Drover's address to /wp-json/ through."},
	{ReasonRedirected, "redirected",
		"The site redirects the request to another URL. Drover did not follow it: that would lose the request, or show the credential to another host.",
		"Change the site's URL to the one it redirects to, and rerun."},
	{ReasonOtherSite, "another site answers", "Another WordPress site answers at this address. Nothing was sent to it.",
		"If that is the site you mean, change the site's address to the one that it names. Otherwise the site is gone: remove it here, or restore it there."},
	{ReasonMaintenance, "in maintenance", "The site is in maintenance or not available at the moment.",
		"Rerun this site in a few minutes."},
	{ReasonRateLimited, "rate limited", "The site, or something in front of it, asked for fewer requests.",
		"Rerun this site in a few minutes."},
	{ReasonSiteError, "error on the site", "WordPress, a plugin or the server failed while it answered.",
		"Look at the answer and at the site's PHP error log."},
	{ReasonNotJSON, "not an API answer", "Something answered with a page instead of an API answer, so nothing can be assumed to have happened.",
		"Open the site: a coming-soon page, a login wall or a wrong REST address answers like this. Check the site to find its REST address."},
	{ReasonTooLarge, "answer too large", "The answer is larger than Drover's limit.",
		"Request less: with GET, add _fields or per_page to the query."},
	{ReasonTimeout, "no answer in time", "The request was sent, but no complete answer arrived in time. It may have taken effect.",
		"Look at the site, then rerun it if the operation did not take effect."},
	{ReasonCutOff, "connection cut", "The request was sent, but the connection was cut before the answer was complete. It may have taken effect.",
		"Look at the site, then rerun it if the operation did not take effect."},
	{ReasonUnreachable, "not reachable", "The site could not be reached. Nothing was sent.",
		"Check that the address is right and that the server is up."},
	{ReasonTLS, "certificate problem", "No secure connection to the site can be made. The request was not carried out.",
		"Correct the certificate on the server, as the note says."},
	{ReasonAddressRefused, "address not allowed", "The site's host name resolves to an address that Drover is not allowed to contact. Nothing was sent.",
		"If the site really is on a private network, allow that network with DROVER_ALLOW_NETS."},
	{ReasonCancelled, "cancelled", "The run was cancelled before this site's turn.",
		"Rerun these sites when you are ready."},
	{ReasonUnclear, "unclear answer", "The site answered, and the answer does not tell whether it was done. It may have been carried out.",
		"Look at the answer and at the site, then run it again for this site if it was not done."},
	{ReasonProtected, "behind a page", "The site sends requests to a page of its own, such as a login or password page, which stands in front of the REST API.",
		"Let /wp-json/ through in the plugin that protects the site, or ask the host to."},
	{ReasonSuspended, "account suspended", "The host has suspended the site's account, so WordPress does not run.",
		"Ask the host, or whoever pays for the account, to have it restored."},
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
