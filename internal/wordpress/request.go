package wordpress

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Request is what to send to a site's REST API.
type Request struct {
	Method  string      // GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE
	Path    string      // below the REST root, beginning with /; may carry a query
	Header  http.Header // in addition; Authorization, Cookie, Host and the connection's own are refused
	Body    []byte      // JSON, or nil
	Timeout time.Duration
	// Ready, when set, is called when the request has its place and is about to leave. An error from it is the exchange's fault,
	// and nothing leaves.
	Ready func() error
}

const usualTimeout = 30 * time.Second

// Methods are the methods that a request may have.
func Methods() []string { return []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"} }

var keptHeaders = []string{
	"Authorization", "Cookie", "Host", "Connection", "Content-Length", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Expect", "X-Http-Method-Override", "Forwarded", "X-Forwarded-For",
}

// Validate returns what makes the request impossible, as a sentence; nothing else than the site's REST API can be reached by it.
func (r Request) Validate() error {
	if !slices.Contains(Methods(), r.Method) {
		return requestError("The method must be one of %s.", strings.Join(Methods(), ", "))
	}
	if err := checkPath(r.Path); err != nil {
		return err
	}
	for name, values := range r.Header {
		if slices.Contains(keptHeaders, textproto.CanonicalMIMEHeaderKey(name)) {
			return requestError("The header %s cannot be set.", name)
		}
		if !validHeader(name, values) {
			return requestError("The header %q holds characters that a header cannot have.", name)
		}
	}
	return nil
}

func requestError(format string, args ...any) error {
	return &sentence{text: fmt.Sprintf(format, args...), is: ErrRequest}
}

func checkPath(path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return requestError("The path begins with one slash, such as /wp/v2/plugins.")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\\' || r == '#' }) {
		return requestError("The path holds no spaces, backslashes, # or line breaks; write a space as %%20.")
	}
	route, query, _ := strings.Cut(path, "?")
	plain, err := url.PathUnescape(route)
	if err != nil || slices.Contains(strings.Split(plain, "/"), "..") || slices.Contains(strings.Split(plain, "/"), ".") || strings.ContainsAny(plain, "\r\n\x00?#\\") {
		return requestError("The path must stay below the REST root: leave out . and .., and write no ? or # in disguise.")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return requestError("What follows the ? is not a query. Write it as name=value&name=value.")
	}
	if values.Has("rest_route") || values.Has("_method") {
		return requestError("Leave rest_route and _method out of the query: Drover sets them where a site needs them.")
	}
	return nil
}

func validHeader(name string, values []string) bool {
	bad := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r) }
	if name == "" || strings.ContainsFunc(name, bad) {
		return false
	}
	return !slices.ContainsFunc(values, func(v string) bool {
		return strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\t' })
	})
}

// join puts a checked path below the REST root. With plain permalinks the route is a parameter of the query, and its own query
// follows (wordpress.md §3).
func join(root, path string) string {
	route, query, _ := strings.Cut(path, "?")
	base, rootQuery, plain := strings.Cut(root, "?")
	if !plain {
		address := strings.TrimSuffix(base, "/") + route
		if query != "" {
			address += "?" + query
		}
		return address
	}
	values, err := url.ParseQuery(rootQuery)
	if err != nil {
		values = url.Values{}
	}
	address := base + "?rest_route=" + strings.ReplaceAll(url.QueryEscape(strings.TrimSuffix(values.Get("rest_route"), "/")+mustUnescape(route)), "%2F", "/")
	if query != "" {
		address += "&" + query
	}
	return address
}

func mustUnescape(route string) string {
	plain, err := url.PathUnescape(route)
	if err != nil {
		return route // checkPath has refused it already
	}
	return plain
}
