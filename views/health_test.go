package views

import (
	"testing"
	"time"
)

func TestHealthInASentence(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 16, 0, 0, 0, time.UTC) // a Friday
	for want, h := range map[string]Health{
		"Broken since Tuesday 14:02, after working for 41 days": {
			Since: now.AddDate(0, 0, -3).Add(-118 * time.Minute), Before: 41*24*time.Hour + time.Hour,
		},
		"Broken since Friday 15:00": {Since: now.Add(-time.Hour)},
		"Working since 3 November 08:00, after being broken for 1 day": {
			Good: true, Since: now.AddDate(0, 0, -24).Add(-8 * time.Hour), Before: 30 * time.Hour,
		},
		"Working since 27 November 2025, after being broken for 5 hours": {
			Good: true, Since: now.AddDate(-1, 0, 0), Before: 5*time.Hour + time.Minute,
		},
		"Working since Friday 15:59, after being broken for less than a minute": {
			Good: true, Since: now.Add(-time.Minute), Before: time.Second,
		},
	} {
		if got := h.sentence(now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
