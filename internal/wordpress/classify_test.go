package wordpress

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answered is an exchange with an answer of that status and body; headers come in pairs.
func answered(status int, body string, header ...string) Exchange {
	x := Exchange{Method: http.MethodPatch, URL: "https://acme.example/wp-json/bigscoots-cache/v2/clear-cache", Sent: true, Status: status, Body: []byte(body),
		Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		x.Header.Add(header[i], header[i+1])
	}
	return x
}

func by(method, route string, x Exchange) Exchange {
	x.Method, x.URL = method, "https://acme.example/wp-json"+route
	return x
}

// coded is an error as WordPress sends it.
func coded(status int, code string) Exchange {
	return answered(status, fmt.Sprintf(`{"code":%q,"message":"No.","data":{"status":%d}}`, code, status))
}

func page(title string) string {
	return "<!doctype html><html><head><title>" + title + "</title></head><body>" + title + "</body></html>"
}

const done = `{"success":true,"status":"success","message":"Your request has been submitted!"}`

type judged struct {
	name    string
	x       Exchange
	outcome Outcome
	reason  Reason
	note    string // a part of it; empty: not looked at
	retry   bool
}

func check(t *testing.T, cases []judged) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := Classify(c.x)
			if v.Outcome != c.outcome || v.Reason != c.reason || v.Retry != c.retry || !strings.Contains(v.Note, c.note) {
				t.Errorf("got %+v", v)
			}
		})
	}
}

// The plugin's answers that mislead, and the codes of WordPress.
func TestClassifyCodes(t *testing.T) {
	check(t, []judged{
		{"wrong password", coded(401, "incorrect_password"), Failed, ReasonBadCredential, "", false},
		{"unknown user", coded(401, "invalid_username"), Failed, ReasonBadCredential, "", false},
		{"unknown e-mail", coded(401, "invalid_email"), Failed, ReasonBadCredential, "", false},
		{"nobody, on users/me", coded(401, "rest_not_logged_in"), Failed, ReasonNotAuthenticated, "", false},
		{"nobody, on the plugin", coded(401, "rest_forbidden"), Failed, ReasonNotAuthenticated, "", false},
		{"a cookie", coded(403, "rest_cookie_invalid_nonce"), Failed, ReasonNotAuthenticated, "", false},
		{"no right", coded(403, "rest_forbidden"), Failed, ReasonForbidden, "", false},
		{"no right to a core route", coded(403, "rest_cannot_edit"), Failed, ReasonForbidden, "", false},
		{"nobody on a core route", coded(401, "rest_cannot_view_plugins"), Failed, ReasonNotAuthenticated, "", false},
		{"no route", coded(404, "rest_no_route"), Skipped, ReasonNoRoute, "", false},
		{"no such post", coded(404, "rest_post_invalid_id"), Failed, ReasonInvalidInput, "", false},
		{"staging", coded(403, "clear_cache_not_allowed_on_staging"), Skipped, ReasonNotApplicable, "staging", false},
		{"cache off", coded(403, "cache_disabled"), Skipped, ReasonNotApplicable, "turned off", false},
		{"page cache off", coded(403, "page_cache_disabled"), Skipped, ReasonNotApplicable, "turned off", false},
		{"misconfigured", coded(403, "plugin_misconfigured"), Skipped, ReasonNotApplicable, "set up", false},
		{"no OPcache", coded(424, "opcache_not_loaded"), Skipped, ReasonNotApplicable, "OPcache", false},
		{"OPcache not to be asked", coded(424, "opcache_status_function_not_working"), Skipped, ReasonNotApplicable, "OPcache", false},
		{"OPcache not to be reset", coded(424, "opcache_reset_function_not_working"), Skipped, ReasonNotApplicable, "OPcache", false},
		{"a new 424", coded(424, "opcache_on_holiday"), Skipped, ReasonNotApplicable, "", false},
		{"no data", coded(403, "no_data_provided"), Failed, ReasonInvalidInput, "", false},
		{"wrong purge type", coded(403, "improper_purge_type"), Failed, ReasonInvalidInput, "", false},
		{"wrong URLs", coded(403, "invalid_urls"), Failed, ReasonInvalidInput, "", false},
		{"no eligible post, as 500", coded(500, "no_post_id_eligible_for_cache_purge"), Failed, ReasonInvalidInput, "None", false},
		{"wrong parameter", coded(400, "rest_invalid_param"), Failed, ReasonInvalidInput, "", false},
		{"missing parameter", coded(400, "rest_missing_callback_param"), Failed, ReasonInvalidInput, "", false},
		{"unknown 422", coded(422, "acme_wrong"), Failed, ReasonInvalidInput, "", false},
		{"unknown 409", coded(409, "acme_conflict"), Failed, ReasonRefused, "409", false},
		{"unknown 410", coded(410, "acme_gone"), Failed, ReasonRefused, "410", false},
		{"unknown 500", coded(500, "acme_broken"), Failed, ReasonSiteError, "", false},
		{"a fatal error in JSON", coded(500, "internal_server_error"), Failed, ReasonSiteError, "", false},
		{"database down", coded(500, "wp_die"), Failed, ReasonSiteError, "", false},
		{"maintenance in JSON", coded(503, "wp_die"), Failed, ReasonMaintenance, "", true},
		{"too many, in JSON", coded(429, "acme_slow_down"), Failed, ReasonRateLimited, "", true},
		{"a verb that the plugin does not take", answered(405, `{"success":false,"status":"error","message":"Only PATCH."}`), Failed, ReasonInvalidInput, "PATCH",
			false},
	})
}

