package operation

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/droverhq/drover/internal/validation"
)

// params returns the parameters that are in use, with defaults, and reports those that the operation does not know.
func (o Operation) params(given map[string]string, p validation.Problems) map[string]string {
	used := map[string]string{}
	for _, param := range o.Params {
		value := strings.TrimSpace(given[param.Name])
		if value == "" {
			value = param.Default
		}
		used[param.Name] = value
	}
	for _, param := range o.Params {
		if !param.inUse(used) {
			delete(used, param.Name)
		}
		if param.Kind == KindChoice && !slices.ContainsFunc(param.Choices, func(c Choice) bool { return c.Value == used[param.Name] }) {
			p[param.Name] = "Choose one of: " + choices(param.Choices) + "."
		}
	}
	for name := range given {
		if !slices.ContainsFunc(o.Params, func(param Param) bool { return param.Name == name }) {
			p[name] = "The operation " + o.Name + " has no parameter with this name."
		}
	}
	return used
}

func (param Param) inUse(used map[string]string) bool {
	if param.When == "" {
		return true
	}
	name, values, _ := strings.Cut(param.When, "=")
	return slices.Contains(strings.Split(values, "|"), used[name])
}

func choices(all []Choice) string {
	values := make([]string, len(all))
	for i, c := range all {
		values[i] = c.Value
	}
	return strings.Join(values, ", ")
}

// problemOf lists what is wrong with a parameter, the first ones by name; it is empty when nothing is.
func problemOf(name, says string, wrong []string) validation.Problems {
	const shown = 10
	switch {
	case len(wrong) == 0:
		return nil
	case len(wrong) > shown:
		return validation.Problems{name: says + strings.Join(wrong[:shown], " ") + fmt.Sprintf(" and %d more", len(wrong)-shown)}
	}
	return validation.Problems{name: says + strings.Join(wrong, " ")}
}

// idempotent follows RFC 9110, section 9.2.2.
func idempotent(method string) bool { return method != http.MethodPost && method != http.MethodPatch }

// mostValues bounds the posts or addresses of one run.
const mostValues = 500

func integers(name, text string, p validation.Problems) []int64 {
	var ids []int64
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", ;[]\t\r\n", r) }) {
		id, err := strconv.ParseInt(field, 10, 64)
		if err != nil || id < 1 {
			p[name] = fmt.Sprintf("%q is not a post ID. Enter whole numbers, such as 1, 17.", field)
			return nil
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		p[name] = "Enter at least one post ID, such as 1, 17."
	} else if len(ids) > mostValues {
		p[name] = fmt.Sprintf("A run can have at most %d post IDs. Split them across several runs, or clear everything.", mostValues)
	}
	return ids
}

func flag(name, text string, p validation.Problems) bool {
	switch strings.ToLower(text) {
	case "", "false", "0", "no", "off":
		return false
	case "true", "1", "yes", "on":
		return true
	}
	p[name] = "Enter true or false."
	return false
}

func plural(n int, one, many string) string {
	return humanize.Comma(int64(n)) + " " + english.PluralWord(n, one, many)
}
