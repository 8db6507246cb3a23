package views

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// AuditPage is the audit log, filtered, as sentences.
type AuditPage struct {
	Frame        Frame
	Filter       AuditFilter
	Actions      []string // the actions to filter by, as noun.verb
	Entries      []AuditRow
	Bars         []AuditBar // in the order of time, without gaps
	BarWidth     time.Duration
	Counted      int      // the entries in the bars: the newest
	Clients      []string // the clients to filter by
	Count        int64
	More         bool  // there are more than Count
	First        bool  // the newest entries
	Older        int64 // the entry after which older ones follow, 0 when there are none
	Verification Verification
	Sinks        []SinkState
	Saved        []SavedView
	ViewProblem  string
}

// SinkState is how far a copy of the audit log elsewhere has come.
type SinkState struct {
	Name             string // file, syslog or hook
	Seq              int64
	SentAt, FailedAt time.Time
	Problem          string
}

// SavedView is a filter that the reader gave a name.
type SavedView struct {
	ID          int64
	Name, Query string
}

// PrintedRecord is the filtered record on paper.
type PrintedRecord struct {
	Filter       AuditFilter
	Entries      []PrintedEntry // the oldest first
	Count        int64
	More         bool
	At           time.Time
	By           string
	Verification Verification
}

// PrintedEntry is an entry with the hash that proves it.
type PrintedEntry struct {
	AuditRow
	Hash string
}

// where says in words what was filtered.
func (f AuditFilter) where() string {
	var parts []string
	for _, p := range []struct{ label, value string }{
		{"client", f.Client}, {"from", f.Since}, {"until", f.Until}, {"who", f.Actor}, {"action", f.Action}, {"target", f.Subject}, {"result", f.Outcome},
		{"search", f.Words},
	} {
		if p.value != "" {
			parts = append(parts, p.label+" "+p.value)
		}
	}
	if len(parts) == 0 {
		return "all entries"
	}
	return strings.Join(parts, " · ")
}

// Encode is the filter as an address has it.
func (f AuditFilter) Encode() string { return f.query().Encode() }

// href is a page of the audit log with the same filter.
func (f AuditFilter) href(path string) string {
	if q := f.Encode(); q != "" {
		return path + "?" + q
	}
	return path
}

func (p AuditPage) counted() string {
	if p.More {
		return "more than " + count(int(p.Count)) + " entries"
	}
	return counted(int(p.Count), "entry", "entries")
}

func (p AuditPage) older() string {
	q := p.Filter.query()
	q.Set("before", id(p.Older))
	return "/audit?" + q.Encode()
}

// AuditFilter is what the audit log is filtered by, as typed.
type AuditFilter struct {
	Words                                   string
	Actor, Action, Subject, Client, Outcome string
	Since, Until                            string // dates such as 2026-11-23, or times in RFC 3339
	Problems                                map[string]string
}

// Empty tells whether nothing is filtered.
func (f AuditFilter) Empty() bool { return len(f.query()) == 0 }

func (f AuditFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Words, "client": f.Client, "actor": f.Actor, "action": f.Action, "subject": f.Subject, "outcome": f.Outcome,
		"since": f.Since, "until": f.Until} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// recent are the filter's entries of the last days.
func (f AuditFilter) recent(now time.Time) []Chip {
	var all []Chip
	for _, each := range []struct {
		days  int
		label string
	}{{0, "Today"}, {7, "Last 7 days"}, {30, "Last 30 days"}} {
		since := now.UTC().AddDate(0, 0, -each.days).Format(time.DateOnly)
		q := f.query()
		q.Set("since", since)
		q.Del("until")
		if f.Since == since && f.Until == "" {
			q.Del("since")
		}
		all = append(all, Chip{Label: each.label, Count: -1, Chosen: f.Since == since && f.Until == "", Href: "/audit?" + q.Encode()})
	}
	return all
}

func (p AuditPage) clients() []Option {
	all := []Option{{"", "Any client"}}
	for _, c := range p.Clients {
		all = append(all, Option{c, c})
	}
	if chosen := (Option{p.Filter.Client, p.Filter.Client}); !slices.Contains(all, chosen) && chosen.Value != "" {
		all = append(all, chosen) // of a client that has no sites now
	}
	return all
}

func (p AuditPage) actions() []Option {
	all := []Option{{"", "Any action"}}
	for _, a := range p.Actions {
		all = append(all, Option{a, a})
	}
	return all
}

// AuditRow is an entry of the audit log.
type AuditRow struct {
	Seq         int64
	At          time.Time
	Actor       string
	ActorKind   string // member, command_line or system
	Addr        string // where the request came from, empty when not over the network
	Action      string // noun.verb
	Subject     string // kind:id, or empty
	SubjectName string // what the subject is called now, empty when it is not known
	Outcome     string // done, refused or failed
	Detail      AuditDetail
}

// standing is the role that the actor had, and where they were.
func (p AuditEntryPage) standing() string {
	s := ""
	if p.Role != "" {
		s = ", " + p.Role
	}
	if p.Entry.ActorKind == "command_line" {
		s += ", on the command line"
	}
	return s
}

// AuditBar is how many entries a stretch of time holds.
type AuditBar struct {
	At    time.Time
	Count int64
}

// Verification is what the last check of the audit log found.
type Verification struct {
	At        time.Time // zero when it was never verified
	Entries   int64     // the last entry that fits those before it
	Proven    int64     // up to this entry, signed checkpoints prove it
	Broken    int64     // the first broken entry's number, 0 when the audit log is whole
	Why       string
	CanVerify bool
	CanSign   bool
}

// proven says how much of the log is more than consistent with itself.
func (v Verification) proven() string {
	switch {
	case v.Proven == 0:
		return "not covered by a signed checkpoint"
	case v.Proven < v.Entries:
		return "signed up to entry " + count(int(v.Proven))
	}
	return "signed up to entry " + count(int(v.Proven))
}

// AuditEntryPage is one entry with everything that is recorded of it.
type AuditEntryPage struct {
	Frame      Frame
	Entry      AuditRow
	Role       string
	DetailJSON string // indented, shown as text
	Hash, Prev string
	Last       bool // there is no later entry
}
