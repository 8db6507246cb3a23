package wordpress

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

func (l *siteCheck) findRoot(ctx context.Context) (CheckStep, bool) {
	s := search{client: l.client, read: l.client.indexForVisitors}
	s.addUsual()
	s.announce(l.announced)
	found, is := s.run(ctx)
	switch {
	case is:
		return l.rooted(found)
	case s.other != nil:
		return l.ofAnother(*s.other)
	case s.foreign != "" && s.first.Reason != ReasonRedirected:
		return l.foreignRoot(s.foreign)
	}
	return l.rootless(s.first)
}

func (l *siteCheck) foreignRoot(root string) (CheckStep, bool) {
	return fail(fmt.Sprintf("%s says that its REST API is on another host, at %s. The credential was not sent there.", l.host, printable(root, 200)),
		"Add the site with that URL, or correct WordPress Address and Site Address under Settings → General. Drover sends the credential only to the "+
			"site's own host.")
}

// ofAnother tells that the path leads to another site of the host, which must not be taken for this one.
func (l *siteCheck) ofAnother(other discovery) (CheckStep, bool) {
	l.report.OtherSite = printable(other.Home, 500)
	return fail(l.client.address.Home+" is served by a different site. "+other.says(), ReasonOtherSite.Fix())
}

func (l *siteCheck) rooted(found discovery) (CheckStep, bool) {
	l.index, l.client.address.Root = found.index, found.root
	at := found.location()
	l.report.Root, l.report.Name, l.report.Home, l.report.Namespaces = at.Root, at.Name, at.Home, found.Namespaces
	otherHome := found.Home != "" && (!sameOrigin(found.Home, l.client.address.Home) || !within(l.client.address.Home, found.Home))
	if otherHome && l.report.RedirectsTo == "" {
		return warn(fmt.Sprintf("The REST API is at %s, but the site's own URL is %s.", at.Root, at.Home),
			"Change the site's URL to its own. URLs to purge must begin with it; the plugin ignores others without a message.")
	}
	return ok("The REST API is at " + at.Root + ".")
}

// rootless says why no index was found, by what the likeliest place answered.
func (l *siteCheck) rootless(v Verdict) (CheckStep, bool) {
	switch {
	case v.Reason == ReasonRedirected && l.report.RedirectsTo != "":
		return fail(fmt.Sprintf("%s has moved to %s, including its REST API.", l.host, l.report.RedirectsTo), "Change the site's URL to "+l.report.RedirectsTo+".")
	case v.Outcome == OK, v.Reason == ReasonNotJSON, v.Reason == ReasonNoRoute:
		return fail(l.host+" has no REST API that Drover can find.",
			"Check that this is a WordPress site, that Settings → Permalinks is saved, and that no plugin turns off the REST API.")
	}
	return l.failed(v)
}

func (l *siteCheck) applicationPasswords(ctx context.Context) (CheckStep, bool) {
	if string(l.index.Authentication) == "[]" { // perhaps for visitors only
		if signed := l.client.indexAt(ctx, l.client.address.Root, 0); signed.found {
			l.index.Authentication = signed.index.Authentication
		}
	}
	ways, listed := readObject(l.index.Authentication) // an empty list: nothing is offered
	names := readTexts(l.index.Authentication)
	if !listed && len(readList(l.index.Authentication)) == 0 {
		return warn(l.host+" does not report whether application passwords are available.",
			"A plugin shortens the REST index. No action is needed while the credential works.")
	}
	if _, offered := ways["application-passwords"]; !offered && !slices.Contains(names, "application-passwords") {
		if l.accepted(ctx) {
			return warn(l.host+" does not offer application passwords, and accepts this credential.",
				"Another plugin signs users in, or changes the REST index. No action is needed while the credential works.")
		}
		return fail("Application passwords are turned off on "+l.host+".",
			"A security plugin or the host turns them off (the filter wp_is_application_passwords_available), or WordPress does not detect that the site "+
				"uses HTTPS.")
	}
	return ok("Application passwords are available.")
}

// accepted tells whether the site signs in who has the credential: that proves more than what its index offers.
func (l *siteCheck) accepted(ctx context.Context) bool {
	if l.client.username == "" {
		return false
	}
	x, v := l.request(ctx, http.MethodGet, "/wp/v2/users/me?_fields=id,username,name")
	return v.Outcome == OK && userIn(x).named()
}
