package wordpress

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Moved returns the home that a redirect of a REST request leads to, and whether it is near: under the same registrable domain and
// not less safe, so that the credential stays with the same owner. It is empty when the site has not moved: a redirect to the login
// page, say, or within the same home.
func Moved(home, location string) (to string, near bool) {
	u, err := url.Parse(location)
	if err != nil || !strings.Contains(u.Path+"?"+u.RawQuery, "/wp-json") && !u.Query().Has("rest_route") {
		return "", false
	}
	u.RawQuery, u.Fragment = "", ""
	to, err = ParseHome(u.String())
	if err != nil || to == home {
		return "", false
	}
	before, errBefore := url.Parse(home)
	after, errAfter := url.Parse(to)
	if errBefore != nil || errAfter != nil {
		return "", false
	}
	near = (after.Scheme == "https" || before.Scheme == "http") && domain(before.Hostname()) == domain(after.Hostname())
	return to, near
}

// domain is what an owner registers (publicsuffix.org), or the host itself where there is no such thing.
func domain(host string) string {
	registered, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host
	}
	return registered
}
