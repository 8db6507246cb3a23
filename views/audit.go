package views

import (
	"net/url"
	"time"
)

// AuditPage is the record, filtered, as sentences.
type AuditPage struct {
	Frame        Frame
	Filter       AuditFilter
	Actions      []string // the actions to filter by, as noun.verb
	Entries      []AuditRow
	Bars         []AuditBar // in the order of time, without gaps
	BarWidth     time.Duration
	Total        int64
	Page, Per    int
	Verification Verification
}

// AuditFilter is what the record is filtered by, as typed.
type AuditFilter struct {
	Actor, Action, Subject, Outcome string
	Since, Until                    string // dates such as 2026-11-23, or times in RFC 3339
	Problems                        map[string]string
}

// Empty tells whether nothing is filtered.
func (f AuditFilter) Empty() bool { return len(f.query()) == 0 }

func (f AuditFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"actor": f.Actor, "action": f.Action, "subject": f.Subject, "outcome": f.Outcome, "since": f.Since, "until": f.Until} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

func (p AuditPage) pages() Pages {
	return Pages{Page: p.Page, Per: p.Per, Total: int(p.Total), Path: "/audit", Query: p.Filter.query()}
}

func (p AuditPage) actions() []Option {
	all := []Option{{"", "Any action"}}
	for _, a := range p.Actions {
		all = append(all, Option{a, a})
	}
	return all
}

// AuditRow is an entry of the record.
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

// Verification is what the last check of the record found.
type Verification struct {
	At        time.Time // zero when it was never verified
	Entries   int64     // entries found whole
	Broken    int64     // the first broken entry's number, 0 when the record is whole
	Why       string
	CanVerify bool
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
