package wordpress

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// forVisitors answers visitors with the page, and who signs in as the site does otherwise.
func forVisitors(visitors, signed http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, _, is := r.BasicAuth(); is {
			signed(w, r)
			return
		}
		visitors(w, r)
	}
}

// headed answers with headers, in pairs, and a body.
func headed(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "500")
	fmt.Fprint(w, "<html>")
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

const (
	rootIndex = `{"name":"Acme","namespaces":["wp/v2","bigscoots-cache/v2"],"authentication":{"application-passwords":{}}}`
	noRoute   = `{"code":"rest_no_route","message":"No.","data":{"status":404}}`
	closed401 = `{"code":"rest_user_cannot_view","message":"No.","data":{"status":401}}`
	closed403 = `{"code":"rest_user_cannot_view","message":"No.","data":{"status":403}}`
	typesEdit = `{"post":{"slug":"post","viewable":true}}`
)

// Visitors are told less than who signs in: whatever refuses them, the credential decides.
func TestVisitorsSeeLess(t *testing.T) {
	signed := says(200, rootIndex)
	for name, visitors := range map[string]http.HandlerFunc{
		"a 403 page":                  says(403, page("403 Forbidden")),
		"a 401 page":                  says(401, page("401")),
		"a 404 page":                  says(404, page("Not found")),
		"no route":                    says(404, noRoute),
		"a code for visitors":         says(403, `{"code":"rest_cannot_access","message":"Only for members.","data":{"status":403}}`),
		"a code of its own":           says(401, `{"code":"acme_members_only","message":"No."}`),
		"a redirect to the login":     headed(302, "", "Location", "/wp-login.php?redirect_to=x"),
		"a redirect home":             headed(302, "", "Location", "/"),
		"a page with 200":             says(200, page("Coming soon")),
		"nothing with 200":            says(200, ""),
		"an empty object":             says(200, `{}`),
		"an empty list":               says(200, `[]`),
		"a minimal index":             says(200, `{"name":"","home":"","namespaces":[],"authentication":{"application-passwords":{}},"routes":{}}`),
		"an index without namespaces": says(200, `{"name":"Acme","authentication":{"application-passwords":{}}}`),
		"an index without the plugin": says(200, `{"name":"Acme","namespaces":["wp/v2"],"authentication":{"application-passwords":{}}}`),
		"an error of a server":        says(500, page("500")),
		"a cut connection":            drop,
	} {
		t.Run(name, func(t *testing.T) {
			_, client := newBlog(t, map[string]http.HandlerFunc{"/wp-json/": forVisitors(visitors, signed)})
			if r := client.Check(context.Background()); r.State() != "ready" || !slices.Contains(r.Namespaces, cacheplugin.BigScoots.Namespace) {
				t.Errorf("%s: %+v", r.State(), r.Steps)
			}
		})
	}
}

