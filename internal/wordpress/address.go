package wordpress

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Address says where a site is, and what was detected about how to reach it.
type Address struct {
	Home     string // as ParseHome returns it
	Root     string // the REST root, empty when not known: Home/wp-json/ then
	Override string // how verbs that the site's firewall blocks are sent: "", "header" or "query"
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

// ParseHome makes the address of a site canonical, however it was pasted: https:// is added, the host is written in lower case and
// ASCII, and what leads into wp-admin or the REST API is cut off.
func ParseHome(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", addressError("Enter the URL of the site, such as https://acme.example.")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\\' }) || len(text) > 2000 {
		return "", addressError("A URL cannot contain spaces, backslashes or line breaks. Enter it as https://acme.example.")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", addressError("This is not a URL. Enter it as https://acme.example.")
	}
	if u.Scheme = strings.ToLower(u.Scheme); u.Scheme != "https" && u.Scheme != "http" {
		return "", addressError("A site URL must start with http or https. Enter it as https://acme.example.")
	}
	if u.User != nil {
		return "", addressError("Remove the username and password from the URL. They have their own fields.")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return "", addressError("Remove the ? or # and what follows it from the URL.")
	}
	host, err := canonicalHost(u)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + host + homePath(u.EscapedPath()), nil
}

// hostNames is how browsers read a host name (UTS 46), and strict about the length of its parts.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

func canonicalHost(u *url.URL) (string, error) {
	name, port := strings.TrimSuffix(u.Hostname(), "."), u.Port()
	if _, err := netip.ParseAddr(name); err != nil {
		if name, err = hostNames.ToASCII(name); err != nil || name == "" {
			return "", addressError("The host name %q is not valid. Enter the URL as https://acme.example.", u.Hostname())
		}
	} else if strings.Contains(name, "%") {
		return "", addressError("A site URL cannot contain an IPv6 zone.")
	}
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		return "", addressError("The port %s does not exist. Leave it out, or enter a number up to 65535.", port)
	}
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		if strings.Contains(name, ":") {
			return "[" + name + "]", nil
		}
		return name, nil
	}
	return net.JoinHostPort(name, port), nil
}

// homePath cuts off what leads from a site's home into WordPress.
func homePath(path string) string {
	for _, inside := range []string{"/wp-admin", "/wp-login.php", "/wp-json", "/index.php", "/xmlrpc.php"} {
		if i := strings.Index(path+"/", inside+"/"); i >= 0 {
			path = path[:i]
		}
	}
	var kept []string
	for _, part := range strings.Split(path, "/") {
		if part != "" && part != "." && part != ".." {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return "/" + strings.Join(kept, "/")
}

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
