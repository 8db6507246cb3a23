package wordpress

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
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
	RetryAfter    time.Duration
}

// Classify tells what the exchange means. It depends on nothing but the exchange.
func Classify(x Exchange) Verdict {
	v := classify(x)
	if v.Status == 0 {
		v.Status = x.Status
	}
	if v.Retry && v.RetryAfter == 0 {
		v.RetryAfter = retryAfter(x)
	}
	return v
}

func classify(x Exchange) Verdict {
	switch {
	case x.Fault != nil:
		return ofFault(x)
	case x.Status >= 300 && x.Status < 400:
		return redirected(x)
	}
	found, isJSON := findJSON(x.Body)
	if !isJSON {
		return ofText(x)
	}
	v := ofJSON(x, found.value)
	v.Note = strings.TrimSpace(v.Note + " " + found.note)
	return v
}

func ofFault(x Exchange) Verdict {
	failed := func(reason Reason, retry bool) Verdict {
		return Verdict{Outcome: Failed, Reason: reason, Note: capital(printable(x.Fault.Error(), 300)), Retry: retry}
	}
	unsure := func(reason Reason) Verdict {
		if !x.Sent {
			return failed(ReasonUnreachable, true)
		}
		v := failed(reason, reason == ReasonCutOff)
		v.Outcome = Unknown
		return v
	}
	switch {
	case errors.Is(x.Fault, ErrRequest):
		return failed(ReasonInvalidInput, false)
	case errors.Is(x.Fault, ErrRefusedAddress):
		return failed(ReasonAddressRefused, false)
	case errors.Is(x.Fault, ErrTLS):
		return failed(ReasonTLS, false)
	case errors.Is(x.Fault, ErrResolve), errors.Is(x.Fault, ErrConnect):
		return failed(ReasonUnreachable, true)
	case errors.Is(x.Fault, ErrTooLarge):
		return failed(ReasonTooLarge, false)
	case errors.Is(x.Fault, ErrTimeout):
		return unsure(ReasonTimeout)
	case errors.Is(x.Fault, ErrCancelled) && !x.Sent:
		return failed(ReasonCancelled, false)
	}
	return unsure(ReasonCutOff)
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func redirected(x Exchange) Verdict {
	v := Verdict{Outcome: Failed, Reason: ReasonRedirected, Location: x.Header.Get("Location"), Note: "It points to " + x.Header.Get("Location") + "."}
	switch {
	case x.Status == http.StatusNotModified || v.Location == "":
		v.Reason, v.Note = ReasonNotJSON, "It answered "+strconv.Itoa(x.Status)+" without an address to go to."
	case strings.Contains(v.Location, "wp-login.php"):
		v.Note = "It points to the login page: a plugin lets nobody in who is not signed in to WordPress itself."
	}
	return v
}

// ofText judges an answer without JSON: WordPress's REST API answers in JSON, so something else answered, or WordPress broke down.
func ofText(x Exchange) Verdict {
	product, fenced := firewall(x)
	blocked := Verdict{Outcome: Failed, Reason: ReasonBlocked, Note: "Something in front of WordPress answered " + strconv.Itoa(x.Status) + "."}
	if fenced {
		blocked.Note = "It was " + product + "."
	}
	switch {
	case fenced && x.Status != http.StatusTooManyRequests:
		return blocked
	case x.Status == http.StatusNoContent || x.Status < 300 && (x.Method == http.MethodHead || x.Method == http.MethodOptions):
		return Verdict{Outcome: OK}
	case x.Status < 300 && len(strings.TrimSpace(string(x.Body))) == 0:
		return Verdict{Outcome: Failed, Reason: ReasonNotJSON, Note: "It answered " + strconv.Itoa(x.Status) + " with nothing in it."}
	case x.Status < 300:
		return Verdict{Outcome: Failed, Reason: ReasonNotJSON, Note: "It answered " + strconv.Itoa(x.Status) + " with a page" + title(x.Body) + ". " + x.Method + " did nothing there."}
	case x.Status == http.StatusUnauthorized && x.Header.Get("Www-Authenticate") != "":
		return Verdict{Outcome: Failed, Reason: ReasonNotAuthenticated, Note: "The host itself asks for a password before WordPress does (WWW-Authenticate: " + x.Header.Get("Www-Authenticate") + "). Have that switched off for /wp-json/."}
	case x.Status == http.StatusUnauthorized:
		return Verdict{Outcome: Failed, Reason: ReasonNotAuthenticated}
	case x.Status == http.StatusForbidden, x.Status == http.StatusMethodNotAllowed, x.Status == http.StatusNotAcceptable, x.Status == http.StatusNotImplemented:
		return blocked
	case x.Status == http.StatusNotFound:
		return Verdict{Outcome: Failed, Reason: ReasonNotJSON, Note: "It answered 404 with a page: the REST API is not at this address. Check the site."}
	}
	return ofStatus(x)
}

// title quotes what a page calls itself.
func title(body []byte) string {
	text := string(body[:min(len(body), searched)])
	lower := strings.ToLower(text)
	begin := strings.Index(lower, "<title")
	if begin < 0 || len(lower) != len(text) {
		return ""
	}
	begin += strings.Index(text[begin:], ">") + 1
	end := strings.Index(lower[begin:], "</title")
	if end < 0 {
		return ""
	}
	return " (“" + printable(plain(text[begin:begin+end]), 80) + "”)"
}

// ofStatus judges by the HTTP status alone.
func ofStatus(x Exchange) Verdict {
	v := Verdict{Outcome: Failed, Reason: ReasonRefused}
	switch s := x.Status; {
	case s == http.StatusUnauthorized:
		v.Reason = ReasonNotAuthenticated
	case s == http.StatusForbidden:
		v.Reason = ReasonForbidden
	case s == http.StatusBadRequest, s == http.StatusUnprocessableEntity, s == http.StatusNotFound:
		v.Reason = ReasonInvalidInput
	case s == http.StatusFailedDependency:
		v.Outcome, v.Reason = Skipped, ReasonNotApplicable
	case s == http.StatusTooManyRequests:
		v.Reason, v.Retry = ReasonRateLimited, true
	case s == http.StatusServiceUnavailable:
		v.Reason, v.Retry = ReasonMaintenance, true
	case s >= 500:
		v.Reason, v.Retry = ReasonSiteError, s == http.StatusBadGateway || s == http.StatusGatewayTimeout
	}
	return v
}

// answer is what Drover reads of an answer; WordPress and plugins write all kinds of things into the same names.
type answer struct {
	Code    text            `json:"code"`
	Message text            `json:"message"`
	Status  json.RawMessage `json:"status"`
	Success *bool           `json:"success"`
	Data    json.RawMessage `json:"data"`
	Errors  json.RawMessage `json:"post_ids_with_error"`
}

// text is a string, or nothing where a plugin wrote another type.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
	}
	return nil
}

