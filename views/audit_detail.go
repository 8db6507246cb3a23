package views

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AuditDetail is what an entry contains besides who did what to whom.
type AuditDetail map[string]any

func (d AuditDetail) started() string {
	s := ": " + d.quoted() + " on " + counted(d.number("sites"), "site", "sites")
	if rerunOf := d.number("again_of"); rerunOf > 0 {
		s += fmt.Sprintf(", rerun of run %d", rerunOf)
	}
	return s
}

func (d AuditDetail) finished() string {
	s := " finished: " + d.quoted() + " on " + counted(d.number("sites"), "site", "sites")
	if d.text("state") == "cancelled" {
		s = strings.Replace(s, " finished", " was cancelled", 1)
	}
	if counts, ok := d["counts"].(map[string]any); ok {
		s += AuditDetail(counts).counts("ok", "partial", "skipped", "failed", "unknown", "not_sent")
	}
	if took := d.number("took_ms"); took > 0 {
		s += ", in " + lasted(time.Duration(took)*time.Millisecond)
	}
	if by := d.text("started_by"); by != "" {
		s += ", started by " + by
	}
	return s
}

// cancelled leaves the number that was not sent to the entry of the run's end: only that one is final, unless the run was undone.
func (d AuditDetail) cancelled() string {
	s := ", " + d.quoted() + " on " + counted(d.number("sites"), "site", "sites")
	if d["undone"] == true {
		s += ", before anything was sent"
	}
	return s
}

func (d AuditDetail) checked() string {
	if finding := d.text("finding"); finding != "" {
		if host, rest, is := strings.Cut(finding, ": "); is && strings.HasPrefix(d.text("home"), "https://"+host) {
			finding = rest // the sentence has named the site
		}
		return ": " + finding
	}
	if state := d.text("state"); state != "" {
		return ": " + state
	}
	return ""
}

// learned says what Drover found out about how a site is spoken to.
func (d AuditDetail) learned() string {
	for _, c := range d.changes() {
		switch c.Field {
		case "root":
			return ": the REST API is at " + c.After
		case "override":
			return ": method override by " + c.After
		}
	}
	return d.changed()
}

// mostChanged is how many bytes of a sentence say what changed; the entry's own page shows all.
const mostChanged = 160

// changed says what changed from what to what, or only names the fields where that is long.
func (d AuditDetail) changed() string {
	var fields []string
	for field, value := range d {
		if pair, ok := value.(map[string]any); ok && pair["after"] != nil {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	slices.Sort(fields)
	parts := make([]string, len(fields))
	for i, field := range fields {
		pair := d[field].(map[string]any)
		parts[i] = fmt.Sprintf("%s from %s to %s", field, orNothing(pair["before"]), orNothing(pair["after"]))
	}
	if text := strings.Join(parts, "; "); len(fields) == 1 || len(text) <= mostChanged {
		return ": " + text
	}
	return ": " + strings.Join(fields, ", ")
}

func orNothing(v any) string {
	if s := written(v); s != "" {
		return s
	}
	return "none"
}

func (d AuditDetail) counts(names ...string) string {
	var parts []string
	for _, name := range names {
		if n := d.number(name); n > 0 {
			parts = append(parts, count(n)+" "+outcomeWord(name))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func (d AuditDetail) quoted() string {
	if title := d.text("title"); title != "" {
		return "“" + title + "”"
	}
	return d.text("operation")
}

// outcomeWord is how the log's own word for an outcome is shown.
func outcomeWord(name string) string {
	switch name {
	case "ok":
		return "succeeded"
	case "bad":
		return "invalid"
	case "not_sent":
		return "not sent"
	}
	return name
}

// text is the first of the fields that holds something.
func (d AuditDetail) text(fields ...string) string {
	for _, field := range fields {
		if s := written(d[field]); s != "" {
			return s
		}
	}
	return ""
}

func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		words := make([]string, len(v))
		for i, each := range v {
			words[i] = written(each)
		}
		return strings.Join(words, ", ")
	}
	return fmt.Sprint(v)
}

// number reads a number that came from JSON.
func (d AuditDetail) number(field string) int {
	switch n := d[field].(type) {
	case float64:
		return int(n)
	case int:
		return n
	case int64:
		return int(n)
	}
	return 0
}

// auditChange is a field of an entry before and after.
type auditChange struct{ Field, Before, After string }

// changes lists the fields that have a before and an after, in the order of their names.
func (d AuditDetail) changes() []auditChange {
	var all []auditChange
	for field, value := range d {
		if pair, ok := value.(map[string]any); ok {
			if _, has := pair["after"]; has {
				all = append(all, auditChange{field, orNothing(pair["before"]), orNothing(pair["after"])})
			}
		}
	}
	slices.SortFunc(all, func(a, b auditChange) int { return strings.Compare(a.Field, b.Field) })
	return all
}
