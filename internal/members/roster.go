// Package members knows who is at the door: the people of the house, their passwords, sessions and one-time links. Every change
// passes the gate of package audit and is recorded with it. What members then do, and how a page or a cookie looks, is not known
// here; no password and no token is ever stored, only what proves them.
package members

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/vault"
)

// Errors of this room.
var (
	ErrNoMember   = errors.New("there is no such member")
	ErrLastOwner  = errors.New("the last owner cannot be removed or given a lower role: make someone else an owner first")
	ErrSignIn     = errors.New("the email address or password is wrong")
	ErrPassword   = errors.New("the current password is wrong")
	ErrNoSession  = errors.New("the session has ended: sign in again")
	ErrBadLink    = errors.New("the link was used, was replaced or has expired: ask for a new one")
	errLinkWanted = errors.New("only the command line makes sign-in links")
)

// Member is one person.
type Member struct {
	ID          int64
	Email       string // in lower case; nobody else present has it
	Name        string
	Role        access.Role
	Restriction access.Restriction // what the member is held to beside the role
	CreatedAt   time.Time
	LeftAt      time.Time // zero while the member is present
	Version     int64     // raised with every change of role, scope, membership and password
}

// Actor is the member as the gate and the audit log see one who comes from the address; the zero address is none.
func (m Member) Actor(addr netip.Addr) access.Actor {
	a := access.Actor{
		Kind: access.KindMember, ID: m.ID, Name: m.Name, Role: m.Role, Scope: access.NewScope(m.Restriction), Auth: &access.Auth{Version: m.Version},
	}
	if addr.IsValid() {
		a.Addr = addr.Unmap().String()
	}
	return a
}

// SignedIn is Actor for a member who acts in the session.
func (m Member) SignedIn(s Session, addr netip.Addr) access.Actor {
	a := m.Actor(addr)
	a.Auth.Session = s.ID
	return a
}

func (m Member) subject() access.Subject { return access.On("member", m.ID) }

// Device is where a person signs in from.
type Device struct {
	Addr      netip.Addr
	UserAgent string
	Token     vault.Secret // what Remember made for this browser, if anything
}

// Roster keeps the members. Its methods may be called side by side.
type Roster struct {
	store    store
	vault    *vault.Vault
	log      *audit.Log
	hashing  hashing
	throttle *throttle
	denied   map[string]bool
	provider *Provider // nil without one
	now      func() time.Time
}

// New returns the roster over the database; the vault seals what authenticator apps share with it.
func New(db *database.DB, v *vault.Vault, log *audit.Log) *Roster {
	return &Roster{store: store{db.Gorm, log}, vault: v, log: log, hashing: newHashing(), throttle: newThrottle(), now: time.Now}
}

// HashCheaply makes new hashes protect nothing and take no time, for tests, which sign in many people. cmd/server's tests fail where
// anything else calls it. Call it before anything else.
func (r *Roster) HashCheaply() { r.hashing.cost = testCost }

// Deny refuses more passwords than those that it knows by itself, such as the most common of breaches. Call it before anything else.
func (r *Roster) Deny(passwords []string) {
	r.denied = make(map[string]bool, len(passwords))
	for _, password := range passwords {
		r.denied[password] = true
	}
}

// Members returns everybody present who reaches no further than the actor, and the actor, by name.
func (r *Roster) Members(ctx context.Context, actor access.Actor) ([]Member, error) {
	all, err := r.store.present(ctx)
	return slices.DeleteFunc(all, func(m Member) bool { return m.ID != actor.ID && !actor.Scope.Covers(m.Restriction) }), err
}

// Member returns one member, also one who has left, or ErrNoMember.
func (r *Roster) Member(ctx context.Context, id int64) (Member, error) {
	row, err := r.store.byID(ctx, id)
	return row.member(), err
}

// ByEmail returns the member present with the address, or ErrNoMember.
func (r *Roster) ByEmail(ctx context.Context, email string) (Member, error) {
	row, err := r.store.byEmail(ctx, foldEmail(email))
	return row.member(), err
}

// refusal is why the gate stays closed though the role alone would open it.
type refusal struct {
	why string // for the audit log
	err error  // for the caller
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

var aboveOwnRole = refusal{"above_own_role", access.ErrForbidden}

// act is who does what to whom.
type act struct {
	actor   access.Actor
	action  access.Action
	subject access.Subject
}

// change admits the actor and runs f in one transaction. A refusal that f returns undoes everything and is recorded.
func (r *Roster) change(ctx context.Context, a act, f func(write) error) error {
	if err := r.log.Authorize(ctx, a.actor, a.action, a.subject); err != nil {
		return err
	}
	return r.refused(ctx, a, r.store.change(ctx, write{act: a, now: r.now()}, f))
}

// refused records err where it is a refusal, and returns it.
func (r *Roster) refused(ctx context.Context, a act, err error) error {
	if no, is := errors.AsType[refusal](err); is {
		return errors.Join(err, r.log.Refuse(ctx, a.actor, a.action, a.subject, no.why))
	}
	return err
}
