package wordpress

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// FuzzClassify holds every answer to what a verdict promises.
func FuzzClassify(f *testing.F) {
	f.Add(uint8(5), 200, []byte(done), "", "", uint8(0), true)
	f.Add(uint8(0), 200, []byte(page("Coming soon")), "", "", uint8(0), true)
	f.Add(uint8(5), 403, []byte(`{"code":"cache_disabled","data":{"status":403}}`), "", "", uint8(0), true)
	f.Add(uint8(6), 200, []byte(phpWarning+`{"code":"x","data":{"status":500}}`), "", "", uint8(0), true)
	f.Add(uint8(5), 200, []byte(`{"success":true,"post_ids_with_error":{"a":{"1":[2,{"b":"3"}]}}}`), "", "", uint8(0), true)
	f.Add(uint8(5), 301, []byte(""), "https://www.acme.example/", "", uint8(0), true)
	f.Add(uint8(3), 429, []byte("slow down"), "", "120", uint8(0), true)
	f.Add(uint8(5), 0, []byte(""), "", "", uint8(7), true)
	f.Add(uint8(5), 0, []byte(""), "", "", uint8(6), false)
	f.Fuzz(func(t *testing.T, method uint8, status int, body []byte, location, wait string, fault uint8, sent bool) {
		x := Exchange{Method: Methods()[int(method)%len(Methods())], URL: "https://acme.example/wp-json/bigscoots-cache/v2/clear-cache", Status: status, Body: body, Sent: sent,
			Header: http.Header{"Location": {location}, "Retry-After": {wait}}, RequestBody: body}
		if every := append([]error{nil, errors.New("another")}, faults...); int(fault) < len(every) {
			x.Fault = every[fault]
		}
		v := Classify(x)
		if !reflect.DeepEqual(v, Classify(x)) {
			t.Fatal("the same exchange is judged in two ways")
		}
		promised(t, v)
		honest(t, x, v)
	})
}

// promised checks what holds for every verdict.
func promised(t *testing.T, v Verdict) {
	t.Helper()
	plain := v.Reason == ReasonNoRoute || v.Reason == ReasonNotApplicable
	open := v.Reason == ReasonTimeout || v.Reason == ReasonCutOff
	switch {
	case !slices.Contains(Outcomes(), v.Outcome), v.Reason != "" && !slices.Contains(Reasons(), v.Reason):
		t.Fatalf("not in the lists: %+v", v)
	case (v.Outcome == OK || v.Outcome == Partial) != (v.Reason == ""):
		t.Fatalf("a reason for success, or none for failure: %+v", v)
	case (v.Outcome == Skipped) != plain, (v.Outcome == Unknown) != open:
		t.Fatalf("the reason is of another outcome: %+v", v)
	case v.RetryAfter < 0, v.RetryAfter > 5*time.Minute, v.RetryAfter > 0 && !v.Retry, v.Retry && v.Outcome != Failed && v.Outcome != Unknown:
		t.Fatalf("a wrong retry: %+v", v)
	case v.Retry && (v.Reason == ReasonInvalidInput || plain):
		t.Fatalf("bad input is tried again: %+v", v)
	}
	for _, text := range []string{v.Code, v.Message, v.Note, v.Location} {
		if !utf8.ValidString(text) || bytes.ContainsFunc([]byte(text), unicode.IsControl) || utf8.RuneCountInString(v.Message) > 500 {
			t.Fatalf("not for a person: %q", text)
		}
	}
}

// honest checks that nothing is taken for done that was not said to be.
func honest(t *testing.T, x Exchange, v Verdict) {
	t.Helper()
	if v.Outcome != OK && v.Outcome != Partial {
		if v.Outcome == Unknown && !x.Sent {
			t.Fatalf("nothing was sent, and yet the outcome is unknown: %+v", v)
		}
		return
	}
	if x.Fault != nil || v.Status >= 300 {
		t.Fatalf("%d, %v is taken for done: %+v", x.Status, x.Fault, v)
	}
	if !reads(x.Method) && !bytes.Contains(bytes.ToLower(x.Body), []byte(`"success"`)) && !escaped(x.Body) {
		t.Fatalf("%q is taken for done", x.Body)
	}
	if x.Method == http.MethodGet && !bytes.ContainsAny(x.Body, `{["0123456789tfn`) {
		if x.Status != http.StatusNoContent || len(bytes.TrimSpace(x.Body)) > 0 || v.Outcome != OK {
			t.Fatalf("%q is taken for JSON", x.Body)
		}
	}
}

// escaped tells whether the body may name success in escapes, or in one of the letters that fold to its own.
func escaped(body []byte) bool {
	var object map[string]any
	found, is := findJSON(body)
	return is && json.Unmarshal(found.value, &object) == nil && (bytes.Contains(body, []byte(`\u`)) || !utf8.Valid(body) || bytes.ContainsFunc(body, func(r rune) bool { return r > 127 }))
}
