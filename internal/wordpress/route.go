package wordpress

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
)

// Route is the path of a request as a person typed it, without what every site's address adds by itself.
type Route struct {
	Path string // below the REST root
	From string // what stood before the REST prefix: a home, with its scheme or without, or a home's path; empty: nothing
}

var (
	siteReference = regexp.MustCompile(`^/?\{\{\s*site\.url\s*\}\}`)
	version       = regexp.MustCompile(`^v[0-9]+$`)
	corePage      = regexp.MustCompile(`^(wp-admin|wp-content|wp-includes|wp-[a-z-]+\.php|xmlrpc\.php)$`) // pages and files of WordPress
)

// ParseRoute takes the site's own address and the REST prefix off a path, where people paste a whole address or what a plugin's page
// names. What it cannot take apart stays, for Request.Validate to judge, but a whole address of something else is an error.
func ParseRoute(text string) (Route, error) {
	rest := siteReference.ReplaceAllString(text, "")
	path, query, asks := strings.Cut(rest, "?")
	if strings.Trim(path, "\"'`<>“”‘’„«»") != path {
		return Route{}, requestError("The path begins or ends with a quote or bracket that is not part of it. Remove it.")
	}
	scheme := anyScheme.FindString(path)
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, scheme), "/"), "/")
	at := prefixAt(parts)
	if at < 0 && (scheme != "" || corePage.MatchString(parts[0])) {
		return Route{}, requestError("Enter the path below the REST root, such as /wp/v2/plugins, without the site's URL. WordPress pages are not routes.")
	}
	if at < 0 {
		return Route{Path: slashed(rest)}, nil
	}
	from := strings.TrimSuffix(strings.TrimSuffix(strings.Join(parts[:at], "/"), "index.php"), "/")
	if scheme == "" && from != "" && !strings.ContainsAny(parts[0], ".:") {
		from = "/" + from
	}
	_, below, _ := strings.Cut(path, parts[at])
	if asks {
		below += "?" + query
	}
	below = slashed(cmp.Or(below, "/"))
	if reparsed, err := ParseRoute(below); err == nil && reparsed.From == "" {
		below = reparsed.Path
	}
	return Route{Path: below, From: scheme + from}, nil
}

func slashed(path string) string {
	if path == "" || strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + path
}

// prefixAt returns where the REST prefix stands, and -1 without one: behind a version it is part of a route.
func prefixAt(parts []string) int {
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil && strings.EqualFold(plain, "wp-json") {
			return i
		}
		if version.MatchString(part) {
			return -1
		}
	}
	return -1
}

// Fits tells whether what stood before the path belongs to the site with that home.
func (r Route) Fits(home string) bool {
	if r.From == "" || r.From == home {
		return true
	}
	u, err := url.Parse(home)
	if err != nil {
		return false
	}
	if strings.HasPrefix(r.From, "/") {
		return r.From == u.EscapedPath()
	}
	from := r.From
	if !anyScheme.MatchString(from) {
		from = u.Scheme + "://" + from
	}
	from, err = ParseHome(from)
	return err == nil && from == home
}
