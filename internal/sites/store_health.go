package sites

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/access"
)

type eventRow struct {
	ID      int64 `gorm:"primaryKey"`
	SiteID  int64
	At      int64
	Kind    string
	Was     string
	Became  string
	Finding string
}

func (eventRow) TableName() string { return "site_events" }

func (r eventRow) event() Event {
	return Event{SiteID: r.SiteID, At: moment(r.At), Kind: r.Kind, Was: r.Was, Became: r.Became, Finding: r.Finding}
}

// noteChanges stores an event for each of the values that differs from what the site's row holds, and the time since when the state is the new one.
func noteChanges(tx *gorm.DB, before siteRow, values map[string]any, at time.Time) error {
	finding, _ := values["finding"].(string)
	var events []eventRow
	note := func(kind, was, became string) {
		if was != became {
			events = append(events, eventRow{SiteID: before.ID, At: at.UnixMicro(), Kind: kind, Was: was, Became: became})
		}
	}
	switch state := values["state"].(type) {
	case State:
		note(EventState, string(before.State), string(state))
	case string:
		note(EventState, string(before.State), state)
	}
	if len(events) == 1 {
		values["state_since"], events[0].Finding = at.UnixMicro(), finding
	}
	for kind, was := range map[string]string{EventPlugin: before.PluginVersion, EventCache: before.CacheState, EventWordPress: before.WordPressVersion} {
		if became, set := values[kind].(string); set && became != "" && was != "" {
			note(kind, was, became)
		}
	}
	if len(events) == 0 {
		return nil
	}
	return tx.Create(&events).Error
}

// scheduleCheck sets when a site is checked next, once it was checked.
func (w write) scheduleCheck(before siteRow, values map[string]any) error {
	u, err := upkeepIn(w.tx)
	if err != nil {
		return err
	}
	failures := 0
	if values["state"] == string(Broken) {
		failures = before.CheckFailures + 1
	}
	next := int64(0)
	if at := nextCheck(before.ID, w.now, u.every(), failures); !at.IsZero() {
		next = at.UnixMicro()
	}
	values["check_failures"], values["next_check_at"], values["check_until"] = failures, next, 0
	return nil
}

// checkNow makes a check due: what the last one found was found with another credential.
func (w write) checkNow(site int64) error {
	return w.tx.Model(&siteRow{}).Where("id = ? AND checked_at > 0", site).Update("next_check_at", w.now.UnixMicro()).Error
}

func (w write) siteRow(id int64) (r siteRow, err error) {
	return r, w.tx.Where("id = ?", id).Take(&r).Error
}

// dueCheck selects the site whose turn it is.
func (s store) dueCheck(ctx context.Context, now time.Time) *gorm.DB {
	return s.db.WithContext(ctx).Table("sites").Select("sites.id").Joins("JOIN credentials ON credentials.site_id = sites.id").
		Where("retired_at = 0 AND next_check_at > 0 AND next_check_at <= ? AND check_until < ?", now.UnixMicro(), now.UnixMicro()).
		Order("next_check_at, sites.id").Limit(1)
}

// checkIsDue tells whether it is any site's turn. Unlike a claim, it takes no turn to write.
func (s store) checkIsDue(ctx context.Context, now time.Time) (bool, error) {
	var ids []int64
	err := s.dueCheck(ctx, now).Scan(&ids).Error
	return len(ids) > 0, err
}

// unclaimed passes over rows of the table that another claims at this moment. Who waited for them would get nothing, and take it that nothing is due.
// It locks as an update does: rows that a run only refers to are free. SQLite has one writer, and no such locks.
func unclaimed(table string) clause.Locking {
	return clause.Locking{Strength: "NO KEY UPDATE", Table: clause.Table{Name: table}, Options: clause.LockingOptionsSkipLocked}
}

// claimCheck leases one site whose turn it is. Of two processes, one gets it.
func (s store) claimCheck(ctx context.Context, now, until time.Time) (id int64, found bool, err error) {
	var ids []int64
	err = s.db.WithContext(ctx).Raw("WITH due AS (?) UPDATE sites SET check_until = ? WHERE check_until < ? AND id IN (SELECT id FROM due) RETURNING id",
		s.dueCheck(ctx, now).Clauses(unclaimed("sites")), until.UnixMicro(), now.UnixMicro()).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return 0, false, err
	}
	return ids[0], true, nil
}

func (s store) postponeCheck(ctx context.Context, site int64, until time.Time) error {
	return s.db.WithContext(ctx).Model(&siteRow{}).Where("id = ?", site).Updates(map[string]any{"next_check_at": until.UnixMicro(), "check_until": 0}).Error
}

func (s store) unplanned(ctx context.Context, limit int) (rows []siteRow, err error) {
	return rows, s.db.WithContext(ctx).Select("id", "checked_at").Where("retired_at = 0 AND next_check_at = 0").Order("id").Limit(limit).Find(&rows).Error
}

func (s store) plan(ctx context.Context, at map[int64]time.Time) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for id, when := range at {
			if err := tx.Model(&siteRow{}).Where("id = ? AND next_check_at = 0", id).Update("next_check_at", when.UnixMicro()).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// replan lets all sites be planned again.
func (w write) replan() error {
	return w.tx.Model(&siteRow{}).Where("next_check_at > 0").Update("next_check_at", 0).Error
}

func (s store) events(ctx context.Context, site int64, limit int) ([]Event, error) {
	var rows []eventRow
	err := s.db.WithContext(ctx).Where("site_id = ?", site).Order("at DESC, id DESC").Limit(limit).Find(&rows).Error
	return events(rows), err
}

func events(rows []eventRow) []Event {
	all := make([]Event, len(rows))
	for i, r := range rows {
		all[i] = r.event()
	}
	return all
}

// isNews is the condition of the index site_events_news, word for word: a site broke, or works again. A first check is none.
const isNews = "kind = 'state' AND was <> 'unchecked' AND became <> 'unchecked' AND (was IN ('ready', 'warning')) <> (became IN ('ready', 'warning'))"

// news returns the last such event of each site, the latest first.
func (s store) news(ctx context.Context, scope access.Scope, since time.Time, limit int) ([]Event, error) {
	within, values := InScope(scope, "sites.id")
	var rows []eventRow
	err := s.db.WithContext(ctx).Where("id IN (SELECT max(id) FROM site_events WHERE at >= ? AND "+isNews+" GROUP BY site_id)", since.UnixMicro()).
		Where("EXISTS (SELECT 1 FROM sites WHERE sites.id = site_events.site_id AND sites.retired_at = 0 AND "+within+")", values...). // IN reads all sites
		Order("at DESC, id DESC").Limit(limit).Find(&rows).Error
	return events(rows), err
}

// dropEvents forgets what is older than the time, but for the last state of each site.
func (s store) dropEvents(ctx context.Context, before time.Time) error {
	return s.db.WithContext(ctx).Exec(`DELETE FROM site_events WHERE at < ? AND id NOT IN
		(SELECT max(id) FROM site_events WHERE kind = 'state' GROUP BY site_id)`, before.UnixMicro()).Error
}
