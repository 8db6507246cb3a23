package wptest

import (
	"fmt"
	stdhtml "html"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const authorizePage = "/wp-admin/authorize-application.php"

// authorize is the page on which a user lets an application in (wp-admin/authorize-application.php), as WordPress 7.0 has it. Whoever opens
// it is signed in as the site's user.
func (s *site) authorize(w http.ResponseWriter, r *http.Request) {
	if s.fault() == AppPasswordsOff {
		html(w, http.StatusNotImplemented, "Cannot Authorize Application", "Application passwords are not available.")
		return
	}
	_ = r.ParseForm()
	success, reject, name := r.Form.Get("success_url"), r.Form.Get("reject_url"), r.Form.Get("app_name")
	for _, address := range []string{success, reject} {
		if address != "" && !s.takes(address) {
			html(w, http.StatusBadRequest, "Cannot Authorize Application", "The URL must be served over a secure connection.")
			return
		}
	}
	switch {
	case r.Method == http.MethodPost && r.PostForm.Has("reject"):
		s.reject(w, success, reject)
	case r.Method == http.MethodPost && r.PostForm.Has("approve"):
		if p, made := s.create(DefaultUser, name, r.Form.Get("app_id")); made {
			w.Header().Set("Location", withQuery(success, url.Values{"site_url": {s.home()}, "user_login": {DefaultUser}, "password": {p.password}}))
			w.WriteHeader(http.StatusFound)
			return
		}
		s.authorizeForm(w, r, name) // the name was used before: nothing is said
	default:
		s.authorizeForm(w, r, name)
	}
}

// takes tells whether WordPress sends a browser to the address (wp_is_authorize_application_redirect_url_valid).
func (s *site) takes(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && err == nil && ip.IsLoopback()
}

func (s *site) reject(w http.ResponseWriter, success, reject string) {
	if reject == "" {
		reject = withQuery(success, url.Values{"success": {"false"}})
	}
	w.Header().Set("Location", reject)
	w.WriteHeader(http.StatusFound)
}

// withQuery adds to the query of an address, which stays as it is (add_query_arg).
func withQuery(address string, more url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	query := u.Query()
	for name, values := range more {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func (s *site) authorizeForm(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	title, app := stdhtml.EscapeString(s.Name), stdhtml.EscapeString(name)
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authorize Application ‹ %s — WordPress</title></head>
<body><h1>Authorize Application</h1>
<h2>An application would like to connect to your account.</h2>
<p>Would you like to give the application identifying itself as <strong>%s</strong> access to your account?
You should only do this if you trust the application in question.</p>
<form action="%s" method="post">`, title, app, authorizePage)
	for _, field := range []string{"app_name", "app_id", "success_url", "reject_url"} {
		fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, field, stdhtml.EscapeString(r.Form.Get(field)))
	}
	fmt.Fprint(w, `<button id="approve" name="approve" value="1">Yes, I approve of this connection</button>
<button id="reject" name="reject" value="1">No, I do not approve of this connection</button></form></body></html>`)
}

// Press opens a site's approval page at the address, as it was built for a browser, presses the button approve or reject, and returns where the
// site then sends the browser.
func (f *Fake) Press(t interface {
	Helper()
	Fatalf(string, ...any)
}, address *url.URL, button string) *url.URL {
	t.Helper()
	s, found := f.byHost[address.Hostname()]
	if !found {
		t.Fatalf("there is no site %s", address.Hostname())
	}
	form := url.Values{button: {"1"}}
	for name, values := range address.Query() {
		form[name] = values
	}
	r, err := http.NewRequest(http.MethodPost, authorizePage, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatalf("%v", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer recorder
	s.serve(&answer, r)
	back, err := url.Parse(answer.Header().Get("Location"))
	if err != nil || back.Host == "" {
		t.Fatalf("the site sends the browser nowhere: %v %s", err, answer.body.String())
	}
	return back
}
