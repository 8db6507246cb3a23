package wordpress

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// requestFacts is what an exchange's answer must be read against.
func requestFacts(x Exchange) requestInfo {
	a := requestInfo{write: !reads(x.Method), status: x.Status, body: objectIn(x.RequestBody)}
	if u, err := url.Parse(x.URL); err == nil {
		a.batch = x.Status == http.StatusMultiStatus || strings.Contains(u.Path+u.Query().Get("rest_route")+"/", "/batch/")
	}
	return a
}

// ofRoute judges one document: by its code, by its status, by the rules of the plugin whose route it is, by what it says of itself.
func ofRoute(x Exchange, s shape) Verdict {
	if s.status != 0 && x.Status < 300 {
		x.Status = s.status // output before the headers froze it at 200: the JSON says it too
	}
	v := ofShape(x, s)
	if v.Status == 0 {
		v.Status = x.Status
	}
	v.Code, v.Message = printable(s.code, 200), plain(s.message)
	return v
}

func ofShape(x Exchange, s shape) Verdict {
	if rule, known := ruleFor(x, s.code); known && s.claim != claimYes && s.claim != claimPart || known && rule.Reason == ReasonRefused {
		return notedBy(rule, s.note)
	}
	plugin, _ := cacheplugin.OfURL(x.URL)
	switch {
	case x.Status == http.StatusForbidden && s.code != "" && s.code != "rest_forbidden" && wantsSignIn.MatchString(s.message):
		return failed(ReasonNotAuthenticated, s.note)
	case strings.Contains(s.message, "Imunify360"): // its bot protection answers in JSON
		return failed(ReasonBlocked, "Imunify360 blocked the request.")
	case x.Status >= 400:
		return notedBy(ofError(x, s), s.note)
	case s.claim == claimNo && s.reason != "":
		return failed(s.reason, s.note)
	case s.claim == claimNo:
		return failed(ReasonRefused, s.note)
	case plugin.SaysSuccess && !reads(x.Method) && s.claim != claimYes && s.claim != claimPart:
		return failed(ReasonRefused, "The plugin responded without confirming that it was done.")
	case s.claim == claimUnclear:
		return unclear(x, or(s.note, "The response has a code but no status, so it does not say whether it was done."))
	}
	if v, more := pluginDone(x, s.fields); more {
		return v
	}
	if s.claim == claimPart {
		return Verdict{Outcome: Partial, Note: s.note}
	}
	return Verdict{Outcome: OK, Note: s.note}
}

// wantsSignIn is how plugins tell visitors that they must sign in, where their code does not say so.
var wantsSignIn = regexp.MustCompile(`(?i)\b(?:must|need to|have to|please|only|first)\b.{0,40}\b(?:log(?:ged)?[ -]?in|sign(?:ed)?[ ` +
	`-]?in|authenticated?)\b|\bnot (?:logged|signed) in\b|\bauthentication (?:is )?required\b|\bunauthenticated\b|\bauthorization header\b|` +
	`\b(?:anonymous|public) access\b|\b(?:restricted|limited|available) to (?:authenticated|logged[ -]in|signed[ -]in|registered)\b`)

// ofError judges an error in JSON. WordPress's errors have a code and a plugin's say success; what has neither came from a firewall or
// a gateway.
func ofError(x Exchange, s shape) Verdict {
	success := flagIn(s.fields["success"])
	if x.Status == http.StatusMethodNotAllowed && success.no() {
		return failed(ReasonInvalidInput, fmt.Sprintf("The endpoint does not accept the method %s.", x.Method))
	}
	if s.code != "" || success.present {
		return ofStatus(x)
	}
	if did, blocked := firewall(x); blocked && x.Status != http.StatusTooManyRequests {
		return failed(ReasonBlocked, did)
	}
	if slices.Contains(barring, x.Status) {
		return failed(ReasonBlocked, barred(x))
	}
	return ofStatus(x)
}
