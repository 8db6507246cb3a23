package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/sites"
)

type store struct {
	db  *gorm.DB
	log *audit.Log
}

// write is one change under way: what it stores and what it records stand or fall together.
type write struct {
	tx    *gorm.DB
	log   *audit.Log
	actor access.Actor
	now   time.Time
}

// change takes its turn before it touches a row, so that of two changes none waits for the other in a circle.
func (s store) change(ctx context.Context, actor access.Actor, f func(write) error) error {
	return s.log.RecordRefusal(ctx, s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.log.VerifyActor(tx, actor, access.ConnectQueue, ""); err != nil {
			return err
		}
		return f(write{tx, s.log, actor, time.Now()})
	}))
}

func (w write) record(action access.Action, subject access.Subject, detail map[string]any) error {
	return w.log.Record(w.tx, w.actor, audit.Event{Action: action, Subject: subject, Detail: detail})
}

type row struct {
	ID                                                                  int64 `gorm:"primaryKey"`
	Address, Home, SiteURL, Root, Name, Approval, Plugins, Client, Tags string
	SiteID                                                              int64
	Replaces                                                            bool
	State                                                               State
	Obstacle, Finding, Fix                                              string
	AddedBy                                                             string
	AddedAt, LookedAt                                                   int64
	TakenID                                                             int64
	TakenBy                                                             string
	TakenAt, EndedAt                                                    int64
}

func (row) TableName() string { return "connections" }

type approvalRow struct {
	ID, ConnectionID  int64
	StateHash         string
	MemberID          int64
	SessionID         int64
	AppName           string
	CreatedAt         int64 `gorm:"autoCreateTime:false"`
	ExpiresAt, UsedAt int64
	Outcome           string
}

func (approvalRow) TableName() string { return "approvals" }

