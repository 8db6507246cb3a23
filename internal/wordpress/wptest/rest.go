package wptest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// call is a REST request as WordPress sees it.
type call struct {
	method, route string
	query         url.Values
	body          []byte
	signed        bool // by a user that the site knows
	bad           bool // with a credential that it does not know
	with          appPassword
}

func (s *site) rest(w http.ResponseWriter, r *http.Request) {
	fault := s.fault()
	route, found := s.route(r, fault)
	if !found {
		s.page(w, r)
		return
	}
	if fault == PlainPermalinks && r.URL.Path == "/" && r.Method != http.MethodGet && r.Method != http.MethodPost {
		html(w, http.StatusMethodNotAllowed, "405 Not Allowed", "nginx")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	c := call{method: s.overridden(r), route: route, query: r.URL.Query(), body: body}
	c.with, c.signed, c.bad = s.authenticate(r, fault)
	w.Header().Set("Link", "<"+s.root(fault)+`>; rel="https://api.w.org/"`)
	w.Header().Set("X-Robots-Tag", "noindex")
	if spoils(fault, c.method) {
		s.spoiled(w, c, fault)
		return
	}
	s.dispatch(w, c, fault)
	if fault == CutAfter && c.method != http.MethodGet {
		panic(http.ErrAbortHandler)
	}
}

// spoiled prints something before the answer: the status is frozen at 200, the type is HTML.
func (s *site) spoiled(w http.ResponseWriter, c call, fault Fault) {
	var kept recorder
	s.dispatch(&kept, c, fault)
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	before, body, after := around(fault, kept.body.Bytes())
	fmt.Fprintf(w, "%s%s%s", before, body, after)
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
func (r *recorder) WriteHeader(int)             {}

// route returns the REST route that the request asks for; none where WordPress would show a page.
func (s *site) route(r *http.Request, fault Fault) (string, bool) {
	if r.URL.Query().Has("rest_route") {
		return clean(r.URL.Query().Get("rest_route")), true
	}
	path := strings.TrimPrefix(r.URL.Path, "/index.php")
	if fault == RenamedPrefix {
		route, found := strings.CutPrefix(path, "/api")
		return clean(route), found
	}
	if route, found := strings.CutPrefix(path, "/wp-json"); found && fault != PlainPermalinks && (fault != IndexPHPRoot || path != r.URL.Path) {
		return clean(route), true
	}
	return "", false
}

func clean(route string) string { return "/" + strings.Trim(route, "/") }

func (s *site) overridden(r *http.Request) string {
	if r.Method != http.MethodPost {
		return r.Method
	}
	if method := r.URL.Query().Get("_method"); method != "" {
		return strings.ToUpper(method)
	}
	if method := r.Header.Get("X-HTTP-Method-Override"); method != "" && s.fault() != OverrideStripped {
		return strings.ToUpper(method)
	}
	return r.Method
}

// authenticate checks an application password as WordPress does: everything but letters and digits is dropped first.
func (s *site) authenticate(r *http.Request, fault Fault) (with appPassword, signed, bad bool) {
	user, password, given := r.BasicAuth()
	if !given || fault == HeaderStripped || fault == AppPasswordsOff {
		return with, false, false
	}
	with, signed = s.knows(user, password)
	if fault == UnknownUserCode || fault == WrongPassword && with.uuid == firstUUID {
		signed = false
	}
	return with, signed, !signed
}

func (s *site) dispatch(w http.ResponseWriter, c call, fault Fault) {
	if c.bad && fault == UnknownUserCode {
		wpError(w, http.StatusUnauthorized, "incorrect_password", "<strong>Error:</strong> The password you entered is incorrect.")
		return
	}
	if fault == SiteError && c.method != http.MethodGet {
		wpError(w, http.StatusInternalServerError, "internal_server_error", "<p>There has been a critical error on this website.</p>")
		return
	}
	if plugin, found := strings.CutPrefix(c.route, "/bigscoots-cache/v2"); found && s.has(BigScoots, fault) {
		s.plugin(w, c, strings.TrimPrefix(plugin, "/"), fault)
		return
	}
	if s.otherCache(w, c, fault) {
		return
	}
	s.core(w, c, fault)
}
