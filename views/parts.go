package views

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Field is one field of a form, with what was typed and what is wrong with it.
type Field struct {
	Name, Label, Type, Value string
	Hint, Problem            string
	Placeholder, Complete    string // Complete is the autocomplete attribute
	Required                 bool
	Rows                     int // of a text area
	Options                  []Option
	List                     []string // suggestions
	Mono                     bool
	Pattern, Says            string // what the browser checks while typing, and what it says then
	Focus                    bool   // what the page is for: it has the focus, where a keyboard is at hand
}

// Option is one choice of a field.
type Option struct{ Value, Label string }

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f Field) described() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Problem != "" {
		ids = append(ids, f.Name+"-problem")
	}
	return strings.Join(ids, " ")
}

func invalid(problem string) string {
	if problem != "" {
		return "true"
	}
	return "false"
}

// Pages is where a list is in its pages.
type Pages struct {
	Page, Per, Total int
	Path             string
	Query            url.Values // of the list, without the page
}

func (p Pages) last() int { return max(1, (p.Total+p.Per-1)/p.Per) }

// numbers are the pages to jump to: the first, the last, and those around this one. 0 stands for those between.
func (p Pages) numbers() []int {
	var all []int
	for n := 1; n <= p.last(); n++ {
		if close := n >= p.Page-2 && n <= p.Page+2; close || n == 1 || n == p.last() {
			all = append(all, n)
		} else if all[len(all)-1] != 0 {
			all = append(all, 0)
		}
	}
	return all
}

func pageVariant(current bool) string {
	if current {
		return "secondary"
	}
	return "ghost"
}

func (p Pages) from() int { return min(p.Total, (p.Page-1)*p.Per+1) }

func (p Pages) to() int { return min(p.Total, p.Page*p.Per) }

func (p Pages) href(page int) string {
	return with(p.Path, p.Query, "page", strconv.Itoa(page))
}

// with is an address with one parameter of its query set, or removed when it is empty.
func with(path string, query url.Values, name, value string) string {
	changed := url.Values{}
	for key, values := range query {
		changed[key] = values
	}
	changed.Del(name)
	if value != "" {
		changed.Set(name, value)
	}
	if name != "page" {
		changed.Del("page")
	}
	if len(changed) == 0 {
		return path
	}
	return path + "?" + changed.Encode()
}

// Chip is one value that a list can be filtered by.
type Chip struct {
	Label  string
	Value  string // of the filter
	Count  int
	Href   string
	Chosen bool
}

// capital begins a text that stands alone with a capital letter.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "•"
}

// badge is how an outcome is shown: never by colour alone.
type badge struct{ icon, class, word string }

var badges = map[string]badge{
	"ok":                {"circle-check", "text-ok", "Succeeded"},
	"partial":           {"circle-dot-dashed", "text-partial", "Partial"},
	"skipped":           {"skip-forward", "text-skipped", "Skipped"},
	"failed":            {"circle-x", "text-failed", "Failed"},
	"unknown":           {"circle-help", "text-unknown", "Unknown"},
	"not_sent":          {"ban", "text-muted-foreground", "Not sent"},
	"waiting":           {"circle-dashed", "text-muted-foreground", "Waiting"},
	"running":           {"loader-circle", "text-muted-foreground", "Running"},
	"ready":             {"circle-check", "text-ok", "Ready"},
	"warning":           {"triangle-alert", "text-partial", "Warning"},
	"broken":            {"circle-x", "text-failed", "Broken"},
	"unchecked":         {"circle-dashed", "text-muted-foreground", "Not checked"},
	"retired":           {"archive", "text-muted-foreground", "Retired"},
	"not_tried":         {"circle-dashed", "text-muted-foreground", "Not checked"},
	"done":              {"circle-check", "text-ok", "Done"},
	"cancelled":         {"ban", "text-muted-foreground", "Cancelled"},
	"refused":           {"ban", "text-failed", "Denied"},
	"added":             {"plus", "text-ok", "Added"},
	"updated":           {"pencil", "text-ok", "Updated"},
	"unchanged":         {"circle-check", "text-muted-foreground", "Unchanged"},
	"asked":             {"user-check", "text-partial", "Waiting for approval"},
	"to_approve":        {"external-link", "text-ok", "Ready to approve"},
	"attention":         {"triangle-alert", "text-partial", "Needs attention"},
	"checking":          {"loader-circle", "text-muted-foreground", "Checking"},
	"looking":           {"loader-circle", "text-muted-foreground", "Looking up"},
	"left_out":          {"skip-forward", "text-muted-foreground", "Skipped"},
	"connected":         {"circle-check", "text-ok", "Connected"},
	"can_rotate":        {"circle-check", "text-ok", "Can be rotated"},
	"cannot_rotate":     {"ban", "text-failed", "Cannot be rotated"},
	"rotating":          {"loader-circle", "text-muted-foreground", "Rotating"},
	"revoking":          {"loader-circle", "text-muted-foreground", "Revoking old password"},
	"rotated":           {"circle-check", "text-ok", "Rotated"},
	"not_rotated":       {"circle-x", "text-failed", "Not rotated"},
	"unrevoked":         {"triangle-alert", "text-partial", "Old password not revoked"},
	"limit_waiting":     {"clock", "text-muted-foreground", "Waiting"},
	"limiting":          {"loader-circle", "text-muted-foreground", "Creating user"},
	"limit_checking":    {"loader-circle", "text-muted-foreground", "Checking permissions"},
	"limited":           {"circle-check", "text-ok", "Limited"},
	"not_limited":       {"circle-x", "text-failed", "Not changed"},
	"left_behind":       {"triangle-alert", "text-partial", "User may still exist"},
	"interrupted":       {"triangle-alert", "text-partial", "Interrupted"},
	"twice":             {"copy", "text-partial", "Duplicate"},
	"preview_added":     {"plus", "text-ok", "New"},
	"preview_updated":   {"pencil", "text-ok", "Changed"},
	"preview_unchanged": {"circle-check", "text-muted-foreground", "Unchanged"},
	"preview_twice":     {"copy", "text-partial", "Duplicate"},
	"preview_bad":       {"circle-x", "text-failed", "Invalid"},
	"bad":               {"circle-x", "text-failed", "Invalid"},
}

