package sites

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/cacheplugin"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/wordpress"
)

// Observed is what a request of a run told of a site.
type Observed struct {
	Site int64
	Home string // that the request was sent to
	wordpress.Observation

	Suspect bool // the request failed in a way that may be the site's: it is checked soon
}

// observedRow is what a site's row must tell before it is changed.
type observedRow struct {
	Row          siteRow `gorm:"embedded"`
	Report       string
	CredentialAt int64
}

// StoreObserved stores what requests of runs told of their sites, in the caller's transaction. What is older than what is stored, or was
// sent to another address or with another credential than the site has now, changes nothing. The targets of the run are the evidence, so
// it has no audit entries of its own.
func StoreObserved(tx *gorm.DB, all []Observed) error {
	if len(all) == 0 {
		return nil
	}
	ids := make([]int64, len(all))
	for i, o := range all {
		ids[i] = o.Site
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var rows []observedRow
	// Locked in the order of their ids, so that of two writers none waits for the other in a circle. SQLite needs no lock.
	err := tx.Table("sites").
		Select("sites.id, home, state, finding, seen_at, cache_at, checked_at, cache_plugins, plugin_version, cache_state, wordpress_version, report, " +
			"coalesce(credentials.created_at, 0) AS credential_at").
		Joins("LEFT JOIN credentials ON credentials.site_id = sites.id").Where(database.In(tx, "sites.id", ids)).Order("sites.id").
		Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate, Table: clause.Table{Name: "sites"}}).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("sites: observed: %w", err)
	}
	known := make(map[int64]*observedSite, len(rows))
	for _, row := range rows {
		if known[row.Row.ID], err = newObservedSite(row); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b Observed) int { return a.At.Compare(b.At) })
	for _, o := range all {
		if s := known[o.Site]; s != nil {
			s.take(o)
		}
	}
	var used, seen []momentOf
	for _, id := range ids {
		s := known[id]
		if s == nil {
			continue
		}
		if s.workedAt > 0 {
			used = append(used, momentOf{id, s.workedAt})
		}
		if s.onlySeen() {
			seen = append(seen, momentOf{id, s.row.Row.SeenAt})
		} else if err := s.store(tx); err != nil {
			return fmt.Errorf("sites: observed: %w", err)
		}
	}
	if err := errors.Join(storeMoments(tx, credentialsUsed, used), storeMoments(tx, sitesSeen, seen)); err != nil {
		return fmt.Errorf("sites: observed: %w", err)
	}
	return nil
}

const (
	credentialsUsed = "UPDATE credentials SET worked_at = r.at FROM %s WHERE site_id = r.site AND created_at <= r.at AND worked_at < r.at"
	sitesSeen       = "UPDATE sites SET seen_at = r.at FROM %s WHERE id = r.site"
)

// momentOf is when something was told of a site, in microseconds.
type momentOf struct{ Site, At int64 }

func storeMoments(tx *gorm.DB, statement string, all []momentOf) error {
	_, err := database.ExecRows(tx, statement, all, "site", "at")
	return err
}

// observedSite is a site while what was observed is taken in.
type observedSite struct {
	row      observedRow
	report   wordpress.Report
	values   map[string]any
	workedAt int64
	before   siteRow
	at       time.Time // of the last observation
}

func newObservedSite(row observedRow) (*observedSite, error) {
	s := &observedSite{row: row, values: map[string]any{}, before: row.Row}
	if row.Report == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(row.Report), &s.report); err != nil {
		return nil, fmt.Errorf("sites: report: %w", err)
	}
	return s, nil
}