func ofJSON(x Exchange, raw json.RawMessage) Verdict {
	var a answer
	if json.Unmarshal(raw, &a) != nil {
		a = answer{} // an array, a number, or a success that is no boolean
	}
	y := x
	y.Status = frozen(x.Status, a)
	v := judge(y, a)
	v.Status, v.Code, v.Message = y.Status, printable(string(a.Code), 200), plain(string(a.Message))
	return v
}

// frozen returns the status that WordPress meant where output before the headers froze it at 200: the JSON says it too.
func frozen(status int, a answer) int {
	var data struct {
		Status int `json:"status"`
	}
	if status >= 300 || a.Code == "" || json.Unmarshal(a.Data, &data) != nil || data.Status < 400 || data.Status > 599 {
		return status
	}
	return data.Status
}

func judge(x Exchange, a answer) Verdict {
	if rule, known := ruleFor(string(a.Code), x.Status); known {
		return rule
	}
	switch {
	case x.Status >= 400:
		return ofError(x, a)
	case a.Success != nil && !*a.Success:
		return Verdict{Outcome: Failed, Reason: ReasonRefused}
	}
	if v, partly := partial(x, a); partly {
		return v
	}
	if mustSaySuccess(x) && (a.Success == nil || !*a.Success) {
		return Verdict{Outcome: Failed, Reason: ReasonRefused, Note: "The plugin answered without saying that it was done."}
	}
	return Verdict{Outcome: OK}
}

// mustSaySuccess tells whether this is one of the plugin's operations, which says success when it has done something.
func mustSaySuccess(x Exchange) bool {
	reading := x.Method == http.MethodGet || x.Method == http.MethodHead || x.Method == http.MethodOptions
	return !reading && strings.Contains(x.URL, "/bigscoots-cache/v2/")
}

func ofError(x Exchange, a answer) Verdict {
	if x.Status == http.StatusMethodNotAllowed && a.Success != nil {
		return Verdict{Outcome: Failed, Reason: ReasonInvalidInput, Note: "The endpoint does not take the method " + x.Method + "."}
	}
	if product, fenced := firewall(x); fenced && a.Code == "" {
		return Verdict{Outcome: Failed, Reason: ReasonBlocked, Note: "It was " + product + "."}
	}
	return ofStatus(x)
}

