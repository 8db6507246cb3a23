package wordpress

import (
	"net/http"
	"strings"
	"testing"
)

// write is a POST to a route of no known plugin, and its answer.
func write(status int, body string, header ...string) Exchange {
	return by(http.MethodPost, "/acme/v1/do", answered(status, body, header...))
}

func read(status int, body string, header ...string) Exchange {
	return by(http.MethodGet, "/acme/v1/list", answered(status, body, header...))
}

// The answers to a write that say no with 200, in the forms that plugins and frameworks have.
func TestSuccessThatDenies(t *testing.T) {
	for _, body := range []string{
		`{"code":"acme_failed","message":"No.","data":null}`, `{"code":"acme_failed","message":"No.","data":[]}`,
		`{"code":"acme_failed","message":"No.","data":{"field":"x"}}`,
		`{"code":"invalid_licence","message":"No."}`, `{"code":"acme","message":"No.","data":null,"additional_errors":[]}`,
		`{"message":"No.","data":{"status":"403"}}`,
		`{"errors":{"acme_failed":["It failed."]},"error_data":[]}`, `{"errors":[{"message":"x"}]}`, `{"errors":["x"]}`, `{"errors":"x"}`,
		`{"errors":{"title":["required"]},"message":"The given data was invalid."}`,
		`{"error":"No licence."}`, `{"error":{"code":"E7","message":"No licence."}}`, `{"error":true,"message":"No."}`, `{"error":1}`, `{"error":{"0":"x"}}`,
		`{"error_message":"No."}`,
		`{"error":"invalid_grant","error_description":"No."}`, `{"status":"fail","data":{"title":"required"}}`, `{"status":"error","message":"No."}`,
		`{"status":"failed"}`, `{"status":"FAILURE"}`,
		`{"status":false,"message":"No."}`, `{"status":0}`, `{"status":"0"}`, `{"status":403,"message":"No."}`, `{"statusCode":401,"message":"No."}`,
		`{"code":500,"message":"No."}`,
		`{"result":"error"}`, `{"result":false}`, `{"ok":false}`, `{"type":"error","message":"No."}`, `{"success":false}`, `{"success":0}`, `{"success":"0"}`,
		`{"success":"false"}`,
		`{"success":false,"data":"No."}`, `{"success":true,"data":{"success":false}}`, `{"deleted":false}`, `{"data":{"status":"error","message":"No."}}`,
		`{"result":{"success":false}}`,
		`false`, `"{\"success\":false}"`, `[{"code":"acme","message":"No.","data":{"status":400}}]`,
		`{"body":{"code":"x","message":"No.","data":{"status":403}},"status":403,"headers":{}}`,
		`{"body":null,"status":500,"headers":[]}`, `{"code":500,"message":"No.","data":null}`, `{"success":"","message":"No."}`, `{"updated":false}`,
		`{"done":false}`, `{"data":false}`, `{"data":{"error":{"code":"E1","message":"No."}}}`,
		`{"type":"about:blank","title":"Forbidden","status":403,"detail":"No."}`, `{"errors":[{"message":"x"}],"data":null}`,
		`{"Success":false,"Message":"No."}`, `{"Error":{"Code":"AccessDenied","Message":"No."}}`, `{"failed":true,"message":"No."}`, `{"is_error":true}`,
		`{"status":"unsuccessful"}`,
		`{"data":{"x":{"y":1}},"success":false}`, `{"items":[{"success":false,"message":"No."}]}`,
	} {
		if v := Classify(write(200, body)); v.Outcome != Failed {
			t.Errorf("%s: %+v", body, v)
		}
		for before, after := range debris {
			if v := Classify(write(200, before+body+after)); v.Outcome != Failed && (v.Outcome != Unknown || body != "false" && body[0] != '"') {
				t.Errorf("%s within %q: %+v", body, before+after, v)
			}
		}
	}
}

