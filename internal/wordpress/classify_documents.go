package wordpress

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// documents is what a body holds: JSON, and what was printed around it.
type documents struct {
	values   []json.RawMessage // in the order in which they stand
	page     bool              // a whole page, or a part of its frame, stands there too
	afterAll bool              // that page comes after the JSON
	crash    string            // PHP's own words where it died
	cut      bool              // JSON begins and does not end
	binary   bool              // it is no text
	note     string            // about what stands around the JSON
	visible  string            // the text outside the JSON, as a browser would show it
}

const mark = "\xef\xbb\xbf"

// Notes about debris, which is what PHP, plugins and themes print beside an answer.
const (
	noteMark   = "The response started with a byte order mark: one of the site's PHP files begins with one."
	noteBefore = "The response contained other output before the JSON, such as PHP warnings."
	noteAfter  = "The response contained other output after the JSON, such as PHP warnings."
)

// documentsOf finds the JSON in a body. What stands around it never decides what it says, and neither does its length.
func documentsOf(body []byte) documents {
	if isBinary(body) {
		return documents{binary: true}
	}
	var d documents
	text := trimmed(body)
	for strings.HasPrefix(text, mark) {
		text, d.note = trimmed([]byte(strings.TrimPrefix(text, mark))), noteMark
	}
	if json.Valid([]byte(text)) {
		d.values = []json.RawMessage{unquoted([]byte(text))}
		return d
	}
	s := scan([]byte(text))
	d.page, d.cut = s.page >= 0, s.cut
	for _, v := range s.answers() {
		d.values = append(d.values, unquoted(s.text[v.from:v.to]))
		d.afterAll = s.page > v.from
	}
	d.debris(s)
	return d
}

// debris reads what stands around the JSON.
func (d *documents) debris(s *scanner) {
	around, first, last := s.around()
	d.visible = visible(around)
	if words := crashWords.FindString(d.visible); words != "" {
		d.crash = printable(words, 300)
	} else if bytes.Contains(around, []byte("wp-die-message")) && bytes.Contains(around, []byte("error-page")) || criticalError.MatchString(d.visible) {
		d.crash = printable("WordPress says: "+d.visible, 300)
	}
	if len(d.values) == 0 {
		if value, is := plainValue(string(around), d.visible); is && !d.page && !d.cut {
			d.values, d.note = []json.RawMessage{unquoted(value)}, noteBefore
		}
		return
	}
	switch {
	case first > 0:
		d.note = noteBefore
	case last < len(s.text):
		d.note = noteAfter
	}
}

// crashWords are how PHP says that it died; it is never translated.
var crashWords = regexp.MustCompile(`(?i)\b(?:PHP )?(?:catchable |recoverable )?(?:fatal|parse|compile) error\s?:.*`)

// criticalError is WordPress's message about that, where nothing but the message came (wp_die).
var criticalError = regexp.MustCompile(`(?i)^there has been a critical error on (?:this|your) website`)

// plainValue returns the plain value that is all that a body shows, or that stands below PHP's messages: the false of a callback, say.
func plainValue(text, shows string) (json.RawMessage, bool) {
	if json.Valid([]byte(shows)) && shows[0] != '{' && shows[0] != '[' {
		return json.RawMessage(shows), true
	}
	i := strings.LastIndexAny(text, ">\n") + 1
	last := strings.TrimSpace(text[i:])
	return json.RawMessage(last), strings.Contains(text[:i], " on line ") && json.Valid([]byte(last))
}

// unquoted takes off the second encoding of an answer that was encoded twice.
func unquoted(value json.RawMessage) json.RawMessage {
	var inner string
	if value[0] == '"' && json.Unmarshal(value, &inner) == nil && strings.ContainsAny(inner[:min(1, len(inner))], "{[") && json.Valid([]byte(inner)) {
		return json.RawMessage(inner)
	}
	return value
}

// recovered is the JSON of an answer, and what is to be said of what stood around it.
type recovered struct {
	value json.RawMessage
	note  string
}

// findJSON returns the document of a body that is the answer: the first that says something of itself, else the last, since what a
// debugger prints comes before. A page holds none, and what PHP quotes as it dies is none.
func findJSON(body []byte) (recovered, bool) {
	d := documentsOf(body)
	if d.page || d.cut || d.crash != "" || len(d.values) == 0 {
		return recovered{}, false
	}
	if len(d.values) == 1 {
		return recovered{d.values[0], d.note}, true
	}
	i := slices.IndexFunc(d.values, func(v json.RawMessage) bool { return shapeOf(v, requestInfo{}).claim != claimNone })
	if i < 0 {
		i = len(d.values) - 1
	}
	return recovered{d.values[i], d.note}, true
}

// FindJSON returns the JSON in an answer's body, without what was printed around it.
func FindJSON(body []byte) ([]byte, bool) {
	found, is := findJSON(body)
	return found.value, is
}
