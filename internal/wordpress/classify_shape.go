package wordpress

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// claim is what an answer says of itself, in whatever form.
type claim int

const (
	claimNone    claim = iota // it is a resource or a value, and says nothing of success
	claimYes                  // it was done
	claimPart                 // a part was done
	claimNo                   // it was not done
	claimUnclear              // it says something that cannot be understood
)

// requestInfo is what must be known of a request to read its answer.
type requestInfo struct {
	write  bool
	status int    // of the answer
	batch  bool   // it asked for several things at once
	body   object // what it sent
}

// shape is one JSON document, read.
type shape struct {
	claim         claim
	status        int    // the answer's own status, where it names one that is an error's
	reason        Reason // why not, where the shape tells
	code, message string
	note          string
	fields        object // of an object
}

// shapes are the forms of answers, in the order in which they are tried: each tells whether the value has its form.
func shapes() []func(json.RawMessage, object, requestInfo) (shape, bool) {
	return []func(json.RawMessage, object, requestInfo) (shape, bool){envelope, remoteCall, batch, wordpressError, plainAnswer, listOfErrors, plugin}
}

// shapeOf reads a document. Reads are resources unless they have exactly the form of WordPress's errors or deny success: an order may
// have failed without the request for it having failed.
func shapeOf(raw json.RawMessage, a requestInfo) shape {
	fields := object{}
	if raw[0] == '{' {
		_ = json.Unmarshal(raw, &fields) // what is no object has no fields
		fields = plainNames(fields)
	}
	for _, read := range shapes() {
		if s, is := read(raw, fields, a); is {
			s.fields = fields
			return s
		}
	}
	return shape{fields: fields}
}

// envelope is an answer within an answer, as ?_envelope gives it: the true status stands in it.
func envelope(_ json.RawMessage, fields object, a requestInfo) (shape, bool) {
	if len(fields) != 3 || fields["body"] == nil || fields["status"] == nil || fields["headers"] == nil {
		return shape{}, false
	}
	s := shapeOf(fields["body"], a)
	if status := numberIn(fields["status"]); status >= 400 && status < 600 && s.status == 0 {
		s.status, s.claim = status, claimNo
	}
	return s, true
}

// remoteCall is the answer to a remote procedure call (JSON-RPC 2.0, section 5): an error or a result, whatever the status. Its id is the
// request's own. A tool of the Model Context Protocol says isError within its result, and why in its content.
func remoteCall(_ json.RawMessage, fields object, a requestInfo) (shape, bool) {
	if !a.write || fields["jsonrpc"] == nil {
		return shape{}, false
	}
	if named := fields["error"]; isTrue(named) {
		return shape{claim: claimNo, code: codeIn(named), message: textIn(named)}, true
	}
	raw := fields["result"]
	if len(raw) == 0 {
		return shape{claim: claimUnclear, note: "The response has neither a result nor an error."}, true
	}
	if result := objectIn(raw); flagIn(result["isError"]).yes {
		return shape{claim: claimNo, message: textIn(result["content"])}, true
	}
	if inner := shapeOf(raw, a); inner.claim > claimYes && string(raw) != "null" { // which is what a method gives that returns nothing
		return inner, true
	}
	return shape{claim: claimYes}, true
}

// wordpressError is a WP_Error as the REST API sends it: a code, a message and data, in which the status may be missing.
func wordpressError(_ json.RawMessage, fields object, a requestInfo) (shape, bool) {
	code, message := readText(fields["code"]), textIn(fields["message"])
	data := objectIn(fields["data"])
	status := numberIn(data["status"])
	s := shape{code: code, message: message}
	if raw := readList(fields["errors"]); a.write && len(raw) > 0 && fields["error_data"] != nil { // put out as PHP has it
		return shape{claim: claimNo, code: codeIn(fields["errors"]), message: textIn(fields["errors"])}, true
	}
	if (code != "" || message != "") && status >= 400 && status < 600 {
		s.claim, s.status = claimNo, status
		return s, true
	}
	numbered := statusIn(object{"code": fields["code"]}, false) > 0 && fields["data"] != nil // new WP_Error(404, …)
	if !isWord(fields["code"]) && !numbered || fields["message"] == nil || status > 0 || !only(fields, errorFields) || words(code, goodWords) &&
		!words(code, badWords) {
		return shape{}, false
	}
	_, hasData := fields["data"]
	switch {
	case hasData, a.write && words(code, badWords):
		s.claim = claimNo
	case a.write:
		s.claim = claimUnclear
	default:
		return shape{}, false
	}
	return s, true
}

// errorFields are what a WP_Error has over REST (rest_convert_error_to_response).
var errorFields = []string{"code", "message", "data", "additional_errors", "additional_data"}

