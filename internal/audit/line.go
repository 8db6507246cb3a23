package audit

import (
	"encoding/json"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// Line is an entry as programs read it, one JSON object a line, with all that its hash covers. Others rely on its names.
type Line struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	ActorKind access.Kind     `json:"actor_kind"`
	ActorID   int64           `json:"actor_id"`
	Actor     string          `json:"actor"`
	Role      access.Role     `json:"role"`
	Addr      string          `json:"addr"`
	Action    access.Action   `json:"action"`
	Subject   access.Subject  `json:"subject"`
	Outcome   Outcome         `json:"outcome"`
	Detail    json.RawMessage `json:"detail"`
	Prev      string          `json:"prev"`
	Hash      string          `json:"hash"`
}

// row is the line's entry as it is stored.
func (l Line) row() row {
	return row{
		Seq: l.Seq, At: l.At.UnixMicro(), ActorKind: l.ActorKind, ActorID: l.ActorID, ActorName: l.Actor, Role: l.Role, Action: l.Action, Subject: l.Subject,
		Outcome: l.Outcome,
		Detail:  string(l.Detail), Addr: l.Addr, Prev: l.Prev, Hash: l.Hash,
	}
}

// Line is the entry's line.
func (e Entry) Line() Line {
	return Line{e.Seq, e.At, e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.Role, e.Actor.Addr, e.Event.Action, e.Event.Subject, e.Event.Outcome, e.Detail,
		e.Prev, e.Hash}
}
