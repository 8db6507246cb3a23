package wordpress

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// PHP writes a list with gaps as an object, an empty object as a list, and with JSON_NUMERIC_CHECK a text of digits as a number. These
// functions read what was meant, and nothing where that cannot be told.

// compound tells whether the value begins as an object or a list. Most values do not, and finding that out by reading them costs more.
func compound(raw json.RawMessage) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && (raw[0] == '{' || raw[0] == '[')
}

// readObject reads an object's fields; an empty list is an empty object.
func readObject(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	if !compound(raw) {
		return nil, false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) == nil {
		return fields, fields != nil
	}
	var list []json.RawMessage
	return nil, json.Unmarshal(raw, &list) == nil && len(list) == 0
}

// readList reads a list's values, or an object's, by its numbers where its names are numbers.
func readList(raw json.RawMessage) []json.RawMessage {
	if !compound(raw) {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	fields, _ := readObject(raw)
	names := slices.SortedFunc(maps.Keys(fields), func(a, b string) int {
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
		return cmp.Compare(a, b)
	})
	for _, name := range names {
		list = append(list, fields[name])
	}
	return list
}

// readText reads a text, a number or a flag as text; anything else is the empty text.
func readText(raw json.RawMessage) string {
	raw = bytes.Trim(raw, " \t\r\n") // JSON's own white space
	if len(raw) == 0 {
		return ""
	}
	var text string
	switch c := raw[0]; {
	case c == '"' && json.Unmarshal(raw, &text) == nil:
		return text
	case string(raw) == "true", string(raw) == "false":
		return string(raw)
	case (c == '-' || c >= '0' && c <= '9') && json.Valid(raw):
		return string(raw)
	}
	return ""
}

// readTexts reads a list of texts, or a text that stands alone; what is no text, or an empty one, is left out.
func readTexts(raw json.RawMessage) []string {
	var texts []string
	for _, each := range append(readList(raw), raw) {
		if text := readText(each); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// readYes tells whether a flag is set, in the ways in which PHP code writes that.
func readYes(raw json.RawMessage) bool {
	text := readText(raw)
	return text == "true" || text == "1"
}