func (r row) connection() Connection {
	c := Connection{
		ID: r.ID, Address: r.Address, Home: r.Home, SiteURL: r.SiteURL, Root: r.Root, Name: r.Name, Approval: r.Approval, Plugins: r.Plugins, Client: r.Client,
		SiteID: r.SiteID, Replaces: r.Replaces, State: r.State, Obstacle: r.Obstacle, Finding: r.Finding, Fix: r.Fix, AddedBy: r.AddedBy, TakenBy: r.TakenBy,
		TakenID: r.TakenID,
		AddedAt: moment(r.AddedAt), LookedAt: moment(r.LookedAt), TakenAt: moment(r.TakenAt), EndedAt: moment(r.EndedAt),
	}
	if r.Tags != "" {
		c.Tags = strings.Split(r.Tags, ",")
	}
	return c
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func connections(rows []row) []Connection {
	all := make([]Connection, len(rows))
	for i, r := range rows {
		all[i] = r.connection()
	}
	return all
}

func (s store) all(ctx context.Context) ([]Connection, error) { return s.inState(ctx, "") }

// inState returns the connections in a state, all for the empty one, in the order in which they were added.
func (s store) inState(ctx context.Context, state State) ([]Connection, error) {
	q := s.db.WithContext(ctx).Order("id")
	if state != "" {
		q = q.Where("state = ?", state)
	}
	var rows []row
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return connections(rows), nil
}

func (s store) one(ctx context.Context, id int64) (Connection, error) {
	var r row
	result := s.db.WithContext(ctx).Where("id = ?", id).Limit(1).Find(&r)
	if result.Error != nil {
		return Connection{}, fmt.Errorf("connect: %w", result.Error)
	}
	if result.RowsAffected == 0 {
		return Connection{}, ErrNone
	}
	return r.connection(), nil
}

// add stores the rows whose homes are not waiting yet, as far as the actor sees. Those that were connected or skipped before begin again. The detail
// stands in the entry.
func (s store) add(ctx context.Context, actor access.Actor, rows []row, detail map[string]any) (added []Connection, err error) {
	err = s.change(ctx, actor, func(w write) error {
		homes := []string{}
		for _, r := range rows {
			waits, err := w.waits(r.Home)
			if err != nil {
				return err
			}
			if waits {
				continue
			}
			r.AddedAt = w.now.UnixMicro()
			result := w.tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
			if result.Error != nil {
				return result.Error
			}
			if result.RowsAffected == 1 {
				added, homes = append(added, r.connection()), append(homes, r.Home)
			}
		}
		if len(added) == 0 && len(detail) == 0 {
			return nil
		}
		all := map[string]any{"added": len(added), "homes": some(homes)}
		maps.Copy(all, detail)
		return w.record(access.ConnectQueue, "", all)
	})
	return added, err
}

// waits tells whether the home waits already. What was connected or skipped there is taken out. What the actor does not see does not count.
func (w write) waits(home string) (waits bool, err error) {
	there, err := w.at(home)
	for _, c := range there {
		if c.State != Skipped && c.State != Connected {
			waits = true
		} else if err := w.remove(c.ID); err != nil {
			return waits, err
		}
	}
	return waits, err
}

// at returns the connections at the home that the actor sees.
func (w write) at(home string) ([]Connection, error) {
	var rows []row
	err := w.tx.Where("home = ?", home).Order("id").Find(&rows).Error
	return slices.DeleteFunc(connections(rows), func(c Connection) bool { return !within(w.actor, c) }), err
}

// replace stores connections of sites that are there already, in the place of what waited for them, or at their homes for the actor.
func (s store) replace(ctx context.Context, actor access.Actor, rows []row) (added []Connection, err error) {
	err = s.change(ctx, actor, func(w write) error {
		for _, r := range rows {
			if err := w.removeFor(r); err != nil {
				return err
			}
			r.AddedAt = w.now.UnixMicro()
			if err := w.tx.Create(&r).Error; err != nil {
				return err
			}
			added = append(added, r.connection())
		}
		homes := make([]string, len(rows))
		for i, r := range rows {
			homes[i] = r.Home
		}
		return w.record(access.ConnectQueue, "", map[string]any{"reconnect": len(rows), "homes": some(homes)})
	})
	return added, err
}

// removeFor takes out what the row takes the place of.
func (w write) removeFor(r row) error {
	there, err := w.at(r.Home)
	if err != nil {
		return err
	}
	var ofSite []row
	if err := w.tx.Where("site_id = ?", r.SiteID).Find(&ofSite).Error; err != nil {
		return err
	}
	for _, c := range append(there, connections(ofSite)...) {
		if err := w.remove(c.ID); err != nil {
			return err
		}
	}
	return nil
}

// putSeen stores what looks found. One that leads to a home which waits already is marked, and keeps its own.
func (s store) putSeen(ctx context.Context, actor access.Actor, seen []Connection) error {
	return s.change(ctx, actor, func(w write) error {
		tx := w.tx
		for _, c := range seen {
			twice, err := w.twice(c)
			if err != nil {
				return err
			}
			values := map[string]any{"site_url": c.SiteURL, "root": c.Root, "name": c.Name, "approval": c.Approval, "plugins": c.Plugins, "site_id": c.SiteID,
				"looked_at": c.LookedAt.UnixMicro(),
				"state":     c.State, "obstacle": c.Obstacle, "finding": c.Finding, "fix": c.Fix, "home": c.Home}
			if twice {
				delete(values, "home")
				values["state"], values["obstacle"], values["finding"], values["fix"] = Attention, ObstacleTwice,
					"This URL belongs to "+c.Home+", which is in the queue already.", "Remove this line."
			}
			if err := tx.Model(&row{}).Where("id = ? AND state IN ?", c.ID, []State{Looking, Ready, Attention}).Updates(values).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// twice tells whether another connection waits at the home of this one, that everyone sees who sees this one.
func (w write) twice(c Connection) (bool, error) {
	var others []row
	if err := w.tx.Where("home = ? AND id <> ?", c.Home, c.ID).Find(&others).Error; err != nil {
		return false, err
	}
	return slices.ContainsFunc(connections(others), func(other Connection) bool { return seenWith(c, other.Client, other.Tags) }), nil
}

func (w write) setState(id int64, state State) error {
	return w.tx.Model(&row{}).Where("id = ? AND state <> ?", id, Connected).Update("state", state).Error
}

func (w write) remove(id int64) error {
	return errors.Join(w.tx.Where("connection_id = ?", id).Delete(&approvalRow{}).Error, w.tx.Where("id = ?", id).Delete(&row{}).Error)
}

func (w write) begin(c Connection, a approvalRow) error {
	a.ConnectionID, a.CreatedAt = c.ID, w.now.UnixMicro()
	return errors.Join(w.tx.Create(&a).Error,
		w.tx.Model(&row{}).Where("id = ?", c.ID).Updates(map[string]any{"taken_id": w.actor.ID, "taken_by": w.actor.Name, "taken_at": w.now.UnixMicro()}).Error)
}

// beginAlone is begin where nobody else is at the connection, and errTaken where somebody is, or it is not ready any more.
func (w write) beginAlone(c Connection, a approvalRow) error {
	free := w.tx.Model(&row{}).Where("id = ? AND state = ? AND (taken_id = ? OR taken_at <= ?)", c.ID, Ready, w.actor.ID, w.now.Add(-takenFor).UnixMicro()).
		Update("taken_id", w.actor.ID)
	if free.Error == nil && free.RowsAffected == 0 {
		return errTaken
	}
	return errors.Join(free.Error, w.begin(c, a))
}

// use takes the approval, once.
func (w write) use(a approvalRow, outcome string) error {
	result := w.tx.Model(&approvalRow{}).Where("id = ? AND used_at = 0", a.ID).Updates(map[string]any{"used_at": w.now.UnixMicro(), "outcome": outcome})
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrUsed
	}
	return errors.Join(result.Error, w.tx.Model(&row{}).Where("id = ?", a.ConnectionID).Update("taken_at", 0).Error)
}

func (s store) approval(ctx context.Context, hash string) (a approvalRow, c Connection, err error) {
	result := s.db.WithContext(ctx).Where("state_hash = ?", hash).Limit(1).Find(&a)
	if result.Error != nil {
		return a, c, fmt.Errorf("connect: %w", result.Error)
	}
	if result.RowsAffected == 0 {
		return a, c, ErrUnknownState
	}
	c, err = s.one(ctx, a.ConnectionID)
	if errors.Is(err, ErrNone) {
		err = ErrUnknownState
	}
	return a, c, err
}

// settle ends what waits at the home of the site, for those who see the site.
func (s store) settle(ctx context.Context, site sites.Site) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var rows []row
		if err := tx.Where("home = ? AND state <> ?", site.Home, Connected).Order("id").Find(&rows).Error; err != nil {
			return err
		}
		for _, c := range connections(rows) {
			if c.SiteID != site.ID && !seenWith(c, site.Client, site.Tags) {
				continue
			}
			err := tx.Model(&row{}).Where("id = ?", c.ID).
				Updates(map[string]any{"state": Connected, "site_id": site.ID, "obstacle": "", "finding": "", "fix": "", "ended_at": time.Now().UnixMicro()}).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// How long approvals, and connections that are over, can be seen.
const (
	keptApprovals   = 7 * 24 * time.Hour
	keptConnections = 30 * 24 * time.Hour
)

func (s store) drop(ctx context.Context, now time.Time) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		over := tx.Model(&row{}).Select("id").Where("state = ? AND ended_at < ?", Connected, now.Add(-keptConnections).UnixMicro())
		return errors.Join(
			tx.Where("expires_at < ? OR connection_id IN (?)", now.Add(-keptApprovals).UnixMicro(), over).Delete(&approvalRow{}).Error,
			tx.Where("state = ? AND ended_at < ?", Connected, now.Add(-keptConnections).UnixMicro()).Delete(&row{}).Error)
	})
}

type appRow struct {
	ID    int64 `gorm:"primaryKey;autoIncrement:false"`
	AppID string
}

func (appRow) TableName() string { return "connect_app" }

// appID returns the UUID under which WordPress knows this Drover, made when it is first asked for.
func (s store) appID(ctx context.Context) (string, error) {
	db := s.db.WithContext(ctx)
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&appRow{1, newUUID()}).Error; err != nil {
		return "", err
	}
	var r appRow
	err := db.Where("id = 1").Take(&r).Error
	return r.AppID, err
}

// newUUID is a random one (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// some bounds a list in an audit entry.
func some(homes []string) []string { return homes[:min(len(homes), 50)] }
