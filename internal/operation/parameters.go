package operation

import (
	"fmt"
	"maps"
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

// unchosen says which parameters of a change are still to be chosen: where a choice would do more or less, a person makes it.
func (o Operation) unchosen(params map[string]string) validation.Problems {
	p := validation.Problems{}
	for _, param := range o.Params {
		if o.Effect != Read && param.Kind == KindChoice && param.Default != "" && params[param.Name] == "" {
			p[param.Name] = "Choose " + strings.ToLower(param.Label[:1]) + param.Label[1:] + "."
		}
	}
	if strings.Contains(params["path"], ToFill) {
		p["path"] = "Replace " + ToFill + " in the path."
	}
	return p
}

// ToFill stands in an example for what a person fills in.
const ToFill = "…"

// given are the parameters that are neither empty nor as they are by default.
func (o Operation) given(params map[string]string) map[string]string {
	given := map[string]string{} // never nil: it is compared as JSON
	maps.Copy(given, params)
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" })
	for _, param := range o.Params {
		if given[param.Name] == param.Default {
			delete(given, param.Name)
		}
	}
	return given
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
