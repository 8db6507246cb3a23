package wordpress

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

// walls are pages that a site sends requests to instead of answering them, by what stands in the address, in lower case.
var walls = []struct {
	part   string
	reason Reason
	note   string
}{
	{"/.well-known/sgcaptcha", ReasonBlocked, "SiteGround's bot check responded."},
	{"suspend", ReasonSuspended, "The host shows its page for suspended accounts."},
	{"defaultwebpage.cgi", ReasonNotJSON,
		"The server does not know this site: the host's default page responded. Check the site's DNS and hosting account."},
	{"wp-login.php", ReasonProtected, "It redirects to the login page: a plugin requires visitors to sign in to WordPress."},
	{"cloudflareaccess.com", ReasonProtected, "Cloudflare Access protects the site."},
	{"password-protected", ReasonProtected, "It redirects to a password page: the Password Protected plugin protects the site."},
	{"wp-signup.php", ReasonNotJSON, "The network no longer has a site at this URL: it offers to create one."},
	{"wp-activate.php", ReasonNotJSON, "The network has no active site at this URL."},
	{"maintenance", ReasonMaintenance, "It redirects to a maintenance page."},
	{"coming-soon", ReasonProtected, "It redirects to a coming-soon page."},
	{"captcha", ReasonBlocked, "It redirects to a CAPTCHA."},
	{"perfdrive.com", ReasonBlocked, "Radware's bot check responded."},
	{"okta.com", ReasonProtected, "It redirects to a login page."},
	{"challenge", ReasonBlocked, "It redirects to a browser check."},
	{"login", ReasonProtected, "It redirects to a login page."},
	{"signin", ReasonProtected, "It redirects to a login page."},
	{"sign-in", ReasonProtected, "It redirects to a login page."},
	{"/sso", ReasonProtected, "It redirects to a login page."},
	{"saml", ReasonProtected, "It redirects to a login page."},
	{"oauth", ReasonProtected, "It redirects to a login page."},
	{"/auth", ReasonProtected, "It redirects to a login page."},
	{"password", ReasonProtected, "It redirects to a password page."},
	{"members", ReasonProtected, "It redirects to a members page."},
	{"register", ReasonProtected, "It redirects to a members page."},
}

// redirected judges an answer that points elsewhere. Only another home is a move; within the same home something stands in front.
// Only an address of the web is handed on: it may become a link.
func redirected(x Exchange) Verdict {
	given := printable(x.Header.Get("Location"), longestHeader)
	location := absolute(x.URL, given)
	u, err := url.Parse(location)
	switch {
	case given == "" || x.Status == http.StatusNotModified:
		return failed(ReasonNotJSON, fmt.Sprintf("The site returned %d without a URL to redirect to.", x.Status))
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return failed(ReasonProtected, "It redirects to an invalid URL.")
	}
	v := ofLocation(x.URL, u)
	if v.Reason == ReasonRedirected || v.Reason == ReasonProtected && !isREST(u) {
		v.Location = location
	}
	return v
}

func ofLocation(from string, to *url.URL) Verdict {
	points := fmt.Sprintf("It redirects to %s.", printable(to.String(), 300))
	requested, err := url.Parse(from)
	if err != nil {
		return failed(ReasonRedirected, points)
	}
	if isREST(to) {
		return ofRESTLocation(requested, to, points)
	}
	address := strings.ToLower(to.RequestURI())
	if !strings.EqualFold(requested.Hostname(), to.Hostname()) { // the host of a login or of a page for suspended accounts often says so too
		address = strings.ToLower(to.Host) + address
	}
	for _, wall := range walls {
		if strings.Contains(address, wall.part) || strings.HasSuffix(strings.ToLower(to.Hostname()), wall.part) {
			return failed(wall.reason, wall.note)
		}
	}
	if origin(requested) == origin(to) {
		return failed(ReasonProtected, points)
	}
	return failed(ReasonRedirected, points)
}

// ofRESTLocation judges a redirect from one address of the REST API to another.
func ofRESTLocation(from, to *url.URL, points string) Verdict {
	home, route := splitREST(from)
	toHome, toRoute := splitREST(to)
	below := strings.Trim(strings.TrimPrefix(toHome, home), "/")
	switch {
	case origin(from) != origin(to):
		return failed(ReasonRedirected, points)
	case home == toHome && route == toRoute: // with another query, or with none
		return failed(ReasonBlocked, "It redirects to the same URL, as browser checks do.")
	case home == toHome && strings.TrimSuffix(route, "/") == strings.TrimSuffix(toRoute, "/"):
		return failed(ReasonInvalidInput, fmt.Sprintf("It redirects this route to %s. End the path the same way.", printable(to.String(), 300)))
	case home == toHome:
		return failed(ReasonInvalidInput, fmt.Sprintf("It redirects this route to another one, %s.", printable(to.String(), 300)))
	case strings.HasPrefix(toHome, home+"/") && isLanguage(below):
		return failed(ReasonProtected, fmt.Sprintf("A translation plugin redirects it to another language, %s. Exclude /wp-json/ in that plugin.",
			printable(below, 20)))
	}
	return failed(ReasonRedirected, points)
}

var languageCode = regexp.MustCompile(`^([a-z]{2}|[a-z]{3}[-_][A-Za-z]{2,4})([-_][A-Za-z]{2,4})?$`)

// isLanguage tells whether a path is a language as translation plugins name it. Three letters alone may be any word, such as new or dev.
func isLanguage(path string) bool {
	code, _, _ := strings.Cut(strings.ReplaceAll(path, "_", "-"), "-")
	_, err := language.ParseBase(code)
	return err == nil && languageCode.MatchString(path)
}

// isREST tells whether the address is one of a REST API with its usual prefix, or with plain permalinks.
func isREST(u *url.URL) bool {
	return strings.Contains(u.Path+"/", "/wp-json/") || u.Query().Has("rest_route")
}

// splitREST divides an address of the REST API into the path of the home and the route.
func splitREST(u *url.URL) (home, route string) {
	if route = u.Query().Get("rest_route"); route != "" {
		return strings.TrimSuffix(strings.TrimSuffix(u.Path, "index.php"), "/"), route
	}
	home, route, _ = strings.Cut(u.Path, "/wp-json")
	return strings.TrimSuffix(strings.TrimSuffix(home, "index.php"), "/"), route
}
