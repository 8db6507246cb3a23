package views

import (
	"time"
)

// SiteEvent is something that changed on a site.
type SiteEvent struct {
	At          time.Time
	Kind        string // state, plugin_version, cache_state, wordpress_version
	Was, Became string
	Finding     string
	Lasted      time.Duration // of a state; 0 for the present one, and for what is no state
}

// text is what changed, for a person, where it is not a state.
func (e SiteEvent) text() string {
	what := map[string]string{"plugin_version": "Cache plugin", "cache_state": "Cache", "wordpress_version": "WordPress"}[e.Kind]
	return what + ": " + e.Was + " → " + e.Became
}

// Health is how a site has been.
type Health struct {
	Known            bool
	Good             bool
	Since            time.Time
	Before           time.Duration // how long the other state had lasted; 0 where that is not known
	Events           []SiteEvent   // the latest first
	NextCheckAt      time.Time     // zero where Drover does not check it by itself
	CertificateEnds  time.Time
	WordPressVersion string
}

// sentence is how long the site has been in its state: "Broken since Tuesday 14:02, after working for 41 days".
func (h Health) sentence(now time.Time) string {
	word, before := "Working since ", "being broken"
	if !h.Good {
		word, before = "Broken since ", "working"
	}
	text := word + sinceWhen(h.Since, now)
	if h.Before > 0 {
		text += ", after " + before + " for " + span(h.Before)
	}
	return text
}

// sinceWhen is a moment as people say it: the day of the week within the last one.
func sinceWhen(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	switch {
	case now.Sub(t) < 6*24*time.Hour:
		return t.Format("Monday 15:04")
	case t.Year() == now.Year():
		return t.Format("2 January 15:04")
	}
	return t.Format("2 January 2006")
}

// span is a duration in its largest unit.
func span(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int(d / unit.of); n > 0 {
			return counted(n, unit.name, unit.name+"s")
		}
	}
	return "less than a minute"
}

// nextCheck says when the site is checked next.
func (h Health) nextCheck(now time.Time) string {
	if !h.NextCheckAt.After(now) {
		return "Next check due now"
	}
	return "Next check " + h.NextCheckAt.UTC().Format("2 January 15:04 UTC")
}

// endsSoon tells whether a certificate ends within a month.
func endsSoon(t time.Time) bool { return !t.IsZero() && time.Until(t) < 30*24*time.Hour }

// HomeChange is a site that broke, or works again.
type HomeChange struct {
	SiteID        int64
	Name, Client  string
	State, Detail string
	At            time.Time
}

// galleryHealth is a site's history for the gallery.
func galleryHealth() Health {
	now := time.Now()
	return Health{Known: true, Since: now.Add(-50 * time.Hour), Before: 41 * 24 * time.Hour, NextCheckAt: now.Add(7 * time.Hour), WordPressVersion: "6.9.2",
		CertificateEnds: now.AddDate(0, 0, 9), Events: []SiteEvent{
			{At: now.Add(-50 * time.Hour), Kind: "state", Was: "ready", Became: "broken", Finding: "WordPress did not accept the credential for acme.example."},
			{At: now.AddDate(0, 0, -12), Kind: "plugin_version", Was: "2.7.4", Became: "2.8.1"},
			{At: now.AddDate(0, 0, -43), Kind: "state", Was: "unchecked", Became: "ready", Lasted: 41 * 24 * time.Hour},
		}}
}
