package wordpress

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// The types below read what PHP writes, whatever JSON type it has: a list with gaps becomes an object, an empty object a list, and a
// number stands where text is expected. None of them ever returns an error, so one odd field never loses the others.

// text is a string or a number; anything else is empty.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(raw, &s) == nil && !isNull(raw):
		*t = text(s)
	case raw[0] != '"' && json.Unmarshal(raw, &n) == nil:
		*t = text(n)
	}
	return nil
}

// number is a whole number, also as text; anything else is 0.
type number int

func (n *number) UnmarshalJSON(raw []byte) error {
	if f, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(string(raw), `"`)), 64); err == nil && f > -1e9 && f < 1e9 {
		*n = number(f)
	}
	return nil
}

// flag is yes, no or nothing.
type flag struct{ said, yes bool }

func (f *flag) UnmarshalJSON(raw []byte) error {
	switch strings.ToLower(strings.TrimSpace(strings.Trim(string(raw), `"`))) {
	case "true", "1", "yes", "ok":
		*f = flag{said: true, yes: true}
	case "false", "0", "no":
		*f = flag{said: true}
	}
	return nil
}

// no tells whether it was denied outright.
func (f flag) no() bool { return f.said && !f.yes }

// list is a list or the values of an object, in their order. What does not fit is left out; a single value is a list of one.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(raw []byte) error {
	*l = nil
	for _, each := range elements(raw) {
		var value T
		if json.Unmarshal(each, &value) == nil {
			*l = append(*l, value)
		}
	}
	return nil
}

// elements are the values of a list or of an object, in the order in which they stand, or the value itself; null, false and "" hold none.
func elements(raw []byte) []json.RawMessage {
	var all []json.RawMessage
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, slices.Contains([]string{"null", "false", `""`}, string(raw)):
		return nil
	case raw[0] == '[':
		_ = json.Unmarshal(raw, &all) // what is not JSON holds nothing
		return all
	case raw[0] != '{':
		return []json.RawMessage{raw}
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	_, err := decoder.Token()
	for err == nil && decoder.More() {
		var value json.RawMessage
		if _, err = decoder.Token(); err == nil && decoder.Decode(&value) == nil {
			all = append(all, value)
		}
	}
	return all
}

// object is an object's values by name; a list's by their place, so that an empty list is an empty object.
type object map[string]json.RawMessage

func (o *object) UnmarshalJSON(raw []byte) error {
	var named map[string]json.RawMessage
	if json.Unmarshal(raw, &named) == nil {
		*o = named
		return nil
	}
	*o = object{}
	if raw[0] == '[' {
		for i, each := range elements(raw) {
			(*o)[strconv.Itoa(i)] = each
		}
	}
	return nil
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }
