package endpoint

import (
	"net/url"
	"slices"
	"strings"
)

// assigner takes secrets out of text that is not JSON: queries and forms, what PHP prints, scripts, headers, fields of a page, XML.
type assigner struct {
	text    string
	plain   func(value, key string) bool
	out     strings.Builder
	done    int
	secrets []string
	field   int // until where value="…" is that of a field whose name is a secret's
}

// longestLine bounds what is looked through for one key, in bytes, so that no text takes longer than its length.
const longestLine = 4 << 10

func (a *assigner) scan() {
	for i := 0; i < len(a.text); i++ {
		switch a.text[i] {
		case '=':
			i = max(i, a.assignment(i)-1)
		case ':':
			i = max(i, a.colon(i)-1)
		case '>':
			i = max(i, a.element(i)-1)
		}
	}
	a.out.WriteString(a.text[a.done:])
}

// assignment reads name=value, name = "value" and 'name' => value.
func (a *assigner) assignment(i int) int {
	key := a.keyBefore(i)
	names := key == "name" || key == "id" || key == "property"
	if !names && !(i < a.field && (key == "value" || key == "content")) && !SecretKey(key) {
		return i + 1
	}
	from := i + 1
	if from < len(a.text) && a.text[from] == '>' {
		from++
	} else if rest := strings.TrimLeft(a.text[from:min(len(a.text), from+16)], `\`); strings.HasPrefix(rest, "u003e") { // > as JSON may write it
		from += strings.Index(a.text[from:], "u003e") + len("u003e")
	}
	from = a.skip(from, " \t")
	if rest := a.text[from:]; strings.HasPrefix(rest, "string(") { // as var_dump writes it
		if _, after, found := strings.Cut(rest[:min(len(rest), 24)], ") "); found {
			from += len(rest[:min(len(rest), 24)]) - len(after)
		}
	}
	ends := "& \t\r\n\"'<>\\;"
	if names {
		ends += "=" // a name holds none, and the next one begins there
	}
	from, to := a.valueAt(from, ends)
	switch {
	case names:
		if SecretKey(a.text[from:to]) {
			a.field = to + 1 + max(0, strings.IndexByte(a.text[to:min(len(a.text), to+longestLine)], '>'))
		}
	case i < a.field && (key == "value" || key == "content"), SecretKey(key):
		return a.cut(key, from, to)
	}
	return i + 1
}

// colon reads name: 'value' of scripts, and a line of a header.
func (a *assigner) colon(i int) int {
	key := a.keyBefore(i)
	if !SecretKey(key) {
		return i + 1
	}
	from := a.skip(i+1, " \t")
	if from < len(a.text) && strings.IndexByte(`"'`, a.text[from]) >= 0 {
		from, to := a.valueAt(from, "")
		return a.cut(key, from, to)
	}
	before := a.text[max(0, i-2*longestKey):i]
	start := i - len(before) + strings.LastIndexByte(before, '\n') + 1
	value, _, _ := strings.Cut(a.text[from:min(len(a.text), from+longestLine)], "\n")
	value = strings.TrimSpace(value)
	_, credentials, two := strings.Cut(value, " ")
	alone := strings.TrimSpace(a.text[start:i]) == key && !strings.ContainsAny(value, `{}[]<>"',`)
	if alone && (!two || !strings.Contains(credentials, " ") && strings.EqualFold(key, "authorization")) {
		return a.cut(key, from, from+len(value))
	}
	return i + 1
}

// element reads <name>value</name>.
func (a *assigner) element(i int) int {
	open := strings.LastIndexByte(a.text[max(0, i-longestKey):i], '<')
	if open < 0 {
		return i + 1
	}
	key := a.text[max(0, i-longestKey)+open+1 : i]
	if strings.HasPrefix(key, "/") || strings.ContainsAny(key, " =\"'") || !SecretKey(key) {
		return i + 1
	}
	from := i + 1 + len(a.text[i+1:]) - len(strings.TrimPrefix(a.text[i+1:], "<![CDATA["))
	to := from
	for to < len(a.text) && a.text[to] != '<' && !strings.HasPrefix(a.text[to:], "]]>") {
		to++
	}
	if strings.TrimSpace(a.text[from:to]) == "" {
		return i + 1
	}
	return a.cut(key, from, to)
}

// keyBefore is the name that ends at the place, without spaces and quotes between.
func (a *assigner) keyBefore(i int) string {
	end := i
	for end > 0 && i-end < 16 && strings.IndexByte(" \t\"'\\", a.text[end-1]) >= 0 {
		end--
	}
	start := end
	for start > 0 && end-start < longestKey && keyByte(a.text[start-1]) {
		start--
	}
	key := a.text[start:end]
	if start > 0 && a.text[start-1] == '\\' {
		key = strings.TrimPrefix(key, "u0026") // & as JSON may write it
	}
	if plain, err := url.QueryUnescape(key); err == nil {
		key = plain
	}
	return key
}

func keyByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("_.%$[]-", c) >= 0
}

func (a *assigner) skip(from int, over string) int {
	for from < len(a.text) && strings.IndexByte(over, a.text[from]) >= 0 {
		from++
	}
	return from
}

// valueAt is where a value stands that begins at the place: to its closing quote, or to one of the ends.
func (a *assigner) valueAt(from int, ends string) (int, int) {
	from = a.skip(from, `\`)
	if from < len(a.text) && strings.IndexByte(`"'`, a.text[from]) >= 0 {
		ends = string(a.text[from]) + "<>\\\r\n"
		from++
	}
	to := from
	if ends == "" {
		return from, to
	}
	for to < len(a.text) && strings.IndexByte(ends, a.text[to]) < 0 {
		to++
	}
	return from, to
}

func (a *assigner) cut(key string, from, to int) int {
	value := a.text[from:to]
	if a.plain(value, key) || from < a.done || strings.HasPrefix(value, Removed) || slices.Contains([]string{"true", "false", "null"}, value) {
		return to
	}
	a.secrets = append(a.secrets, value)
	if plain, err := url.QueryUnescape(value); err == nil && plain != value {
		a.secrets = append(a.secrets, plain)
	}
	a.out.WriteString(a.text[a.done:from] + Removed)
	a.done = to
	return to
}
