package wptest

import (
	"fmt"
	"net/http"
)

// writes tells whether the request asks for a change. OPTIONS asks what may be changed.
func writes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// instead answers a change in WordPress's place, and tells whether it did.
func (s *site) instead(w http.ResponseWriter, r *http.Request, api bool) bool {
	if !api || !writes(r.Method) {
		return false
	}
	switch fault := s.fault(); {
	case fault == BrowserCheck:
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<html><body><script src="/aes.js"></script><script>document.cookie="__test=1";location.href="/?i=1"</script><noscript>Turn on `+
			`JavaScript.</noscript></body></html>`)
	case fault == PasswordWall:
		w.Header().Set("Location", s.home()+"/?password-protected=login")
		w.WriteHeader(http.StatusFound)
	case fault == AccountSuspended:
		html(w, http.StatusPaymentRequired, "Account Suspended", "Contact your hosting provider.")
	case fault == GatewayTimeout:
		html(w, http.StatusGatewayTimeout, "504 Gateway Time-out", "nginx")
	case fault == VerbsNotFound && r.Method != http.MethodPost:
		html(w, http.StatusNotFound, "404 - File or directory not found.", "Server Error")
	default:
		return false
	}
	return true
}

// around is what stands before and after an answer, or instead of its end.
func around(fault Fault, body []byte) (before string, kept []byte, after string) {
	switch {
	case fault == BOM:
		return "\xef\xbb\xbf", body, ""
	case fault == PHPWarning:
		return "<br />\n<b>Warning</b>:  Undefined array key \"lang\" in <b>/srv/wp-content/plugins/old/old.php</b> on line <b>87</b><br />\n", body, ""
	case fault == DatabaseError:
		return `<div id="error"><p class="wpdberror"><strong>WordPress database error:</strong> [Table &#039;shop.wp_old&#039; doesn&#039;t exist]<br ` +
			`/><code>SELECT 1</code></p></div>`, body, ""
	case fault == CrashAfter:
		return "", body, `{"code":"internal_server_error","message":"<p>There has been a critical error on this ` +
			`website.</p>","data":{"status":500},"additional_errors":[]}`
	case fault == JSONCut:
		return "", body[:len(body)*2/3], ""
	}
	return "", body, ""
}

// spoils tells whether the fault changes the answer as it is printed.
func spoils(fault Fault, method string) bool {
	return fault == BOM || fault == PHPWarning || fault == DatabaseError || (fault == CrashAfter || fault == JSONCut) && writes(method)
}
