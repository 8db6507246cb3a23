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
	trimmed, note := bytes.TrimSpace(body), ""
	for bytes.HasPrefix(trimmed, mark) {
		trimmed, note = bytes.TrimSpace(bytes.TrimPrefix(trimmed, mark)), "A byte order mark stood before the JSON: some PHP file of the site begins with one."
	}
	if json.Valid(trimmed) {
		return recovered{trimmed, note}, true
	}
	value, before, after := longestValue(trimmed)
	if value == nil || isPage(before) || isPage(after) || isFatal(before) {
		return recovered{}, false
	}
	note = "Other output stood after the JSON, as PHP's warnings do."
	if len(before) > 0 {
		note = "Other output stood before the JSON, as PHP's warnings do."
	}
	return recovered{value, note}, true
}

// FindJSON returns the JSON in an answer's body, without the warnings that PHP may have printed around it.
func FindJSON(body []byte) ([]byte, bool) {
	found, is := findJSON(body)
	return found.value, is
}

// longestValue returns the longest object or array in the text that can be an answer, and what stands around it.
func longestValue(text []byte) (value, before, after []byte) {
	start := 0
	for range tried {
		i := bytes.IndexAny(text[start:max(start, min(len(text), searched))], "{[")
		if i < 0 {
			break
		}
		start += i
		found := valueAt(text[start:])
		if rest := text[start+len(found):]; len(found) > len(value) && isAnswer(found, rest) {
			value, before, after = found, text[:start], rest
		}
		start += max(1, len(found))
	}
	return value, before, after
}

// valueAt returns the object or array that the text begins with, or nil.
func valueAt(text []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var raw json.RawMessage
	if decoder.Decode(&raw) != nil {
		return nil
	}
	return text[:decoder.InputOffset()]
}

// isAnswer tells an answer from what a warning quotes, such as [0]: it has names in it, or is the last thing that was printed.
func isAnswer(value, after []byte) bool {
	names := bytes.ContainsRune(value, ':') && bytes.ContainsRune(value, '{')
	return names || len(bytes.TrimSpace(after)) == 0
}

// isPage tells whether the text is a page or a part of one. PHP's warnings come with <br>, <b>, and from Xdebug with a table.
func isPage(text []byte) bool {
	for _, tag := range []string{"<html", "<!doctype", "<head", "<body", "<script", "<style", "<meta", "<link", "<div", "<form", "<p>"} {
		if hasAll(text, []string{tag}) {
			return true
		}
	}
	return false
}

// isFatal tells whether PHP died in the text: what it quotes then is no answer.
func isFatal(text []byte) bool {
	return hasAll(text, []string{"fatal error"}) || hasAll(text, []string{"parse error"})
}