// plainAnswer is a value without fields. A callback may return what update_option gave it.
func plainAnswer(raw json.RawMessage, _ object, a requestInfo) (shape, bool) {
	if compound(raw) {
		return shape{}, false
	}
	text := strings.ToLower(strings.Trim(string(raw), "\" \t\r\n"))
	switch {
	case !a.write:
		return shape{}, true
	case text == "false":
		return shape{claim: claimNo, note: "The site returned false."}, true
	case text == "true":
		return shape{claim: claimYes}, true
	case text == "", text == "null", text == "0", text[0] == '-', words(text, badWords):
		return shape{claim: claimUnclear, note: fmt.Sprintf("The site returned %s.", printable(string(raw), 60))}, true
	}
	return shape{}, true
}

// listOfErrors is a list with errors in it, as the answer to a write.
func listOfErrors(raw json.RawMessage, _ object, a requestInfo) (shape, bool) {
	if raw[0] != '[' || !a.write {
		return shape{}, raw[0] == '['
	}
	parts := partsOf(readList(raw))
	if parts.failed == 0 {
		return shape{}, true
	}
	return parts.shape(), true
}

// plugin is an object in a form of its own.
func plugin(_ json.RawMessage, fields object, a requestInfo) (shape, bool) {
	s := shape{code: readText(fields["code"]), message: textIn(fields["message"])}
	inner := firstObject(fields["data"])
	success, deeper := flagIn(fields["success"]), flagIn(inner["success"])
	empty := a.write && string(fields["success"]) == `""` // false, joined to a text
	denied := success.no() || deeper.no() || empty
	if denied || a.status >= 400 {
		s.code = or(s.code, readText(inner["code"]))
		if named := readText(fields["error"]); isCode.MatchString(named) && numberIn(fields["code"]) > 0 { // the status stands in the place of the code
			s.code = named
		}
		s.message = or(s.message, textIn(inner["message"]), textIn(fields["error_description"]), textIn(fields["error"]), textIn(fields["errors"]))
	}
	switch {
	case denied:
		s.claim = claimNo
	case success.yes:
		s.claim = claimYes
	}
	if denied || !a.write {
		return s, true
	}
	return doubted(s, fields, a), true
}

// isCode tells a code from a sentence.
var isCode = regexp.MustCompile(`^[A-Za-z]+(?:[_-][A-Za-z]+)+$`)

// doubted looks in a write's answer for whatever else says no.
func doubted(s shape, fields object, a requestInfo) shape {
	own := isResource(fields, a.body)
	if denies(fields, own, a.body) {
		s.claim, s.message = claimNo, or(s.message, textIn(fields["error"]), textIn(fields["errors"]), textIn(fields["msg"]), textIn(fields["data"]))
		s.status = statusIn(fields, own)
		return s
	}
	named := string(firstError(fields))
	if named == "" && s.claim == claimYes && fields["data"] != nil && fields["data"][0] == '{' {
		if inner := objectIn(fields["data"]); !isResource(inner, a.body) {
			named = string(firstError(inner))
		}
	}
	switch {
	case named != "" && (own || s.claim == claimYes || saysDone(fields) || worked(fields)):
		s.claim, s.note = claimPart, "The response also contains an error: "+or(printable(plain(textIn(json.RawMessage(named))), 200), "no details")+"."
	case named != "":
		s.claim, s.message = claimNo, or(s.message, textIn(json.RawMessage(named)))
		s.code = or(s.code, codeIn(json.RawMessage(named)))
	case !own && failedPart(fields, a.body) && s.claim == claimNone && failedAll(fields):
		s.claim, s.note = claimNo, "The response says that all of it failed."
	case !own && failedPart(fields, a.body):
		s.claim, s.note = claimPart, "The response says that a part failed."
	case !own:
		return deep(s, fields, a)
	}
	return s
}

// failedPart tells whether an answer counts or lists what failed, beside what was done.
func failedPart(fields, sent object) bool {
	return isTrue(fields["failed"]) && sent["failed"] == nil || isTrue(fields["failures"]) && sent["failures"] == nil
}

// failedAll tells whether nothing stands beside what failed but how much there was to do.
func failedAll(fields object) bool {
	rest := maps.Clone(fields)
	failed := max(numberIn(fields["failed"]), numberIn(fields["failures"]), len(readList(fields["failed"])), len(readList(fields["failures"])))
	for _, name := range []string{"failed", "failures", "total", "count", "processed", "requested"} {
		if strings.HasPrefix(name, "fail") || numberIn(fields[name]) == failed {
			delete(rest, name)
		}
	}
	return !worked(rest) && !isTrue(fields["success"])
}

// errorNames are the fields in which plugins name an error.
var errorNames = []string{"error", "errors", "error_message", "errorMessage", "error_msg", "errorMsg", "errmsg", "err", "exception",
	"error_code", "errorCode"}

// firstError is the first error that an answer names. "No error" is none.
func firstError(fields object) json.RawMessage {
	for _, name := range errorNames {
		text := strings.ToLower(readText(fields[name]))
		none := strings.HasPrefix(text, "no error") || words(text, goodWords) && !words(text, badWords)
		if isTrue(fields[name]) && !none {
			return fields[name]
		}
	}
	return nil
}

