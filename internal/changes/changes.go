// Package changes makes the changes of sites, members and the policy that a second person must approve. What the policy covers is decided
// in one table (covered.go), which the audit log asks in every change's own transaction. A pending change keeps what was asked for, sealed.
package changes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// expiresAfter is how long a change waits for its second person.
const expiresAfter = 24 * time.Hour

// Errors of approving.
var (
	ErrNone           = errors.New("there is no such pending change")
	ErrOver           = errors.New("the change does not wait for approval any more")
	ErrChangedSince   = errors.New("what the change applies to was changed after the request")
	ErrNotIndependent = fmt.Errorf("%w: who approves must be independent of who requested the change", access.ErrForbidden)
)

// State is how far a pending change has come.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Done      State = "done"
	Declined  State = "declined"
	Withdrawn State = "withdrawn"
	Expired   State = "expired"
	// Superseded is a request with a password that a rotation revoked.
	Superseded State = "superseded"
)

// Pending is a change that was requested. It holds no secret.
type Pending struct {
	ID                   int64
	Action               access.Action
	Subject              access.Subject
	Detail               json.RawMessage // what the audit log would say of it
	Actor                access.Actor    // who asked, as they were
	State                State
	DecidedBy            string
	CreatedAt, ExpiresAt time.Time
}

// Requested is the error of a change that was not made, and waits for a second person from now on.
type Requested struct{ Pending Pending }

func (r *Requested) Error() string { return fmt.Sprintf("change %d waits for approval", r.Pending.ID) }

// Changes makes changes, or lets them wait.
type Changes struct {
	store store
	parts Parts
}

// Parts are what the changes are made with.
type Parts struct {
	Registry *sites.Registry
	Roster   *members.Roster
	Runner   *runs.Runner
}

// New returns the changes over the database.
func New(db *database.DB, v *vault.Vault, log *audit.Log, parts Parts) *Changes {
	return &Changes{store: store{db.Gorm, log, v}, parts: parts}
}

// Do makes the change and returns the one-time link that it made, if any. Where a second person must approve, nothing is done, the change is
// stored, and the error is *Requested.
func (c *Changes) Do(ctx context.Context, actor access.Actor, change Change) (vault.Secret, error) {
	link, err := c.apply(ctx, actor, change)
	needs, is := errors.AsType[*audit.NeedsApproval](err)
	if !is {
		return link, err
	}
	return vault.Secret{}, c.request(ctx, actor, change, needs.Event)
}

func (c *Changes) request(ctx context.Context, actor access.Actor, change Change, event audit.Event) error {
	if err := c.Expire(ctx); err != nil {
		return err
	}
	text, err := eventText(event)
	if err != nil {
		return err
	}
	if len(change.Sites) > 1 {
		if event, err = c.bulk(ctx, actor, change); err != nil {
			return err
		}
	}
	if slices.Contains(adds, event.Action) {
		event.Subject = "" // it was undone, and the number may be another's by the time of the approval
	}
	detail, err := json.Marshal(event.Detail)
	if err != nil {
		return err
	}
	now := time.Now()
	row, err := c.store.insert(ctx, actor, changeRow{
		Action: event.Action, Subject: event.Subject, Event: text, Detail: string(detail), State: Waiting,
		ActorKind: actor.Kind, ActorID: actor.ID, ActorName: actor.Name, ActorToken: actor.Token, Addr: actor.Addr, CreatedAt: now.UnixMicro(),
		ExpiresAt: now.Add(expiresAfter).UnixMicro(),
	}, change.payload())
	if err != nil {
		return fmt.Errorf("changes: request: %w", err)
	}
	return &Requested{row.pending()}
}

// bulk is what a change of many sites would record, in one.
func (c *Changes) bulk(ctx context.Context, actor access.Actor, change Change) (audit.Event, error) {
	found, err := c.parts.Registry.Select(ctx, actor, sites.Selection{IDs: change.Sites})
	homes := make([]string, len(found))
	for i, s := range found {
		homes[i] = s.Home
	}
	detail := map[string]any{"count": len(change.Sites), "sites": homes}
	if change.Tag != "" {
		detail["tag"] = change.Tag
	}
	if e := change.Many; e != nil {
		detail["add"], detail["remove"], detail["replace"] = e.Add, e.Remove, e.Replace
		if e.Client != nil {
			detail["client"] = *e.Client
		}
	}
	return audit.Event{Action: change.Action, Detail: detail}, err
}

// Waiting lists the changes that wait, the newest first.
func (c *Changes) Waiting(ctx context.Context, actor access.Actor) ([]Pending, error) {
	rows, err := c.store.waiting(ctx, actor)
	all := make([]Pending, len(rows))
	for i, r := range rows {
		all[i] = r.pending()
	}
	return all, err
}

