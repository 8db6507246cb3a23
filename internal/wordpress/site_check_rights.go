package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
)

func (l *siteCheck) plugin() (cacheplugin.Plugin, bool) {
	active := cacheplugin.In(l.report.Namespaces)
	if len(active) == 0 {
		return cacheplugin.BigScoots, false
	}
	return active[len(active)-1], true // the one in front of all others decides what visitors see
}

func (l *siteCheck) capabilities(ctx context.Context) (CheckStep, bool) {
	as := "The user's role is " + strings.Join(l.report.Roles, ", ")
	p, is := l.plugin()
	switch {
	case !l.known:
		as = "The user's role is unknown"
	case l.report.Administrator && p.Slug != cacheplugin.BigScoots.Slug:
		return warn(as+": an administrator's credential can do everything on "+l.host+".", "Connect a user with a lower role where that is enough. "+p.Access)
	case l.report.Administrator:
		return warn(as+": an administrator's credential can do everything on "+l.host+".",
			"Connect a user with a lower role instead, and let that role purge in the BigScoots Cache settings.")
	case len(l.report.Roles) == 0:
		return fail("The user has no role on "+l.host+".", "On a multisite network, add the user to this site too, with a role that can clear the cache.")
	case l.report.CanManage:
		return ok(as + ", which can manage options.")
	}
	if !is {
		return ok(as + ".")
	}
	return l.mayPurge(ctx, p, as)
}

// mayPurge asks by OPTIONS: WordPress names in Allow only what the user may do (rest_send_allow_header), and nothing is done.
func (l *siteCheck) mayPurge(ctx context.Context, p cacheplugin.Plugin, as string) (CheckStep, bool) {
	x, v := l.request(ctx, http.MethodOptions, p.Clear.Path)
	switch {
	case x.Fault != nil, x.Status >= 300:
		return warn(as+"; "+l.host+" does not let Drover find out whether it can purge. "+certain(v.Note),
			"Run Clear cache to find out. Ask the host to allow OPTIONS, PATCH and DELETE requests to /wp-json/.")
	case len(x.Body) > 0 && !json.Valid(x.Body): // PHP sends no more headers once something is printed
		return warn(as+"; whether it can purge is unknown: "+l.host+" prints output before its responses, which removes their headers.",
			"Run Clear cache to find out. Look for PHP warnings, or a file that begins with a byte order mark, in the site's plugins and theme.")
	case !fromWordPress(x):
		return warn(as+"; whether it can purge is unknown: the server of "+l.host+" answers OPTIONS requests before WordPress sees them.",
			"Run Clear cache to find out. A CORS rule in the web server's configuration causes this. Exclude /wp-json/ from it.")
	case allows(x, p.Clear.Method):
		return ok(as + ", which can purge.")
	}
	result, _ := fail(as+", which may not purge the cache of "+l.host+".", p.Access)
	return result, true
}

// allows tells whether the header Allow names the method.
func allows(x Exchange, method string) bool {
	for _, name := range strings.Split(strings.Join(x.Header.Values("Allow"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(name), method) {
			return true
		}
	}
	return false
}

// fromWordPress tells an answer of WordPress's REST API from one that the web server gave in its place, by what WordPress adds to each
// (WP_REST_Server::serve_request, send_headers).
func fromWordPress(x Exchange) bool {
	for name := range x.Header {
		if strings.HasPrefix(name, "X-Wp-") {
			return true
		}
	}
	fields, _ := readObject(x.Body)
	return announced(x) != "" || x.Header.Get("X-Robots-Tag") == "noindex" || len(fields["methods"]) > 0 || len(fields["endpoints"]) > 0
}

func (l *siteCheck) namespaces(ctx context.Context) (CheckStep, bool) {
	switch active := cacheplugin.In(l.report.Namespaces); len(active) {
	case 0:
	case 1:
		return ok(active[0].Name + " responds.")
	default:
		return ok(cacheplugin.Names(active) + " answer.")
	}
	p := cacheplugin.BigScoots
	if x, v := l.request(ctx, http.MethodGet, "/"+p.Namespace); v.Outcome == OK { // some plugins take names out of the index
		found, _ := findJSON(x.Body)
		if fields, _ := readObject(found.value); readText(fields["namespace"]) == p.Namespace || len(fields["routes"]) > 2 {
			l.report.Namespaces = append(l.report.Namespaces, p.Namespace)
			return ok(p.Name + " responds, although the REST index does not list it.")
		}
	}
	result, _ := warn(p.Name+" is not active on "+l.host+".", "Activate the plugin there, or leave the site out of cache operations. Everything else works.")
	return result, false
}

// status asks the plugin how it is. What a plugin without a status is like was seen already.
func (l *siteCheck) status(ctx context.Context) (CheckStep, bool) {
	p, _ := l.plugin()
	if p.Status == nil {
		return ok(p.Name + " does not report its status over REST.")
	}
	x := l.client.Do(ctx, PluginRequest(p.Status.Request))
	v := Classify(x)
	if v.Outcome != OK {
		return warn(p.Name+" does not report its status. "+l.found(v), v.Reason.Fix())
	}
	found, _ := findJSON(x.Body)
	s, finding, toDo := readStatus(p, found.value, l.host)
	l.report.Plugin = &s
	if toDo != "" {
		return warn(finding, toDo)
	}
	return ok(finding)
}
