package endpoint

import (
	"fmt"
	"net/url"
	"regexp"
	"regexp/syntax"
	"strings"
)

// template turns a route's regular expression into a path with named places. What may be left out is put in, and a group without a
// name becomes a place called part1, part2 and so on.
func template(pattern string) (path string, variables []Variable) {
	if len(pattern) > longest {
		return pattern, nil
	}
	r := reading{rest: strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$")}
	for r.rest != "" {
		r.next()
	}
	return r.path.String(), r.variables
}

// longest bounds a pattern that is taken apart.
const longest = 2000

// reading is a route's regular expression on its way to a path.
type reading struct {
	rest      string
	path      strings.Builder
	variables []Variable
	unnamed   int
}

var named = regexp.MustCompile(`^\(\?P?<(\w+)>`)

func (r *reading) next() {
	switch c := r.rest[0]; {
	case c == '(':
		r.group()
	case c == '[':
		r.variable("", r.take(classEnd(r.rest)))
	case c == '\\' && len(r.rest) > 1 && strings.ContainsRune("dwsDWS", rune(r.rest[1])):
		r.variable("", r.take(2))
	case c == '\\' && len(r.rest) > 1:
		r.literal(r.take(2)[1:])
	case c == '.' && len(r.rest) > 1 && strings.ContainsRune("*+", rune(r.rest[1])):
		r.variable("", r.take(1))
	default:
		r.literal(r.take(1))
	}
}

func (r *reading) take(n int) string {
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reading) group() {
	end := closing(r.rest)
	if end < 0 { // no group at all: the site's own mistake
		r.literal(r.take(1))
		return
	}
	group := r.take(end + 1)
	if name := named.FindStringSubmatch(group); name != nil {
		r.variable(name[1], group[len(name[0]):end])
		return
	}
	inner, plain := strings.CutPrefix(group[1:end], "?:")
	if !plain || strings.Contains(inner, "|") {
		r.variable("", inner)
		return
	}
	r.quantifier()
	r.rest = inner + r.rest // such as (?:/(?P<id>\d+))?
}

// literal writes plain text, but not what may be left out, such as the slash in /?.
func (r *reading) literal(text string) {
	if r.quantifier() != "?" {
		r.path.WriteString(text)
	}
}

var quantifier = regexp.MustCompile(`^(?:[*+?]|\{\d+(?:,\d*)?\})[?+]?`)

// quantifier takes what says how often the part before it stands.
func (r *reading) quantifier() string { return r.take(len(quantifier.FindString(r.rest))) }

func (r *reading) variable(name, pattern string) {
	times := r.quantifier()
	if name == "" {
		r.unnamed++
		name = fmt.Sprintf("part%d", r.unnamed)
		if times != "" && times != "?" {
			pattern = "(?:" + pattern + ")" + times
		}
	}
	r.path.WriteString("{" + name + "}")
	for _, known := range r.variables {
		if known.Name == name {
			return
		}
	}
	r.variables = append(r.variables, Variable{name, pattern})
}

// closing is where the group that the text begins with ends, or -1.
func closing(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			i += classEnd(text[i:]) - 1
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// classEnd is how long the class is that the text begins with, such as [^]\/]. A ] that comes first is one of its signs.
func classEnd(text string) int {
	i := 1
	if i < len(text) && text[i] == '^' {
		i++
	}
	if i < len(text) && text[i] == ']' {
		i++
	}
	for ; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ']':
			return i + 1
		}
	}
	return len(text)
}

// Bounds of a pattern that a site gives and of what is held against it: a pattern of a few signs, such as (a{1000}){1000}, can take all memory,
// and a long text against a large one minutes.
const (
	mostPattern     = 1000
	mostPatternSize = 2000
	mostMatched     = 16 << 10
)

// goPattern is a PHP pattern in Go's syntax, for a whole value, or nil where Go cannot say it or it is too large: then the site judges.
func goPattern(pattern string) *regexp.Regexp {
	if pattern == "" || len(pattern) > mostPattern {
		return nil
	}
	pattern = "^(?:" + strings.ReplaceAll(pattern, `\/`, "/") + ")$"
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || patternSize(parsed) > mostPatternSize {
		return nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	return re
}

// patternSize is about how many steps the pattern has once its repetitions are written out.
func patternSize(re *syntax.Regexp) int {
	size := 1 + len(re.Rune)
	for _, each := range re.Sub {
		size = min(size+patternSize(each), mostPatternSize+1)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(re.Min, re.Max, 1)
	}
	return min(size, mostPatternSize+1)
}

// slashed tells whether the variable's pattern lets a value hold a slash, such as a plugin's akismet/akismet.
func (v Variable) slashed() bool {
	re := goPattern(v.Pattern)
	if re == nil {
		return false
	}
	for _, sample := range []string{"a/b", "1/1", "a//b", "a-b/a-b.php", "/a", "//a"} {
		if re.MatchString(sample) {
			return true
		}
	}
	return false
}

// Match reads the variables' values from a path without its query, or tells that the path is not one of this route.
func (r Route) Match(path string) (values map[string]string, is bool) {
	return match(r.Template, r.Variables, path)
}

func match(template string, variables []Variable, path string) (map[string]string, bool) {
	expr := regexp.QuoteMeta(template)
	for _, v := range variables {
		inner := `[^/]+`
		if v.slashed() {
			inner = `.+`
		}
		expr = strings.Replace(expr, `\{`+v.Name+`\}`, "("+inner+")", 1)
	}
	re, err := regexp.Compile("^" + expr + "/?$")
	if err != nil {
		return nil, false
	}
	found := re.FindStringSubmatch(path)
	if found == nil || len(found) != len(variables)+1 {
		return nil, false
	}
	values := map[string]string{}
	for i, v := range variables {
		plain, err := url.PathUnescape(found[i+1])
		if err != nil {
			return nil, false
		}
		values[v.Name] = plain
	}
	return values, true
}
