package wordpress

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
		x := Exchange{Method: Methods()[int(method)%len(Methods())], URL: "https://acme.example/wp-json/bigscoots-cache/v2/clear-cache", Status: status, Body: body,
			Sent:   sent,
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
	open := v.Reason == ReasonTimeout || v.Reason == ReasonCutOff || v.Reason == ReasonUnclear || v.Reason == ReasonSiteError && v.Outcome == Unknown
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
	return is && json.Unmarshal(found.value, &object) == nil && (bytes.Contains(body, []byte(`\u`)) || !utf8.Valid(body) ||
		bytes.ContainsFunc(body, func(r rune) bool { return r > 127 }))
}

// FuzzDebris holds that what stands around an answer never changes its outcome, nor does the encoding in which it was sent.
func FuzzDebris(f *testing.F) {
	for _, body := range []string{done, `{"id":1}`, `[{"id":1},{"success":false}]`, `{"code":"x","message":"y","data":null}`, `{"error":{"a":["b"]}}`,
		`{"responses":[{"status":404,"body":null}]}`} {
		f.Add([]byte(body), uint8(3), uint8(0))
		f.Add([]byte(body), uint8(0), uint8(2))
	}
	around := slices.Sorted(maps.Keys(debris))
	f.Fuzz(func(t *testing.T, body []byte, method, which uint8) {
		if !json.Valid(body) || !utf8.Valid(body) || len(bytes.TrimSpace(body)) == 0 || isBinary(body) {
			return
		}
		x := by(Methods()[int(method)%len(Methods())], "/acme/v1/do", answered(200, string(body)))
		want := Classify(x)
		if first := bytes.TrimSpace(body)[0]; first == '{' || first == '[' {
			before := around[int(which)%len(around)]
			x.Body = []byte(before + string(body) + debris[before])
			if got := Classify(x); got.Outcome != want.Outcome || got.Reason != want.Reason {
				t.Fatalf("%q: %+v, alone %+v", x.Body, got, want)
			}
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(body); err != nil || w.Close() != nil {
			t.Fatal("it cannot be compressed")
		}
		if x.Body, _ = readBody(packed.Bytes(), http.Header{}, 1<<20); Classify(x).Outcome != want.Outcome {
			t.Fatalf("%q: compressed %+v, else %+v", body, Classify(x), want)
		}
	})
}

// FuzzErrorShape holds that an answer with an error's shape is never ok, whatever else it says.
func FuzzErrorShape(f *testing.F) {
	f.Add("acme_failed", "No.", uint8(0))
	f.Add("done", "", uint8(3))
	shapes := []string{`{"code":%s,"message":%s,"data":{"status":400}}`, `{"errors":{%s:[%s]},"error_data":[]}`,
		`{"success":false,"data":[{"code":%s,"message":%s}]}`,
		`{"status":"error","id_of":%s,"message":%s}`, `{"error":{"code":%s,"message":%s,"x":1}}`,
		`{"failed":"validation","responses":[{"body":{"code":%s,"message":%s},"status":400}]}`}
	f.Fuzz(func(t *testing.T, code, message string, which uint8) {
		c, _ := json.Marshal(code)
		m, _ := json.Marshal(message) // texts always have a JSON form
		x := write(200, fmt.Sprintf(shapes[int(which)%len(shapes)], c, m))
		for _, each := range []string{"", phpWarning, "<div>x</div>"} {
			y := x
			y.Body = append([]byte(each), x.Body...)
			v := Classify(y)
			if v.Outcome == OK && (int(which)%len(shapes) != 0 || code != "" || message != "") {
				t.Fatalf("%s is ok: %+v", y.Body, v)
			}
			promised(t, v)
		}
	})
}

// FuzzDocuments holds that no body makes the search for JSON fail, or find what is none.
func FuzzDocuments(f *testing.F) {
	for before, after := range debris {
		f.Add([]byte(before + done + after))
	}
	f.Add([]byte(page("x") + done))
	f.Add([]byte("<script>" + done))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, value := range documentsOf(body).values {
			if !json.Valid(value) {
				t.Fatalf("%q holds %q", body, value)
			}
		}
		if text, _ := readBody(body, http.Header{"Content-Encoding": {"br, gzip, deflate"}}, 1<<16); len(text) > 1<<16 {
			t.Fatalf("%d bytes are kept", len(text))
		}
	})
}
