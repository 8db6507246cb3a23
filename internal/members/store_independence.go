package members

import (
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
)

// influenceLasts is how long somebody who was invited, raised or reset by another member cannot decide on what that member asks for.
const influenceLasts = 30 * 24 * time.Hour

type influenceRow struct {
	ID       int64 `gorm:"primaryKey"`
	MemberID int64
	ByID     int64
	How      string
	At       int64
}

func (influenceRow) TableName() string { return "influences" }

// influenced notes what one member did for the access of another.
func (w write) influenced(member, by int64, how string) error {
	if by == 0 || by == member {
		return nil
	}
	return w.tx.Create(&influenceRow{MemberID: member, ByID: by, How: how, At: w.now.UnixMicro()}).Error
}

// byMember is the id of the member who acts, 0 for the command line and Drover itself.
func byMember(actor access.Actor) int64 {
	if actor.Kind == access.KindMember || actor.Kind == access.KindToken {
		return actor.ID
	}
	return 0
}

// approver is the id of the member who approved what the actor does and is shown the link that it makes, 0 where nobody had to.
func approver(actor access.Actor) int64 {
	if actor.Approval == nil || actor.Approval.By == nil {
		return 0
	}
	return byMember(*actor.Approval.By)
}

// creator is the id of the member who made the link, 0 where no member did.
func (r linkRow) creator() int64 {
	text, _ := strings.CutPrefix(r.CreatedBy, "member:")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Independent tells, in the transaction of an approval, whether two people decide: nobody may have invited, raised or reset both, nor the one
// the other, of late, and the session of the second must not have begun with a link of the first's making.
func Independent(tx *gorm.DB, asker int64, second access.Actor) (bool, error) {
	since := time.Now().Add(-influenceLasts).UnixMicro()
	seconds := []int64{second.ID}
	if second.Auth != nil && second.Auth.Session != 0 {
		var s sessionRow
		if err := tx.Select("begun_by").Where("id = ?", second.Auth.Session).Limit(1).Find(&s).Error; err != nil {
			return false, err
		}
		if s.BegunBy != 0 {
			seconds = append(seconds, s.BegunBy)
		}
	}
	first, err := behind(tx, []int64{asker}, since)
	if err != nil {
		return false, err
	}
	other, err := behind(tx, seconds, since)
	if err != nil {
		return false, err
	}
	for id := range first {
		if other[id] {
			return false, nil
		}
	}
	return true, nil
}

// behind are the members and everybody who had a hand in their access since the time, however many steps away.
func behind(tx *gorm.DB, members []int64, since int64) (map[int64]bool, error) {
	found := map[int64]bool{}
	for len(members) > 0 {
		for _, id := range members {
			found[id] = true
		}
		var by []int64
		if err := tx.Model(&influenceRow{}).Distinct("by_id").Where("member_id IN ? AND at >= ?", members, since).Pluck("by_id", &by).Error; err != nil {
			return nil, err
		}
		members = members[:0:0]
		for _, id := range by {
			if !found[id] {
				members = append(members, id)
			}
		}
	}
	return found, nil
}