func TestClassifySuccess(t *testing.T) {
	get := func(x Exchange) Exchange { return by(http.MethodGet, "/wp/v2/posts", x) }
	remove := func(x Exchange) Exchange { return by(http.MethodDelete, "/acme/v1/thing", x) }
	check(t, []judged{
		{"done", answered(200, done), OK, "", "", false},
		{"done, after a warning", answered(200, phpWarning+done), OK, "", "before the JSON", false},
		{"done, after a mark", answered(200, "\xef\xbb\xbf"+done), OK, "", "byte order mark", false},
		{"not done", answered(200, `{"success":false,"message":"The CDN refused."}`), Failed, ReasonRefused, "", false},
		{"not done, written otherwise", answered(200, `{"success":"false"}`), Failed, ReasonRefused, "", false},
		{"not done, deeper", answered(200, `{"success":true,"data":{"success":false}}`), Failed, ReasonRefused, "", false},
		{"not done, as wp_send_json_error says", answered(200, `{"success":false,"data":[{"code":"cache_disabled","message":"Off"}]}`), Skipped, ReasonNotApplicable,
			"", false},
		{"an error by name", by(http.MethodPost, "/acme/v1/x", answered(200, `{"status":"error"}`)), Failed, ReasonRefused, "", false},
		{"a status field when reading", get(answered(200, `{"status":"error"}`)), OK, "", "", false},
		{"cache not working", by(http.MethodGet, "/bigscoots-cache/v2/test-cache", answered(200, `{"success":true,"code":"page_cache_not_working_properly"}`)),
			Failed, ReasonRefused, "served", false},
		{"the plugin without a word", answered(200, `{}`), Failed, ReasonRefused, "without confirming", false},
		{"the plugin with a list", answered(200, `[]`), Failed, ReasonRefused, "without confirming", false},
		{"the plugin with 204", answered(204, ``), Unknown, ReasonUnclear, "empty body", false},
		{"frozen at 200", answered(200, phpWarning+`{"code":"rest_forbidden","message":"No","data":{"status":401}}`), Failed, ReasonNotAuthenticated, "", false},
		{"frozen, unknown", answered(200, `{"code":"acme","data":{"status":500}}`), Failed, ReasonSiteError, "", false},
		{"a list read", get(answered(200, `[{"id":1}]`)), OK, "", "", false},
		{"an empty list read", get(answered(200, `[]`)), OK, "", "", false},
		{"null read", get(answered(200, `null`)), OK, "", "", false},
		{"created", by(http.MethodPost, "/wp/v2/posts", answered(201, `{"id":7}`)), OK, "", "", false},
		{"removed", remove(answered(204, ``)), OK, "", "", false},
		{"nothing in it", remove(answered(200, ` `)), Unknown, ReasonUnclear, "empty body", false},
		{"an OPTIONS", by(http.MethodOptions, "/x", answered(204, ``)), OK, "", "", false},
		{"a HEAD", by(http.MethodHead, "/x", answered(200, ``)), OK, "", "", false},
		{"a HEAD of nothing", by(http.MethodHead, "/x", answered(404, ``)), Failed, ReasonInvalidInput, "", false},
		{"a HEAD without a right", by(http.MethodHead, "/x", answered(403, ``)), Failed, ReasonForbidden, "", false},
	})
}

