package wordpress

import "testing"

// Plugins report in words of their own what came of a write; the status is 200 all the same.
func TestReportsOfPlugins(t *testing.T) {
	for body, want := range map[string]Outcome{
		`{"contact_form_id":7,"status":"validation_failed","message":"One or more fields have an error.","invalid_fields":[]}`: Failed,
		`{"contact_form_id":7,"status":"mail_failed","message":"There was an error."}`:                                         Failed,
		`{"contact_form_id":7,"status":"aborted","message":"It was not sent."}`:                                                Failed,
		`{"contact_form_id":7,"status":"mail_sent","message":"Thank you."}`:                                                    OK,
		`{"is_valid":false,"validation_messages":{"1":"Required."}}`:                                                           Failed,
		`{"status":"no_error","saved":true}`:                                                                                   OK,
		`{"errorMsg":"The token is not valid."}`:                                                                               Failed,
		`{"errorMessage":"No.","errorType":"Limit"}`:                                                                           Failed,
		`{"err":"quota"}`:                  Failed,
		`{"error_code":"invalid_api_key"}`: Failed,
		`{"errorCode":12,"message":"No."}`: Failed,
		`{"ok":"false"}`:                   Failed,
		`{"errcode":0,"errmsg":"ok"}`:      OK,
		`{"akismet":{"success":true},"hello":{"success":false,"message":"No."}}`:                      Partial,
		`{"akismet":{"success":false},"hello":{"success":false,"message":"No."}}`:                     Failed,
		`{"akismet":{"success":true},"hello":{"success":true}}`:                                       OK,
		`{"updated":[1,2],"failed":[{"id":3,"reason":"locked"}]}`:                                     Partial,
		`{"success":true,"updated":3,"failed":2}`:                                                     Partial,
		`{"processed":12,"failures":[]}`:                                                              OK,
		`{"id":5,"sent":100,"failed":3}`:                                                              OK,
		`{"_res":"err","_msg":"lack_of_params"}`:                                                      Failed,
		`{"_res":"ok","count":3}`:                                                                     OK,
		`{"ERROR":"Missing required data"}`:                                                           Failed,
		`{"SUCCESS":"Synchronized."}`:                                                                 OK,
		`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"No method."}}`:                     Failed,
		`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"No."}],"isError":true}}`: Failed,
		`{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false},"error":null}`:               OK,
		`{"jsonrpc":"2.0","id":1,"result":{"success":false,"message":"No."}}`:                         Failed,
		`{"jsonrpc":"2.0","id":1,"result":{"code":"no","message":"No.","data":{"status":500}}}`:       Failed,
		`{"jsonrpc":"2.0","id":1,"result":false}`:                                                     Failed,
		`{"jsonrpc":"2.0","id":1,"result":{"succeeded":4,"failed":1}}`:                                Partial,
		`{"jsonrpc":"2.0","id":1,"result":null}`:                                                      OK,
		`{"jsonrpc":"2.0","id":1,"result":{"id":5,"title":"A page"}}`:                                 OK,
		`{"jsonrpc":"2.0","id":1}`:                                                                    Unknown,
		`{"code":0,"message":"Undefined array key"}`:                                                  Unknown,
		`{"code":23000,"message":"Duplicate entry"}`:                                                  Unknown,
		`{"code":0,"message":"success"}`:                                                              OK,
		`{"code":0,"message":"","data":{"a":1}}`:                                                      OK,
		`{"data":[],"message":"The cache could not be emptied.","result":0}`:                          Unknown,
		`{"status":200,"message":"There was nothing to do, no page is kept."}`:                        OK,
		`{"json":false}`:                           Failed,
		`{"json":{"success":false,"error":"x"}}`:   Failed,
		`{"success":[],"failed":[12,13]}`:          Failed,
		`{"success":[11],"failed":[12,13]}`:        Partial,
		`{"processed":3,"failed":3}`:               Failed,
		`{"processed":3,"failed":1}`:               Partial,
		`{"results":[{"id":1,"status":"failed"}]}`: OK,
	} {
		if v := Classify(write(200, body)); v.Outcome != want {
			t.Errorf("%s: %+v", body, v)
		}
	}
}

