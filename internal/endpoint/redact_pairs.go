package endpoint

import (
	"encoding/json"
	"slices"
	"strings"
)

// namesOnly are the keys of lists that hold names and no values, whatever the names are of.
var namesOnly = []string{"required", "enum", "context", "columns", "headers", "header", "head", "fields", "keys", "names", "properties", "supports",
	"capabilities", "scopes", "roles", "order"}

// headings are the keys of lists that name the columns of the rows beside them.
var headings = []string{"columns", "headers", "header", "head", "fields", "cols", "headings"}

// Bounds of what is remembered of one list or object, so that memory does not grow with the text.
const (
	mostElements = 400
	mostSpans    = 2000
	deepestJSON  = 200
)

// span is a value's place in the text, for a string within its quotes.
type span struct {
	from, to int
	text     string // a string as it reads, empty for what is longer than a key
	isString bool
}

// structure finds secrets by where they stand in JSON beside their names: in pairs and lists of pairs, under value beside name, and in
// columns. It goes over the text once, and takes what does not end, or breaks off, as ended there.
type structure struct {
	text   string
	cuts   []span // the secrets
	leaves []span // strings that may hold other text with secrets in it
}

// list is what is remembered of a list under way.
type list struct {
	elements [][]span // the values within each element
}

func (s *structure) scan() {
	for i := 0; i < len(s.text); {
		if c := s.text[i]; c == '{' || c == '[' {
			end, _, _ := s.value(i, "", nil, 0)
			i = max(i+1, end)
			continue
		}
		i++
	}
}

// value reads a value at i and returns where it ends, the values within it, and whether it was whole.
func (s *structure) value(i int, key string, columns []int, depth int) (end int, within []span, ok bool) {
	if i >= len(s.text) || depth > deepestJSON {
		return i, nil, false
	}
	switch c := s.text[i]; {
	case c == '{':
		return s.object(i+1, depth)
	case c == '[':
		return s.list(i+1, key, columns, depth)
	case c == '"':
		end, leaf, ok := s.str(i)
		return end, []span{leaf}, ok
	}
	end = i
	for end < len(s.text) && strings.IndexByte(",:}] \t\r\n\"{[", s.text[end]) < 0 {
		end++
	}
	word := s.text[i:end]
	if word == "true" || word == "false" || word == "null" || len(word) < shortestNumber {
		return end, nil, end > i
	}
	return end, []span{{from: i, to: end}}, true
}

func (s *structure) str(i int) (end int, leaf span, ok bool) {
	end = i + 1
	for end < len(s.text) && s.text[end] != '"' {
		if s.text[end] == '\\' {
			end++
		}
		end++
	}
	leaf = span{from: i + 1, to: min(end, len(s.text)), isString: true}
	if raw := s.text[leaf.from:leaf.to]; len(raw) <= 8*longestKey {
		leaf.text = unquoted(raw, 0)
	}
	return min(end+1, len(s.text)), leaf, end < len(s.text)
}

func (s *structure) space(i int) int {
	for i < len(s.text) && strings.IndexByte(" \t\r\n", s.text[i]) >= 0 {
		i++
	}
	return i
}

// object reads the members of an object, and cuts the values beside the name of a secret.
func (s *structure) object(i, depth int) (end int, within []span, ok bool) {
	named, values, columns := false, []span(nil), []int(nil)
	defer func() {
		if named {
			s.cuts = append(s.cuts, values...)
		}
	}()
	for {
		if i = s.space(i); i < len(s.text) && s.text[i] == '}' {
			return i + 1, within, true
		}
		if i >= len(s.text) || s.text[i] != '"' {
			return i, within, false
		}
		next, key, complete := s.str(i)
		if i = s.space(next); !complete || i >= len(s.text) || s.text[i] != ':' {
			return i, within, false
		}
		lower := strings.ToLower(key.text)
		next, inner, complete := s.value(s.space(i+1), lower, columns, depth+1)
		switch {
		case slices.Contains(naming, lower) && len(inner) == 1 && SecretKey(inner[0].text):
			named = true
		case slices.Contains(valued, lower) && len(values) < mostSpans:
			values = append(values, inner...)
		case slices.Contains(headings, lower):
			columns = secretColumns(inner)
		}
		s.keep(inner)
		if within = append(within, inner...); len(within) > mostSpans {
			within = within[:mostSpans]
		}
		if i = s.space(next); !complete {
			return i, within, false
		}
		if i < len(s.text) && s.text[i] == ',' {
			i++
		}
	}
}

