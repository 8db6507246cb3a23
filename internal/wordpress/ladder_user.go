package wordpress

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// user is what Drover reads of /wp/v2/users/me.
type user struct {
	Username     string                     `json:"username"`
	Name         string                     `json:"name"`
	Roles        []string                   `json:"roles"`
	Capabilities map[string]json.RawMessage `json:"capabilities"`
}

func (u user) can(capability string) bool {
	said := string(u.Capabilities[capability])
	return said == "true" || said == "1"
}

func (l *ladder) credential(ctx context.Context) (Rung, bool) {
	if l.client.username == "" {
		return fail("No credential is stored for "+l.host+".", "Store the name of a user of the site and an application password of that user.")
	}
	x := l.client.Do(ctx, Request{Method: http.MethodGet, Path: "/wp/v2/users/me?context=edit&_fields=id,username,name,roles,capabilities"})
	v := Classify(x)
	switch {
	case v.Reason == ReasonNoRoute:
		return warn(l.host+" does not tell who is signed in: a plugin hides users.", "Nothing to do while the credential works. Let signed-in users read /wp/v2/users/me to see their rights here.")
	case v.Reason == ReasonNotAuthenticated && v.Note == "":
		return fail("WordPress did not accept the credential for "+l.host+".",
			"The username or the application password is wrong or was revoked, or the server drops the Authorization header. Replace the credential; if a new one fails too, ask the host to pass the Authorization header on.")
	case v.Outcome != OK:
		return l.failed(v)
	}
	var me user
	found, _ := findJSON(x.Body)
	if json.Unmarshal(found.value, &me) != nil || me.Username == "" && me.Name == "" {
		return warn(l.host+" does not tell who is signed in.", "A plugin changes the answer of /wp/v2/users/me. Switch that off for signed-in users.")
	}
	l.known = true
	l.report.Login, l.report.Roles = printable(cmp.Or(me.Username, me.Name), 200), me.Roles
	l.report.CanManage = me.can("manage_options")
	l.report.Administrator = slices.Contains(me.Roles, "administrator") || me.can("promote_users")
	return ok("Signed in as " + l.report.Login + ".")
}

const pluginNamespace = "bigscoots-cache/v2"

func (l *ladder) hasPlugin() bool { return slices.Contains(l.report.Namespaces, pluginNamespace) }

func (l *ladder) capabilities(ctx context.Context) (Rung, bool) {
	as := "The user's role is " + strings.Join(l.report.Roles, ", ")
	switch {
	case !l.known:
		as = "The user's role is not known"
	case l.report.Administrator:
		return warn(as+": an administrator's credential can do everything on "+l.host+".",
			"Connect a user of a lesser role instead, and let that role purge in BigScoots Cache's settings.")
	case len(l.report.Roles) == 0:
		return fail("The user has no role on "+l.host+".", "On a multisite, add the user to this site too, with a role that BigScoots Cache's settings let purge.")
	case l.report.CanManage:
		return ok(as + ", which may manage options.")
	}
	if !l.hasPlugin() {
		return ok(as + ".")
	}
	return l.mayPurge(ctx, as)
}

// mayPurge asks by OPTIONS: WordPress names in Allow only what the user may do (rest_send_allow_header), and nothing is done.
func (l *ladder) mayPurge(ctx context.Context, as string) (Rung, bool) {
	x := l.client.Do(ctx, Request{Method: http.MethodOptions, Path: "/" + pluginNamespace + "/clear-cache"})
	switch {
	case x.Fault != nil, x.Status >= 300:
		return warn(as+"; "+l.host+" does not let Drover ask whether it may purge. "+Classify(x).Note,
			"Run Clear cache to see. Ask the host to let OPTIONS, PATCH and DELETE through to /wp-json/.")
	case strings.Contains(strings.Join(x.Header.Values("Allow"), ","), http.MethodPatch):
		return ok(as + ", which may purge.")
	case len(x.Body) > 0 && !json.Valid(x.Body): // PHP sends no more headers once something is printed
		return warn(as+"; whether it may purge cannot be told: "+l.host+" prints something before its answers, and so loses their headers.",
			"Run Clear cache to see. Look for PHP warnings, or a file that begins with a byte order mark, in the site's plugins and theme.")
	}
	rung, _ := fail(as+", which may not purge the cache of "+l.host+".", "Let this role purge in the site's BigScoots Cache settings, or connect a user that may.")
	return rung, true
}

func (l *ladder) namespaces(context.Context) (Rung, bool) {
	if l.hasPlugin() {
		return ok("BigScoots Cache answers.")
	}
	rung, _ := warn("BigScoots Cache is not active on "+l.host+".", "Activate the plugin there, or leave the site out of cache operations. Everything else works.")
	return rung, false
}
