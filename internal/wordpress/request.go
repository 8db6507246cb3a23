package wordpress

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Request is what to send to a site's REST API.
type Request struct {
	Method  string        // GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE
	Path    string        // below the REST root, beginning with /; may carry a query
	Header  http.Header   // in addition; Authorization, Cookie, Host and the connection's own are refused
	Body    []byte        // JSON, or nil
	Timeout time.Duration // for the whole exchange, without the wait for its turn; 0 means 30 s
	MaxBody int64         // bytes of the answer that are kept, where that is more than the network's own limit
}

// Methods are the methods that a request may have.
func Methods() []string { return []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"} }

// ownParameters are the headers that belong to the credential, the connection or the policy. Servers, proxies and WordPress itself take another
// method, route, host or proxy from the last two lines (wp_fix_server_vars; httpoxy).
var ownParameters = []string{
	"authorization", "cookie", "host", "user-agent", "accept-encoding", "connection", "content-length", "keep-alive", "proxy-authorization",
	"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect", "forwarded",
	"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-original-uri", "x-original-host", "x-rewrite-url",
	"proxy", "x-host", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "cf-connecting-ip",
}

// ourPrefix begins the headers with which proxies tell of the client.
const ourPrefix = "x-forwarded-"

// Validate returns what makes the request impossible, as a sentence; nothing else than the site's REST API can be reached by it.
func (r Request) Validate() error {
	if !slices.Contains(Methods(), r.Method) {
		return requestError("The method must be one of %s.", strings.Join(Methods(), ", "))
	}
	if err := checkPath(r.Path); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if !validHeader(name, r.Header[name]) {
			return requestError("The header %q contains characters that a header cannot have.", name)
		}
		if read := asServersRead(name); slices.Contains(ownParameters, read) || strings.HasPrefix(read, ourPrefix) {
			return requestError("The header %s cannot be set.", name)
		}
	}
	return nil
}

// asServersRead is the header's name as CGI and FastCGI see it: they know no difference between - and other signs (RFC 3875,
// section 4.1.18), so X_HTTP_Method_Override would be X-HTTP-Method-Override.
func asServersRead(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '-'
	}, name)
}

func requestError(format string, args ...any) error {
	return &sentence{text: fmt.Sprintf(format, args...), is: ErrRequest}
}

func checkPath(path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return requestError("The path must begin with one slash, such as /wp/v2/plugins.")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\\' || r == '#' }) {
		return requestError("The path cannot contain spaces, backslashes, # or line breaks. Write a space as %%20.")
	}
	if strings.ContainsFunc(path, invisible) {
		return requestError("The path contains an invisible character. Type the path instead of pasting it.")
	}
	route, query, _ := strings.Cut(path, "?")
	plain, err := url.PathUnescape(route)
	parts := strings.Split(plain, "/")
	hidden := strings.ContainsFunc(plain, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune("?#\\", r) })
	if err != nil || hidden || slices.Contains(parts, "..") || slices.Contains(parts, ".") {
		return requestError("The path must stay below the REST root. Leave out . and .., and encoded ?, # or line breaks.")
	}
	if strings.Contains(strings.ReplaceAll(strings.TrimRight(plain, "/"), "://", ""), "//") { // a URL may be part of a route
		return requestError("The path has two slashes in a row, which no route of WordPress has. Remove one.")
	}
	return checkQuery(query)
}

// checkQuery keeps a query from naming another route, or from turning a GET into a DELETE.
func checkQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return requestError("The part after the ? is not a query. Enter it as name=value&name=value.")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if strings.ContainsFunc(name, unicode.IsControl) {
			return requestError("A name in the query contains a line break or another control character.")
		}
		if read := asPHPReads(name); slices.Contains(read, "rest_route") || slices.Contains(read, "_method") {
			return requestError("Leave rest_route and _method out of the query. Drover sets them when a site needs them.")
		}
	}
	return nil
}

// asPHPReads is what PHP may make of the name of a query's value (php_register_variable_ex): spaces in front are dropped, a dot or
// space becomes _, and a bracket begins an array, or becomes _ too where it is never closed.
func asPHPReads(name string) []string {
	replace := strings.NewReplacer(".", "_", " ", "_", "[", "_")
	name = strings.TrimLeft(name, " ")
	array, _, _ := strings.Cut(name, "[")
	return []string{replace.Replace(array), replace.Replace(name)}
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
// follows (get_rest_url). Other parameters of the root, as translation plugins announce them, stay.
func join(root, path string) string {
	route, query, _ := strings.Cut(path, "?")
	base, rootQuery, _ := strings.Cut(root, "?")
	values, err := url.ParseQuery(rootQuery)
	if err != nil {
		values = url.Values{}
	}
	var parts []string
	if values.Has("rest_route") {
		path := strings.TrimSuffix(values.Get("rest_route"), "/") + unescaped(route)
		parts = append(parts, "rest_route="+strings.ReplaceAll(url.QueryEscape(path), "%2F", "/"))
		values.Del("rest_route")
	} else if route != "/" || strings.HasSuffix(base, "/") { // some servers redirect the slash at the end of the root itself
		base = strings.TrimSuffix(base, "/") + route
	}
	for _, part := range []string{values.Encode(), query} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return base
	}
	return base + "?" + strings.Join(parts, "&")
}

func unescaped(route string) string {
	plain, err := url.PathUnescape(route)
	if err != nil {
		return route // checkPath has refused it already
	}
	return plain
}
