// Package audit is the one gate: it knows who may do what, and keeps the audit log. Every change in
// Drover begins with Admit and ends with Record in its own transaction: without a record, no action. The audit log is append-only
// and chained by hashes. What the actions do is not known here, and no secret ever enters.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// Log is the gate and the audit log.
type Log struct {
	store store
	now   func() time.Time
}

// Admit lets the actor do the action to the subject, or records the refusal at once and returns access.ErrForbidden.
func (l *Log) Authorize(ctx context.Context, actor access.Actor, action access.Action, subject access.Subject) error {
	if actor.May(action) {
		return nil
	}
	why := "role"
	if actor.Role.Covers(access.LeastRole(action)) {
		why = "reach"
	}
	if err := l.Refuse(ctx, actor, action, subject, why); err != nil {
		return err
	}
	return fmt.Errorf("audit: %s as %s: %w", action, actor.Role, access.ErrForbidden)
}

// Refuse records that an action was refused for a reason other than the role, such as a wrong password.
func (l *Log) Refuse(ctx context.Context, actor access.Actor, action access.Action, subject access.Subject, why string) error {
	return l.RecordAlone(ctx, actor, Event{Action: action, Subject: subject, Result: Refused, Detail: map[string]any{"why": why}})
}