func TestClassifyMissedPosts(t *testing.T) {
	batchAnswer := func(body, missed string) Exchange {
		x := answered(200, `{"success":true,"post_ids_with_error":`+missed+`}`)
		x.RequestBody = []byte(body)
		return x
	}
	const three = `{"purge_type":"post_ids","post_ids":[4,9,12]}`
	check(t, []judged{
		{"none missed", batchAnswer(three, `{"post_doesnt_exists":[],"no_permalink_found":[]}`), OK, "", "", false},
		{"an empty PHP array", batchAnswer(three, `[]`), OK, "", "", false},
		{"an empty text", batchAnswer(three, `""`), OK, "", "", false},
		{"some, without success", answered(200, `{"post_ids_with_error":{"no_permalink_found":[4]}}`), Failed, ReasonRefused, "", false},
		{"null", batchAnswer(three, `null`), OK, "", "", false},
		{"some", batchAnswer(three, `{"post_doesnt_exists":[9,4],"no_permalink_found":[]}`), Partial, "", "Posts 4, 9 do not exist.", false},
		{"with gaps", batchAnswer(three, `{"post_doesnt_exists":{"0":4,"2":9}}`), Partial, "", "Posts 4, 9 do not exist.", false},
		{"as texts", batchAnswer(three, `{"post_status_is_not_publish_or_private":["12"]}`), Partial, "", "Posts 12 are not published.", false},
		{"of two causes", batchAnswer(three, `{"post_doesnt_exists":[4],"post_part_of_ignored_post_type":[9]}`), Partial, "", "4 do not exist. Posts 9 are of a type",
			false},
		{"of a new cause", batchAnswer(three, `{"post_is_haunted":[4]}`), Partial, "", "post_is_haunted", false},
		{"in a form of its own", batchAnswer(three, `[4,[9]]`), Partial, "", "Posts 4, 9 were not purged.", false},
		{"all", batchAnswer(three, `{"post_doesnt_exists":[4,9],"no_permalink_found":[12]}`), Failed, ReasonInvalidInput, "12", false},
		{"in data", func() Exchange {
			x := answered(200, `{"success":true,"data":{"post_ids_with_error":{"no_permalink_found":[4]}}}`)
			x.RequestBody = []byte(three)
			return x
		}(), Partial, "", "have no address", false},
	})
}

