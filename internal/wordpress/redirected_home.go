package wordpress

import (
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// RedirectedHome returns the home that a redirect of a REST request leads to, and whether it is near, so that the credential follows. It is
// empty when the site has not moved: a redirect to the login page, say, or within the same home.
func RedirectedHome(home, location string) (to string, credentialFollows bool) {
	u, err := url.Parse(location)
	if err != nil || !strings.Contains(u.Path+"?"+u.RawQuery, "/wp-json") && !u.Query().Has("rest_route") {
		return "", false
	}
	u.RawQuery, u.Fragment = "", ""
	to, err = ParseHome(u.String())
	if err != nil || to == home {
		return "", false
	}
	return to, CredentialFollows(home, to)
}

// Origin is the scheme, host and port of a home, which a credential belongs to.
func Origin(home string) string {
	u, err := url.Parse(home)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Hostname() + ":" + portOf(u)
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return map[string]string{"https": "443", "http": "80"}[u.Scheme]
}

// CredentialFollows tells whether the new home certainly is the same site's, so that its credential may be sent there: the same origin,
// the same with www or without, or https in place of http on the default ports.
func CredentialFollows(from, to string) bool {
	before, errBefore := url.Parse(from)
	after, errAfter := url.Parse(to)
	if errBefore != nil || errAfter != nil || Origin(from) == "" {
		return false
	}
	if !sameHost(before.Hostname(), after.Hostname()) {
		return false
	}
	upgraded := before.Scheme == "http" && after.Scheme == "https" && portOf(before) == "80" && portOf(after) == "443"
	return upgraded || before.Scheme == after.Scheme && portOf(before) == portOf(after)
}

// sameHost tells whether two hosts are one, with www or without. Under a public suffix, www belongs to whoever registers it.
func sameHost(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	_, err := publicsuffix.EffectiveTLDPlusOne(a)
	return b == "www."+a && err == nil
}

// RegistrableDomain is the domain that somebody registered, of which the home's host is a part; an address without one is its own.
func RegistrableDomain(home string) string {
	u, err := url.Parse(home)
	if err != nil {
		return home
	}
	host := strings.ToLower(u.Hostname())
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && net.ParseIP(host) == nil {
		return domain
	}
	return host
}
