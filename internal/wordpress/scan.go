package wordpress

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	xhtml "golang.org/x/net/html"
)

// span is a JSON value in a body.
type span struct {
	from, to int
	enclosed bool // an element begins before it and ends after it: it is a part of a page
}

// scanner walks through a body once, past HTML, and finds the JSON between.
type scanner struct {
	text   []byte
	values []span
	open   []tag // elements that have begun, the outermost first
	page   int   // where a page begins, or -1
	inPage bool
	cut    bool // JSON begins and does not end
	budget int  // how many more bytes may be read in vain, so that no body costs more than a few readings
}

type tag struct {
	name string
	at   int
}

// frames are the elements that make a page of a text; raw are those whose text is no HTML (HTML, section 13.1.2).
var (
	frames = map[string]bool{"html": true, "head": true, "body": true, "!doctype": true}
	raw    = map[string]bool{"script": true, "style": true, "textarea": true, "title": true, "noscript": true, "template": true, "iframe": true, "xmp": true}
)

func scan(text []byte) *scanner {
	s := &scanner{text: text, page: -1, budget: len(text) + 1<<16}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '<':
			i = s.markup(i)
		case (c == '{' || c == '[') && !s.inPage:
			i = s.value(i)
		default:
			i++
		}
	}
	return s
}

// value takes the JSON that begins here, and returns where it ends.
func (s *scanner) value(from int) int {
	if s.budget <= 0 {
		return from + 1
	}
	decoder := json.NewDecoder(bytes.NewReader(s.text[from:]))
	var found json.RawMessage
	if err := decoder.Decode(&found); err != nil {
		var syntax *json.SyntaxError
		spent := len(s.text) - from
		if errors.As(err, &syntax) {
			spent = int(syntax.Offset)
		}
		s.budget -= spent
		if errors.Is(err, io.ErrUnexpectedEOF) && beginsJSON(trimmed(s.text[from:])) {
			s.cut = true
			return len(s.text) // what stands in it is a part, and says nothing of the whole
		}
		return from + 1
	}
	to := from + len(found)
	if !s.quoted(from, to) && (isNamed(found) || s.alone(from, to)) {
		s.values = append(s.values, span{from: from, to: to})
	}
	return to
}

// beginsJSON tells JSON that is cut short from a lone bracket in a text.
func beginsJSON(text string) bool {
	inner := trimmed([]byte(text[1:]))
	return strings.HasPrefix(inner, `"`) || text[0] == '[' && (strings.HasPrefix(inner, "{") || strings.HasPrefix(inner, "["))
}

// isNamed tells an answer from what a warning quotes, such as [0]: it has names in it.
func isNamed(value []byte) bool {
	return bytes.ContainsRune(value, ':') && bytes.ContainsRune(value, '{')
}

// alone tells whether nothing but HTML stands on both sides of the value, or nothing at all on one.
func (s *scanner) alone(from, to int) bool {
	before, after := bytes.TrimSpace(s.text[:from]), bytes.TrimSpace(s.text[to:])
	return len(after) == 0 || after[0] == '<' && (len(before) == 0 || before[len(before)-1] == '>')
}

// quoted tells whether the value is the argument of something, as PHP's messages show it: json_decode('{"a":1}').
func (s *scanner) quoted(from, to int) bool {
	before, after := s.text[:from], s.text[to:]
	for _, quote := range []string{"'", "&#039;", "&quot;"} {
		if bytes.HasSuffix(before, []byte(quote)) && bytes.HasPrefix(after, []byte(quote)) {
			return true
		}
	}
	return false
}

// markup passes over a tag, a comment, or an element whose text is no HTML, and returns where that ends.
func (s *scanner) markup(from int) int {
	rest := s.text[from:]
	if bytes.HasPrefix(rest, []byte("<!--")) {
		return from + after(rest, "-->")
	}
	name, closing := tagName(rest)
	if name == "" {
		return from + 1
	}
	to := from + tagEnd(rest)
	switch {
	case closing:
		s.close(name)
		s.inPage = s.inPage && name != "html"
	case frames[name]:
		s.inPage = true
		if s.page < 0 {
			s.page = from
		}
	case raw[name]:
		return to + after(bytes.ToLower(s.text[to:]), "</"+name)
	default:
		s.open = append(s.open, tag{name, from})
	}
	return to
}

// close ends the innermost element of that name: what stands within is a part of it.
func (s *scanner) close(name string) {
	for i := len(s.open) - 1; i >= 0; i-- {
		if s.open[i].name != name {
			continue
		}
		for v := range s.values {
			s.values[v].enclosed = s.values[v].enclosed || s.values[v].from > s.open[i].at
		}
		s.open = s.open[:i]
		return
	}
}

// after returns where the first of these words ends; the end of the text without one.
func after(text []byte, word string) int {
	if i := bytes.Index(text, []byte(word)); i >= 0 {
		return i + len(word)
	}
	return len(text)
}

// tagName returns the name in lower case of the tag that the text begins with; empty where it begins with none.
func tagName(text []byte) (name string, closing bool) {
	i := 1
	if closing = i < len(text) && text[i] == '/'; closing {
		i++
	}
	end := i
	for end < len(text) && end < i+20 && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || end > i && text[end] >= '0' && text[end] <= '9' || text[end] == '!' &&
		end == i) {
		end++
	}
	return strings.ToLower(string(text[i:end])), closing
}

// tagEnd returns where the tag ends; a > in quotes is a part of it.
func tagEnd(text []byte) int {
	var quote byte
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && i > 0 && text[i-1] == '=':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return len(text)
}

// answers are the values that are no part of a page.
func (s *scanner) answers() []span {
	var all []span
	for _, v := range s.values {
		if !v.enclosed {
			all = append(all, v)
		}
	}
	return all
}

// around returns the text without the answers, and where the first begins and the last ends.
func (s *scanner) around() (text []byte, first, last int) {
	for _, v := range s.answers() {
		if last == 0 {
			first = v.from
		}
		text = append(append(text, s.text[last:v.from]...), ' ')
		last = v.to
	}
	return append(text, s.text[last:]...), first, last
}

// visible is the text of HTML as a browser shows it, without scripts and styles.
func visible(html []byte) string {
	var text strings.Builder
	tokens := xhtml.NewTokenizer(bytes.NewReader(html[:min(len(html), searched)]))
	hidden := ""
	for {
		switch tokens.Next() {
		case xhtml.ErrorToken:
			return strings.Join(strings.Fields(shown(text.String())), " ")
		case xhtml.TextToken:
			if hidden == "" {
				text.Write(tokens.Text())
			}
		case xhtml.StartTagToken:
			text.WriteByte(' ')
			if name, _ := tokens.TagName(); hidden == "" && raw[string(name)] {
				hidden = string(name)
			}
		case xhtml.EndTagToken:
			text.WriteByte(' ')
			if name, _ := tokens.TagName(); string(name) == hidden {
				hidden = ""
			}
		}
	}
}

// searched bounds how far into a page its words are looked for.
const searched = 64 << 10

// trimmed drops the spaces around a body, and the zero bytes that some servers end it with.
func trimmed(body []byte) string { return strings.Trim(string(body), " \t\r\n\f\v\x00") }
