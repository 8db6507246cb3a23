package wordpress

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// ofText judges an answer without JSON: WordPress's REST API answers in JSON, so something else answered, or WordPress broke down.
func ofText(x Exchange) Verdict {
	did, fenced := firewall(x)
	empty := len(bytes.TrimSpace(x.Body)) == 0
	switch {
	case x.Status == http.StatusTooManyRequests:
		v := ofStatus(x)
		v.Note = did
		return v
	case fenced:
		return failed(ReasonBlocked, did)
	case x.Status < 300:
		return withoutJSON(x, empty)
	case x.Method == http.MethodHead, x.Method == http.MethodOptions && empty:
		return ofStatus(x) // there is nothing more to go by
	}
	return ofPage(x)
}

// withoutJSON judges a success that has no JSON in it.
func withoutJSON(x Exchange, empty bool) Verdict {
	switch {
	case empty && x.Status == http.StatusNoContent && !saysSuccess(x), empty && (x.Method == http.MethodHead || x.Method == http.MethodOptions):
		return Verdict{Outcome: OK}
	case empty:
		return failed(ReasonNotJSON, fmt.Sprintf("It answered %d with nothing in it.", x.Status))
	}
	return failed(ReasonNotJSON, fmt.Sprintf("It answered %d with a page%s instead of JSON.", x.Status, quoted(x)))
}

// ofPage judges an error page.
func ofPage(x Exchange) Verdict {
	asks := x.Header.Get("Www-Authenticate")
	switch x.Status {
	case http.StatusUnauthorized:
		if asks != "" { // WordPress itself never sends this header
			return failed(ReasonNotAuthenticated, fmt.Sprintf("The host's own password stands in front of WordPress (WWW-Authenticate: %s). Have it switched off for /wp-json/.", printable(asks, 100)))
		}
		return failed(ReasonNotAuthenticated, "")
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented:
		return failed(ReasonBlocked, barred(x))
	case http.StatusNotFound:
		return failed(ReasonNotJSON, "It answered 404 with a page: the REST API is not at this address. Check the site.")
	}
	if x.Status < 500 {
		return failed(ReasonNotJSON, fmt.Sprintf("It answered %d with a page%s instead of JSON.", x.Status, quoted(x)))
	}
	v := ofStatus(x)
	if heading := title(x.Body); heading != "" {
		v.Note = strings.TrimSpace(v.Note + " The page is called “" + heading + "”.")
	}
	return v
}

// barred names what refused a request before WordPress saw it.
func barred(x Exchange) string {
	name, plain := plainServer(x)
	switch {
	case x.Status == http.StatusNotAcceptable || x.Status == http.StatusNotImplemented:
		return fmt.Sprintf("Something in front of WordPress answered %d to %s, as ModSecurity does.", x.Status, x.Method)
	case plain:
		return fmt.Sprintf("The web server (%s) answered %d to %s by itself.", name, x.Status, x.Method)
	}
	return fmt.Sprintf("Something in front of WordPress answered %d to %s%s.", x.Status, x.Method, quoted(x))
}

// quoted is the title of a page, to stand within a sentence; empty without one.
func quoted(x Exchange) string {
	if text := title(x.Body); text != "" {
		return " (“" + text + "”)"
	}
	return ""
}

// title is what a page calls itself.
func title(body []byte) string {
	beginning := body[:min(len(body), searched)]
	lower := bytes.ToLower(beginning)
	begin := bytes.Index(lower, []byte("<title"))
	if begin < 0 || len(lower) != len(beginning) { // folding of some letters changes their length, and with it the places
		return ""
	}
	open := bytes.IndexByte(lower[begin:], '>')
	if open < 0 {
		return ""
	}
	begin += open + 1
	end := bytes.Index(lower[begin:], []byte("</title"))
	if end < 0 {
		return ""
	}
	return printable(plain(string(beginning[begin:begin+end])), 80)
}
