// Package audit keeps the audit log of what was done and refused. Every change in Drover begins with Authorize and ends with Record in its
// own transaction, which verifies that the actor may still act: without an entry, no change. The log is append-only and chained by hashes.
// What the actions do is not known here, and no secret ever enters.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// Log is the audit log.
type Log struct {
	store    store
	now      func() time.Time
	refusals refusals
}

// Clock makes new entries carry the time that now tells, for a demo that has a past. It must not go back, and is set before anything is
// recorded.
func (l *Log) Clock(now func() time.Time) { l.now = now }

// Authorize lets the actor do the action to the subject, or records the refusal at once and returns access.ErrForbidden.
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
