package wordpress

import (
	"errors"
	"strings"
)

// ofTransport judges an exchange by what became of it on its way, and tells whether there is no more to it.
func ofTransport(x Exchange) (Verdict, bool) {
	switch {
	case x.Fault != nil:
		return ofFault(x), true
	case x.Status >= 300 && x.Status < 400:
		return redirected(x), true
	}
	return Verdict{}, false
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
	{ErrBusy, ReasonRateLimited, true},
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
	case errors.Is(x.Fault, ErrTooLarge) && x.Sent && x.Status < 300 && !reads(x.Method):
		return unclear(x, "The response is larger than Drover's limit, so its content is unknown.")
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
