package wordpress

import (
	"bytes"
	"encoding/json"
)

// recovered is the JSON of an answer, and what had to be passed over to find it.
type recovered struct {
	value json.RawMessage
	note  string
}

// searched bounds how far into an answer its JSON is looked for, and tried how often.
const (
	searched = 64 << 10
	tried    = 50
)

var mark = []byte("\xef\xbb\xbf")

// findJSON returns the JSON of an answer. PHP prints its warnings before the JSON or after it, and a byte order mark in some file
// goes before everything; a page is never taken for an answer, whatever scripts of its own it holds.
func findJSON(body []byte) (recovered, bool) {
	trimmed := bytes.TrimSpace(body)
	note := ""
	for bytes.HasPrefix(trimmed, mark) {
		trimmed, note = bytes.TrimSpace(bytes.TrimPrefix(trimmed, mark)), "A byte order mark stood before the JSON: some PHP file of the site begins with one."
	}
	if json.Valid(trimmed) {
		return recovered{trimmed, note}, len(trimmed) > 0
	}
	if isPage(trimmed) {
		return recovered{}, false
	}
	if value, rest, found := firstValue(trimmed); found && !isPage(rest) {
		return recovered{value, "Other output stood after the JSON, as PHP's warnings do."}, true
	}
	start := 0
	for range tried {
		i := bytes.IndexAny(trimmed[start:min(len(trimmed), searched)], "{[")
		if i < 0 {
			return recovered{}, false
		}
		start += i
		if value := bytes.TrimSpace(trimmed[start:]); json.Valid(value) {
			return recovered{value, "Other output stood before the JSON, as PHP's warnings do."}, true
		}
		start++
		if start >= min(len(trimmed), searched) {
			break
		}
	}
	return recovered{}, false
}

// firstValue returns the object or array that the text begins with.
func firstValue(text []byte) (value, rest []byte, found bool) {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return nil, nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	var raw json.RawMessage
	if decoder.Decode(&raw) != nil {
		return nil, nil, false
	}
	return raw, text[decoder.InputOffset():], true
}

func isPage(text []byte) bool {
	beginning := bytes.ToLower(text[:min(len(text), searched)])
	return bytes.Contains(beginning, []byte("<html")) || bytes.Contains(beginning, []byte("<!doctype")) || bytes.Contains(beginning, []byte("<body"))
}