// Answers to a write that a person would not take for done, nor for refused.
func TestSuccessThatIsNotClear(t *testing.T) {
	for _, body := range []string{
		`null`, `0`, `-1`, `""`, `"0"`, `"Error: no licence"`, `{"code":"acme_report","message":"x"}`, `{"success":true,"mess`, `{"id":7`, "OK",
		"\x1f\x8b\x08\x00damaged", "\x00\x01\x02",
		`{"message":"Sorry, you are not allowed to do that."}`, `<!doctype html><html><head></head><body>{"success":true}</body></html>`,
		`{"id":7,"meta":{"a":1},"titl`, `[{"id":1},{"id":2},{"i`, `{"data":{"x":{"y":1}},"success":fal`, phpWarning + `{"success":true,"data":{"a":{"b":1}},"x":"`,
		`{"success":true}{"code":"internal_server_error","message":"<p>`,
		`{"success":true}` + page("Shop"), `{"success":true}{"success":false}`, `{"code":"x","message":"No.","data":{"status":400}}{"success":true}`,
	} {
		if v := Classify(write(200, body)); v.Outcome != Unknown || v.Reason != ReasonUnclear {
			t.Errorf("%s: %+v", body, v)
		}
	}
	for _, body := range []string{`{"success":true,"errors":["x"]}`, `{"id":7,"error":"x"}`, `{"data":{"a":1},"errors":[{"message":"x"}]}`,
		`{"updated":3,"errors":{"9":"x"}}`, `{"success":true,"data":{"errors":["x"]}}`,
		`{"status":"success","errors":["x"]}`, `{"success":true,"results":[{"success":false}]}`, `{"results":[{"success":true},{"success":false}]}`,
		`{"products":[{"id":7},{"id":0,"error":{"code":"x","message":"No."}}]}`} {
		if v := Classify(write(200, body)); v.Outcome != Partial {
			t.Errorf("%s: %+v", body, v)
		}
	}
	for _, header := range [][]string{{"X-Cache", "HIT", "Age", "86400"}, {"X-Litespeed-Cache", "hit"}, {"X-Cache", "HIT"}, {"Age", "86400"}} {
		if v := Classify(write(200, `{"success":true}`, header...)); v.Outcome != Unknown {
			t.Errorf("out of a cache %v: %+v", header, v)
		}
	}
	if v := Classify(read(200, `[{"id":1},{"id":2},{"i`)); v.Outcome != Failed {
		t.Errorf("a list that was cut: %+v", v)
	}
}

