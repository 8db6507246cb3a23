package wordpress

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Address says where a site is, and what was detected about how to reach it.
type Address struct {
	Home     string // as ParseHome returns it
	Root     string // the REST root, empty when not known: Home/wp-json/ then
	Override string // how verbs that the site's firewall blocks are sent: "", "header" or "query"
}

// UsualRoot is where WordPress has its REST API unless it says otherwise.
func (a Address) UsualRoot() string { return a.Home + "/wp-json/" }

// PageURL is the address of a page, given by its path, of a site that calls its home reported: pages begin with that, not with what was
// pasted. Behind a proxy WordPress may know scheme and port wrongly, so those are the site's own as long as the host is the same. A path
// that already begins with the home's stays.
func PageURL(home, reported, path string) string {
	h, r := webAddress(home), webAddress(reported)
	if h == nil {
		return home + path
	}
	if r == nil {
		r = h
	}
	base := r
	if strings.EqualFold(h.Hostname(), r.Hostname()) {
		base = h
	}
	below := belowOrigin(r)
	if strings.HasPrefix(path, below+"/") {
		below = ""
	}
	return origin(base) + below + path
}

// The ways to send a verb in disguise. WordPress takes both from a POST (WP_REST_Server::serve_request).
const (
	OverrideNone   = ""
	OverrideHeader = "header" // X-HTTP-Method-Override
	OverrideQuery  = "query"  // _method in the query
)

// ErrAddress is wrapped by every error of ParseHome; the error's text is a sentence for a person.
var ErrAddress = errors.New("this is not the address of a site")

func addressError(format string, args ...any) error {
	return &sentence{text: fmt.Sprintf(format, args...), is: ErrAddress}
}

// sentence is an error whose text is for a person, and which is a sentinel all the same.
type sentence struct {
	text string
	is   error
}

func (s *sentence) Error() string { return s.text }
func (s *sentence) Unwrap() error { return s.is }

// sameOrigin tells whether both addresses have the same scheme, host and port.
func sameOrigin(a, b string) bool {
	x, errA := url.Parse(a)
	y, errB := url.Parse(b)
	return errA == nil && errB == nil && origin(x) == origin(y)
}

// origin is the scheme, host and port of an address, the usual port left out.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