// Users are closed to everybody: another question tells whether the credential is good.
func TestUsersAreClosed(t *testing.T) {
	const me, types, purge = "/wp-json/wp/v2/users/me", "/wp-json/wp/v2/types", "/wp-json/bigscoots-cache/v2/clear-cache"
	unsigned := says(401, `{"code":"rest_cannot_view","message":"No.","data":{"status":401}}`)
	none := says(404, noRoute)
	for name, c := range map[string]struct {
		me, types, purge http.HandlerFunc // nil: as the healthy site answers
		state            string
		is               CheckState
		finding          string
	}{
		"401 and the right to purge":    {says(401, closed401), none, nil, "warning", CheckWarning, "credential works"},
		"403 and the right to purge":    {says(403, closed403), none, nil, "warning", CheckWarning, "credential works"},
		"a page and the right to purge": {says(403, page("403 Forbidden")), none, nil, "warning", CheckWarning, "credential works"},
		"a 404 page":                    {says(404, page("Not found")), none, nil, "warning", CheckWarning, "credential works"},
		"not logged in, says a plugin": {says(401, `{"code":"rest_not_logged_in","message":"No."}`), none, nil, "warning", CheckWarning,
			"credential works"},
		"a cut connection":                      {drop, none, nil, "warning", CheckWarning, "credential works"},
		"a redirect":                            {headed(302, "", "Location", "/"), none, nil, "warning", CheckWarning, "credential works"},
		"edit refused":                          {editRefused, none, nil, "warning", CheckWarning, "Signed in as Agency"},
		"the server answers OPTIONS, an editor": {says(403, closed403), says(200, typesEdit), headed(204, ""), "warning", CheckWarning, "credential works"},
		"the server answers OPTIONS, a subscriber": {says(401, closed401), says(403, `{"code":"rest_cannot_view","data":{"status":403}}`), headed(204, ""), "warning",
			CheckWarning, "credential works"},
		"the server answers OPTIONS, 403, no more": {says(403, closed403), none, headed(204, ""), "warning", CheckWarning, "cannot tell whether"},
		"the server answers OPTIONS, 401, no more": {says(401, closed401), none, headed(204, ""), "warning", CheckWarning, "cannot tell whether"},
		"a worker answers OPTIONS":                 {says(403, closed403), none, says(200, `{"ok":true}`), "warning", CheckWarning, "cannot tell whether"},
		"not logged in, and no more": {says(401, `{"code":"rest_not_logged_in","message":"No."}`), none, headed(204, ""), "broken", CheckFailed,
			"did not accept"},
		"a wrong password": {says(401, closed401), unsigned, headed(200, "{}"), "broken", CheckFailed, "did not accept"},
		"a wrong password, nobody signed in": {says(403, closed403), says(401, `{"code":"rest_not_logged_in","message":"No."}`), headed(401, "{}"), "broken",
			CheckFailed, "did not accept"},
		"a wrong password, users hidden": {says(404, noRoute), unsigned, headed(200, "{}"), "broken", CheckFailed, "did not accept"},
		"a wrong password, types out of a cache": {says(401, `{"code":"rest_not_logged_in"}`), says(200, `{"post":{"slug":"post"}}`), headed(200, "{}"), "broken",
			CheckFailed, "did not accept"},
		"a wrong password, said": {says(401, `{"code":"incorrect_password"}`), says(200, typesEdit), nil, "broken", CheckFailed,
			"application password"},
	} {
		t.Run(name, func(t *testing.T) {
			pages := map[string]http.HandlerFunc{me: c.me, types: c.types, purge: c.purge}
			for path, handler := range pages {
				if handler == nil {
					delete(pages, path)
				}
			}
			_, client := newBlog(t, pages)
			r := client.Check(context.Background())
			found := stepOf(t, r, StepCredential)
			if r.State() != c.state || found.State != c.is || !strings.Contains(found.Finding, c.finding) || found.Fix == "" {
				t.Errorf("%s: %+v", r.State(), r.Steps)
			}
		})
	}
}

func editRefused(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("context") == "edit" {
		jsonError(w, 403, "rest_forbidden_context")
		return
	}
	fmt.Fprint(w, `{"id":2,"name":"Agency"}`)
}

