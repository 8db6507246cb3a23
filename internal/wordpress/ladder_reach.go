package wordpress

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// followed is how many redirects the way to the home page may take.
const followed = 5

// reach reads the home page as a visitor does, redirects and all, and without the credential. A site that answers at all is reached:
// its REST API may work where the home page does not.
func (l *ladder) reach(ctx context.Context) (Rung, bool) {
	at := l.client.address.Home + "/"
	for hop := range followed + 1 {
		x := l.client.exchange(ctx, Request{Method: http.MethodGet}, wire{url: at})
		if hop == 0 {
			l.report.Address = x.Address
		}
		switch {
		case x.Fault != nil && !x.TooLarge && hop == 0:
			return l.failed(Classify(x))
		case x.Fault != nil && !x.TooLarge:
			return l.sentOn(at, " That address does not answer: "+asSentence(x.Fault))
		}
		next := absolute(at, x.Header.Get("Location"))
		if x.Status < 300 || x.Status >= 400 || next == "" {
			return l.arrived(x, at)
		}
		at = next
	}
	return warn(l.host+" redirects its visitors in a circle.", "Correct the redirects on the site.")
}

// arrived judges the page at the end of the way, and takes the REST root that it announces.
func (l *ladder) arrived(x Exchange, at string) (Rung, bool) {
	if !sameOrigin(at, l.client.address.Home) {
		return l.sentOn(at, "")
	}
	l.client.address.Root = announced(x)
	did, fenced := firewall(x)
	switch {
	case fenced:
		return warn(l.host+" does not show its home page to Drover. "+did, ReasonBlocked.Mend())
	case x.Status == http.StatusUnauthorized && x.Header.Get("Www-Authenticate") != "":
		return warn(l.host+" asks its visitors for a password of the host's.", "Have the host's password switched off, at least for /wp-json/: a request can carry one password only.")
	case x.Status >= 400:
		return warn(fmt.Sprintf("%s answers its home page with %d %s.", l.host, x.Status, http.StatusText(x.Status)), "Open the site in a browser and look at its error log.")
	}
	return ok(l.host + " answers.")
}

// sentOn tells of a redirect to another origin. The path of the home stays: behind it lies a start page, or a site of a network.
func (l *ladder) sentOn(at, more string) (Rung, bool) {
	target, err := url.Parse(at)
	home, homeErr := url.Parse(l.client.address.Home)
	if err != nil || homeErr != nil {
		return warn(l.host+" redirects its visitors to an address that cannot be read.", "Correct the redirect on the site.")
	}
	l.report.RedirectsTo = origin(target) + home.EscapedPath()
	return warn(fmt.Sprintf("%s sends its visitors on to %s.%s", l.host, l.report.RedirectsTo, more),
		fmt.Sprintf("If that is the site, change its address to %s: no request is sent along a redirect, since that would lose it or show the credential to another host.", l.report.RedirectsTo))
}