func badgeOf(word string) badge {
	if l, known := badges[word]; known {
		return l
	}
	return badge{"circle-dashed", "text-muted-foreground", word}
}

// TargetBadge names what is shown of a target: its state until it is done, then its outcome. Where a run was cancelled before anything was
// sent, nothing failed.
func TargetBadge(state, outcome, reason string) string {
	switch {
	case state != "done":
		return state
	case outcome == "failed" && reason == "cancelled":
		return "not_sent"
	}
	return outcome
}

// Bar is targets by outcome.
type Bar struct {
	OK, Partial, Skipped, Failed, Unknown, Rest int
}

func (b Bar) total() int { return b.OK + b.Partial + b.Skipped + b.Failed + b.Unknown + b.Rest }

// Trouble is how many need a person.
func (b Bar) Trouble() int { return b.Partial + b.Failed + b.Unknown }

// part is one stretch of a bar, in thousandths of its width.
type part struct {
	word, class string
	n           int
	x, width    float64
}

func (b Bar) parts() []part {
	var all []part
	x := 0.0
	for _, p := range []part{
		{word: "succeeded", class: "fill-ok", n: b.OK}, {word: "skipped", class: "fill-skipped", n: b.Skipped},
		{word: "partial", class: "fill-partial", n: b.Partial},
		{word: "unknown", class: "fill-unknown", n: b.Unknown}, {word: "failed", class: "fill-failed", n: b.Failed},
	} {
		if p.n == 0 || b.total() == 0 {
			continue
		}
		p.x, p.width = x, float64(p.n)/float64(b.total())*1000
		x += p.width
		all = append(all, p)
	}
	return all
}

// dateField is a field with a picker for a date, or for a time where it holds one. What is wrong stays in a plain field: a picker would lose it.
func dateField(name, label, value, problem string) Field {
	f := Field{Name: name, Label: label, Value: value, Problem: problem, Complete: "off", Type: "date"}
	if problem != "" {
		f.Type, f.Placeholder = "text", "2026-01-31"
	} else if at, err := time.Parse(time.RFC3339, value); err == nil {
		f.Type, f.Value = "datetime-local", at.UTC().Format(minuteFormat)
	} else if _, err := time.Parse(minuteFormat, value); err == nil {
		f.Type = "datetime-local"
	}
	return f
}

// minuteFormat is a time as a picker has it, in UTC.
const minuteFormat = "2006-01-02T15:04"

// orTyped is the field with a list to choose from, or with a box that completes what is typed where there are many.
func (f Field) orTyped() Field {
	if len(f.Options) <= mostChips+1 {
		return f
	}
	f.Placeholder, f.Complete = f.Options[0].Label, "off"
	for _, o := range f.Options[1:] {
		f.List = append(f.List, o.Value)
	}
	f.Options = nil
	return f
}