// Trouble on the home page warns, and the REST API is asked all the same.
func TestTroubleOnTheHomePage(t *testing.T) {
	const link = `rel="https://api.w.org/"`
	renamed := map[string]http.HandlerFunc{"/wp-json/": says(404, page("Not found")), "/index.php": says(404, ""), "/api/": says(200, rootIndex)}
	for name, c := range map[string]struct {
		home  http.HandlerFunc
		root  string // below the home
		state CheckState
	}{
		"not gzip":                {headed(200, "<html>", "Content-Encoding", "gzip"), "/wp-json/", CheckOK},
		"cut short":               {cutShort, "/wp-json/", CheckWarning},
		"dropped":                 {drop, "/wp-json/", CheckWarning},
		"an inner port":           {headed(200, page("Acme"), "Link", "<http://example.com:8080/wp-json/>; "+link), "/wp-json/", CheckOK},
		"an inner host":           {headed(200, page("Acme"), "Link", "<http://10.0.0.7:8080/wp-json/>; "+link), "/wp-json/", CheckOK},
		"plain HTTP":              {headed(200, page("Acme"), "Link", "<http://example.com/wp-json/>; "+link), "/wp-json/", CheckOK},
		"a renamed root":          {headed(200, page("Acme"), "Link", "</a,b>; rel=preload, <http://example.com/api/>; rel='https://api.w.org/'"), "/api/", CheckOK},
		"a renamed root, on 404":  {headed(404, page("Acme"), "Link", "</api/>; "+link), "/api/", CheckWarning},
		"behind many links":       {manyLinks, "/api/", CheckOK},
		"behind a very long link": {headed(200, page("Acme"), "Link", "</"+strings.Repeat("x", 2000)+">; rel=preload, </api/>; "+link), "/api/", CheckOK},
		"in the page":             {headed(200, `<html><head><link rel="nofollow https://api.w.org/" href="/api/"></head>`), "/api/", CheckOK},
		"another host's root":     {headed(200, page("Acme"), "Link", "<https://cdn.example/wp-json/>; "+link), "/wp-json/", CheckOK},
	} {
		t.Run(name, func(t *testing.T) {
			pages := map[string]http.HandlerFunc{"/": c.home}
			if c.root == "/api/" {
				for path, handler := range renamed {
					pages[path] = handler
				}
			}
			b, client := newBlog(t, pages)
			r := client.Check(context.Background())
			if r.Root != b.home+c.root || stepOf(t, r, StepHomePage).State != c.state {
				t.Errorf("%q: %+v", r.Root, r.Steps)
			}
		})
	}
}

func manyLinks(w http.ResponseWriter, _ *http.Request) {
	for i := range 30 {
		w.Header().Add("Link", fmt.Sprintf("</font%d>; rel=preload", i))
	}
	w.Header().Add("Link", `</api/>; rel="https://api.w.org/"`)
	fmt.Fprint(w, page("Acme"))
}

