// Package audit keeps the audit log of what was done and refused. Every change in Drover begins with Authorize and ends with Record in its
// own transaction, which verifies that the actor may still act: without an entry, no change. The log is append-only and chained by hashes.
// What the actions do is not known here, and no secret ever enters.
package audit

import "time"

// Log is the audit log.
type Log struct {
	store    store
	now      func() time.Time
	refusals refusals
}

// Clock makes new entries carry the time that now tells, for a demo that has a past. It must not go back, and is set before anything is
// recorded.
func (l *Log) Clock(now func() time.Time) { l.now = now }
