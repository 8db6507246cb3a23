package endpoint

import (
	"encoding/csv"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Text in which a name and its value stand apart: calls, what PHP serializes, parts of a form, and markup. In each pattern the first group
// is the name and the second the value. What a text must hold for the pattern to fit stands before it: patterns are slow.
var apart = []struct {
	contains string
	*regexp.Regexp
}{
	{`(`, regexp.MustCompile(`\(\s*["']([^"'\\\s]+)["']\s*,\s*["']([^"'\\\r\n]+)`)},
	{`isposition`, regexp.MustCompile(`(?i)content-disposition:[^\r\n]*?[;\s]name="?([^"\r\n;]+)"?[^\r\n]*\r?\n(?:[A-Za-z-]+:[^\r\n]*\r?\n)*\r?\n([^\r\n]+)`)},
	{`</`, regexp.MustCompile(`(?i)<(?:name|key|th|td|dt|string|id|meta_key|option_name|field|param|header)\b[^<>]*>\s*([^<>]+?)\s*</[a-z_:]+>\s*` +
		`(?:<(?:value|string|td|dd|data|text|val|meta_value|option_value|int|i4|base64|code)\b[^<>]*>\s*)+(?:<!\[CDATA\[)?([^<\]]+)`)},
	{`<`, regexp.MustCompile(`<([A-Za-z_][\w.:-]*)\s[^<>]*[^<>/]>\s*(?:<!\[CDATA\[)?([^<\]]+)`)},
}

var (
	serialized = regexp.MustCompile(`s:\d+:"([^"\\]+)";s:(\d+):"`)
	namedTag   = regexp.MustCompile(`<([A-Za-z][\w:-]*)\s([^<>]+)>\s*(?:<!\[CDATA\[)?([^<\]]*)`)
	attribute  = regexp.MustCompile(`([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	escaped    = regexp.MustCompile(`[^\s"'<>\\&=?#;]*%[0-9A-Fa-f]{2}[^\s"'<>\\&=?#;]*`)
	heading    = regexp.MustCompile(`^[A-Za-z0-9_ .\[\]-]+$`)
)

// Attributes that name a field, and those that hold its value; and elements whose text is for people.
var (
	namingAttributes = []string{"name", "id", "property", "key", "option"}
	valueAttributes  = []string{"value", "content", "data-value", "data"}
	proseElements    = []string{"a", "p", "div", "span", "li", "ul", "label", "form", "button", "option", "select", "fieldset", "legend", "section", "article",
		"h1", "h2", "h3", "h4", "h5", "h6", "body", "main", "nav", "th", "b", "i", "em", "strong", "input", "meta", "img", "script", "style"}
)

// redactApart takes secrets out of text that is neither JSON nor an assignment.
func redactApart(text string, references bool, depth int) (clean string, secrets []string) {
	c := cutter{plain: scanner{references: references}.plainValue}
	for n, pattern := range apart {
		if !strings.Contains(text, pattern.contains) {
			continue
		}
		text = c.each(text, pattern.Regexp, func(at []int) (name string, from, to int) {
			if n == len(apart)-1 && slices.Contains(proseElements, strings.ToLower(text[at[2]:at[3]])) {
				return "", 0, 0
			}
			return text[at[2]:at[3]], at[4], at[5]
		})
	}
	if strings.Contains(text, `";s:`) {
		text = c.each(text, serialized, func(at []int) (string, int, int) {
			length, err := strconv.Atoi(text[at[4]:at[5]])
			if err != nil || length > len(text)-at[1] {
				length = len(text) - at[1]
			}
			return text[at[2]:at[3]], at[1], at[1] + length
		})
	}
	if strings.Contains(text, "<") {
		text = c.tags(text)
	}
	text = c.columns(text)
	return c.escaped(text, references, depth), c.secrets
}

// cutter takes values out of a text, and remembers them.
type cutter struct {
	plain   func(value string) bool
	secrets []string
}

// plainValue is plain for a value without a key of its own.
func (s scanner) plainValue(value string) bool {
	return s.plain(value, "") || strings.Contains(value, Removed)
}

// each calls where for every match, and takes out the value that it returns where its name is that of a secret.
func (c *cutter) each(text string, pattern *regexp.Regexp, where func(at []int) (name string, from, to int)) string {
	var b strings.Builder
	done := 0
	for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
		name, from, to := where(at)
		if from < done || !SecretKey(strings.TrimSpace(name)) || c.plain(strings.TrimSpace(text[from:to])) {
			continue
		}
		c.secrets = append(c.secrets, strings.TrimSpace(text[from:to]))
		b.WriteString(text[done:from] + Removed)
		done = to
	}
	return b.String() + text[done:]
}

// tags takes the values of fields out of their tags, whichever of name and value comes first, and the text of an element that its name
// attribute names.
func (c *cutter) tags(text string) string {
	var b strings.Builder
	done := 0
	cut := func(from, to int) {
		if value := strings.TrimSpace(text[from:to]); from >= done && !c.plain(value) {
			c.secrets = append(c.secrets, value)
			b.WriteString(text[done:from] + Removed)
			done = to
		}
	}
	for _, tag := range namedTag.FindAllStringSubmatchIndex(text, -1) {
		named := false
		attributes := attribute.FindAllStringSubmatchIndex(text[tag[4]:tag[5]], -1)
		for _, a := range attributes {
			name, from, to := c.attribute(text, tag[4], a)
			named = named || slices.Contains(namingAttributes, name) && SecretKey(text[from:to])
		}
		if !named {
			continue
		}
		for _, a := range attributes {
			if name, from, to := c.attribute(text, tag[4], a); slices.Contains(valueAttributes, name) {
				cut(from, to)
			}
		}
		if element := strings.ToLower(text[tag[2]:tag[3]]); !slices.Contains(proseElements, element) && strings.TrimSpace(text[tag[6]:tag[7]]) != "" {
			cut(tag[6], tag[7])
		}
	}
	return b.String() + text[done:]
}

func (c *cutter) attribute(text string, offset int, at []int) (name string, from, to int) {
	from, to = at[4], at[5]
	if from < 0 {
		from, to = at[6], at[7]
	}
	return strings.ToLower(text[offset+at[2] : offset+at[3]]), offset + from, offset + to
}

// columns takes the secrets out of the lines below a line of names, as a file of a spreadsheet has them.
func (c *cutter) columns(text string) string {
	if !strings.ContainsAny(text, "\n") {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	var secret []int
	fields, comma := 0, ','
	for i, line := range lines {
		trimmed := strings.TrimRight(line, "\r\n")
		if len(trimmed) > longestLine {
			secret = nil
			continue
		}
		if len(secret) > 0 {
			if values := fieldsOf(trimmed, comma); len(values) == fields {
				lines[i] = c.row(line, values, secret)
				continue
			}
			secret = nil
		}
		for _, comma = range []rune{',', ';', '\t', '|'} {
			if !strings.ContainsRune(trimmed, comma) {
				continue
			}
			if names := fieldsOf(trimmed, comma); len(names) > 1 && !slices.ContainsFunc(names, func(n string) bool { return !heading.MatchString(n) }) {
				fields, secret = len(names), nil
				for n, name := range names {
					if SecretKey(name) {
						secret = append(secret, n)
					}
				}
			}
			break
		}
	}
	return strings.Join(lines, "")
}

func fieldsOf(line string, comma rune) []string {
	r := csv.NewReader(strings.NewReader(line))
	r.Comma, r.LazyQuotes = comma, true
	fields, err := r.Read()
	if err != nil {
		return nil
	}
	return fields
}

func (c *cutter) row(line string, values []string, secret []int) string {
	for _, n := range secret {
		if value := strings.TrimSpace(values[n]); !c.plain(value) {
			c.secrets = append(c.secrets, value)
			line = strings.ReplaceAll(line, value, Removed)
		}
	}
	return line
}

// escaped looks into values of queries that are texts themselves, such as another address or JSON.
func (c *cutter) escaped(text string, references bool, depth int) string {
	if depth >= deepestText || !strings.Contains(text, "%") {
		return text
	}
	return escaped.ReplaceAllStringFunc(text, func(value string) string {
		read, err := url.QueryUnescape(value)
		if err != nil || read == value {
			return value
		}
		inner := redactDeep(read, references, depth+1)
		if inner.Text == read {
			return value
		}
		c.secrets = append(c.secrets, inner.Secrets...)
		return strings.ReplaceAll(url.QueryEscape(inner.Text), url.QueryEscape(Removed), Removed)
	})
}