// Pages with status 200 that check for a browser, refuse, or ask for a login with a captcha in it.
func TestPagesThatRefuse(t *testing.T) {
	const login = `<form id="loginform"><input type="text" name="log"><input type="password" name="pwd">`
	const turnstile = `<script src="https://challenges.cloudflare.com/turnstile/v0/api.js"></script><div class="cf-turnstile"></div>`
	for name, c := range map[string]struct {
		page string
		want Reason
	}{
		"Turnstile":         {`<html><head><title>Acme</title></head><body>` + turnstile + `</body></html>`, ReasonBlocked},
		"a challenge":       {`<html><body><script src="https://a.token.awswaf.com/x/challenge.js"></script><div id="x"></div></body></html>`, ReasonBlocked},
		"a heading":         {`<html><head><title>Acme Hosting</title></head><body><h2>Access denied: your IP address is blocked</h2></body></html>`, ReasonBlocked},
		"too many requests": {`<html><head><title>429 Too Many Requests</title></head><body></body></html>`, ReasonRateLimited},
		"a login":           {`<html><body>` + login + turnstile + `</form></body></html>`, ReasonProtected},
		"no bots": {`<html><head><title>Checking you are not a bot</title><script async src="/x.js"></script></head><body>Please wait.</body></html>`,
			ReasonBlocked},
		"a refresh and a cookie": {`<html><head><title>Waiting</title><meta http-equiv="refresh" content="3; url=/"></head><body>` +
			`<script>document.cookie="a=1";</script></body></html>`, ReasonBlocked},
		"a refresh to the front page": {`<html><head><meta http-equiv="refresh" content="0; url=/"></head><body></body></html>`, ReasonProtected},
		"a page by a script":          {`<html><head><script src="/assets/app.js"></script></head><body><div id="root"></div></body></html>`, ReasonNotJSON},
	} {
		if v := Classify(write(200, c.page)); v.Reason != c.want {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// A check for browsers is one whatever status its maker gave it.
func TestCheckWithAStatusOfItsOwn(t *testing.T) {
	body := `<html><head><script id="challenge">a={}</script></head><body><div id="x"></div><script src="/static/challenge.js"></script></body></html>`
	for status, want := range map[int]Reason{468: ReasonBlocked, 503: ReasonBlocked, 404: ReasonNotJSON, 500: ReasonSiteError} {
		if v := Classify(write(status, body, "Content-Type", "text/html")); v.Reason != want {
			t.Errorf("%d: %+v", status, v)
		}
	}
}

// Plugins tell visitors in 403 that they must sign in, by their words alone.
func TestVisitorsMustSignIn(t *testing.T) {
	for message, want := range map[string]Reason{
		"REST API restricted to authenticated users.":        ReasonNotAuthenticated,
		"Unauthenticated access to the REST API is off.":     ReasonNotAuthenticated,
		"Authorization header missing.":                      ReasonNotAuthenticated,
		"Sorry, you are not allowed to perform this action.": ReasonForbidden,
		"You may not edit posts of registered users.":        ReasonForbidden,
	} {
		if v := Classify(write(403, `{"code":"acme_disabled","message":"`+message+`","data":{"status":403}}`)); v.Reason != want {
			t.Errorf("%s: %+v", message, v)
		}
	}
	const named = `{"status":"error","error":"MISSING_AUTHORIZATION_HEADER","code":"401","error_description":"No header came."}`
	if v := Classify(write(403, named)); v.Reason != ReasonNotAuthenticated || v.Message != "No header came." {
		t.Errorf("%+v", v)
	}
}

// An answer with a status for each of the things that were asked for says with it what became of each; other lists do not.
func TestStatusOfEachPart(t *testing.T) {
	for body, want := range map[string]Outcome{
		`{"results":[{"id":1,"status":"deleted"},{"id":2,"status":"error","message":"No."}]}`:               Partial,
		`{"results":[{"id":1,"status":"error","message":"No."},{"id":2,"status":"error","message":"No."}]}`: Failed,
		`{"results":[{"id":1,"status":"deleted"},{"id":2,"status":"deleted"}]}`:                             OK,
		`{"orders":[{"id":1,"status":"failed"},{"id":2,"status":"failed"}]}`:                                OK,
		`{"log":[{"status":"error","message":"old"}],"saved":true}`:                                         OK,
	} {
		x := write(200, body)
		x.RequestBody = []byte(`{"ids":[1,2]}`)
		if v := Classify(x); v.Outcome != want {
			t.Errorf("%s: %+v", body, v)
		}
	}
}

// A shop's batch has one part for each thing that it was asked for; a shop that broke down answers with none.
func TestPartsOfAShop(t *testing.T) {
	for body, want := range map[string]Outcome{
		`[]`: Unknown, `{}`: Unknown, `{"create":[]}`: Unknown, `{"create":[{"id":1}]}`: Partial, `{"create":[{"id":1}],"delete":[{"id":3}]}`: OK,
		`{"success":true}`: OK, `[1,2]`: OK,
	} {
		x := by("POST", "/wc/v3/products/batch", answered(200, body))
		x.RequestBody = []byte(`{"create":[{"name":"Tea"}],"delete":[3]}`)
		if v := Classify(x); v.Outcome != want {
			t.Errorf("%s: %+v", body, v)
		}
	}
}