// saysDone tells whether a word of the answer says that it was done.
func saysDone(fields object) bool {
	for _, name := range []string{"status", "result", "code"} {
		text := readText(fields[name])
		if words(text, goodWords) && !words(text, badWords) {
			return true
		}
	}
	return false
}

// namesSuccess tells whether the answer repeats an HTTP status that is no error's.
func namesSuccess(fields object) bool {
	return slices.ContainsFunc([]string{"status", "code", "statusCode"}, func(name string) bool { n := numberIn(fields[name]); return n >= 200 && n < 400 })
}

// numberedOnly tells an exception that was put out as PHP has it: its number, which is 0 where none was given, and its message.
func numberedOnly(fields object) bool {
	return len(fields["code"]) > 0 && !isWord(fields["code"]) && only(fields, []string{"code", "message"})
}

// deep looks into what an answer wraps, and into the lists of what it did.
func deep(s shape, fields object, a requestInfo) shape {
	if all := append(lists(fields), byName(fields)...); len(all) > 0 {
		count := len(all)
		asked := askedFor(a.body, count)
		if p := partsOf(slices.DeleteFunc(all, func(raw json.RawMessage) bool { return !reports(raw, asked) })); p.failed > 0 {
			p.all = count
			inner := p.shape()
			if s.claim == claimYes { // the whole says the contrary
				inner.claim = claimPart
			}
			return inner
		}
	}
	if s.claim != claimNone {
		return s
	}
	if text := textIn(firstTrue(fields, "message", "msg", "detail")); text != "" && !worked(fields) && !saysDone(fields) && !words(text, goodWords) &&
		!namesSuccess(fields) && (numberedOnly(fields) || words(noError.ReplaceAllString(text, ""), badWords)) {
		return shape{claim: claimUnclear, message: text, note: "The site returned only a message."}
	}
	for _, name := range []string{"data", "result", "response", "body", "json"} {
		if string(fields[name]) == "false" && len(fields) == 1 {
			return shape{claim: claimNo, note: "The site returned false."}
		}
		if raw := fields[name]; len(raw) > 0 && raw[0] == '{' {
			if inner := shapeOf(raw, a); inner.claim > claimYes {
				return inner
			}
		}
	}
	return s
}

// denies tells whether a flag or a word of the answer says that it was not done.
func denies(fields object, own bool, sent object) bool {
	for _, name := range []string{"ok", "succeeded"} {
		if flagIn(fields[name]).no() {
			return true
		}
	}
	for _, name := range []string{"failed", "is_error", "isError", "has_error", "has_errors", "hasError", "hasErrors"} {
		if !own && string(fields[name]) == "true" && sent[name] == nil {
			return true
		}
	}
	for _, name := range []string{"done", "is_valid", "deleted", "updated", "saved", "created", "removed", "cleared", "purged", "flushed", "sent", "completed"} {
		if !own && string(fields[name]) == "false" && sent[name] == nil {
			return true
		}
	}
	if statusIn(fields, own) > 0 {
		return true
	}
	if own {
		return false
	}
	if slices.Contains([]string{"false", "0", `"0"`, `"false"`}, string(fields["status"])) || string(fields["result"]) == "false" {
		return true
	}
	for _, name := range []string{"status", "result", "res", "state", "type", "outcome", "response", "code"} {
		if saysNo(readText(fields[name])) && string(fields[name]) != string(sent[name]) {
			return true
		}
	}
	return false
}

// statusIn is the HTTP status of an error that the answer names.
func statusIn(fields object, own bool) int {
	names := []string{"statusCode", "status_code", "http_code"}
	if !own {
		names = append(names, "status", "code")
	}
	for _, name := range names {
		if status := numberIn(fields[name]); status >= 400 && status < 600 {
			return status
		}
	}
	return 0
}

// isResource tells a thing from a report about it: it has an identity, or is what was sent. Its status is its own, such as an order's.
// A report has a message, and may name what it is about: {"contact_form_id":7,"status":"mail_failed","message":…}.
func isResource(fields, sent object) bool {
	report := fields["message"] != nil || fields["msg"] != nil
	if fields["_links"] != nil || sent["status"] != nil && string(sent["status"]) == string(fields["status"]) {
		return true
	}
	for name, value := range fields {
		name = strings.ToLower(name)
		if (name == "id" || name == "uuid" || name == "slug" || !report && strings.HasSuffix(name, "_id")) && isTrue(value) {
			return true
		}
	}
	return false
}

// worked tells whether the answer shows something beside its errors.
func worked(fields object) bool {
	beside := []string{"exception", "message", "msg", "detail", "code", "status", "success", "trace", "file", "line", "type"}
	for name, value := range fields {
		if !slices.Contains(beside, name) && !slices.Contains(errorNames, name) && !strings.Contains(name, "error") && isTrue(value) {
			return true
		}
	}
	return false
}
