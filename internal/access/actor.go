// Package access knows who acts and what each may do: actors, roles, scopes and the table of rights. It records nothing and asks no database.
package access

import (
	"errors"
	"fmt"
	"slices"
)

// Errors of authorization.
var (
	// ErrForbidden means that the actor's role or scope does not allow the action.
	ErrForbidden = errors.New("not allowed")
	// ErrRevoked means that the member, session or token changed or ended after the actor was authenticated. It is also ErrForbidden.
	ErrRevoked = fmt.Errorf("%w: the sign-in, role or access changed in the meantime", ErrForbidden)
)

// Role is what a member may do at most; each includes the ones before it.
type Role string

// The roles, from the least to the most.
const (
	Viewer   Role = "viewer"   // reads
	Operator Role = "operator" // runs what reads or changes sites
	Admin    Role = "admin"    // manages sites and members, runs what destroys
	Owner    Role = "owner"    // everything, other owners included
)

// Roles lists the roles from the least to the most.
func Roles() []Role { return []Role{Viewer, Operator, Admin, Owner} }

// Valid tells whether this is one of the roles.
func (r Role) Valid() bool { return r.rank() >= 0 }

// Covers tells whether r includes everything that other may do.
func (r Role) Covers(other Role) bool { return r.Valid() && r.rank() >= other.rank() }

func (r Role) rank() int { return slices.Index(Roles(), r) }

// Kind is the sort of actor.
type Kind string

// The kinds of actor.
const (
	KindMember      Kind = "member"
	KindToken       Kind = "token"        // a member's, used by a program
	KindCommandLine Kind = "command_line" // somebody who can read the data folder and the key
	KindSystem      Kind = "system"       // Drover itself
)

// Actor is who does something: every method that changes something takes one first.
type Actor struct {
	Kind Kind
	ID   int64  // a member's, else 0
	Name string // as the audit log shows it, fixed at the time of the entry
	Role Role
	Addr string // where the request came from, empty when not over the network

	Scope Scope // the sites and operations that the actor is restricted to, beside the role
	Token int64 // the token that was used, 0 where none was
	Auth  *Auth // how the actor was authenticated; nil where that is not known any more, as for the actor of a stored run

	Approval *Approval // of the one change that the actor is about to make; nil for every other
}

// Auth is what an actor was authenticated by. Every change verifies in its own transaction that all of it still stands.
type Auth struct {
	Version int64 // of the member: every change of role, scope, membership and password raises it
	Session int64 // 0 where none was used
}

// Detached is the actor for work that goes on after its request: it depends on the member and the token, not on the session.
func (a Actor) Detached() Actor {
	if a.Auth != nil {
		detached := *a.Auth
		detached.Session = 0
		a.Auth = &detached
	}
	return a
}

// System is Drover acting by itself.
func System() Actor { return Actor{Kind: KindSystem, Name: "Drover", Role: Owner} }

// Lacks names what the actor lacks to do the action, as the audit log says it: role, reach, or nothing.
func (a Actor) Lacks(action Action) string {
	switch {
	case a.May(action):
		return ""
	case a.Role.Covers(LeastRole(action)):
		return "reach"
	default:
		return "role"
	}
}

// May tells whether the actor's role and scope allow the action. It records nothing: for showing and hiding; audit.Log.Authorize decides.
func (a Actor) May(action Action) bool {
	least, known := leastRole[action]
	return known && a.Role.Covers(least) && (a.Scope.EverySite() || !everySite[action])
}
