package web

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/droverhq/drover/internal/endpoint"
)

// comparedInWords is a condition as people say it: version older than 5.3.
var comparedInWords = regexp.MustCompile(`(?i)(\S+)\s+(?:is\s+)?(older|less|newer|more)\s+than\s+`)

// comparison is a condition as people write it in a hurry: version<5.3.
var comparison = regexp.MustCompile(`^([^<>=!:]+)(<=|>=|!=|<|>|=|:)(.+)$`)

// opsOfFind are what the signs of a search ask.
var opsOfFind = map[string]string{":": "contains", "older": "<", "less": "<", "newer": ">", "more": ">"}

// conditionsOfFind reads what was typed to find rows. “akismet version<5.3” keeps rows that hold akismet in any column, and of them those whose
// version is older than 5.3. What names no column is looked for as it stands.
func conditionsOfFind(text string, columns []endpoint.Column) (all []endpoint.Filter) {
	text = comparedInWords.ReplaceAllStringFunc(text, func(words string) string {
		parts := comparedInWords.FindStringSubmatch(words)
		return parts[1] + opsOfFind[strings.ToLower(parts[2])]
	})
	for _, word := range strings.Fields(text) {
		f := endpoint.Filter{Column: endpoint.AnyColumn, Op: "contains", Value: word}
		if parts := comparison.FindStringSubmatch(word); parts != nil {
			if column, is := columnNamed(columns, parts[1]); is {
				f = endpoint.Filter{Column: column, Op: parts[2], Value: parts[3]}
				if op, is := opsOfFind[f.Op]; is {
					f.Op = op
				}
			}
		}
		all = append(all, f)
	}
	return all
}

// columnNamed is the column with the name, or else the first one that begins like it.
func columnNamed(columns []endpoint.Column, name string) (int, bool) {
	at := -1
	for i, c := range columns {
		switch known := strings.ToLower(c.Name); {
		case known == strings.ToLower(name):
			return i, true
		case at < 0 && strings.HasPrefix(known, strings.ToLower(name)):
			at = i
		}
	}
	return at, at >= 0
}

// withFound is the address of the table with the conditions that were typed.
func (t *tabulated) withFound(q url.Values) string {
	q.Del("page")
	kept := conditionsOf(q)
	for _, name := range []string{"column", "op", "value"} {
		q.Del(name)
	}
	for _, f := range append(kept, conditionsOfFind(q.Get("find"), t.columns)...) {
		column := "any"
		if f.Column != endpoint.AnyColumn {
			column = strconv.Itoa(f.Column)
		}
		q.Add("column", column)
		q.Add("op", f.Op)
		q.Add("value", f.Value)
	}
	q.Del("find")
	return "/runs/" + strconv.FormatInt(t.run.ID, 10) + "/answers?" + q.Encode()
}
