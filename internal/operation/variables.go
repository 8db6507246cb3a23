package operation

import (
	"net/url"
	"strings"
)

// variables are a query or a form as PHP makes variables of it (php.net, "Variables From External Sources").
type variables struct {
	values  map[string][]string
	unknown bool // some name cannot be known, or stands for a list where one value belongs
}

// mostVariables is where PHP stops reading (max_input_vars): which value comes last is not known beyond.
const mostVariables = 1000

// ruling are the variables that make another request of one.
var ruling = []string{"_method", "rest_route"}

func readQuery(query string) variables {
	v := variables{values: map[string][]string{}}
	n := 0
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name == "" && value == "" {
			continue
		}
		n++
		name, list := phpName(formUnescape(name))
		for _, each := range ruling {
			v.unknown = v.unknown || name == each && list
		}
		v.unknown = v.unknown || strings.ContainsRune(name, reference)
		if n > mostVariables {
			v.values[name] = append(v.values[name], formUnescape(value))
			continue
		}
		v.values[name] = []string{formUnescape(value)} // the last one wins
	}
	return v
}

func (v variables) named(name string) []string { return v.values[name] }

func (v variables) has(name string) bool { return len(v.values[name]) > 0 }

// nul is what cuts a name short in PHP. A reference keeps its own sign, so it is told apart before anything is unescaped.
const nul = '\uFFFE'

func formUnescape(text string) string {
	plain := unescape(strings.ReplaceAll(text, "+", " "))
	return strings.ReplaceAll(strings.ReplaceAll(plain, "%00", string(nul)), "%u0000", string(nul))
}

// phpName is a variable's name, and whether it is a list: spaces in front fall away, a dot or a space becomes _, and so does a bracket that
// is never closed; a closed one begins a list.
func phpName(name string) (string, bool) {
	name = strings.TrimLeft(name, " ")
	name, _, _ = strings.Cut(name, string(nul))
	head, tail, bracket := strings.Cut(name, "[")
	list := bracket && strings.Contains(tail, "]")
	if bracket && !list {
		head += "_" + strings.ReplaceAll(tail, "[", "_")
	}
	return strings.NewReplacer(".", "_", " ", "_").Replace(head), list
}

// unescape is PHP's urldecode without its plus: what is no escape stays.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if plain, err := url.PathUnescape(text[i : i+3]); err == nil && plain != "\x00" {
				b.WriteString(plain)
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
