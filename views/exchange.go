package views

import (
	"fmt"
	"net/http"
	"time"
)

// ExchangePage is what was said between Drover and one site of a run.
type ExchangePage struct {
	Frame    Frame
	RunTitle string
	Target   RunTarget
	Sentence string // what the reason means
	Mend     string // what to do about it
	Attempts []Attempt
}

// Attempt is one request and what came back. Everything of the site is shown as text only.
type Attempt struct {
	N           int
	Method, URL string
	Override    string // header or query, when the verb was sent in disguise
	RequestBody string
	Sent        bool
	Status      int // 0 without an answer
	Headers     []Header
	Body        string
	BodyCut     bool
	Fault       string
	Outcome     string
	Reason      string // its label
	Address     string
	StartedAt   time.Time
	Took        time.Duration
}

// Header is one header of an answer.
type Header struct{ Name, Value string }

// statusLine is how the answer begins, or why there is none.
func (a Attempt) statusLine() string {
	switch {
	case a.Status != 0:
		return fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	case a.Sent:
		return "Sent, no complete answer"
	}
	return "Nothing was sent"
}

// disguise says how the verb was sent where a firewall blocks it.
func (a Attempt) disguise() string {
	switch a.Override {
	case "header":
		return "sent as POST with X-HTTP-Method-Override: " + a.Method
	case "query":
		return "sent as POST with _method=" + a.Method + " in the query"
	}
	return ""
}
