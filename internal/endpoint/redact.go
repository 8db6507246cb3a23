package endpoint

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Removed stands where a secret stood.
const Removed = "[removed]"

// Redacted is a text without the secrets that stood under the keys of secret_keys.go.
type Redacted struct {
	Text    string
	Secrets []string // what was taken out, as it stood there
}

// Redact takes the secrets out of an answer or a request: JSON at any depth, within other output, cut off, or written as text within JSON;
// forms, queries, and assignments in other text.
func Redact(text string) Redacted {
	if len(text) > longestClean {
		return redact(text, false)
	}
	if _, known := clean.Get(text); known || text == "" {
		return Redacted{Text: text}
	}
	r := redact(text, false)
	if len(r.Secrets) == 0 && r.Text == text {
		clean.Add(strings.Clone(text), struct{}{})
	}
	return r
}

// clean holds short texts in which no secret stands: the sites of a run mostly answer alike, in their headers too. No text with a secret is kept.
var clean = newLRU[struct{}](mostRemembered)

// How many short texts, and how many keys, are remembered; and how long such a text may be, in bytes.
const (
	mostRemembered = 4096
	longestClean   = 512
)

func newLRU[V any](size int) *lru.Cache[string, V] {
	c, err := lru.New[string, V](size)
	if err != nil {
		panic(err) // the size is positive
	}
	return c
}

// RedactTemplate is Redact for a text in which a reference such as {{row.password}} stands for the secret: it may stay.
func RedactTemplate(text string) Redacted { return redact(text, true) }

// RedactRows removes a table as a whole where one of its columns holds secrets, by its name or by the key that it is filled in under.
func RedactRows(text, template string) string {
	if strings.TrimSpace(text) == "" {
		return text
	}
	filledIn := Redact(template).Text != RedactTemplate(template).Text
	rows, err := ReadRows(text)
	if err != nil {
		return text
	}
	for _, column := range rows.Columns {
		if SecretKey(column) || filledIn && strings.Contains(template, "row."+column) {
			return Removed
		}
	}
	return text
}

func redact(text string, references bool) Redacted { return redactDeep(text, references, 0) }

// redactDeep is redact for a text that lies that deep in texts within texts.
func redactDeep(text string, references bool, depth int) Redacted {
	s := scanner{text: text, references: references}
	s.json()
	a := assigner{text: s.out.String(), plain: s.plain, secrets: s.secrets}
	a.scan()
	clean, more := redactValues(a.out.String())
	secrets := append(a.secrets, more...)
	clean, more = redactStructure(clean, references, depth)
	secrets = append(secrets, more...)
	clean, more = redactApart(clean, references, depth)
	secrets = append(secrets, more...)
	return Redacted{Scrub(clean, secrets), secrets}
}

// shortestScrubbed is the length from which a secret is looked for elsewhere, in bytes: what is shorter stands in every text.
const shortestScrubbed = 8

// mostScrubbed bounds the work for an answer that is nothing but secrets.
const mostScrubbed = 1000