// What comes back in real life.
func TestClassifyOthers(t *testing.T) {
	check(t, []judged{
		{"a coming-soon page", answered(200, page("Coming soon")), Failed, ReasonNotJSON, "“Coming soon”", false},
		{"a home page behind Cloudflare", answered(200, `<html><head><title>Acme</title></head><script src="/cdn-cgi/challenge-platform/x.js">`, "Cf-Ray", "1"),
			Failed, ReasonNotJSON, "Acme", false},
		{"words", answered(200, "OK"), Unknown, ReasonUnclear, "", false},
		{"a 404 page", answered(404, page("Not found")), Failed, ReasonNotJSON, "REST API", false},
		{"another page", answered(418, page("Teapot")), Failed, ReasonNotJSON, "418", false},
		{"Cloudflare's challenge", answered(403, page("Just a moment..."), "Cf-Mitigated", "challenge"), Failed, ReasonBlocked, "Cloudflare", false},
		{"an older challenge", answered(503, page("Just a moment..."), "Cf-Ray", "1"), Failed, ReasonBlocked, "Cloudflare", false},
		{"a challenge with 200", answered(200, page("Just a moment...")), Failed, ReasonBlocked, "Cloudflare", false},
		{"Cloudflare's firewall", answered(403, `<html><div id="cf-error-details">`, "Cf-Ray", "1"), Failed, ReasonBlocked, "Cloudflare", false},
		{"Cloudflare without the server", answered(522, `<html><div id="cf-error-details">`, "Cf-Ray", "1"), Failed, ReasonSiteError, "Cloudflare could not reach",
			true},
		{"Sucuri", answered(403, page("Sucuri WebSite Firewall - Access Denied"), "X-Sucuri-Id", "15008"), Failed, ReasonBlocked, "Sucuri", false},
		{"through Sucuri", answered(200, done, "X-Sucuri-Id", "15008"), OK, "", "", false},
		{"Wordfence", answered(403, "<html>Generated by Wordfence at Mon</html>"), Failed, ReasonBlocked, "Wordfence", false},
		{"Imunify360", answered(415, `{"message":"Access denied by Imunify360 bot-protection."}`), Failed, ReasonBlocked, "Imunify360", false},
		{"Imunify360 with 200", by(http.MethodGet, "/x", answered(200, `{"message":"Access denied by Imunify360 bot-protection."}`)), Failed, ReasonBlocked,
			"Imunify360", false},
		{"SiteGround's bot check", answered(202, `<html><meta http-equiv="refresh">`, "Sg-Captcha", "challenge"), Failed, ReasonBlocked, "SiteGround", false},
		{"AWS WAF", answered(405, ``, "X-Amzn-Waf-Action", "captcha"), Failed, ReasonBlocked, "AWS", false},
		{"ModSecurity by name", answered(406, "<html>generated by Mod_Security</html>"), Failed, ReasonBlocked, "ModSecurity", false},
		{"ModSecurity by its way", answered(501, page("Method Not Implemented")), Failed, ReasonBlocked, "ModSecurity", false},
		{"nginx", answered(403, "<html><center>nginx/1.22</center></html>"), Failed, ReasonBlocked, "nginx", false},
		{"Apache", answered(405, "<html><address>Apache/2.4 Server</address></html>"), Failed, ReasonBlocked, "Apache", false},
		{"a gateway in JSON", answered(403, `{"message":"Forbidden"}`), Failed, ReasonBlocked, "403", false},
		{"the host's password", answered(401, page("401"), "Www-Authenticate", `Basic realm="Restricted"`), Failed, ReasonNotAuthenticated,
			`Basic realm="Restricted"`, false},
		{"a bare 401", answered(401, page("401")), Failed, ReasonNotAuthenticated, "", false},
		{"maintenance", answered(503, page("Maintenance")), Failed, ReasonMaintenance, "Maintenance", true},
		{"too many", answered(429, page("Too many")), Failed, ReasonRateLimited, "", true},
		{"too many, from Cloudflare", answered(429, page("Just a moment..."), "Cf-Mitigated", "challenge"), Failed, ReasonRateLimited, "Cloudflare", true},
		{"a critical error", answered(500, page("WordPress › Error")), Failed, ReasonSiteError, "WordPress › Error", false},
		{"a bad gateway", answered(502, page("502")), Unknown, ReasonCutOff, "may have been carried out", true},
		{"a gateway's timeout", answered(504, page("504")), Unknown, ReasonTimeout, "may have been carried out", true},
		{"moved", answered(301, "", "Location", "https://www.acme.example/wp-json/x"), Failed, ReasonRedirected, "https://www.acme.example/wp-json/x", false},
		{"a login wall", answered(302, "", "Location", "/wp-login.php?redirect_to=x"), Failed, ReasonProtected, "login page", false},
		{"SiteGround's redirect", answered(302, "", "Location", "/.well-known/sgcaptcha/?r=x"), Failed, ReasonBlocked, "SiteGround", false},
		{"moved nowhere", answered(302, ""), Failed, ReasonNotJSON, "302", false},
		{"moved to a script", answered(302, "", "Location", "javascript:alert(1)"), Failed, ReasonProtected, "invalid URL", false},
	})
}