// An index in other forms than expected is an index all the same.
func TestIndexesInOtherForms(t *testing.T) {
	const rest = `,"authentication":{"application-passwords":{}}}`
	for name, body := range map[string]string{
		"with gaps":           `{"name":"Acme","namespaces":{"0":"wp/v2","2":"bigscoots-cache/v2"}` + rest,
		"a number among them": `{"name":2024,"namespaces":["wp/v2",7,"bigscoots-cache/v2",null]` + rest,
		"a name in a list":    `{"name":["Acme"],"home":[],"namespaces":["wp/v2","bigscoots-cache/v2"]` + rest,
		"very large":          `{"name":"Acme","description":"` + strings.Repeat("x", 3<<20) + `","namespaces":["wp/v2","bigscoots-cache/v2"]` + rest,
		"two ways to sign in": `{"name":"Acme","namespaces":["bigscoots-cache/v2"],"authentication":{"oauth1":[],"application-passwords":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, client := newBlog(t, map[string]http.HandlerFunc{"/wp-json/": says(200, body)})
			if r := client.Check(context.Background()); r.State() != "ready" {
				t.Errorf("%s: %+v", r.State(), r.Steps)
			}
		})
	}
	roles := `{"username":"drover","roles":{"1":"cache_manager"},"capabilities":{"read":true}}`
	_, client := newBlog(t, map[string]http.HandlerFunc{"/wp-json/wp/v2/users/me": says(200, roles)})
	if r := client.Check(context.Background()); r.State() != "ready" || !slices.Equal(r.Roles, []string{"cache_manager"}) {
		t.Errorf("%v %+v", r.Roles, r.Steps)
	}
}

// A plugin that takes its name out of the index answers below it all the same.
func TestAHiddenPlugin(t *testing.T) {
	hidden := map[string]http.HandlerFunc{
		"/wp-json/":                   says(200, strings.Replace(rootIndex, `,"bigscoots-cache/v2"`, "", 1)),
		"/wp-json/bigscoots-cache/v2": says(200, `{"namespace":"bigscoots-cache/v2","routes":{}}`),
	}
	_, client := newBlog(t, hidden)
	if r := client.Check(context.Background()); r.State() != "ready" || !slices.Contains(r.Namespaces, cacheplugin.BigScoots.Namespace) {
		t.Errorf("%+v", r.Steps)
	}
	delete(hidden, "/wp-json/bigscoots-cache/v2")
	_, client = newBlog(t, hidden)
	if r := client.Check(context.Background()); stepOf(t, r, StepNamespaces).State != CheckWarning {
		t.Errorf("%+v", r.Steps)
	}
}

// OPTIONS that the server answers by itself says nothing about the user.
func TestOptionsByTheServer(t *testing.T) {
	const wordpress = "noindex"
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		state   CheckState
		finding string
	}{
		"nginx for CORS": {headed(204, "", "Access-Control-Allow-Origin", "*", "Access-Control-Allow-Methods", "GET, POST, OPTIONS"), CheckWarning,
			"answers OPTIONS"},
		"nginx of a staging host":     {headed(204, "", "X-Robots-Tag", "noindex, nofollow, nosnippet, noarchive"), CheckWarning, "answers OPTIONS"},
		"Apache":                      {headed(200, "", "Allow", "GET,POST,OPTIONS,HEAD"), CheckWarning, "answers OPTIONS"},
		"all verbs, by the server":    {headed(200, "", "Allow", "GET, POST, PUT, PATCH, DELETE"), CheckWarning, "answers OPTIONS"},
		"a text":                      {headed(200, "OK", "Content-Type", "text/plain"), CheckWarning, "whether it can purge is unknown"},
		"a 403 page":                  {says(403, page("403")), CheckWarning, "does not let Drover find out"},
		"WordPress, with the right":   {headed(204, "", "X-Robots-Tag", wordpress, "Allow", "GET, PATCH"), CheckOK, "can purge"},
		"WordPress, in small letters": {headed(200, `{"methods":["PATCH"]}`, "allow", "get, patch"), CheckOK, "can purge"},
		"WordPress, without":          {headed(204, "", "X-Robots-Tag", wordpress), CheckFailed, "may not purge"},
		"WordPress, by its Link":      {headed(204, "", "Link", `</wp-json/>; rel="https://api.w.org/"`), CheckFailed, "may not purge"},
		"WordPress, by X-WP":          {headed(204, "", "X-WP-DoingItWrong", "x", "Allow", "GET"), CheckFailed, "may not purge"},
		"WordPress, by its JSON":      {headed(200, `{"methods":["PATCH"]}`, "Allow", "GET"), CheckFailed, "may not purge"},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := newBlog(t, map[string]http.HandlerFunc{"/wp-json/bigscoots-cache/v2/clear-cache": c.answer})
			found := stepOf(t, client.Check(context.Background()), StepCapabilities)
			if found.State != c.state || !strings.Contains(found.Finding, c.finding) {
				t.Errorf("%+v", found)
			}
		})
	}
}

// A check only looks: it must not speak of requests that may have been carried out.
func TestACheckSpeaksOfACheck(t *testing.T) {
	for _, reason := range Reasons() {
		text := findingOf(reason) + toDo(reason)
		for _, wrong := range []string{"may have been carried out", "run it again", "Run it again", "Nothing was sent", "parameters"} {
			if strings.Contains(text, wrong) && reason != ReasonCancelled && reason != ReasonOtherSite {
				t.Errorf("%s: %q in %q", reason, wrong, text)
			}
		}
	}
	gateway := says(504, page("504 Gateway Time-out"))
	_, client := newBlog(t, map[string]http.HandlerFunc{"/wp-json/": gateway, "/index.php": gateway, "/index.php/wp-json/": gateway})
	if found := stepOf(t, client.Check(context.Background()), StepRoot); strings.Contains(found.Finding, "carried out") || found.State != CheckFailed {
		t.Errorf("%+v", found)
	}
}
