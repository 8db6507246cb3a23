package wordpress

import (
	"context"
	"net/http"
)

// certainty is an answer that may be open.
type certainty int

const (
	open certainty = iota
	yes
	no
)

// signedInOtherwise asks other questions where users/me is closed: security plugins close it to everybody, signed in or not. WordPress
// answers who is signed in with 403 where it answers everybody else with 401 (rest_authorization_required_code).
func (l *siteCheck) signedInOtherwise(ctx context.Context) (CheckStep, certainty) {
	const closed = " does not report what the user can do: something on the site blocks /wp/v2/users/me."
	const toDo = "No action is needed while the credential works. To see the user's permissions here, let signed-in users read /wp/v2/users/me in " +
		"the settings of the site's security plugin."
	if x, v := l.request(ctx, http.MethodGet, "/wp/v2/users/me?_fields=id,name"); v.Outcome == OK {
		if me := userIn(x); me.Name != "" {
			l.report.Login = printable(me.Name, 200)
			return CheckStep{State: CheckWarning, Finding: "Signed in as " + l.report.Login + ", but " + l.host + closed, Fix: toDo}, yes
		}
	}
	signed := yes
	if !l.allowedToPurge(ctx) {
		signed = l.knownToCore(ctx)
	}
	return CheckStep{State: CheckWarning, Finding: "The credential works, but " + l.host + closed, Fix: toDo}, signed
}

func (l *siteCheck) allowedToPurge(ctx context.Context) bool {
	p, is := l.plugin()
	if !is {
		return false
	}
	x, _ := l.request(ctx, http.MethodOptions, p.Clear.Path)
	return x.Status < 300 && fromWordPress(x) && allows(x, p.Clear.Method)
}

// knownToCore asks for what WordPress shows to signed-in users only. Fields that only such an answer has tell it from one out of a cache.
func (l *siteCheck) knownToCore(ctx context.Context) certainty {
	x, v := l.request(ctx, http.MethodGet, "/wp/v2/types?context=edit")
	switch {
	case v.Outcome == OK && showsRights(x):
		return yes
	case x.Status == http.StatusForbidden && (v.Code == "rest_cannot_view" || v.Code == "rest_forbidden_context"):
		return yes
	case x.Status == http.StatusUnauthorized && (v.Code == "rest_cannot_view" || v.Code == "rest_not_logged_in"):
		return no
	}
	x, v = l.request(ctx, http.MethodGet, "/wp/v2/users/me/application-passwords/introspect?_fields=uuid")
	found, _ := findJSON(x.Body)
	if fields, _ := readObject(found.value); v.Outcome == OK && readText(fields["uuid"]) != "" {
		return yes
	}
	return open
}

// showsRights tells whether a list of types is the one that only signed-in users see.
func showsRights(x Exchange) bool {
	found, _ := findJSON(x.Body)
	for _, each := range readList(found.value) {
		if kind, _ := readObject(each); len(kind["viewable"]) > 0 || len(kind["capabilities"]) > 0 {
			return true
		}
	}
	return false
}