// secretColumns are the places of the headings that are names of secrets.
func secretColumns(headings []span) (columns []int) {
	for n, heading := range headings {
		if heading.isString && SecretKey(heading.text) {
			columns = append(columns, n)
		}
	}
	return columns
}

// list reads the elements of a list, and cuts what stands behind the name of a secret in a pair, and in its column.
func (s *structure) list(i int, key string, columns []int, depth int) (end int, within []span, ok bool) {
	var l list
	defer func() { s.cuts = append(s.cuts, l.secrets(key, columns)...) }()
	heading := columns
	for n := 0; ; n++ {
		if i = s.space(i); i < len(s.text) && s.text[i] == ']' {
			return i + 1, within, true
		}
		if i >= len(s.text) {
			return i, within, false
		}
		isList := s.text[i] == '['
		next, inner, complete := s.value(i, "", heading, depth+1)
		if n == 0 && isList && len(heading) == 0 {
			// In a list of lists the first one may name the columns. Where there are two, the first is that of the names.
			if heading = secretColumns(inner); len(inner) == 2 {
				heading = slices.DeleteFunc(heading, func(n int) bool { return n == 0 })
			}
		}
		if len(l.elements) < mostElements {
			l.elements = append(l.elements, inner)
		}
		s.keep(inner)
		if within = append(within, inner...); len(within) > mostSpans {
			within = within[:mostSpans]
		}
		if i = s.space(next); !complete {
			return i, within, false
		}
		if i < len(s.text) && s.text[i] == ',' {
			i++
		}
	}
}

// secrets are the values of the list that stand behind a secret's name, or in a column of secrets.
func (l list) secrets(key string, columns []int) (cuts []span) {
	for _, n := range columns {
		if n < len(l.elements) {
			cuts = append(cuts, l.elements[n]...)
		}
	}
	if slices.Contains(namesOnly, key) || len(l.elements)%2 == 1 {
		return cuts
	}
	for n := 0; n+1 < len(l.elements); n += 2 {
		if name := l.elements[n]; len(name) == 1 && name[0].isString && SecretKey(name[0].text) {
			cuts = append(cuts, l.elements[n+1]...)
		}
	}
	return cuts
}

// keep remembers the strings that are looked into for other text, each once: those of a container were kept when it was read.
func (s *structure) keep(inner []span) {
	for _, leaf := range inner {
		if last := len(s.leaves) - 1; leaf.isString && (last < 0 || s.leaves[last].from < leaf.from) {
			s.leaves = append(s.leaves, leaf)
		}
	}
}

// deepestText bounds texts within texts.
const deepestText = 5

// redactStructure takes out what structure finds, and looks into strings with other text in them.
func redactStructure(text string, references bool, depth int) (clean string, secrets []string) {
	if !strings.ContainsAny(text, "{[") {
		return text, nil
	}
	s := structure{text: text}
	s.scan()
	type edit struct {
		span
		with string
	}
	plain := scanner{references: references}
	var edits []edit
	for _, cut := range s.cuts {
		raw := text[cut.from:cut.to]
		if cut.isString && !plain.plain(raw, "") && !slices.Contains(namesOfValues, raw) {
			edits = append(edits, edit{cut, Removed})
			secrets = append(secrets, raw)
			if read := unquoted(raw, 0); read != raw {
				secrets = append(secrets, read)
			}
		} else if !cut.isString {
			edits = append(edits, edit{cut, `"` + Removed + `"`})
			secrets = append(secrets, raw)
		}
	}
	for _, leaf := range s.leaves {
		raw := text[leaf.from:leaf.to]
		if depth >= deepestText || !mayHoldText(raw) {
			continue
		}
		read := unquoted(raw, 0)
		inner := redactDeep(read, references, depth+1)
		if inner.Text == read {
			continue
		}
		quoted, err := json.Marshal(inner.Text)
		if err == nil {
			edits = append(edits, edit{leaf, strings.TrimSuffix(strings.TrimPrefix(string(quoted), `"`), `"`)})
			secrets = append(secrets, inner.Secrets...)
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for _, e := range edits {
		if e.from >= done {
			b.WriteString(text[done:e.from] + e.with)
			done = e.to
		}
	}
	return b.String() + text[done:], secrets
}

// namesOfValues are what stands behind a secret's name and is none: what a schema says of it.
var namesOfValues = []string{"string", "password", "text", "hidden", "boolean", "integer", "object", "array"}

// mayHoldText tells whether a string may hold a name and a value.
func mayHoldText(raw string) bool {
	return len(raw) > 4 && strings.ContainsAny(raw, `{[<=:;,(\%`)
}