// What only looks like a refusal: a resource whose own status is failed, words of success in WordPress's error form, empty errors.
func TestSuccessThatResemblesARefusal(t *testing.T) {
	for _, x := range []Exchange{
		write(200, `{"id":7,"status":"failed","total":"12.00"}`), write(200, `{"order_id":7,"status":"failed"}`), write(200, `{"error":null,"updated":3}`),
		write(200, `{"errors":[],"id":3}`),
		write(200, `{"error":false}`), write(200, `{"error":""}`), write(200, `{"error":{}}`), write(200, `{"error":{"code":0,"message":""}}`),
		write(200, `{"errors":0}`), write(200, `{"status":"success"}`), write(200, `{"status":200}`),
		write(200, `{"status":"publish"}`), write(200, `{"code":"success","message":"Saved.","data":{"a":1}}`),
		write(200, `{"code":"jwt_auth_valid_token","data":{"status":200}}`), write(200, `{"code":200,"message":"OK"}`),
		write(200, `{"success":true,"statusCode":200,"code":"jwt_auth_valid_credential","message":"x","data":{}}`),
		write(200, `{"id":7,"code":"SUMMER","amount":"5"}`), write(200, `true`), write(200, `7`), write(200, `"done"`),
		write(200, `[]`), write(200, `{}`), write(200, `{"deleted":true,"previous":{}}`), write(200, `{"type":"post"}`), write(201, `{"id":1,"_links":{}}`),
		write(200, `{"success":1}`), write(200, `{"success":true}0`),
		write(200, `{"success":true}{"success":true}`), write(200, `{"debug":{"a":1}}{"success":true}`),
		write(200, `{"success":true,"data":{"status":"failed","id":7}}`),
		read(200, `{"id":7,"status":"failed","error":"card declined"}`), read(200, `{"status":"error"}`), read(200, `false`), read(200, `null`),
		read(200, `{"errors":["x"]}`), read(200, `{"code":"SUMMER","message":"x"}`),
		read(200, `{"code":"SUMMER","message":"x","data":null,"id":7}`), read(200, `[{"code":"a","message":"b","data":null}]`),
		read(200, ``, "Content-Type", "application/json"),
		write(200, ``, "Content-Type", "application/json; charset=UTF-8", "Link", `<https://acme.example/wp-json/>; rel="https://api.w.org/"`), write(204, ``),
		write(200, `{"error_code":0,"error_message":"success"}`), write(200, `{"error":"No error","updated":1}`), write(200, `{"error":"no errors found"}`),
		write(200, `{"enabled":false}`), write(200, `{"id":5,"deleted":false}`), write(200, `{"id":5,"title":"x","done":false}`), write(200, `{"message":"Saved."}`),
		write(200, `{"message":"3 of 3"}`), write(200, `{"id":3,"sent":false}`),
		write(200, `{"message":"No error occurred."}`), write(200, `{"message":"It ran without any errors."}`), write(200, `{"failed":false}`),
		write(200, `{"failed":0,"processed":4}`), write(200, `{"id":7,"failed":true}`), write(200, `{"Success":true,"Error":null}`),
		write(200, `{"log":[{"type":"error","message":"old"}],"saved":true}`), write(200, `{"tests":[{"label":"x","status":"failed"}]}`),
		write(200, `{"success":true,"warnings":["x"],"data":{"failed":0,"errors":[]}}`),
		write(200, `{"email_errors":"all","maintenance":false,"error_reporting":true}`),
		write(200, `{"rows":[{"name":"x","error":null},{"name":"y","error":"old"}]}`), write(226, `{"success":true}`),
		write(201, `{"id":5}`, "Location", "/wp-json/wp/v2/posts/5"), write(200, `{"success":true}`, "X-Cache", "MISS", "Retry-After", "5"),
		write(200, `{"id":5,"content":{"rendered":"<html><h1>403 Forbidden</h1></html>"}}`),
		read(200, "\xef\xbb\xbf", "Content-Type", "application/json"), read(200, `[]`), read(200, `0`),
		read(200, `{"status":"critical","tests":[{"success":false}]}`), read(200, `[{"level":"error","message":"Fatal error: x"}]`),
	} {
		if v := Classify(x); v.Outcome != OK {
			t.Errorf("%s %s: %+v", x.Method, x.Body, v)
		}
	}
	for _, body := range []string{`{"code":"acme","message":"No.","data":null}`, `{"success":false}`, `{"code":"acme","message":"No.","data":{"status":500}}`,
		`{"code":404,"message":"No.","data":null}`, `{"code":"acme","message":"No.","data":404}`} {
		if v := Classify(read(200, body)); v.Outcome != Failed {
			t.Errorf("read %s: %+v", body, v)
		}
	}
}