func TestClassifyFaults(t *testing.T) {
	before := func(fault error) Exchange { return Exchange{Method: http.MethodPatch, Fault: fault} }
	after := func(fault error) Exchange { return Exchange{Method: http.MethodPatch, Fault: fault, Sent: true} }
	check(t, []judged{
		{"impossible", before(requestError("Write a path.")), Failed, ReasonInvalidInput, "Write a path.", false},
		{"refused address", before(fmt.Errorf("%w: x", ErrRefusedAddress)), Failed, ReasonAddressRefused, "", false},
		{"no such host", before(ErrResolve), Failed, ReasonUnreachable, "", true},
		{"no connection", before(ErrConnect), Failed, ReasonUnreachable, "", true},
		{"expired", before(fmt.Errorf("%w: the certificate has expired", ErrTLS)), Failed, ReasonTLS, "expired", false},
		{"no time before it was sent", before(ErrTimeout), Failed, ReasonUnreachable, "", true},
		{"cut before it was sent", before(ErrCutOff), Failed, ReasonUnreachable, "", true},
		{"cancelled before it was sent", before(ErrCancelled), Failed, ReasonCancelled, "", false},
		{"cancelled while waiting", before(fmt.Errorf("%w: %w", ErrWait, ErrCancelled)), Failed, ReasonCancelled, "waiting", false},
		{"no time after it was sent", after(ErrTimeout), Unknown, ReasonTimeout, "", false},
		{"cut after it was sent", after(ErrCutOff), Unknown, ReasonCutOff, "", true},
		{"cancelled after it was sent", after(ErrCancelled), Unknown, ReasonCutOff, "", false},
		{"of another kind", after(errors.New("something new")), Unknown, ReasonCutOff, "Something new.", true},
		{"too large", by(http.MethodGet, "/wp/v2/posts", after(ErrTooLarge)), Failed, ReasonTooLarge, "", false},
		{"too large, for a write", after(ErrTooLarge), Unknown, ReasonUnclear, "larger", false},
	})
}

func TestClassifyTells(t *testing.T) {
	v := Classify(answered(200,
		`{"code":"incorrect_password","message":"<strong>Fehler:</strong> Das Passwort &amp; der Name\u0007 stimmen nicht. `+
			`<script>x</script>","data":{"status":401}}`))
	if v.Status != 401 || v.Code != "incorrect_password" || v.Message != "Fehler: Das Passwort & der Name stimmen nicht. x" {
		t.Errorf("got %+v", v)
	}
	if v := Classify(answered(400, `{"code":"x","message":"`+strings.Repeat("ü", 900)+`"}`)); len([]rune(v.Message)) != 500 {
		t.Errorf("the message has %d runes", len([]rune(v.Message)))
	}
	if v := Classify(answered(301, "", "Location", "/elsewhere")); v.Location != "https://acme.example/elsewhere" {
		t.Errorf("location %q", v.Location)
	}
	if v := Classify(answered(301, "", "Location", "https://user:pw@evil.example/")); v.Location != "" || strings.Contains(v.Note, "evil") {
		t.Errorf("got %+v", v)
	}
}

func TestRetryAfter(t *testing.T) {
	started := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return started.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0}, {"7", "", 7 * time.Second}, {" 0 ", "", 0}, {"-5", "", 0}, {"600", "", 5 * time.Minute}, {"99999999999999999999", "", 5 * time.Minute},
		{"1.5", "", 1500 * time.Millisecond}, {"NaN", "", 0}, {"soon", "", 0},
		{at(30 * time.Second), "", 30 * time.Second}, {at(-time.Hour), "", 0}, {at(time.Hour), "", 5 * time.Minute},
		{at(time.Hour + 20*time.Second), at(time.Hour), 20 * time.Second}, // the site's clock is fast
	} {
		x := answered(429, "", "Retry-After", c.value, "Date", c.date)
		x.Started = started
		if v := Classify(x); !v.Retry || v.RetryAfter != c.want {
			t.Errorf("Retry-After %q: %v, want %v", c.value, v.RetryAfter, c.want)
		}
	}
}

func TestReasonsAreComplete(t *testing.T) {
	if len(Reasons()) != 24 {
		t.Errorf("%d reasons, want 24", len(Reasons()))
	}
	for _, r := range Reasons() {
		if r.Label() == "" || !strings.HasSuffix(r.Sentence(), ".") || !strings.HasSuffix(r.Fix(), ".") {
			t.Errorf("%s: %q, %q, %q", r, r.Label(), r.Sentence(), r.Fix())
		}
	}
}
