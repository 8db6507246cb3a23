package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/droverhq/drover/internal/access"
)

// Checkpoint says what the audit log was at one moment, signed. Kept elsewhere, it proves that nothing at or before it was changed,
// removed or reordered since, also after a backup was brought back.
type Checkpoint struct {
	Format    string    `json:"format"`
	Seq       int64     `json:"seq"`  // the last entry, 0 for an empty record
	Hash      string    `json:"hash"` // of that entry
	At        time.Time `json:"at"`
	Key       string    `json:"key"`       // the public key (Ed25519) in base64
	Signature string    `json:"signature"` // over the canonical JSON (RFC 8785) of everything above, in base64
}

const checkpointFormat = "drover-checkpoint-1"

// ErrCheckpoint is wrapped where a checkpoint itself cannot be believed.
var ErrCheckpoint = errors.New("the checkpoint is not valid")

func (c Checkpoint) signed() ([]byte, error) {
	plain, err := json.Marshal(map[string]any{"format": c.Format, "seq": c.Seq, "hash": c.Hash, "at": c.At.UTC().Format(time.RFC3339Nano), "key": c.Key})
	if err != nil {
		return nil, fmt.Errorf("audit: checkpoint: %w", err)
	}
	return jcs.Transform(plain)
}

// Checkpoint signs what the audit log is now and logs that it did. The checkpoint covers every entry before that one.
func (l *Log) Checkpoint(ctx context.Context, actor access.Actor, key ed25519.PrivateKey) (Checkpoint, error) {
	if err := l.Authorize(ctx, actor, access.AuditCheckpoint, ""); err != nil {
		return Checkpoint{}, err
	}
	var c Checkpoint
	err := l.store.atTheEnd(ctx, func(w chained, seq int64, hash string) (err error) {
		c, err = l.sign(w, actor, key, Checkpoint{Seq: seq, Hash: hash})
		return err
	})
	return c, err
}

func (l *Log) sign(w chained, actor access.Actor, key ed25519.PrivateKey, c Checkpoint) (Checkpoint, error) {
	c, err := l.signed(key, c.Seq, c.Hash)
	if err != nil {
		return c, err
	}
	return c, w.record(l, actor, Event{Action: access.AuditCheckpoint, Detail: map[string]any{
		"format": c.Format, "seq": c.Seq, "hash": c.Hash, "at": c.At.Format(time.RFC3339), "key": c.Key, "signature": c.Signature,
	}})
}

// signed is a checkpoint of the entry, with its signature.
func (l *Log) signed(key ed25519.PrivateKey, seq int64, hash string) (Checkpoint, error) {
	c := Checkpoint{Format: checkpointFormat, Seq: seq, Hash: hash, At: l.now().UTC().Truncate(time.Second),
		Key: base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))}
	text, err := c.signed()
	if err != nil {
		return c, err
	}
	c.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	return c, nil
}

// checkpointEvery is how often Drover signs a checkpoint by itself.
const checkpointEvery = 24 * time.Hour

// Daily signs a checkpoint unless one was signed within a day, and tells whether it did. However many processes ask, one signs.
func (l *Log) Daily(ctx context.Context, key ed25519.PrivateKey) (signed bool, err error) {
	err = l.store.atTheEnd(ctx, func(w chained, seq int64, hash string) error {
		last, err := w.lastDone(access.AuditCheckpoint)
		if err != nil || l.now().Sub(last) < checkpointEvery {
			return err
		}
		signed = true
		_, err = l.sign(w, access.System(), key, Checkpoint{Seq: seq, Hash: hash})
		return err
	})
	return signed && err == nil, err
}

// VerifyAgainst verifies the whole record, and that what the checkpoint saw is still there as it was.
func (l *Log) VerifyAgainst(ctx context.Context, c Checkpoint) (Verification, error) {
	v, err := l.Verify(ctx)
	if err != nil || !v.Intact() && v.Broken <= c.Seq || c.Seq == 0 {
		return v, err
	}
	if c.Seq < v.Anchor {
		return v, fmt.Errorf("%w: the checkpoint is for entry %d, and the audit log begins after entry %d", ErrArchived, c.Seq, v.Anchor)
	}
	if c.Seq == v.Anchor {
		if v.anchorHash != c.Hash {
			v.Broken, v.Why = c.Seq, fmt.Sprintf("the audit log begins after a different entry from the one in the checkpoint of %s", c.At.Format(time.RFC3339))
		}
		return v, nil
	}
	if last := v.Anchor + v.Entries; last < c.Seq {
		v.Broken = last + 1
		v.Why = fmt.Sprintf("the audit log ends at entry %d, and the checkpoint was signed at entry %d on %s: later entries were removed, or an older backup was "+
			"restored", last, c.Seq, c.At.Format(time.RFC3339))
		return v, nil
	}
	e, err := l.Entry(ctx, access.System(), c.Seq)
	if err != nil {
		return v, err
	}
	if e.Hash != c.Hash {
		v.Broken = c.Seq
		v.Why = fmt.Sprintf("it is not the entry in the checkpoint of %s: the audit log was rewritten at or before that entry", c.At.Format(time.RFC3339))
	}
	return v, nil
}