func TestBatches(t *testing.T) {
	const no = `{"body":{"code":"rest_cannot_create","message":"No.","data":{"status":403}},"status":403,"headers":[]}`
	const yes = `{"body":{"id":1},"status":201,"headers":[]}`
	at := func(route string, status int, body string) Exchange {
		return by(http.MethodPost, route, answered(status, body))
	}
	check(t, []judged{
		{"all well", at("/batch/v1", 207, `{"responses":[`+yes+`,`+yes+`]}`), OK, "", "", false},
		{"all refused alike", at("/batch/v1", 207, `{"responses":[`+no+`,`+no+`]}`), Failed, ReasonForbidden, "All 2 parts failed. The first says: No.", false},
		{"one refused", at("/batch/v1", 207, `{"responses":[`+yes+`,`+no+`]}`), Partial, "", "1 of 2 parts failed. The first says: No.", false},
		{"not valid", at("/batch/v1", 207, `{"failed":"validation","responses":[`+no+`,null]}`), Failed, ReasonInvalidInput, "none of it", false},
		{"with gaps", at("/batch/v1", 207, `{"responses":{"0":`+yes+`,"2":`+no+`}}`), Partial, "", "1 of 2", false},
		{"statuses as texts", at("/batch/v1", 207, `{"responses":[{"status":"201","body":{}},{"status":"404","body":{}}]}`), Partial, "", "1 of 2", false},
		{"after a warning", at("/batch/v1", 200, phpWarning+`{"responses":[`+yes+`,`+no+`]}`), Partial, "", "1 of 2", false},
		{"a shop's", at("/wc/v3/products/batch", 200, `{"update":[{"id":7},{"id":8,"error":{"code":"x","message":"Invalid ID.","data":{"status":400}}}]}`), Partial,
			"", "Invalid ID", false},
		{"a shop's, all", at("/wc/v3/products/batch", 200,
			`{"create":[{"id":0,"error":{"code":"x","message":"A","data":{"status":400}}}],`+
				`"delete":[{"id":8,"error":{"code":"y","message":"B","data":{"status":404}}}]}`),
			Failed, ReasonRefused, "All 2", false},
		{"a shop's, all well", at("/wc/v3/products/batch", 200, `{"create":[{"id":1}],"update":[],"delete":[{"id":8}]}`), OK, "", "", false},
		{"a shop's failed orders", at("/wc/v3/orders/batch", 200, `{"update":[{"id":7,"status":"failed"}]}`), OK, "", "", false},
		{"another's", at("/acme/v1/items/batch", 200, `{"results":[{"success":true},{"success":false,"message":"No."}]}`), Partial, "", "No.", false},
		{"another's, with 207", at("/acme/v1/items", 207, `{"items":[{"status":200},{"status":409}]}`), Partial, "", "1 of 2", false},
		{"parts without an answer", Exchange{Method: "POST", URL: "https://acme.example/wp-json/batch/v1", Status: 207, Sent: true,
			Body:        []byte(`{"responses":[` + yes + `]}`),
			RequestBody: []byte(`{"requests":[{"path":"/a"},{"path":"/b"}]}`)}, Partial, "", "1 of 2", false},
		{"no answers", Exchange{Method: "POST", URL: "https://acme.example/wp-json/batch/v1", Status: 207, Sent: true, Body: []byte(`{"responses":[]}`),
			RequestBody: []byte(`{"requests":[{"path":"/a"},{"path":"/b"}]}`)}, Unknown, ReasonUnclear, "empty", false},
		{"a list", at("/acme/v1/items", 200, `[{"id":1},{"success":false}]`), Partial, "", "1 of 2", false},
	})
}

// debris is what stands before an answer, with what stands after it.
var debris = map[string]string{
	phpWarning: "", "\xef\xbb\xbf": "", "\n\f ": "\x00",
	`<div id="error"><p class="wpdberror"><strong>WordPress database error:</strong> [Table 'a.b' doesn't exist]<br /><code>SELECT 1</code></p></div>`: "",
	"<script>window.a = {\"success\":true};</script>\n": "", "<style>p{color:red}</style>": "<!-- 0.2 s {\"a\":1} -->", "<meta name=x><link rel=y>": "",
	"<p>Hello": "", "": `<script defer src="https://cdn.example/t.js"></script>`,
	" ": "<p>Deprecated: x</p>", "<div class='notice'>": "", "<noscript><img src=x></noscript>": `<div id="x">{}</div>`, "<header>x</header>": "</body></html>",
	"<!-- a -->": "<!-- Cached by W3TC -->",
	"<table class='xdebug-error'><tr><th>( ! ) Notice: Undefined index [0] in /a.php on line <i>3</i></th></tr></table>": "",
	")]}'": "", ")]}',\n": "", "while(1);": "", "Array ( [\x00*\x00name] => x )\n": "", "<br />Notice: x in a.php on line 3\n\xef\xbb\xbf": "",
	"<pre>Array\n(\n [status] => error\n)\n</pre>":                     "",
	"Deprecated: Function x() is deprecated in /srv/a.php on line 3\n": "", "<iframe src=x></iframe>": `<img src="x" onload="{a:1}">`,
}

func TestDebrisChangesNothing(t *testing.T) {
	for _, x := range []Exchange{answered(200, done), write(200, `{"success":true}`), write(200, `{"id":1}`), read(200, `[{"id":1}]`), read(200, `[]`),
		read(200, `{}`), write(200, `{"code":"x","message":"y","data":{"status":403}}`)} {
		want := Classify(x)
		for before, after := range debris {
			y := x
			y.Body = []byte(before + string(x.Body) + after)
			if v := Classify(y); v.Outcome != want.Outcome || v.Reason != want.Reason {
				t.Errorf("%q is %s %s, not %s", y.Body, v.Outcome, v.Reason, want.Outcome)
			}
		}
	}
}

