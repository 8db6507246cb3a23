package audit

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
)

// Approvals decides in the transaction of a change, before it is recorded, whether a second person must approve it. Its error is then
// *NeedsApproval, which undoes the change. Where the actor brings an approval, it takes and records it.
type Approvals func(l *Log, tx *gorm.DB, actor access.Actor, event Event) error

func (a Approvals) join(s *store) { s.approval = a }

// NeedsApproval is the refusal of a change that a second person must approve, and what would have been recorded. It is access.ErrNeedsApproval.
type NeedsApproval struct {
	Actor access.Actor
	Event Event
}

func (n *NeedsApproval) Error() string {
	return fmt.Sprintf("%s: %s", n.Event.Action, access.ErrNeedsApproval)
}
func (n *NeedsApproval) Unwrap() error { return access.ErrNeedsApproval }

func (l *Log) requireApproval(tx *gorm.DB, actor access.Actor, event Event) error {
	if l.store.approval == nil || actor.Kind != access.KindMember && actor.Kind != access.KindToken {
		return nil
	}
	return l.store.approval(l, tx, actor, event)
}
