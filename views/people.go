package views

import "time"

// PublicForm is a form for people who are not signed in yet.
type PublicForm struct {
	Action  string
	Fields  []Field
	Problem string // of the whole form
	Role    string // of an invitation

	Provider Provider
}

// Provider is where else somebody can prove who they are; without a name there is none.
type Provider struct{ Name, Href string }

// Problem is a page that says why there is nothing else to show.
type Problem struct {
	Status        int
	Sentence, Fix string
	RequestID     string
}

// TeamMember is one line of the team.
type TeamMember struct {
	ID                int64
	Name, Email, Role string
	Self              bool
	JoinedAt          time.Time
	Roles             []Option // that the reader may give
	Removable         bool
	Resettable        bool
	Access            AccessSummary
	HasPage           bool // has a page of its own for the reader
}

// Team is the page of that name.
type Team struct {
	Members    []TeamMember
	Invitation string // the link just made, shown once
	Invited    string // whom it is for
	Form       []Field
	Access     AccessForm // of an invitation

	Invitations []Invitation // that nobody has accepted yet

	Reset   string // a link just made that resets a password, shown once
	ResetOf string // whose

	Policy *Policy // for who may change it

	ConfirmAbove Field // on how many sites a change is confirmed by their number

	FactorRequired bool // a second factor is everybody's duty
	MayRequire     bool
}

// Invitation is one that nobody has accepted yet.
type Invitation struct {
	ID          int64
	Email, Role string
	Access      AccessSummary
	At, Until   time.Time
}

// Session is one browser that somebody is signed in with.
type Session struct {
	ID         int64
	Device     string
	Addr       string
	LastSeenAt time.Time
	CreatedAt  time.Time
	This       bool
}

// Settings is the member's own account.
type Settings struct {
	Name     []Field
	Password []Field
	Sessions []Session
	Second   SecondFactor
	Tokens   int // that work
}