// A page for scripts of another origin wraps the JSON in a call (JSONP); what has no name in it may as well be a part of a script.
func TestJSONWithinACall(t *testing.T) {
	for body, outcome := range map[string]Outcome{`{"success":true}`: OK, `{"success":false}`: Failed,
		`{"code":"x","message":"y","data":{"status":500}}`: Failed} {
		if v := Classify(write(200, "/**/cb("+body+");")); v.Outcome != outcome {
			t.Errorf("%s: %+v", body, v)
		}
	}
}

func TestPHPDied(t *testing.T) {
	const fatal = "<br />\n<b>Fatal error</b>:  Uncaught TypeError: strlen(): Argument #1 in /srv/a.php:12\nStack trace:\n#0 {main}\n  thrown in " +
		"<b>/srv/a.php</b> on line <b>12</b><br />\n"
	const core = `{"code":"internal_server_error","message":"<p>There has been a critical error on this ` +
		`website.</p>","data":{"status":500},"additional_errors":[]}`
	const died = `<!DOCTYPE html><html><head><title>WordPress &rsaquo; Error</title></head><body id="error-page"><div class="wp-die-message"><p>Es gab einen ` +
		`kritischen Fehler.</p></div></body></html>`
	check(t, []judged{
		{"as text", answered(200, fatal), Failed, ReasonSiteError, "Uncaught TypeError", false},
		{"in plain text", answered(200, "PHP Fatal error:  Allowed memory size of 1 bytes exhausted in /a.php on line 3"), Failed, ReasonSiteError, "Allowed memory",
			false},
		{"a parse error", write(200, "Parse error: syntax error, unexpected '}' in /a.php on line 3"), Failed, ReasonSiteError, "syntax error", false},
		{"then WordPress", answered(200, fatal+core), Failed, ReasonSiteError, "Uncaught", false},
		{"WordPress's page", answered(200, died), Failed, ReasonSiteError, "kritischen", false},
		{"WordPress's message alone", answered(200, `<p>There has been a critical error on this website.</p><p><a href="x">Learn more.</a></p>`), Failed,
			ReasonSiteError, "critical", false},
		{"quoting JSON", answered(200, `<b>Fatal error</b>: Uncaught Error: json_decode('{"success":true}') in x.php`), Failed, ReasonSiteError, "", false},
		{"after a success", answered(200, done+core), Unknown, ReasonSiteError, "disagree", false},
		{"after a success, as text", answered(200, done+fatal), Unknown, ReasonSiteError, "Uncaught", false},
		{"after a success, as a page", answered(200, done+died), Unknown, ReasonSiteError, "kritischen", false},
		{"after what was created", write(200, `{"id":4}`+core), Unknown, ReasonSiteError, "then crashed", false},
		{"after a list of what was created", write(200, `[{"id":4}]`+core), Unknown, ReasonSiteError, "then crashed", false},
		{"after a debugger", write(200, `{"queries":[1]}`+core), Failed, ReasonSiteError, "", false},
		{"after a short success", answered(200, `{"success":true}`+core), Unknown, ReasonSiteError, "", false},
		{"after a refusal", answered(200, `{"success":false}`+core), Failed, ReasonRefused, "", false},
		{"a refusal, then a success", answered(200, `{"success":false}`+done), Unknown, ReasonUnclear, "disagree", false},
		{"without a database", answered(200, page("Error establishing a database connection")), Failed, ReasonSiteError, "database", false},
		{"PHP that does not run", answered(200, "<?php echo 1;"), Failed, ReasonSiteError, "source", false},
	})
}