func (s *observedSite) take(o Observed) {
	at := o.At.UnixMicro()
	if o.Home != s.row.Row.Home {
		return
	}
	if o.Suspect && o.At.Sub(time.UnixMicro(s.row.Row.CheckedAt)) > recentCheck {
		s.values["next_check_at"] = at
	}
	if o.Empty() {
		return
	}
	s.at = o.At
	credential := o.Step == wordpress.StepCredential
	if credential && at < s.row.CredentialAt { // sent with the one before
		return
	}
	if at < s.row.Row.SeenAt {
		o.Step, o.Failed = "", false
	}
	if at < s.row.Row.CacheAt {
		o.Plugins = nil
	}
	if o.Empty() {
		return
	}
	active, _ := cacheplugin.FromStored(s.row.Row.CachePlugins)
	before, had := s.report, s.report.Plugin
	s.report = before.With(o.Observation, hostOnly(o.Home), active)
	if o.Step != "" {
		s.row.Row.SeenAt, s.values["seen_at"] = at, at
	}
	if credential && o.SignedIn {
		s.workedAt = at
	}
	s.takePlugins(o, active, had, at)
	state, found := State(s.report.State()), finding(s.report)
	if s.row.Row.State != Unchecked || state != Unchecked {
		s.values["state"], s.values["finding"] = state, found
	}
	if !slices.Equal(before.Steps, s.report.Steps) || had != s.report.Plugin {
		text, err := json.Marshal(s.report)
		if err == nil { // a report that was read as JSON can be written
			s.values["report"] = string(text)
		}
	}
}

// takePlugins takes in what was told of the cache plugins.
func (s *observedSite) takePlugins(o Observed, active []cacheplugin.Plugin, had *wordpress.PluginStatus, at int64) {
	for _, seen := range o.Plugins {
		front := len(active) == 0 || active[len(active)-1].Slug == seen.Slug
		isActive := slices.ContainsFunc(active, func(p cacheplugin.Plugin) bool { return p.Slug == seen.Slug })
		if seen.Gone == isActive || seen.Gone && s.row.Row.CachePlugins == "" {
			active = s.setActive(active, seen)
		}
		if seen.Slug == cacheplugin.BigScoots.Slug {
			s.values["has_plugin"] = map[bool]string{true: "no", false: "yes"}[seen.Gone]
		}
		if front && (seen.Gone || s.report.Plugin != had) {
			status := wordpress.PluginStatus{}
			if s.report.Plugin != nil {
				status = *s.report.Plugin
			}
			s.row.Row.CacheAt = at
			s.values["plugin_version"], s.values["cache_state"], s.values["environment"] = status.Version, status.Cache, status.Environment
			s.values["setup_mode"], s.values["cache_at"] = status.SetupMode, at
		}
	}
}

// setActive stores that a plugin is active, or is not.
func (s *observedSite) setActive(active []cacheplugin.Plugin, seen wordpress.PluginSeen) []cacheplugin.Plugin {
	active = slices.DeleteFunc(slices.Clone(active), func(p cacheplugin.Plugin) bool { return p.Slug == seen.Slug })
	if !seen.Gone {
		active = slices.DeleteFunc(cacheplugin.All(), func(p cacheplugin.Plugin) bool {
			return p.Slug != seen.Slug && !slices.ContainsFunc(active, func(a cacheplugin.Plugin) bool { return a.Slug == p.Slug })
		})
	}
	s.row.Row.CachePlugins = cacheplugin.Stored(active)
	s.values["cache_plugins"] = s.row.Row.CachePlugins
	return active
}

// onlySeen drops what is stored already, and tells whether nothing is new but when the site was seen: so it is after most answers.
func (s *observedSite) onlySeen() bool {
	if s.values["state"] == s.row.Row.State && s.values["finding"] == s.row.Row.Finding {
		delete(s.values, "state")
		delete(s.values, "finding")
	}
	return len(s.values) == 1 && s.values["seen_at"] != nil
}

func (s *observedSite) store(tx *gorm.DB) error {
	if len(s.values) == 0 {
		return nil
	}
	if !s.at.IsZero() {
		if err := noteChanges(tx, s.before, s.values, s.at); err != nil {
			return err
		}
	}
	return tx.Model(&siteRow{}).Where("id = ? AND home = ?", s.row.Row.ID, s.row.Row.Home).Updates(s.values).Error
}

func hostOnly(home string) string {
	u, err := url.Parse(home)
	if err != nil {
		return strings.TrimPrefix(home, "https://")
	}
	return cmp.Or(u.Host, home)
}
