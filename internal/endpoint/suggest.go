package endpoint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/droverhq/drover/internal/expression"
)

// suggested is how many columns are suggested at most.
const suggested = 8

// first are the names that tell most, in the order in which they are suggested.
var first = []string{"name", "title", "plugin", "stylesheet", "slug", "id", "username", "email", "status", "version", "url", "link", "date", "modified",
	"roles", "type"}

// Suggest makes columns from an answer: the values of its first element, with WordPress's own {rendered} and {raw} opened.
func Suggest(body []byte) []Column {
	var value any
	if first := expression.First(body); first == nil || json.Unmarshal(first, &value) != nil {
		return nil
	}
	return columnsOf([]any{value})
}

// SuggestQuery makes rows and columns from an answer. Many plugins wrap what they tell: {"success": true, "items": [{…}]} becomes a row for
// each item, and {"success": true, "data": {…}} the row of its data.
func SuggestQuery(body []byte) Query {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return Query{}
	}
	object, is := value.(map[string]any)
	if !is {
		return Query{Columns: columnsOf(value)}
	}
	var lists []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if list, is := object[key].([]any); is && len(list) > 0 && isObject(list[0]) && !strings.HasPrefix(key, "_") {
			lists = append(lists, key)
		}
	}
	switch data, wrapped := object["data"].(map[string]any); {
	case len(lists) == 1 && !identified(object):
		return Query{Rows: Path(lists[0]) + "[]?", Columns: columnsOf(object[lists[0]])}
	case wrapped && len(data) > 0 && !identified(object):
		return Query{Rows: Path("data"), Columns: columnsOf(data)}
	}
	return Query{Columns: columnsOf(value)}
}

// identified tells whether the object is a thing of its own, such as a post with its meta, and no wrapping.
func identified(object map[string]any) bool {
	_, id := object["id"]
	_, slug := object["slug"]
	return id || slug
}

func isObject(value any) bool {
	_, is := value.(map[string]any)
	return is
}

func columnsOf(value any) []Column {
	if list, is := value.([]any); is && len(list) > 0 {
		value = list[0]
	}
	object, is := value.(map[string]any)
	if !is {
		return []Column{{Name: "answer", Expr: "."}}
	}
	var columns []Column
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if column, fits := suggest(key, object[key]); fits {
			columns = append(columns, column)
		}
	}
	slices.SortStableFunc(columns, func(a, b Column) int { return place(a.Name) - place(b.Name) })
	return columns[:min(len(columns), suggested)]
}

func place(name string) int {
	if i := slices.Index(first, name); i >= 0 {
		return i
	}
	return len(first)
}

func suggest(key string, value any) (Column, bool) {
	path := "." + Key(key)
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range []string{"rendered", "raw", "value"} {
			if _, has := v[inner]; has {
				return Column{key, path + "." + inner}, true
			}
		}
		return Column{}, false
	case []any:
		return Column{key, `[` + path + `[]?] | join(", ")`}, !slices.ContainsFunc(v, func(each any) bool { _, is := each.(string); return !is })
	case string:
		return Column{key, path}, len(v) <= 200
	}
	return Column{key, path}, !strings.HasPrefix(key, "_")
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Key writes an object's key in a jq path: plain where jq takes it plain, else in quotes.
func Key(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	text, err := json.Marshal(key)
	if err != nil {
		return `""`
	}
	return string(text)
}

// Path writes the way to a value as jq reads it: names and places, such as title and rendered, or 0. It may not hold anything else.
func Path(steps ...any) string {
	var b strings.Builder
	for _, step := range steps {
		switch s := step.(type) {
		case string:
			b.WriteString("." + Key(s))
		case int:
			if b.Len() == 0 {
				b.WriteByte('.')
			}
			fmt.Fprintf(&b, "[%d]", s)
		}
	}
	return cmp.Or(b.String(), ".")
}
