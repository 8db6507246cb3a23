// Package poll waits in tests for what must happen soon, without a fixed time.
package poll

import (
	"testing"
	"time"
)

const (
	pause = 5 * time.Millisecond
	limit = 3 * time.Minute // for a loaded machine: what happens at all happens much sooner
)

// Until returns once happened returns true. It ends the test when that takes more than three minutes; what names in the message what was
// waited for.
func Until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !happened(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