// Scrub takes secrets out of a text that may repeat them, such as a message.
func Scrub(text string, secrets []string) string {
	var pairs []string
	for _, secret := range secrets[:min(len(secrets), mostScrubbed)] {
		if len(secret) >= shortestScrubbed && !strings.Contains(Removed, secret) {
			pairs = append(pairs, secret, Removed)
		}
	}
	if len(pairs) == 0 {
		return text
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// RedactHeader takes secrets out of headers. The header itself stays as it is.
func RedactHeader(header http.Header) http.Header {
	if header == nil {
		return nil
	}
	clean := make(http.Header, len(header))
	for name, values := range header {
		for _, value := range values {
			if SecretKey(name) && value != "" {
				value = Removed
			}
			clean[name] = append(clean[name], Redact(value).Text)
		}
	}
	return clean
}

// RedactHeaderLines is RedactHeader for headers as they are typed, one a line.
func RedactHeaderLines(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(line, ":")
		if found && SecretKey(strings.TrimSpace(name)) && strings.TrimSpace(value) != "" {
			line = name + ": " + Removed + "\n"
		}
		lines = append(lines, line)
	}
	return Redact(strings.Join(lines, "")).Text
}

// scanner goes over a text once. It does not need the text to be valid JSON, since sites print before, after and into it.
type scanner struct {
	text       string
	references bool
	out        strings.Builder
	done       int // what of the text was written out
	secrets    []string
	named      bool // the object under way names a secret, see naming
}

func (s *scanner) json() {
	for i := 0; i < len(s.text); i++ {
		switch s.text[i] {
		case '}':
			s.named = false
		case '"':
			if next := s.member(i); next > i {
				i = next - 1
			}
		}
	}
	s.out.WriteString(s.text[s.done:])
}

// member reads a key at i and its value, and returns where the scan goes on; 0 where there is no key.
func (s *scanner) member(i int) int {
	slashes := slashesBefore(s.text, i)
	end := stringEnd(s.text[:min(len(s.text), i+1+8*longestKey)], i+1, slashes)
	if end < 0 {
		return 0
	}
	at := skipSpace(s.text, end+1)
	if at >= len(s.text) || s.text[at] != ':' {
		return 0
	}
	key := unquoted(s.text[i+1:end-slashes], slashes)
	at = skipSpace(s.text, at+1)
	switch lower := strings.ToLower(key); {
	case SecretKey(key):
		return s.value(at, key)
	case s.named && slices.Contains(valued, lower):
		s.named = false
		return s.value(at, key)
	case slices.Contains(naming, lower):
		if value, is := s.stringAt(at); is && SecretKey(value) {
			s.named = true
		}
	}
	return at
}

// stringAt is the text of a string that begins at the place.
func (s *scanner) stringAt(at int) (string, bool) {
	quote := quoteAt(s.text, at)
	if quote < 0 {
		return "", false
	}
	slashes := quote - at
	end := stringEnd(s.text, quote+1, slashes)
	if end < 0 {
		return "", false
	}
	return unquoted(s.text[quote+1:max(quote+1, end-slashes)], slashes), true
}

// value takes the secrets out of the value at the place, and returns where it ends.
func (s *scanner) value(at int, key string) int {
	if at >= len(s.text) {
		return at
	}
	switch c := s.text[at]; {
	case c == '{' || c == '[':
		return s.container(at, key)
	case quoteAt(s.text, at) >= 0:
		return s.secretString(at, key)
	}
	end := at
	for end < len(s.text) && !strings.ContainsRune(",}] \t\r\n\\\"", rune(s.text[end])) {
		end++
	}
	word := s.text[at:end]
	if word == "true" || word == "false" || word == "null" || len(word) < shortestNumber || strings.HasPrefix(word, Removed) {
		return at
	}
	s.cut(at, end, `"`+Removed+`"`)
	return end
}

// shortestNumber is the length from which a number can be a secret: what is shorter is a flag or a count.
const shortestNumber = 4

func (s *scanner) secretString(at int, key string) int {
	quote := quoteAt(s.text, at)
	slashes := quote - at
	end := stringEnd(s.text, quote+1, slashes)
	stop := len(s.text) // cut off: all that follows may be the secret
	if end >= 0 {
		stop = max(quote+1, end-slashes)
	}
	if value := s.text[quote+1 : stop]; !s.plain(value, key) {
		s.cut(quote+1, stop, Removed)
	}
	if end < 0 {
		return len(s.text)
	}
	return end + 1
}

// plain tells whether the value may stay: there is none, it is a reference, or where to ask for a secret.
func (s *scanner) plain(value, key string) bool {
	if value == "" || value == Removed {
		return true
	}
	if _, isReference := soleReference(value); isReference && s.references {
		return true
	}
	address := strings.HasPrefix(value, "https:") || strings.HasPrefix(value, "http:")
	return address && strings.EqualFold(key, "authorization") && !strings.ContainsAny(value, "@?")
}

// container takes every text out of an object or a list, but those that only describe it.
func (s *scanner) container(at int, key string) int {
	depth := 0
	for i := at; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case c == '"':
			i = s.within(i, &key) - 1
		case c >= '0' && c <= '9' && !slices.Contains(plainWithin, strings.ToLower(key)):
			i = max(i, s.value(i, key)-1)
		}
	}
	return len(s.text)
}

// within reads a string in a container: a key, or a value.
func (s *scanner) within(i int, key *string) int {
	slashes := slashesBefore(s.text, i)
	end := stringEnd(s.text, i+1, slashes)
	if end >= 0 {
		if next := skipSpace(s.text, end+1); next < len(s.text) && s.text[next] == ':' {
			*key = unquoted(s.text[i+1:max(i+1, end-slashes)], slashes)
			return end + 1
		}
	}
	if slices.Contains(plainWithin, strings.ToLower(*key)) {
		if end < 0 {
			return len(s.text)
		}
		return end + 1
	}
	return s.secretString(i-slashes, *key)
}

// cut writes the text up to the secret, and a word in its place.
func (s *scanner) cut(from, to int, word string) {
	secret := s.text[from:to]
	s.secrets = append(s.secrets, secret)
	if plain := unquoted(secret, 0); plain != secret {
		s.secrets = append(s.secrets, plain)
	}
	s.out.WriteString(s.text[s.done:from] + word)
	s.done = to
}

// slashesBefore counts the backslashes in front of a quote: they tell how deep it lies in texts within texts.
func slashesBefore(text string, i int) int {
	n := 0
	for i-n-1 >= 0 && text[i-n-1] == '\\' {
		n++
	}
	return n
}

// quoteAt is where the quote stands that begins at the place, backslashes in front of it; -1 where there is none.
func quoteAt(text string, at int) int {
	for at < len(text) && text[at] == '\\' {
		at++
	}
	if at < len(text) && text[at] == '"' {
		return at
	}
	return -1
}

// stringEnd is the quote that ends a string whose first quote had that many backslashes. Within it, each quote has more.
func stringEnd(text string, from, slashes int) int {
	run := 0
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			run++
			continue
		case '"':
			if more := run - slashes; more < 0 || more%(slashes+1) == 0 && more/(slashes+1)%2 == 0 {
				return i
			}
		}
		run = 0
	}
	return -1
}

// skipSpace passes over white space, also as texts within texts write it.
func skipSpace(text string, at int) int {
	for at < len(text) {
		rest := strings.TrimLeft(text[at:], " \t\r\n")
		if trimmed := strings.TrimLeft(rest, `\`); trimmed != rest && trimmed != "" && strings.ContainsRune("nrt", rune(trimmed[0])) {
			rest = trimmed[1:]
		}
		if len(rest) == len(text)-at {
			return at
		}
		at = len(text) - len(rest)
	}
	return at
}

// unquoted is a string of JSON as text. What cannot be read stays as it is.
func unquoted(text string, slashes int) string {
	for range slashes + 1 {
		if !strings.Contains(text, `\`) {
			break
		}
		var plain string
		if json.Unmarshal([]byte(`"`+text+`"`), &plain) != nil {
			break
		}
		text = plain
	}
	return text
}
