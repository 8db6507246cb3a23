package changes

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// Approvals is the gate of the audit log for covered changes: one that a member makes alone is undone, whoever called what.
func Approvals() audit.Approvals { return requireApproval }

// approvedChange is the name under which a transaction remembers the approval that it has taken: a change may record more than one entry.
const approvedChange = "drover:approved_change"

func requireApproval(l *audit.Log, tx *gorm.DB, actor access.Actor, event audit.Event) error {
	if a := actor.Approval; a != nil && a.By == nil {
		return &audit.NeedsApproval{Actor: actor, Event: event}
	} else if a != nil {
		if taken, _ := tx.Get(approvedChange); taken == a.Change {
			return nil
		}
		if err := take(l, tx.Session(&gorm.Session{NewDB: true}), actor, event); err != nil {
			return err
		}
		tx.Statement.Settings.Store(approvedChange, a.Change)
		a.Taken = true
		return nil
	}
	if _, found := covered[event.Action]; !found {
		return nil
	}
	p, err := proposed(tx.Session(&gorm.Session{NewDB: true}), event)
	if err != nil {
		return err
	}
	if needsApproval(event.Action, p) {
		return &audit.NeedsApproval{Actor: actor, Event: event}
	}
	return nil
}

func proposed(tx *gorm.DB, event audit.Event) (proposal, error) {
	p := proposal{detail: event.Detail, field: func(name string) (field, bool) {
		altered, is := event.Detail[name].(map[string]any)
		return field{altered["before"], altered["after"]}, is
	}}
	var err error
	if p.policy, err = runs.PolicyIn(tx); err != nil {
		return p, err
	}
	p.client, err = sites.ClientIn(tx, event.Subject)
	return p, err
}

// take uses the approval up, in the transaction of the change: it counts once, in time, for what the second person was shown, and from
// somebody independent who may still act.
func take(l *audit.Log, tx *gorm.DB, actor access.Actor, event audit.Event) error {
	id, by, now := actor.Approval.Change, *actor.Approval.By, time.Now().UnixMicro()
	done := tx.Exec(`UPDATE pending_changes SET state = ?, payload = ?, decided_at = ?, decided_by = ?
		WHERE id = ? AND actor_id = ? AND state = ? AND expires_at > ?`, Done, []byte{}, now, by.Name, id, actor.ID, Waiting, now)
	if done.Error != nil {
		return done.Error
	}
	if done.RowsAffected == 0 {
		return ErrOver
	}
	var row changeRow
	if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
		return err
	}
	if text, err := eventText(event); err != nil || text != row.Event {
		return cmp.Or(err, ErrChangedSince)
	}
	independent, err := members.Independent(tx, actor.ID, by)
	if err != nil {
		return err
	}
	if by.ID == actor.ID || !independent {
		return ErrNotIndependent
	}
	return l.Record(tx, by, audit.Event{Action: access.ChangeApprove, Subject: access.On("change", id), Detail: row.auditDetail()})
}

// adds are the actions whose subject they make themselves: its number is not known before.
var adds = []access.Action{access.MemberAdd, access.SiteAdd}

// eventText is what a change would record, as a text that two of them are compared by.
func eventText(event audit.Event) (string, error) {
	if slices.Contains(adds, event.Action) {
		event.Subject = ""
	}
	text, err := json.Marshal([]any{event.Action, event.Subject, event.Detail})
	return string(text), err
}
