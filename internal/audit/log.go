// Package audit is the one gate: it knows who may do what, and keeps the record of what was done and refused. Every change in
// Drover begins with Admit and ends with Record in its own transaction: without a record, no action. The record is append-only
// and chained by hashes. What the actions do is not known here, and no secret ever enters.
package audit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrForbidden is what Admit returns when the actor's role or reach does not allow the action.
var ErrForbidden = errors.New("not allowed")

// Log is the gate and the record.
type Log struct {
	store store
	now   func() time.Time
}

// Admit lets the actor do the action to the subject, or records the refusal at once and returns ErrForbidden.
func (l *Log) Admit(ctx context.Context, actor Actor, action Action, subject Subject) error {
	if actor.May(action) {
		return nil
	}
	why := "role"
	if actor.Role.Covers(least[action]) {
		why = "reach"
	}
	if err := l.Refuse(ctx, actor, action, subject, why); err != nil {
		return err
	}
	return fmt.Errorf("audit: %s as %s: %w", action, actor.Role, ErrForbidden)
}

// Refuse records that an action was refused for a reason other than the role, such as a wrong password.
func (l *Log) Refuse(ctx context.Context, actor Actor, action Action, subject Subject, why string) error {
	return l.RecordAlone(ctx, actor, Event{Action: action, Subject: subject, Result: Refused, Detail: map[string]any{"why": why}})
}

// Verification is what Verify found.
type Verification struct {
	Entries int64     // entries read, up to and without the broken one
	Broken  int64     // the first broken entry's number, 0 when the record is whole
	Why     string    // what is wrong with it, empty when the record is whole
	At      time.Time // when it was verified
}

// Whole tells whether every entry is as it was written.
func (v Verification) Whole() bool { return v.Broken == 0 }

// chain checks entries in their order.
type chain struct {
	last int64
	hash string
}

// next returns what is wrong with the entry, or the empty string. The number of the first wrong one is last+1 when one is missing.
func (c *chain) next(e Entry) string {
	if e.Seq != c.last+1 {
		return fmt.Sprintf("entry %d is missing: entry %d follows entry %d", c.last+1, e.Seq, c.last)
	}
	if e.Prev != c.hash {
		return "its link to the entry before does not match: an entry was changed, removed or reordered"
	}
	sum, err := e.sum()
	if err != nil {
		return "its content cannot be read as JSON: " + err.Error()
	}
	if sum != e.Hash {
		return "its content does not match its hash: it was changed after it was written"
	}
	c.last, c.hash = e.Seq, e.Hash
	return ""
}
