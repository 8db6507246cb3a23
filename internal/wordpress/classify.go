package wordpress

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Verdict is what an exchange means.
type Verdict struct {
	Outcome       Outcome
	Reason        Reason // empty with OK and Partial
	Status        int    // the true one, where a frozen 200 hides it
	Code, Message string // WordPress's own, the message as text
	Note          string // for a person
	Location      string // where a redirect points
	Retry         bool   // worth another try, when sending it twice does no more than once
	Verb          bool   // the method itself may be what was blocked: worth a try in disguise
	RetryAfter    time.Duration
}

// Classify tells what the exchange means. It depends on nothing but the exchange.
func Classify(x Exchange) Verdict {
	v := classify(x)
	if v.Status == 0 {
		v.Status = x.Status
	}
	if v.Retry {
		v.RetryAfter = retryAfter(x)
	}
	v.Verb = verbBlocked(x, v)
	return v
}

// verbBlocked tells whether the request's method may be what something in front of WordPress did not let through. A challenge asks
// for a browser, whatever the method.
func verbBlocked(x Exchange, v Verdict) bool {
	if reads(x.Method) || x.Method == http.MethodPost {
		return false
	}
	switch v.Reason {
	case ReasonBlocked:
		return !challenged(x) && slices.Contains(barring, x.Status)
	case ReasonCutOff:
		return x.Status == 0
	case ReasonInvalidInput, ReasonNoRoute: // the disguise was taken off on the way, and WordPress saw a POST
		return x.Override != OverrideNone && (x.Status == http.StatusMethodNotAllowed || x.Status == http.StatusNotFound)
	}
	return false
}

// barring are the statuses by which firewalls refuse a method.
var barring = []int{http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented}

func classify(x Exchange) Verdict {
	switch {
	case x.Fault != nil:
		return ofFault(x)
	case x.Status >= 300 && x.Status < 400:
		return redirected(x)
	}
	found, isJSON := findJSON(x.Body)
	if !isJSON {
		return ofText(x)
	}
	v := ofJSON(x, found.value)
	v.Note = strings.TrimSpace(v.Note + " " + found.note)
	return v
}

// failed is the verdict of an exchange that did not do what was asked for.
func failed(reason Reason, note string) Verdict {
	return Verdict{Outcome: Failed, Reason: reason, Note: note}
}

// skipped is the verdict of an exchange that does not apply to the site.
func skipped(reason Reason, note string) Verdict {
	return Verdict{Outcome: Skipped, Reason: reason, Note: note}
}

// beforeSending are the faults that come before the request leaves, and what they mean.
var beforeSending = []struct {
	fault  error
	reason Reason
	retry  bool
}{
	{ErrRequest, ReasonInvalidInput, false},
	{ErrRefusedAddress, ReasonAddressRefused, false},
	{ErrTLS, ReasonTLS, false},
	{ErrResolve, ReasonUnreachable, true},
	{ErrConnect, ReasonUnreachable, true},
}

func ofFault(x Exchange) Verdict {
	v := failed(ReasonUnreachable, asSentence(x.Fault))
	for _, known := range beforeSending {
		if errors.Is(x.Fault, known.fault) {
			v.Reason, v.Retry = known.reason, known.retry
			return v
		}
	}
	cancelled := errors.Is(x.Fault, ErrCancelled)
	switch {
	case errors.Is(x.Fault, ErrTooLarge):
		v.Reason = ReasonTooLarge
	case cancelled && !x.Sent:
		v.Reason = ReasonCancelled
	case !x.Sent:
		v.Retry = true
	case errors.Is(x.Fault, ErrTimeout):
		v.Outcome, v.Reason = Unknown, ReasonTimeout
	default:
		v.Outcome, v.Reason, v.Retry = Unknown, ReasonCutOff, !cancelled
	}
	return v
}

// asSentence is a fault's text as a sentence.
func asSentence(fault error) string {
	text := strings.TrimSuffix(printable(fault.Error(), 300), ".")
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):] + "."
}

// redirected judges an answer that points elsewhere. Only an address of the web is handed on: it may become a link.
func redirected(x Exchange) Verdict {
	given := printable(x.Header.Get("Location"), longestHeader)
	location := absolute(x.URL, given)
	v := failed(ReasonRedirected, fmt.Sprintf("It points to %s.", printable(location, 300)))
	switch u, err := url.Parse(location); {
	case given == "" || x.Status == http.StatusNotModified:
		return failed(ReasonNotJSON, fmt.Sprintf("It answered %d without an address to go to.", x.Status))
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		v.Note = "It points to something that is no address of the web."
		return v
	case strings.Contains(u.Path, "/.well-known/sgcaptcha"):
		return failed(ReasonBlocked, "SiteGround's bot check answered.")
	case strings.HasSuffix(u.Path, "/wp-login.php"):
		v.Note = "It points to the login page: a plugin lets nobody in who is not signed in to WordPress itself."
	}
	v.Location = location
	return v
}
