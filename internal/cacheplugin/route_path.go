package cacheplugin

import (
	"net/url"
	"strings"
)

// routePath is the REST route in an address, with a slash at its end: WordPress matches routes in any case.
func routePath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	route := u.Query().Get("rest_route")
	if route == "" {
		route = u.Path
	}
	return strings.ToLower(route) + "/"
}
