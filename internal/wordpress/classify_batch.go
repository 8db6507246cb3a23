package wordpress

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// batch is the answer to several things that were asked for at once: the status is for the envelope, the truth is inside. WordPress's
// batch/v1 answers {responses: [{status, body}]}, shops {create, update, delete: [...]}.
func batch(raw json.RawMessage, fields object, a requestInfo) (shape, bool) {
	if !a.write {
		return shape{}, false
	}
	parts := partsOf(nil)
	wanted := len(readList(a.body["requests"]))
	for _, name := range shopLists {
		wanted += len(readList(a.body[name]))
	}
	switch responses := readList(fields["responses"]); {
	case len(responses) > 0 && objectIn(responses[0])["status"] != nil || readText(fields["failed"]) == "validation":
		parts = partsOf(responses)
	case a.batch && wanted > 0 && len(responses) == 0 && (fields["responses"] != nil || emptyBatch(raw)):
		return shape{claim: claimUnclear, note: "The response to the batch is empty."}, true
	case len(fields) > 0 && only(fields, shopLists):
		parts = partsOf(lists(fields))
	case a.batch && len(fields) > 0:
		parts = partsOf(lists(fields))
		if parts.failed == 0 {
			return shape{}, false
		}
	default:
		return shape{}, false
	}
	if missing := wanted - parts.all; missing > 0 && (fields["responses"] != nil || a.batch && only(fields, shopLists)) {
		parts.all, parts.failed = wanted, parts.failed+missing
		parts.message = or(parts.message, "some parts have no response.")
	}
	s := parts.shape()
	if readText(fields["failed"]) == "validation" {
		s.claim, s.reason = claimNo, ReasonInvalidInput
		s.note = "A part of the batch is not valid, so WordPress carried out none of it."
	}
	return s, true
}

// shopLists are what a shop's batch asks for and answers.
var shopLists = []string{"create", "update", "delete"}

// emptyBatch tells an empty list, and an object with nothing but empty lists.
func emptyBatch(raw json.RawMessage) bool {
	return raw[0] == '[' && len(readList(raw)) == 0 || raw[0] == '{' && !slices.ContainsFunc(readList(raw), func(each json.RawMessage) bool {
		return !compound(each) || len(readList(each)) > 0
	})
}

// lists are the elements of all lists of objects in the object.
func lists(fields object) []json.RawMessage {
	var all []json.RawMessage
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, each := range readList(fields[name]) {
			if each[0] == '{' {
				all = append(all, each)
			}
		}
	}
	return all
}

// byName are the parts of an answer that gives each under its name, and nothing else: {"akismet":{"success":true},"hello":{"success":false}}.
func byName(fields object) []json.RawMessage {
	var all []json.RawMessage
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if value := fields[name]; value[0] == '{' && reports(value, false) {
			all = append(all, value)
		}
	}
	if len(all) < 2 || len(all) < len(fields) {
		return nil
	}
	return all
}

// reports tells whether a part of an answer says by itself whether it was done; what lists of logs and settings hold does not. Where there
// is one part for each thing that was asked for, a status that says no, with a message, says it too.
func reports(raw json.RawMessage, asked bool) bool {
	fields := objectIn(raw)
	if asked && refusal(fields) != "" {
		return true
	}
	named := fields["error"]
	_, hasData := fields["data"]
	return flagIn(fields["success"]).present || len(named) > 0 && named[0] == '{' || hasData && isWord(fields["code"]) && only(fields, errorFields)
}

// refusal is why a part was not done, where its status says that it was not; an order whose payment failed has a status and no message.
func refusal(fields object) string {
	if !saysNo(readText(fields["status"])) || fields["_links"] != nil {
		return ""
	}
	return textIn(firstTrue(fields, "message", "msg", "reason"))
}

// parts counts the parts of a batch, and keeps what the first that failed says.
type parts struct {
	all, failed   int
	status        int // of all that failed; 0 where they differ
	code, message string
}

func partsOf(all []json.RawMessage) parts {
	p := parts{all: len(all)}
	for _, raw := range all {
		s, failed := partOf(raw)
		if !failed {
			continue
		}
		if p.failed == 0 {
			p.status, p.code, p.message = s.status, s.code, s.message
		}
		if p.failed++; p.status != s.status {
			p.status = 0
		}
		p.code, p.message = or(p.code, s.code), or(p.message, s.message)
	}
	return p
}

// partOf reads one part: null was not carried out, an error may stand beside the id of what it is about.
func partOf(raw json.RawMessage) (shape, bool) {
	if isNull(raw) {
		return shape{}, true
	}
	fields := objectIn(raw)
	s := shapeOf(raw, requestInfo{write: true})
	if body := fields["body"]; len(body) > 0 {
		s = shapeOf(body, requestInfo{write: true})
	}
	if status := numberIn(fields["status"]); status >= 400 && status < 600 {
		s.status, s.claim = status, claimNo
	}
	if why := refusal(fields); why != "" {
		s.claim, s.message = claimNo, or(s.message, why)
	}
	if named := fields["error"]; isTrue(named) {
		inner := shapeOf(named, requestInfo{write: true})
		s.status, s.code, s.message, s.claim = inner.status, or(inner.code, codeIn(named)), textIn(named), claimNo
	}
	return s, s.claim == claimNo || s.claim == claimPart
}

func (p parts) shape() shape {
	says := ""
	if p.message != "" || p.code != "" {
		says = " The first says: " + printable(plain(or(p.message, p.code)), 200)
	}
	switch {
	case p.failed == 0:
		return shape{claim: claimYes}
	case p.failed < p.all:
		return shape{claim: claimPart, note: fmt.Sprintf("%d of %d parts failed.%s", p.failed, p.all, says)}
	}
	s := shape{claim: claimNo, code: p.code, message: p.message, note: fmt.Sprintf("All %d parts failed.%s", p.all, says)}
	if p.status != 0 && p.status != http.StatusTooManyRequests && p.status < 500 {
		s.reason = ofStatus(Exchange{Status: p.status}).Reason
	}
	return s
}

// askedFor tells whether the request lists as many things as that.
func askedFor(sent object, count int) bool {
	for _, value := range sent {
		if value[0] == '[' && len(readList(value)) == count {
			return true
		}
	}
	return false
}
