package wordpress

import (
	"cmp"
	"context"
	"net/http"
	"slices"
)

func (l *siteCheck) credential(ctx context.Context) (CheckStep, bool) {
	if l.client.username == "" {
		return fail("No credential is stored for "+l.host+".", "Enter a WordPress username and an application password of that user.")
	}
	x, v := l.request(ctx, http.MethodGet, "/wp/v2/users/me?context=edit&_fields=id,username,name,roles,capabilities")
	if v.Outcome == OK {
		return l.signedIn(x)
	}
	refused := false
	if v.Reason != ReasonBadCredential && (x.Fault == nil || v.Reason == ReasonCutOff) {
		result, signed := l.signedInOtherwise(ctx)
		if signed == yes {
			return result, true
		}
		refused = signed == no
	}
	switch {
	case !refused && closedToAll(x, v):
		return warn("Drover cannot tell whether the credential works on "+l.host+": something on the site blocks /wp/v2/users/me, and nothing else shows it.",
			"Run an operation to find out. To fix this, let signed-in users read /wp/v2/users/me in the settings of the site's security plugin.")
	case refused && v.Reason != ReasonNotAuthenticated, v.Reason == ReasonNotAuthenticated && v.Note == "":
		return fail("WordPress did not accept the credential for "+l.host+".",
			"The username or the application password is wrong or was revoked, or the server drops the Authorization header. Replace the credential. If a new one "+
				"fails too, ask the host to pass the Authorization header to PHP.")
	case v.Reason == ReasonNoRoute, v.Reason == ReasonNotJSON && v.Status == http.StatusNotFound:
		return warn(l.host+" does not report who is signed in: a plugin hides users.",
			"No action is needed while the credential works. To see the user's permissions here, let signed-in users read /wp/v2/users/me.")
	}
	return l.failed(v)
}

// closedToAll tells whether users are refused to everybody, by a code that WordPress gives for other users only: who asks for themselves
// gets rest_not_logged_in, or the reason why the password is wrong.
func closedToAll(x Exchange, v Verdict) bool {
	return x.Status == http.StatusForbidden && v.Code != "" || v.Code == "rest_user_cannot_view"
}

func (l *siteCheck) signedIn(x Exchange) (CheckStep, bool) {
	me := userIn(x)
	if !me.named() {
		return warn(l.host+" does not report who is signed in.", "A plugin changes the response of /wp/v2/users/me. Turn that off for signed-in users.")
	}
	l.known = me.Known
	l.report.Login, l.report.Roles = printable(cmp.Or(me.Username, me.Name), 200), me.Roles
	l.report.CanManage = me.can("manage_options")
	l.report.Administrator = slices.Contains(me.Roles, "administrator") || me.can("promote_users")
	return ok("Signed in as " + l.report.Login + ".")
}
