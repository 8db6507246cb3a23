package wordpress

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// readHomePage reads the home page as a visitor does. A site that answers at all is reached: its REST API may work where the home page does
// not.
func (l *siteCheck) readHomePage(ctx context.Context) (CheckStep, bool) {
	page := l.client.homePage(ctx, 0, true)
	l.report.Address = page.address
	switch {
	case page.circular:
		return warn(l.host+" has a redirect loop.", "Fix the redirects on the site.")
	case page.Fault != nil && !page.TooLarge && page.hops > 0 && !sameOrigin(page.at, l.client.address.Home):
		return l.sentOn(page.at, " That URL does not respond: "+asSentence(page.Fault))
	case page.Fault != nil && !page.TooLarge && nothingAnswered(page.Fault):
		return l.failed(Classify(page.Exchange))
	}
	if sameOrigin(page.at, l.client.address.Home) {
		l.report.CertificateEnds, l.report.WordPressVersion = page.CertificateEnds, versionIn(page.Body)
	}
	step, goOn := l.arrived(page)
	if left := time.Until(l.report.CertificateEnds); step.State == CheckOK && !l.report.CertificateEnds.IsZero() && left < endsSoon {
		return warn(fmt.Sprintf("The certificate of %s expires on %s.", l.host, l.report.CertificateEnds.UTC().Format("2 January 2006")),
			"Renew it, or ask the host why it is not renewed automatically. Without a valid certificate, Drover sends nothing to the site.")
	}
	return step, goOn
}

// endsSoon is how long before its end a certificate is a warning: most are renewed a month before.
const endsSoon = 14 * 24 * time.Hour

// nothingAnswered tells whether there is no server to ask anything else.
func nothingAnswered(fault error) bool {
	for _, none := range []error{ErrConnect, ErrResolve, ErrTLS, ErrRefusedAddress, ErrRequest, ErrCancelled} {
		if errors.Is(fault, none) {
			return true
		}
	}
	return false
}

// arrived judges the page at the end of the way, and takes the REST root that it announces.
func (l *siteCheck) arrived(page homePage) (CheckStep, bool) {
	x := page.Exchange
	if signsUp(page.at) {
		return warn(l.host+" redirects visitors to a network's sign-up page: the network has no such site.", ReasonOtherSite.Fix())
	}
	if !sameOrigin(page.at, l.client.address.Home) {
		return l.sentOn(page.at, "")
	}
	l.announced = announced(x)
	did, blocked := firewall(x)
	switch {
	case x.Fault != nil && !x.TooLarge:
		return warn(l.host+" does not show its home page: "+asSentence(x.Fault),
			"Open the site in a browser and check its error log. Drover still checks the REST API.")
	case blocked:
		return warn(l.host+" does not show its home page to Drover. "+did, ReasonBlocked.Fix())
	case x.Status == http.StatusUnauthorized && x.Header.Get("Www-Authenticate") != "":
		return warn(l.host+" asks visitors for a password that the host has set.",
			"Turn off the host's password, at least for /wp-json/. A request can carry only one password.")
	case x.Status >= 400:
		return warn(fmt.Sprintf("The home page of %s returns %d %s.", l.host, x.Status, http.StatusText(x.Status)),
			"Open the site in a browser and check its error log.")
	}
	return ok(l.host + " responds.")
}

// sentOn tells of a redirect to another origin. The path of the home stays: behind it lies a start page, or a site of a network.
func (l *siteCheck) sentOn(at, more string) (CheckStep, bool) {
	target, err := url.Parse(at)
	home, homeErr := url.Parse(l.client.address.Home)
	if err != nil || homeErr != nil {
		return warn(l.host+" redirects visitors to an invalid URL.", "Fix the redirect on the site.")
	}
	l.report.RedirectsTo = origin(target) + home.EscapedPath()
	return warn(fmt.Sprintf("%s redirects visitors to %s.%s", l.host, l.report.RedirectsTo, more),
		fmt.Sprintf("If that is the site, change its URL to %s. Drover does not follow redirects, because that could lose the request or send the credential to "+
			"another host.", l.report.RedirectsTo))
}
