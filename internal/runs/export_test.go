package runs

import (
	"testing"

	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// Explosive adds an operation that panics at the named site when it is to be sent there, until the test ends.
func Explosive(t *testing.T, at string) (operation string) {
	t.Helper()
	before := catalogue
	t.Cleanup(func() { catalogue = before })
	calls := 0
	catalogue = append(append([]Operation{}, before...), Operation{Name: "explode", plan: func(map[string]string, sites.Problems) plan {
		return plan{title: "Explode", effect: Read, idempotent: true, endpoint: "/explode", request: func(s sites.Site) (wordpress.Request, bool) {
			if s.Home == at {
				if calls++; calls > 1 { // the first is the look whether the operation applies there
					panic("an answer that nobody thought of")
				}
			}
			return wordpress.Request{Method: "GET", Path: "/"}, true
		}}
	}})
	return "explode"
}