// Pending returns one change, or ErrNone.
func (c *Changes) Pending(ctx context.Context, actor access.Actor, id int64) (Pending, error) {
	row, err := c.store.byID(ctx, actor, id)
	return row.pending(), err
}

// Approve makes the change that somebody else requested, as them and with the rights that they have now, and records both people. The actor
// must be allowed to make it themselves, and independent. It returns the one-time link that the change made, if any.
func (c *Changes) Approve(ctx context.Context, actor access.Actor, id int64) (vault.Secret, error) {
	row, err := c.decide(ctx, actor, access.ChangeApprove, id)
	if err != nil {
		return vault.Secret{}, err
	}
	change, err := c.store.open(row)
	if err != nil {
		return vault.Secret{}, err
	}
	if err := c.try(ctx, actor, id, change); err != nil {
		return vault.Secret{}, err
	}
	asker, err := c.parts.Roster.Standing(ctx, row.pending().Actor)
	if err != nil {
		return vault.Secret{}, err
	}
	asker.Addr, asker.Approval = row.Addr, &access.Approval{Change: id, By: &actor}
	link, err := c.apply(ctx, asker, change)
	switch {
	case errors.Is(err, ErrNotIndependent):
		err = errors.Join(err, c.store.log.Refuse(ctx, actor, access.ChangeApprove, access.On("change", id), "not_independent"))
	case err == nil && !asker.Approval.Taken:
		err = ErrChangedSince // somebody else has made the change meanwhile
	}
	return link, err
}

// try checks that the second person could make the change themselves, and makes nothing.
func (c *Changes) try(ctx context.Context, actor access.Actor, id int64, change Change) error {
	actor.Approval = &access.Approval{Change: id}
	_, err := c.apply(ctx, actor, change)
	if errors.Is(err, access.ErrNeedsApproval) {
		return nil
	}
	if err == nil {
		err = ErrChangedSince // nothing is left to change
	}
	return err
}

// Decline ends a request of somebody else's; nothing is changed.
func (c *Changes) Decline(ctx context.Context, actor access.Actor, id int64) error {
	row, err := c.decide(ctx, actor, access.ChangeDecline, id)
	if err != nil {
		return err
	}
	return c.store.end(ctx, actor, row, Declined, access.ChangeDecline)
}

// Withdraw ends a request of the actor's own.
func (c *Changes) Withdraw(ctx context.Context, actor access.Actor, id int64) error {
	if err := c.store.log.Authorize(ctx, actor, access.ChangeWithdraw, access.On("change", id)); err != nil {
		return err
	}
	row, err := c.store.byID(ctx, actor, id)
	if err != nil {
		return err
	}
	if row.ActorID != actor.ID {
		return c.store.log.Forbid(ctx, actor, access.ChangeWithdraw, access.On("change", id), "not_own_request")
	}
	return c.store.end(ctx, actor, row, Withdrawn, access.ChangeWithdraw)
}

// decide authorizes who decides on a change that waits, and is in time.
func (c *Changes) decide(ctx context.Context, actor access.Actor, action access.Action, id int64) (changeRow, error) {
	subject := access.On("change", id)
	if err := c.store.log.Authorize(ctx, actor, action, subject); err != nil {
		return changeRow{}, err
	}
	row, err := c.store.byID(ctx, actor, id)
	if err != nil {
		return row, err
	}
	if row.State != Waiting || row.ExpiresAt <= time.Now().UnixMicro() {
		return row, errors.Join(ErrOver, c.Expire(ctx))
	}
	if row.ActorID == actor.ID {
		return row, c.store.log.Forbid(ctx, actor, action, subject, "own_request")
	}
	return row, nil
}

// EndThoseWith ends the requests that hold a password which is about to be revoked, and records each: an approval would put a dead password in the place
// of one that works.
func (c *Changes) EndThoseWith(ctx context.Context, is func(vault.Secret) bool) error {
	rows, err := c.store.waiting(ctx, access.System())
	for _, row := range rows {
		if row.Action != access.SiteAdd && row.Action != access.SiteCredential {
			continue
		}
		change, opened := c.store.open(row)
		if opened != nil || !is(change.Draft.Password) {
			continue // what cannot be opened cannot be approved either
		}
		ended := c.store.end(ctx, access.System(), row, Superseded, access.ChangeDecline)
		if ended != nil && !errors.Is(ended, ErrOver) {
			err = errors.Join(err, ended)
		}
	}
	return err
}

// Expire ends the requests whose time is over, and records each.
func (c *Changes) Expire(ctx context.Context) error {
	rows, err := c.store.expired(ctx)
	for _, row := range rows {
		if ended := c.store.end(ctx, access.System(), row, Expired, access.ChangeDecline); ended != nil && !errors.Is(ended, ErrOver) {
			err = errors.Join(err, ended)
		}
	}
	return err
}
