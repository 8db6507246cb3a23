package wordpress

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// barring are the statuses by which firewalls refuse a method.
var barring = []int{http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented}

// aboutMethod is how gateways say in JSON that they do not take a method.
var aboutMethod = regexp.MustCompile(`(?i)\b(?:http|request) (?:method|verb)\b|\b(?:method|verb) (?:is )?not (?:allowed|supported|implemented)\b|` +
	`\b(?:invalid|unsupported|unknown) (?:method|verb)\b`)

// sentHome tells whether a redirect leads to the home page and no other, as servers send what they do not take.
func sentHome(x Exchange) bool {
	requested, err := url.Parse(x.URL)
	to := webAddress(pointsTo(x))
	if err != nil || to == nil || to.RawQuery != "" {
		return false
	}
	home, _ := splitREST(requested)
	return strings.TrimSuffix(to.Path, "/") == home
}

// verbBlocked tells whether the request's method may be what was not let through: something in front of WordPress refused it, or turned
// it into a GET, which WordPress or a plugin then refused in words of its own. A challenge asks for a browser, whatever the method.
func verbBlocked(x Exchange, v Verdict) bool {
	if reads(x.Method) || x.Method == http.MethodPost || challenged(x) {
		return false
	}
	if x.Status >= 400 && x.Status < 500 && aboutMethod.MatchString(v.Message) {
		return true
	}
	switch v.Reason {
	case ReasonBlocked:
		return slices.Contains(barring, v.Status)
	case ReasonCutOff:
		return x.Status == 0
	case ReasonNoRoute: // a route that is there has no GET: a PATCH became one on the way; or a disguise was taken off, and it became a POST
		return true
	case ReasonInvalidInput: // WordPress's errors have a code; a gateway's have none
		return x.Status == http.StatusMethodNotAllowed ||
			x.Status == http.StatusNotFound && (v.Code == "" || x.Override != OverrideNone)
	case ReasonRefused:
		return v.Status == http.StatusMethodNotAllowed || v.Status == http.StatusNotImplemented
	case ReasonNotAuthenticated: // WebDAV keeps methods for its own users, and asks with a page
		return x.Status == http.StatusUnauthorized && len(documentsOf(x.Body).values) == 0
	case ReasonNotJSON:
		return x.Status >= 400
	case ReasonSiteError:
		return v.Status == http.StatusNotImplemented
	case ReasonProtected:
		return sentHome(x)
	}
	return false
}
