package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
)

// Result is how an action ended, as the record tells it.
type Result string

// The results.
const (
	Done    Result = "done"
	Refused Result = "refused"
	Failed  Result = "failed"
)

// Event is what happened, before it has its place in the record.
type Event struct {
	Action  Action
	Subject Subject
	Result  Result         // empty means Done
	Detail  map[string]any // what a reviewer needs; never a secret
}

// Entry is one line of the record.
type Entry struct {
	Seq    int64
	At     time.Time
	Actor  Actor
	Event  Event
	Detail json.RawMessage // canonical JSON (RFC 8785)
	Prev   string          // the hash of the entry before, in hexadecimal; empty for the first
	Hash   string          // SHA-256 over the canonical JSON of everything above, in hexadecimal
}

// hashed is what the hash covers. Its order does not matter: the JSON is made canonical.
type hashed struct {
	Seq     int64           `json:"seq"`
	At      int64           `json:"at"`
	Kind    Kind            `json:"actor_kind"`
	ActorID int64           `json:"actor_id"`
	Actor   string          `json:"actor_name"`
	Role    Role            `json:"role"`
	Action  Action          `json:"action"`
	Subject Subject         `json:"subject"`
	Result  Result          `json:"outcome"`
	Detail  json.RawMessage `json:"detail"`
	Addr    string          `json:"addr"`
	Prev    string          `json:"prev"`
}

func (e Entry) sum() (string, error) {
	plain, err := json.Marshal(hashed{
		Seq: e.Seq, At: e.At.UnixMicro(), Kind: e.Actor.Kind, ActorID: e.Actor.ID, Actor: e.Actor.Name, Role: e.Actor.Role,
		Action: e.Event.Action, Subject: e.Event.Subject, Result: e.Event.Result, Detail: e.Detail, Addr: e.Actor.Addr, Prev: e.Prev,
	})
	if err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return "", fmt.Errorf("audit: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

func canonicalDetail(detail map[string]any) (json.RawMessage, error) {
	if len(detail) == 0 {
		return json.RawMessage("{}"), nil
	}
	plain, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("audit: detail: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("audit: detail: %w", err)
	}
	return canonical, nil
}
