package wordpress

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// answer is what Drover reads of an answer; WordPress and plugins write all kinds of things into the same names.
type answer struct {
	Code    text            `json:"code"`
	Message text            `json:"message"`
	State   text            `json:"status"`
	Success flag            `json:"success"`
	Data    json.RawMessage `json:"data"`
	Missed  json.RawMessage `json:"post_ids_with_error"`
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

// flag is yes or no, or nothing. PHP code writes 1 and "true" for true now and then.
type flag struct{ said, yes bool }

func (f *flag) UnmarshalJSON(raw []byte) error {
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "true", "1":
		*f = flag{said: true, yes: true}
	case "false", "0":
		*f = flag{said: true}
	}
	return nil
}

// no tells whether it was denied outright.
func (f flag) no() bool { return f.said && !f.yes }

// readAnswer reads an object; anything else has nothing to tell.
func readAnswer(raw json.RawMessage) answer {
	var a answer
	if json.Unmarshal(raw, &a) != nil {
		return answer{}
	}
	return a
}

// inner is the answer within an answer: wp_send_json_error puts the error into data, as an object or as the first of a list.
func (a answer) inner() answer {
	var list []json.RawMessage
	if json.Unmarshal(a.Data, &list) == nil && len(list) > 0 {
		return readAnswer(list[0])
	}
	return readAnswer(a.Data)
}

func ofJSON(x Exchange, raw json.RawMessage) Verdict {
	a := readAnswer(raw)
	inner := a.inner()
	x.Status = thawed(x.Status, a)
	if a.Success.no() || inner.Success.no() || x.Status >= 400 {
		if a.Code == "" {
			a.Code = inner.Code
		}
		if a.Message == "" {
			a.Message = inner.Message
		}
		if inner.Success.no() {
			a.Success = inner.Success
		}
	}
	if len(a.Missed) == 0 {
		a.Missed = inner.Missed
	}
	v := judge(x, a)
	v.Status, v.Code, v.Message = x.Status, printable(string(a.Code), 200), plain(string(a.Message))
	return v
}

// thawed returns the status that WordPress meant where output before the headers froze it at 200: the JSON says it too.
func thawed(status int, a answer) int {
	var data struct {
		Status int `json:"status"`
	}
	if status >= 300 || a.Code == "" || json.Unmarshal(a.Data, &data) != nil || data.Status < 400 || data.Status > 599 {
		return status
	}
	return data.Status
}

// judge judges an answer of WordPress, or of something that answers in JSON too.
func judge(x Exchange, a answer) Verdict {
	if rule, known := ruleFor(string(a.Code), x.Status); known {
		return rule
	}
	switch {
	case strings.Contains(string(a.Message), "Imunify360"): // its bot protection answers in JSON
		return failed(ReasonBlocked, "Imunify360 blocked the request.")
	case x.Status >= 400:
		return ofError(x, a)
	case a.Success.no(), a.State == "error" && !reads(x.Method):
		return failed(ReasonRefused, "")
	}
	if saysSuccess(x) && !a.Success.yes {
		return failed(ReasonRefused, "The plugin answered without saying that it was done.")
	}
	if v, some := missed(x, a); some {
		return v
	}
	return Verdict{Outcome: OK}
}

// saysSuccess tells whether this is one of BigScoots Cache's operations, which say success when they have done something.
func saysSuccess(x Exchange) bool {
	return !reads(x.Method) && strings.Contains(x.URL, "/"+pluginNamespace+"/")
}

// ofError judges an error in JSON. WordPress's errors have a code and the plugin's say success; what has neither came from a
// firewall or a gateway.
func ofError(x Exchange, a answer) Verdict {
	if x.Status == http.StatusMethodNotAllowed && a.Success.no() {
		return failed(ReasonInvalidInput, fmt.Sprintf("The endpoint does not take the method %s.", x.Method))
	}
	if a.Code != "" || a.Success.said {
		return ofStatus(x)
	}
	if did, fenced := firewall(x); fenced && x.Status != http.StatusTooManyRequests {
		return failed(ReasonBlocked, did)
	}
	if slices.Contains(barring, x.Status) {
		return failed(ReasonBlocked, barred(x))
	}
	return ofStatus(x)
}
