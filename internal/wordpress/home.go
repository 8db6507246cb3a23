package wordpress

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ParseHome makes the address of a site canonical, however it was pasted: https:// is added, the host is written in lower case and
// ASCII, and what leads into wp-admin or the REST API is cut off, with the query and the fragment behind it.
func ParseHome(text string) (string, error) {
	text = strings.TrimRight(strings.TrimSpace(Visible(text)), ",; ")
	if text == "" {
		return "", addressError("Enter the site's URL, such as https://acme.example.")
	}
	text, behind := cutQuery(text)
	u, err := parseAddress(text)
	if err != nil {
		return "", err
	}
	path, inside, err := homePath(u)
	if err != nil {
		return "", err
	}
	if behind != "" && !inside && !namesRoute(behind) {
		return "", addressError("Leave out the ? or # and everything after it.")
	}
	host, err := canonicalHost(u)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + host + path, nil
}

// cutQuery parts an address from its query and fragment; a lone ? or # is none.
func cutQuery(text string) (address, behind string) {
	i := strings.IndexAny(text, "?#")
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.Trim(text[i:], "?#")
}

// namesRoute tells whether a query names a REST route, as with plain permalinks.
func namesRoute(query string) bool {
	query, _, _ = strings.Cut(query, "#")
	values, err := url.ParseQuery(query)
	return err == nil && values.Has("rest_route")
}

var (
	repeatedScheme = regexp.MustCompile(`(?i)^(?:https?://)+(https?://)`)
	anyScheme      = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]*://`)
)

// parseAddress reads an address without its query. A scheme that was pasted behind another one is the one that was meant.
func parseAddress(text string) (*url.URL, error) {
	text = strings.TrimPrefix(text, "view-source:")
	text = repeatedScheme.ReplaceAllString(text, "$1")
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\\' || r == utf8.RuneError
	}) || len(text) > 2000 {
		return nil, addressError("A URL cannot contain spaces, backslashes or line breaks. Enter it as https://acme.example.")
	}
	scheme := anyScheme.FindString(text)
	if strings.Contains(text[len(scheme):], "://") {
		return nil, addressError("This contains two URLs. Enter one, such as https://acme.example.")
	}
	if scheme == "" {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, addressError("This is not a URL. Enter it as https://acme.example.")
	}
	if u.Scheme = strings.ToLower(u.Scheme); u.Scheme != "https" && u.Scheme != "http" {
		return nil, addressError("A site's URL must begin with http or https. Enter it as https://acme.example.")
	}
	if u.User != nil {
		return nil, addressError("Leave the username and password out of the URL. They have their own fields.")
	}
	if scheme == "" && !namesDomain(u.Hostname()) {
		return nil, addressError("%.60q is not a URL. Enter it as https://acme.example, beginning with http:// or https://.", strings.TrimPrefix(text, "https://"))
	}
	return u, nil
}

// namesDomain tells whether a host without a scheme can be meant as one: it has a dot, and more than one letter behind the last.
func namesDomain(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	ascii, err := hostNames.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil {
		return true // canonicalHost says what is wrong with it
	}
	dot := strings.LastIndexByte(ascii, '.')
	return dot > 0 && len(ascii)-dot > 2
}

// hostNames is how browsers read a host name (UTS 46), and strict about the length of its parts. DNS and browsers take underscores.
var hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.VerifyDNSLength(true))

var (
	hostName    = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)
	numericHost = regexp.MustCompile(`(^|\.)(0x[0-9a-f]*|[0-9]+)$`) // browsers read these as IPv4 addresses (WHATWG, URL)
	noHost      = regexp.MustCompile(`^((www\.)?(https?|ftp|file)|www)$`)
)

func canonicalHost(u *url.URL) (string, error) {
	name, port := strings.TrimSuffix(u.Hostname(), "."), u.Port()
	if ip, err := netip.ParseAddr(name); err != nil {
		name, err = hostNames.ToASCII(typedHyphens.Replace(name))
		if err != nil || !hostName.MatchString(name) || numericHost.MatchString(name) || noHost.MatchString(name) {
			return "", addressError("The host name %.100q is not valid. Enter it as https://acme.example.", u.Hostname())
		}
	} else if ip.Zone() != "" {
		return "", addressError("An IP address with a zone cannot be a site.")
	} else {
		name = ip.String()
	}
	n, err := strconv.Atoi(port)
	if port != "" && (err != nil || n < 1 || n > 65535) {
		return "", addressError("The port %s is not valid. Leave it out, or enter a number up to 65535.", port)
	}
	if port == "" || u.Scheme == "https" && n == 443 || u.Scheme == "http" && n == 80 {
		if strings.Contains(name, ":") {
			return "[" + name + "]", nil
		}
		return name, nil
	}
	return net.JoinHostPort(name, strconv.Itoa(n)), nil
}

// inWordPress are the parts of a path that lead from a site's home into WordPress, or name a file: no site lives below one. WordPress
// lets no site of a network be called feed (get_subdirectory_reserved_names).
var inWordPress = regexp.MustCompile(`(?i)^(wp-admin|wp-json|wp-content|wp-includes|wp-login|feed|.+\.(php|html?|xml|xsl|txt|ico|cgi|aspx?))$`)

// typedHyphens are what word processors make of a hyphen; no registry has them in a host name (RFC 5892, appendix B.1: disallowed).
var typedHyphens = strings.NewReplacer("\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-")

var (
	leftOver    = regexp.MustCompile("[\"<>|^`{}“”„«»‹›\\\\]") // of what stood around the address; no browser leaves them in one
	nothingElse = regexp.MustCompile(`^[[:punct:]…–—]+$`)
)

// homePath cuts off what leads from a site's home into WordPress, and tells whether anything does. It resolves . and .. as browsers do.
func homePath(u *url.URL) (path string, inside bool, err error) {
	var kept []string
	joined := func() string { return strings.Join(kept, "") }
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		plain, err := url.PathUnescape(part)
		if err != nil {
			return "", false, addressError("This is not a URL. Enter it as https://acme.example.")
		}
		if utf8.ValidString(plain) {
			plain = Visible(plain)
		}
		if strings.ContainsFunc(plain, unicode.IsControl) {
			return "", false, addressError("A URL cannot contain line breaks. Enter it as https://acme.example.")
		}
		switch plain = strings.TrimSpace(plain); {
		case inWordPress.MatchString(plain):
			if len(kept) > 0 && kept[len(kept)-1] == "/comments" && strings.EqualFold(plain, "feed") {
				kept = kept[:len(kept)-1]
			}
			return joined(), true, nil
		case plain == "..":
			kept = kept[:max(0, len(kept)-1)]
		case plain == "" || plain == ".":
		case leftOver.MatchString(plain) || nothingElse.MatchString(plain) || strings.HasSuffix(plain, "."):
			return "", false, addressError("The path %.100q is not valid for a site. Enter the URL as https://acme.example.", plain)
		default:
			kept = append(kept, "/"+escapePart(plain))
		}
	}
	return joined(), false, nil
}

// escapePart writes a part of a path in its one canonical form.
func escapePart(plain string) string {
	return strings.ReplaceAll((&url.URL{Path: plain}).EscapedPath(), "/", "%2F")
}
