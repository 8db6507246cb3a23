package wordpress

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ofStatus judges by the HTTP status alone.
func ofStatus(x Exchange) Verdict {
	switch s := x.Status; {
	case s == http.StatusUnauthorized:
		return failed(ReasonNotAuthenticated, "")
	case s == http.StatusForbidden:
		return failed(ReasonForbidden, "")
	case s == http.StatusBadRequest, s == http.StatusUnprocessableEntity, s == http.StatusNotFound:
		return failed(ReasonInvalidInput, "")
	case s == http.StatusFailedDependency:
		return skipped(ReasonNotApplicable, "")
	case s == http.StatusTooManyRequests:
		return retryable(failed(ReasonRateLimited, ""))
	case s == http.StatusServiceUnavailable:
		return retryable(failed(ReasonMaintenance, ""))
	case s == http.StatusPaymentRequired:
		return failed(ReasonSuspended, "")
	case s == http.StatusGatewayTimeout, s == 524 && x.Header.Get("Cf-Ray") != "": // developers.cloudflare.com, "Cloudflare 5xx errors"
		return retryable(Verdict{Outcome: Unknown, Reason: ReasonTimeout,
			Note: fmt.Sprintf("The server in front of WordPress timed out (%d). The request may have been carried out.", s)})
	case s == http.StatusBadGateway, s == 520 && x.Header.Get("Cf-Ray") != "":
		return retryable(Verdict{Outcome: Unknown, Reason: ReasonCutOff,
			Note: fmt.Sprintf("The server in front of WordPress got no response from it (%d). The request may have been carried out.", s)})
	case s >= 521 && s <= 530 && x.Header.Get("Cf-Ray") != "":
		return retryable(failed(ReasonSiteError, fmt.Sprintf("Cloudflare could not reach the site's server (%d).", s)))
	case s >= 500:
		return failed(ReasonSiteError, "")
	}
	return failed(ReasonRefused, fmt.Sprintf("The site returned %d.", x.Status))
}

func retryable(v Verdict) Verdict {
	v.Retry = true
	return v
}

// longestWait caps what a site may ask for.
const longestWait = 5 * time.Minute

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(x Exchange) time.Duration {
	value := strings.TrimSpace(x.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(seconds) {
		return time.Duration(min(max(0, seconds), longestWait.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now := x.Started.Add(x.Took)
	if date, err := http.ParseTime(x.Header.Get("Date")); err == nil {
		now = date // the site's own clock
	}
	return min(max(0, at.Sub(now)), longestWait)
}
