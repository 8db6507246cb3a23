package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// gatherFor is how long repeats of a refusal are counted before one entry tells of them.
const gatherFor = time.Minute

// mostGathered bounds the table of repeats: about 4 MB.
const mostGathered = 10_000

// refusal is what makes two refusals the same one.
type refusal struct {
	kind    access.Kind
	id      int64
	name    string
	addr    string
	action  access.Action
	subject access.Subject
	why     string
}

// gathered are the repeats of a refusal whose first one has its own entry.
type gathered struct {
	actor       access.Actor
	since, last time.Time
	repeats     int
}

// refusals counts repeats, so that nobody fills the audit log with what they are refused.
type refusals struct {
	guard sync.Mutex
	known map[refusal]gathered
}

// count tells whether the refusal is the first of its kind within the time, or else counts it.
func (r *refusals) count(key refusal, actor access.Actor, now time.Time) (first bool) {
	r.guard.Lock()
	defer r.guard.Unlock()
	g, repeated := r.known[key]
	if repeated {
		g.repeats, g.last = g.repeats+1, now
		r.known[key] = g
		return false
	}
	if len(r.known) < mostGathered {
		if r.known == nil {
			r.known = map[refusal]gathered{}
		}
		r.known[key] = gathered{actor: actor, since: now}
	}
	return true
}

// due takes out what was gathered for long enough; what never repeated is forgotten.
func (r *refusals) due(before time.Time) map[refusal]gathered {
	r.guard.Lock()
	defer r.guard.Unlock()
	var due map[refusal]gathered
	for key, g := range r.known {
		if g.since.After(before) {
			continue
		}
		delete(r.known, key)
		if g.repeats > 0 {
			if due == nil {
				due = map[refusal]gathered{}
			}
			due[key] = g
		}
	}
	return due
}

// Authorize lets the actor do the action to the subject, or forbids it.
func (l *Log) Authorize(ctx context.Context, actor access.Actor, action access.Action, subject access.Subject) error {
	if why := actor.Lacks(action); why != "" {
		return l.Forbid(ctx, actor, action, subject, why)
	}
	return nil
}

// Forbid records that the action was refused and returns access.ErrForbidden.
func (l *Log) Forbid(ctx context.Context, actor access.Actor, action access.Action, subject access.Subject, why string) error {
	if err := l.Refuse(ctx, actor, action, subject, why); err != nil {
		return err
	}
	return fmt.Errorf("audit: %s as %s: %w", action, actor.Role, access.ErrForbidden)
}

// Refuse records that an action was refused. The first refusal is recorded at once; its repeats within a minute become one entry with their
// number, when the minute is over.
func (l *Log) Refuse(ctx context.Context, actor access.Actor, action access.Action, subject access.Subject, why string) error {
	now := l.now()
	err := l.recordGathered(ctx, now.Add(-gatherFor))
	key := refusal{actor.Kind, actor.ID, actor.Name, actor.Addr, action, subject, why}
	if !l.refusals.count(key, actor, now) {
		return err
	}
	return errors.Join(err, l.recordAlone(ctx, actor, Event{Action: action, Subject: subject, Outcome: Refused, Detail: map[string]any{"why": why}}))
}

// RecordRepeats records the repeats whose minute is over. With all, it does not wait for that: before the process ends.
func (l *Log) RecordRepeats(ctx context.Context, all bool) error {
	before := l.now().Add(-gatherFor)
	if all {
		before = l.now()
	}
	return l.recordGathered(ctx, before)
}

func (l *Log) recordGathered(ctx context.Context, before time.Time) error {
	var err error
	for key, g := range l.refusals.due(before) {
		err = errors.Join(err, l.recordAlone(context.WithoutCancel(ctx), g.actor,
			Event{Action: key.action, Subject: key.subject, Outcome: Refused, Detail: map[string]any{
				"why": key.why, "repeats": g.repeats, "since": g.since.UTC().Format(time.RFC3339), "until": g.last.UTC().Format(time.RFC3339),
			}}))
	}
	return err
}

// Revoked is the refusal of a change whose actor did not stand any more. It is access.ErrRevoked.
type Revoked struct {
	Actor   access.Actor
	Action  access.Action
	Subject access.Subject
}

func (r *Revoked) Error() string { return fmt.Sprintf("%s: %s", r.Action, access.ErrRevoked) }
func (r *Revoked) Unwrap() error { return access.ErrRevoked }

// RecordRefusal records a refusal that undid its transaction. Every store passes the error of its transactions through it.
func (l *Log) RecordRefusal(ctx context.Context, err error) error {
	if r, is := errors.AsType[*Revoked](err); is {
		return errors.Join(err, l.Refuse(context.WithoutCancel(ctx), r.Actor, r.Action, r.Subject, "revoked"))
	}
	return err
}
