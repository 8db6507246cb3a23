package wordpress

import (
	"net/http"
	"slices"
)

// barring are the statuses by which firewalls refuse a method.
var barring = []int{http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented}

// verbBlocked tells whether the request's method may be what was not let through: something in front of WordPress refused it, or turned
// it into a GET, which WordPress or a plugin then refused in words of its own. A challenge asks for a browser, whatever the method.
func verbBlocked(x Exchange, v Verdict) bool {
	if reads(x.Method) || x.Method == http.MethodPost || challenged(x) {
		return false
	}
	switch v.Reason {
	case ReasonBlocked:
		return slices.Contains(barring, v.Status)
	case ReasonCutOff:
		return x.Status == 0
	case ReasonNoRoute: // a route that is there has no GET: a PATCH became one on the way; or a disguise was taken off, and it became a POST
		return true
	case ReasonInvalidInput:
		return x.Status == http.StatusMethodNotAllowed || x.Override != OverrideNone && x.Status == http.StatusNotFound
	case ReasonNotJSON, ReasonProtected: // a page, or the way to one, as a GET of the home page gets it
		return true
	}
	return false
}
