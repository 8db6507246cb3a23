package views

import (
	"net/url"
	"strings"
	"time"
)

// AccessForm is what somebody is held to beside the role, as a form.
type AccessForm struct {
	SomeSites      bool // only the chosen clients and tags
	SomeOperations bool // only the chosen operations
	Clients        []Pick
	Tags           []Pick
	Operations     []Pick
	Problem        string
	Least          bool // the reader is held to something, so "all" is not theirs to give
}

// Pick is one value that can be ticked.
type Pick struct {
	Value, Label string
	Chosen       bool
}

// AccessSummary tells in few words what somebody is held to.
type AccessSummary struct {
	Clients, Tags, Operations []string
}

func (h AccessSummary) sites() string {
	if len(h.Clients)+len(h.Tags) == 0 {
		return "All sites"
	}
	words := append([]string{}, h.Clients...)
	for _, tag := range h.Tags {
		words = append(words, "#"+tag)
	}
	return list(words)
}

func (h AccessSummary) operations() string {
	if len(h.Operations) == 0 {
		return ""
	}
	return "Only " + list(h.Operations)
}

// shownWords is how many names a summary shows before it counts the rest.
const shownWords = 4

func list(words []string) string {
	if n := len(words); n > shownWords {
		return strings.Join(words[:shownWords], ", ") + " and " + count(n-shownWords) + " more"
	}
	return strings.Join(words, ", ")
}

// MemberPage is one member, for who may change what they reach.
type MemberPage struct {
	Frame   Frame
	Member  TeamMember
	Access  AccessForm
	Tokens  []Token
	MayEdit bool
	Entries []AuditRow
}

// query is one value of an address.
func query(name, value string) string { return url.Values{name: {value}}.Encode() }

// Token is a key of a member's with which programs act.
type Token struct {
	ID                           int64
	Name, Role                   string
	Access                       AccessSummary
	CreatedAt, ExpiresAt, UsedAt time.Time
	UsedFrom                     string
}

// Policy is which runs a second person must approve, as a form.
type Policy struct {
	Effects, Clients []Pick
}

// Tokens is the page of that name.
type Tokens struct {
	Tokens  []Token
	Form    []Field
	Access  AccessForm
	Revoked []string // sentences about tokens that were revoked for the member of late
	Made    string   // the token just made, shown once
	Server  string   // the address for the command line
}
