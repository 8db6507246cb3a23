package wordpress

import (
	"net/http"
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
	Unproven      bool // the plugin answers alike whatever came of it: the site's pages can prove it
}

// notedBy is the verdict with one more sentence.
func notedBy(v Verdict, more string) Verdict {
	v.Note = strings.TrimSpace(v.Note + " " + more)
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

// unclear is the verdict of an answer from which it cannot be told whether a write was carried out. A read has failed all the same.
func unclear(x Exchange, note string) Verdict {
	if reads(x.Method) {
		return failed(ReasonNotJSON, note)
	}
	return Verdict{Outcome: Unknown, Reason: ReasonUnclear, Note: note}
}

// reads tells whether the method only reads.
func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