// byCode judges by WordPress's and the plugin's own codes, whatever the status: they are exact where the status is not
// (wordpress.md §1 and §2).
var byCode = map[string]Verdict{
	"incorrect_password":                  {Outcome: Failed, Reason: ReasonBadCredential},
	"invalid_username":                    {Outcome: Failed, Reason: ReasonBadCredential},
	"invalid_email":                       {Outcome: Failed, Reason: ReasonBadCredential},
	"application_passwords_disabled":      {Outcome: Failed, Reason: ReasonNotAuthenticated, Note: "Application passwords are switched off."},
	"rest_not_logged_in":                  {Outcome: Failed, Reason: ReasonNotAuthenticated},
	"rest_cookie_invalid_nonce":           {Outcome: Failed, Reason: ReasonNotAuthenticated},
	"rest_no_route":                       {Outcome: Skipped, Reason: ReasonNoRoute},
	"cache_disabled":                      {Outcome: Skipped, Reason: ReasonNotApplicable, Note: "The cache is switched off there."},
	"page_cache_disabled":                 {Outcome: Skipped, Reason: ReasonNotApplicable, Note: "The page cache is switched off there."},
	"plugin_misconfigured":                {Outcome: Skipped, Reason: ReasonNotApplicable, Note: "BigScoots Cache is not set up properly there."},
	"opcache_not_loaded":                  {Outcome: Skipped, Reason: ReasonNotApplicable, Note: "The server runs PHP without OPcache."},
	"opcache_status_function_not_working": {Outcome: Skipped, Reason: ReasonNotApplicable, Note: "The server does not let PHP ask OPcache."},
	"opcache_reset_function_not_working":  {Outcome: Skipped, Reason: ReasonNotApplicable, Note: "The server does not let PHP reset OPcache."},
	"no_data_provided":                    {Outcome: Failed, Reason: ReasonInvalidInput},
	"improper_purge_type":                 {Outcome: Failed, Reason: ReasonInvalidInput},
	"invalid_urls":                        {Outcome: Failed, Reason: ReasonInvalidInput},
	"no_post_id_eligible_for_cache_purge": {Outcome: Failed, Reason: ReasonInvalidInput, Note: "None of the posts exists there and can be purged."},
	"rest_invalid_param":                  {Outcome: Failed, Reason: ReasonInvalidInput},
	"rest_missing_callback_param":         {Outcome: Failed, Reason: ReasonInvalidInput},
	"rest_invalid_json":                   {Outcome: Failed, Reason: ReasonInvalidInput},
	"page_cache_not_working_properly":     {Outcome: Failed, Reason: ReasonRefused, Note: "The plugin found that pages are not served from the cache."},
}

func ruleFor(code string, status int) (Verdict, bool) {
	if rule, known := byCode[code]; known {
		return rule, true
	}
	switch {
	case strings.HasSuffix(code, "_not_allowed_on_staging"):
		return Verdict{Outcome: Skipped, Reason: ReasonNotApplicable, Note: "It is a staging site."}, true
	case code == "rest_forbidden" && status == http.StatusUnauthorized:
		return Verdict{Outcome: Failed, Reason: ReasonNotAuthenticated}, true
	case code == "rest_forbidden":
		return Verdict{Outcome: Failed, Reason: ReasonForbidden}, true
	}
	return Verdict{}, false
}

// causes are the plugin's names for posts that it did not purge.
var causes = []struct{ name, says string }{
	{"post_doesnt_exists", "do not exist"},
	{"post_part_of_ignored_post_type", "are of a type that is not cached"},
	{"post_status_is_not_publish_or_private", "are not published"},
	{"no_permalink_found", "have no address"},
}

// partial judges an answer that names posts which were not purged inside a success.
func partial(x Exchange, a answer) (Verdict, bool) {
	var byCause map[string][]json.Number
	if len(a.Errors) == 0 || json.Unmarshal(a.Errors, &byCause) != nil {
		return Verdict{}, false
	}
	var notes []string
	missed := map[string]bool{}
	for _, cause := range causes {
		var ids []string
		for _, id := range byCause[cause.name] {
			ids, missed[id.String()] = append(ids, id.String()), true
		}
		if len(ids) > 0 {
			notes = append(notes, "Posts "+strings.Join(ids, ", ")+" "+cause.says+".")
		}
	}
	for name, ids := range byCause {
		if !knownCause(name) && len(ids) > 0 {
			missed[name] = true
			notes = append(notes, strconv.Itoa(len(ids))+" posts: "+printable(name, 60)+".")
		}
	}
	if len(missed) == 0 {
		return Verdict{}, false
	}
	v := Verdict{Outcome: Partial, Note: printable(strings.Join(notes, " "), 500)}
	var asked struct {
		IDs []json.Number `json:"post_ids"`
	}
	if json.Unmarshal(x.RequestBody, &asked) == nil && len(asked.IDs) > 0 && len(missed) >= len(asked.IDs) {
		v.Outcome, v.Reason = Failed, ReasonInvalidInput
	}
	return v, true
}

func knownCause(name string) bool {
	for _, cause := range causes {
		if cause.name == name {
			return true
		}
	}
	return false
}

// longestWait caps what a site may ask for.
const longestWait = 5 * time.Minute

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(x Exchange) time.Duration {
	value := strings.TrimSpace(x.Header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(max(0, time.Duration(min(seconds, 86400))*time.Second), longestWait)
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
