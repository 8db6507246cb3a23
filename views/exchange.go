package views

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ExchangePage is what was said between Drover and one site of a run.
type ExchangePage struct {
	Frame        Frame
	RunTitle     string
	Target       RunTarget
	Sentence     string // what the reason means
	Fix          string // what to do about it
	Screen       AdminLink
	Attempts     []Attempt
	Samples      []Sample // looks at the site's pages
	RedirectedTo string   // the home that the site sent the request to, empty when it has not moved
	SameDomain   bool     // it is of the same domain
	CanChangeURL bool
	Previous     int64 // the target before this one among those with the same result, 0 for none
	Next         int64
	Form         string // the address of the form that the request was made with, where the site did not accept what was filled in
	Removed      bool   // the requests were old, and are not kept any more
}

// AdminLink leads to a page of a site's wp-admin; the zero value leads nowhere.
type AdminLink struct{ URL, Label string }

// Sample is one page of a site, before and after its cache was cleared.
type Sample struct {
	URL, Before, After string
	Found              string // yes, no or unclear
	Waited             time.Duration
}

// found says what the look showed.
func (s Sample) found() string {
	switch s.Found {
	case "yes":
		return "updated after " + lasted(s.Waited)
	case "no":
		return "still the old page after " + lasted(s.Waited)
	}
	return "can't be verified: the page was not cached before"
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
	Removed     bool // the answer was old, and is not kept any more
	Fault       string
	Outcome     string
	Reason      string // its label
	Address     string
	StartedAt   time.Time
	Took        time.Duration
	Waited      time.Duration // for its turn at the server, before
}

// Header is one header of an answer.
type Header struct{ Name, Value string }

// statusLine is how the answer begins, or why there is none.
func (a Attempt) statusLine() string {
	switch {
	case a.Status != 0:
		return fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	case a.Sent:
		return "Sent, but no complete response"
	}
	return "Nothing was sent"
}

// longBody is from how many bytes on the text of an answer slows its page down: a browser lays it out again with each part that arrives.
const longBody = 100_000

// size tells the script of the tree, and the style sheet, whether the answer is long.
func (a Attempt) size() string {
	if len(a.Body) > longBody {
		return "long"
	}
	return "short"
}

func (p ExchangePage) neighbour(target int64) string {
	return runHref(p.Target.RunID) + "/targets/" + id(target)
}

// curl is the request as a command. Who runs it gives the credential: it is read from variables, and never stands in the command.
func (a Attempt) curl() string {
	method, words := a.Method, []string{"curl -sS"}
	if a.Override == "header" {
		method = "POST"
		words = append(words, "-H "+shellQuoted("X-HTTP-Method-Override: "+a.Method))
	} else if a.Override == "query" {
		method = "POST"
	}
	words = append(words, "-X "+method, shellQuoted(a.URL), `-u "$WP_USERNAME:$WP_APPLICATION_PASSWORD"`)
	if a.RequestBody != "" {
		words = append(words, "-H 'Content-Type: application/json'", "--data-raw "+shellQuoted(a.RequestBody))
	}
	return strings.Join(words, " \\\n  ")
}

// shellQuoted is a text as one word of a POSIX shell.
func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

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
