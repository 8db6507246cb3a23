package wordpress

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// ofText judges an answer without JSON: WordPress's REST API answers in JSON, so something else answered, or WordPress broke down.
func ofText(x Exchange, found documents) Verdict {
	did, blocked := firewall(x)
	empty := !found.binary && strings.Trim(string(x.Body), " \t\r\n\f\v\x00\ufeff") == ""
	switch {
	case x.Status == http.StatusTooManyRequests:
		v := ofStatus(x)
		v.Note = did
		return v
	case blocked:
		return failed(ReasonBlocked, did)
	case empty && x.Status < 300:
		return ofNothing(x)
	case x.Status < 300:
		return ofSuccessPage(x, found)
	case x.Method == http.MethodHead, x.Method == http.MethodOptions && empty:
		return ofStatus(x) // there is nothing more to go by
	}
	return ofErrorPage(x, found)
}

// ofNothing judges a success with nothing in it. WordPress prints nothing at all where a callback returns null; whether it was
// WordPress shows in its headers.
func ofNothing(x Exchange) Verdict {
	asJSON := strings.Contains(x.Header.Get("Content-Type"), "json")
	plugin, known := cacheplugin.OfURL(x.URL)
	switch {
	case x.Method == http.MethodHead, x.Method == http.MethodOptions:
		return Verdict{Outcome: OK}
	case known && (plugin.SaysSuccess || plugin.SameAnswer || plugin.Done != nil):
		return unclear(x, fmt.Sprintf("The site returned %d with an empty body.", x.Status))
	case x.Status == http.StatusNoContent:
		return Verdict{Outcome: OK}
	case asJSON && (reads(x.Method) || fromWordPress(x)):
		return Verdict{Outcome: OK, Note: "WordPress returned an empty body, which is how it sends null."}
	}
	return unclear(x, fmt.Sprintf("The site returned %d with an empty body.", x.Status))
}

// ofSuccessPage judges a success that has no JSON in it. A page did nothing; what is no page may be the answer, or a part of it.
func ofSuccessPage(x Exchange, found documents) Verdict {
	if found.crash != "" {
		return failed(ReasonSiteError, "PHP error: "+found.crash)
	}
	if status := errorPage(x.Body); status != 0 {
		x.Status = status
		v := ofErrorPage(x, found)
		v.Status = status
		return v
	}
	if v, is := redirectsHost(x, found); is && (v.Reason != ReasonProtected || !isCheck(x.Body, found)) {
		return v
	}
	for _, known := range pages {
		if known.is(x.Body, found) {
			return failed(known.reason, known.note)
		}
	}
	switch {
	case found.page && strings.HasPrefix(found.visible, "{") && json.Valid([]byte(found.visible)):
		return unclear(x, "The response is embedded in a web page.")
	case found.page && (title(x.Body) != "" || found.visible != "" || !found.cut):
		return failed(ReasonNotJSON, fmt.Sprintf("The site returned %d with a web page%s instead of JSON.", x.Status, quoted(x)))
	case found.cut:
		return unclear(x, "The response ends in the middle of its JSON.")
	case found.binary:
		return unclear(x, fmt.Sprintf("The response cannot be read: it is not text, or it uses a compression that Drover did not request%s.",
			named(x.Header.Get("Content-Encoding"))))
	}
	return unclear(x, fmt.Sprintf("The site returned %d with text%s instead of JSON.", x.Status, named(printable(found.visible, 80))))
}

// named is a text in quotation marks, to stand within a sentence; empty without one.
func named(text string) string {
	if text == "" {
		return ""
	}
	return " (“" + text + "”)"
}

// ofErrorPage judges an error page.
func ofErrorPage(x Exchange, found documents) Verdict {
	asks := x.Header.Get("Www-Authenticate")
	usual := x.Status >= 500 || slices.Contains(usualRefusals, x.Status)
	if (x.Status == http.StatusServiceUnavailable || !usual) && isCheck(x.Body, found) {
		return failed(ReasonBlocked, "A browser check responded instead of WordPress.")
	}
	if wantsCertificate(x) {
		return failed(ReasonTLS,
			"The server requires a client certificate, which Drover does not have"+quoted(x)+". Exempt /wp-json/ or Drover's IP address from this requirement.")
	}
	switch x.Status {
	case http.StatusUnauthorized:
		if asks != "" { // WordPress itself never sends this header
			return failed(ReasonNotAuthenticated,
				fmt.Sprintf("The host asks for its own password (WWW-Authenticate: %s). Turn it off for /wp-json/.", printable(asks, 100)))
		}
		return failed(ReasonNotAuthenticated, "")
	case http.StatusPaymentRequired:
		return failed(ReasonSuspended, "")
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented:
		if hasAll(x.Body, []string{"suspended", "account"}) {
			return failed(ReasonSuspended, "")
		}
		return failed(ReasonBlocked, barred(x))
	case http.StatusTooManyRequests:
		return ofStatus(x)
	case http.StatusNotFound:
		return failed(ReasonNotJSON, "The site returned 404 with a web page: the REST API is not at this URL. Check the site.")
	}
	if x.Status < 500 {
		return failed(ReasonNotJSON, fmt.Sprintf("The site returned %d with a web page%s instead of JSON.", x.Status, quoted(x)))
	}
	v := ofStatus(x)
	switch heading := title(x.Body); {
	case found.crash != "":
		v = notedBy(v, "PHP error: "+found.crash)
	case heading != "":
		v = notedBy(v, "The page title is “"+heading+"”.")
	}
	return v
}

// usualRefusals are the statuses that say by themselves what a page is about. A check for browsers may have one of its own making.
var usualRefusals = []int{http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound,
	http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusTooManyRequests}

// wantsCertificate tells how nginx (400, 495, 496) and Apache (403) ask for a client's certificate after the handshake.
func wantsCertificate(x Exchange) bool {
	page := strings.ToLower(title(x.Body) + " " + visible(x.Body))
	return x.Status == 495 || x.Status == 496 || x.Status >= 400 && x.Status < 500 &&
		(strings.Contains(page, "ssl certificate") || strings.Contains(page, "client certificate") || strings.Contains(page, "plain http request was sent to https"))
}

// barred names what refused a request before WordPress saw it.
func barred(x Exchange) string {
	name, plain := plainServer(x)
	switch {
	case x.Status == http.StatusNotAcceptable || x.Status == http.StatusNotImplemented:
		return fmt.Sprintf("A firewall in front of WordPress, such as ModSecurity, returned %d to %s.", x.Status, x.Method)
	case plain:
		return fmt.Sprintf("The web server (%s) itself returned %d to %s.", name, x.Status, x.Method)
	}
	return fmt.Sprintf("A service in front of WordPress returned %d to %s%s.", x.Status, x.Method, quoted(x))
}

// quoted is the title of a page, to stand within a sentence; empty without one.
func quoted(x Exchange) string {
	if text := title(x.Body); text != "" {
		return " (“" + text + "”)"
	}
	return ""
}
