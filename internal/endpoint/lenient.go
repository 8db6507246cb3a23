package endpoint

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// lenient reads PHP's empty array, which stands for an empty object as well, and anything else of another type, as nothing.
type lenient[T any] struct{ value T }

func (l *lenient[T]) UnmarshalJSON(raw []byte) error {
	_ = json.Unmarshal(raw, &l.value)
	return nil
}

// phpText is a text, or a number or flag in its place (JSON_NUMERIC_CHECK); anything else is the empty text.
type phpText string

func (t *phpText) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*t = phpText(text)
	} else if raw = bytes.TrimSpace(raw); len(raw) > 0 && !strings.ContainsRune(`{["`, rune(raw[0])) {
		*t = phpText(raw)
	}
	return nil
}

// phpList is a list, or the values of an object, which PHP makes of a list with gaps. Values of another type are left out.
type phpList[T any] []T

func (l *phpList[T]) UnmarshalJSON(raw []byte) error {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &list) != nil && json.Unmarshal(raw, &object) == nil {
		for _, name := range slices.SortedFunc(maps.Keys(object), byNumber) {
			list = append(list, object[name])
		}
	}
	for _, each := range list {
		var value T
		if json.Unmarshal(each, &value) == nil {
			*l = append(*l, value)
		}
	}
	return nil
}

// byNumber orders names that are numbers as numbers: the shorter first.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// phpMethods are names in a list, or as the keys under which WordPress itself keeps them.
type phpMethods []string

func (m *phpMethods) UnmarshalJSON(raw []byte) error {
	var flags map[string]bool
	if json.Unmarshal(raw, &flags) == nil {
		*m = slices.Sorted(maps.Keys(flags))
		return nil
	}
	var names phpList[phpText]
	_ = json.Unmarshal(raw, &names)
	if text := phpText(""); len(names) == 0 && json.Unmarshal(raw, &text) == nil {
		names = phpList[phpText]{text}
	}
	for _, name := range names {
		for _, each := range strings.Split(string(name), ",") {
			*m = append(*m, strings.ToUpper(strings.TrimSpace(each)))
		}
	}
	return nil
}