func TestPagesWith200(t *testing.T) {
	html := func(head, body string) Exchange {
		return answered(200, "<!doctype html><html><head>"+head+"</head><body>"+body+"</body></html>", "Content-Type", "text/html")
	}
	long := strings.Repeat("We sell tea from all over the world. ", 40)
	check(t, []judged{
		{"a cookie by a script", html("", `<script src="/aes.js"></script><script>document.cookie="__test="+x;location.href="/?i=1"</script>`), Failed, ReasonBlocked,
			"check", false},
		{"a reload", html("", `<script>setTimeout(function(){location.reload()},5)</script>`), Failed, ReasonBlocked, "check", false},
		{"a form that sends itself", html("<title>x</title>", `<script>f.submit()</script>`), Failed, ReasonBlocked, "check", false},
		{"Sucuri", html("<title>You are being redirected...</title>", `<noscript>Javascript is required.</noscript><script>sucuri_cloudproxy_js=""</script>`), Failed,
			ReasonBlocked, "", false},
		{"Imperva", html(`<meta name="robots" content="noindex"><script src="/_Incapsula_Resource?x=1"></script>`, ""), Failed, ReasonBlocked, "", false},
		{"a captcha", html("<title>Hold on</title>", `<form><div class="g-recaptcha"></div></form><p>Prove it.</p>`), Failed, ReasonBlocked, "", false},
		{"DDoS-Guard", html("<title>DDoS-Guard</title>", `<script>checkCookies()</script><p>Checking your browser before accessing.</p>`), Failed, ReasonBlocked, "",
			false},
		{"another maker", html("<title>Security check</title>", `<script src=x></script><p>Please verify you are human.</p>`), Failed, ReasonBlocked, "", false},
		{"403 as a title", html("<title>403 Forbidden</title>", "<h1>Forbidden</h1>"), Failed, ReasonBlocked, "403", false},
		{"denied as a heading", html("<title>Acme</title>", "<h1>Access Denied</h1>"), Failed, ReasonBlocked, "403", false},
		{"goes on to itself", html(`<meta http-equiv="refresh" content="0; url=?__cpo=1">`, ""), Failed, ReasonBlocked, "same URL", false},
		{"goes on to a login", html(`<meta content="x" name="y"><meta http-equiv=refresh content='1;URL=/login/'>`, "Please wait."), Failed, ReasonProtected, "login",
			false},
		{"a hidden form that sends itself", html("<title>Waiting for the redirection...</title>",
			`<script>f.submit()</script><form method="post"><input type="hidden" name="a" value="b"></form>`), Failed, ReasonBlocked, "check", false},
		{"FortiGate", html("<title>Web Page Blocked!</title>", "<h3>Web Page Blocked</h3><p>Attack ID: 2</p>"), Failed, ReasonBlocked, "", false},
		{"limited", html("<title>Your access to this site has been limited</title>", "x"), Failed, ReasonBlocked, "", false},
		{"blocked as a heading", html("<title>Acme</title>", "<h1>Sorry, you have been blocked</h1>"), Failed, ReasonBlocked, "", false},
		{"CloudFront", html("<title>ERROR: The request could not be satisfied</title>", "<h1>403 ERROR</h1>"), Failed, ReasonBlocked, "403", false},
		{"Tomcat", html("<title>HTTP Status 403 – Forbidden</title>", ""), Failed, ReasonBlocked, "403", false},
		{"IIS", html("<title>IIS 10.0 Detailed Error - 403.18 - Forbidden</title>", ""), Failed, ReasonBlocked, "403", false},
		{"a word before the number", html("<title>Error: 403 Forbidden</title>", ""), Failed, ReasonBlocked, "403", false},
		{"Cloudflare's 524", html("<title>acme.example | 524: A timeout occurred</title>", "<h1>A timeout occurred <span>Error code 524</span></h1>"), Failed,
			ReasonSiteError, "", false},
		{"numbers in a title", html("<title>Our 500 best teas</title>", "<h1>404 teas more</h1>"+long), Failed, ReasonNotJSON, "", false},
		{"scripts and nothing else", html(
			`<meta name="ROBOTS" content="NOINDEX"><script src="/TSPD/08a?type=7"></script>`, ""), Failed, ReasonBlocked, "check", false},
		{"a reload, and another way without scripts", html(
			`<noscript><meta http-equiv="refresh" content="0; url=/?nojs"></noscript><script>location.reload()</script>`,
			""), Failed, ReasonBlocked, "check", false},
		{"refused in a sentence", html("", "Your request has been blocked by our security policy. Incident ID: 12"), Failed, ReasonBlocked, "", false},
		{"a suspended site", html("<title>Website Suspended</title>", "This website has been suspended."), Failed, ReasonSuspended, "", false},
		{"406", html("<title>Not Acceptable!</title>", ""), Failed, ReasonBlocked, "406", false},
		{"a 404 of a theme", html("<title>Page not found – Acme</title>", long), Failed, ReasonNotJSON, "404", false},
		{"a gateway's", html("<title>504 Gateway Time-out</title>", ""), Unknown, ReasonTimeout, "", true},
		{"maintenance", html("<title>Maintenance</title>", "Briefly unavailable for scheduled maintenance. Check back in a minute."), Failed, ReasonMaintenance, "",
			false},
		{"a check with 503", answered(503,
			"<html><head><title>Checking</title></head><body><script>x()</script>Checking your browser before accessing.</body></html>"), Failed, ReasonBlocked, "",
			false},
		{"503 as a title", html("<title>Service Unavailable</title>", ""), Failed, ReasonMaintenance, "", true},
		{"suspended", html("<title>Account Suspended</title>", "This Account has been suspended."), Failed, ReasonSuspended, "", false},
		{"a login page", html("<title>Log In</title>", `<form name="loginform" id="loginform"><input name="log"></form>`), Failed, ReasonProtected, "login page",
			false},
		{"a coming-soon page", html("<title>Coming soon</title>", "<script>document.cookie='a=1'</script>"+long), Failed, ReasonNotJSON, "Coming soon", false},
		{"an app without its content", html("<title>Acme</title>",
			`<div id="root"></div><noscript>You need to enable JavaScript to run this app.</noscript><script src="/app.js"></script>`), Failed, ReasonNotJSON, "Acme",
			false},
		{"a contact page with a captcha", html("<title>Contact</title>", `<script src="https://www.google.com/recaptcha/api.js"></script>`+long), Failed,
			ReasonNotJSON, "Contact", false},
		{"nginx wants a certificate", answered(400, page("400 No required SSL certificate was sent")), Failed, ReasonTLS, "client certificate", false},
		{"496", answered(496, page("496")), Failed, ReasonTLS, "client certificate", false},
		{"402", answered(402, page("Payment required")), Failed, ReasonSuspended, "", false},
	})
}

func TestCodesOfVisitors(t *testing.T) {
	for code, reason := range map[string]Reason{
		"rest_cannot_access": ReasonNotAuthenticated, "rest_login_required": ReasonNotAuthenticated, "rest_api_authentication_required": ReasonNotAuthenticated,
		"not_logged_in":           ReasonNotAuthenticated,
		"rest_user_not_logged_in": ReasonNotAuthenticated, "jwt_auth_bad_auth_header": ReasonNotAuthenticated, "jwt_auth_no_auth_header": ReasonNotAuthenticated,
		"itsec_rest_api_access_restricted": ReasonNotAuthenticated,
		"two_factor_required":              ReasonNotAuthenticated, "rest_anonymous_forbidden": ReasonNotAuthenticated, "no-guests": ReasonNotAuthenticated,
		"rest_members_only": ReasonNotAuthenticated, "rest_only_for_members": ReasonNotAuthenticated, "not_logged": ReasonNotAuthenticated,
		"rest_public_access_disabled": ReasonNotAuthenticated, "unauthenticated": ReasonNotAuthenticated,
		"MISSING_AUTHORIZATION_HEADER": ReasonNotAuthenticated, "sign_in_required": ReasonNotAuthenticated,
		"rest_auth_failed": ReasonNotAuthenticated, "missing_credentials": ReasonNotAuthenticated, "private_site": ReasonNotAuthenticated,
		"application_password_expired": ReasonBadCredential, "application_passwords_disabled_for_user": ReasonNotAuthenticated, "rest_forbidden": ReasonForbidden,
		"rest_cannot_edit":       ReasonForbidden,
		"rest_forbidden_context": ReasonForbidden, "acme_no_permission": ReasonForbidden,
	} {
		if v := Classify(coded(403, code)); v.Outcome != Failed || v.Reason != reason {
			t.Errorf("%s: %+v", code, v)
		}
	}
}

func TestMessagesToVisitors(t *testing.T) {
	for message, reason := range map[string]Reason{
		"You must be logged in to access the REST API.": ReasonNotAuthenticated, "DRA: Only authenticated users can access the REST API.": ReasonNotAuthenticated,
		"Please log in first.":                                  ReasonNotAuthenticated,
		"Anonymous access to the REST API has been restricted.": ReasonNotAuthenticated, "Public access is turned off.": ReasonNotAuthenticated,
		"You are not logged in.": ReasonNotAuthenticated, "Authentication required.": ReasonNotAuthenticated,
		"Sorry, you are not allowed to edit this post.": ReasonForbidden, "Only administrators may do this.": ReasonForbidden,
		"Please contact the administrator.": ReasonForbidden, "": ReasonForbidden,
	} {
		body := `{"code":"rest_api_restricted","message":"` + message + `","data":{"status":403}}`
		if v := Classify(write(403, body)); v.Outcome != Failed || v.Reason != reason {
			t.Errorf("%s: %+v", message, v)
		}
	}
}

func TestRedirects(t *testing.T) {
	to := func(location string) Exchange { return answered(302, "", "Location", location) }
	check(t, []judged{
		{"another host", to("https://www.acme.example/wp-json/bigscoots-cache/v2/clear-cache"), Failed, ReasonRedirected, "www", false},
		{"another host's front page", to("https://new.example/"), Failed, ReasonRedirected, "new.example", false},
		{"another path", to("/blog/wp-json/bigscoots-cache/v2/clear-cache"), Failed, ReasonRedirected, "blog", false},
		{"a password page", to("/?password-protected=login&redirect_to=x"), Failed, ReasonProtected, "Password Protected", false},
		{"a suspended account", to("/cgi-sys/suspendedpage.cgi"), Failed, ReasonSuspended, "", false},
		{"the host's default page", to("/cgi-sys/defaultwebpage.cgi"), Failed, ReasonNotJSON, "default page", false},
		{"the front page", to("/"), Failed, ReasonProtected, "", false},
		{"a login elsewhere", to("https://acme.cloudflareaccess.com/cdn-cgi/access/login/acme.example"), Failed, ReasonProtected, "Cloudflare Access", false},
		{"a suspended page on another host", to("https://suspended.hoster.example/"), Failed, ReasonSuspended, "", false},
		{"a login on another host", to("https://login.acme.example/?next=x"), Failed, ReasonProtected, "login", false},
		{"the API of another host with such a name", to("https://members.acme.example/wp-json/a"), Failed, ReasonRedirected, "members", false},
		{"single sign-on of a provider", to("https://acme.okta.com/app/x"), Failed, ReasonProtected, "login", false},
		{"a bot check elsewhere", to("https://validate.perfdrive.com/?ssa=x"), Failed, ReasonBlocked, "Radware", false},
		{"single sign-on", to("https://id.corp.example/saml2?RelayState=x"), Failed, ReasonProtected, "login", false},
		{"a slash", to("/wp-json/bigscoots-cache/v2/clear-cache/"), Failed, ReasonInvalidInput, "End the path", false},
		{"itself, with a query", to("/wp-json/bigscoots-cache/v2/clear-cache?ckattempt=1"), Failed, ReasonBlocked, "same URL", false},
		{"another folder", to("/new/wp-json/bigscoots-cache/v2/clear-cache"), Failed, ReasonRedirected, "/new/", false},
		{"another folder of two letters", to("/wp/wp-json/bigscoots-cache/v2/clear-cache"), Failed, ReasonRedirected, "/wp/", false},
		{"a language", to("/de/wp-json/bigscoots-cache/v2/clear-cache"), Failed, ReasonProtected, "another language", false},
		{"itself", to("/wp-json/bigscoots-cache/v2/clear-cache"), Failed, ReasonBlocked, "same URL", false},
		{"a network without the site", to("/wp-signup.php?new=x"), Failed, ReasonNotJSON, "network", false},
	})
}
