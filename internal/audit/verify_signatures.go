package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// VerifySigned verifies the audit log, and how much of it is proven by signatures: by the log's own checkpoints that the key signed, and by a
// checkpoint that the reader kept, if any. Hashes alone only prove that the log fits itself: whoever writes the database can compute them.
func (l *Log) VerifySigned(ctx context.Context, key ed25519.PublicKey, kept Checkpoint) (Verification, error) {
	v, err := l.VerifyAgainst(ctx, kept)
	if err != nil || !v.Intact() {
		return v, err
	}
	v.ProvenByYours = kept.Seq
	own := base64.StdEncoding.EncodeToString(key)
	if err := l.verifyAnchor(ctx, own, &v); err != nil {
		return v, err
	}
	rows, err := l.store.checkpoints(ctx)
	for _, r := range rows {
		if err != nil || !v.Intact() {
			break
		}
		err = l.verifyCheckpoint(ctx, r, own, &v)
	}
	if !v.Intact() {
		v.Proven, v.ProvenByYours = 0, 0
	}
	return v, err
}

// verifyAnchor counts the checkpoint of the last archive, which the log begins with.
func (l *Log) verifyAnchor(ctx context.Context, own string, v *Verification) error {
	seq, _, text, err := l.store.anchor(ctx)
	if err != nil || seq == 0 {
		return err
	}
	c, err := ReadCheckpoint([]byte(text)) // Verify has read it before
	if err == nil && c.Key == own {
		v.Proven = seq
	}
	return err
}

// verifyCheckpoint compares what a checkpoint in the log saw with what is there now.
func (l *Log) verifyCheckpoint(ctx context.Context, r row, own string, v *Verification) error {
	c, err := ReadCheckpoint([]byte(r.Detail))
	if err != nil || c.Seq >= r.Seq {
		v.Broken, v.Why = r.Seq, "it contains a checkpoint with an invalid signature: the entry was written by someone without the key"
		return nil
	}
	if c.Key != own || c.Seq <= v.Anchor {
		v.OtherKeys += btoi(c.Key != own)
		return nil
	}
	hash, err := l.store.hashOf(ctx, c.Seq)
	if err != nil {
		return err
	}
	if hash != c.Hash && c.Seq > 0 {
		v.Broken = c.Seq
		v.Why = fmt.Sprintf("it is not the entry that the checkpoint in entry %d of %s saw: the log was rewritten, at that entry or before it", r.Seq,
			c.At.Format(time.RFC3339))
		return nil
	}
	v.Proven = max(v.Proven, c.Seq)
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Last is the number of the last entry that was verified.
func (v Verification) Last() int64 { return v.Anchor + v.Entries }

// Sentences say what is proven and what is not.
func (v Verification) Sentences() []string {
	if !v.Intact() {
		return []string{fmt.Sprintf("The audit log is broken at entry %d: %s.", v.Broken, v.Why)}
	}
	sentences := []string{fmt.Sprintf("The audit log is intact up to entry %d: each entry matches its hash and the previous entry.", v.Last())}
	switch {
	case v.Proven == 0:
		sentences = append(sentences, "No checkpoint is signed with this key. Anyone with write access to the database could have rewritten the log.")
	case v.Proven < v.Last():
		sentences = append(sentences, fmt.Sprintf("Verified up to entry %d with this key. Entries %d to %d are newer than its last checkpoint and not covered yet.",
			v.Proven, v.Proven+1, v.Last()))
	default:
		sentences = append(sentences, fmt.Sprintf("Verified up to entry %d with this key.", v.Proven))
	}
	if v.OtherKeys > 0 {
		sentences = append(sentences, fmt.Sprintf("%d checkpoints are signed with another key and were ignored.", v.OtherKeys))
	}
	if v.ProvenByYours > 0 {
		sentences = append(sentences, fmt.Sprintf("Verified up to entry %d by your checkpoint.", v.ProvenByYours))
	}
	return sentences
}

// Report is a verification as programs read it. Others rely on its names.
type Report struct {
	Intact             bool      `json:"whole"`
	Broken             int64     `json:"broken,omitempty"`
	Why                string    `json:"why,omitempty"`
	Last               int64     `json:"last"`
	BeginsAfter        int64     `json:"begins_after,omitempty"`
	ProvenByKey        int64     `json:"proven_by_key"`
	ProvenByCheckpoint int64     `json:"proven_by_checkpoint,omitempty"`
	OtherKeys          int       `json:"checkpoints_of_other_keys,omitempty"`
	At                 time.Time `json:"at"`
}

// Report is the verification for programs.
func (v Verification) Report() Report {
	return Report{v.Intact(), v.Broken, v.Why, v.Last(), v.Anchor, v.Proven, v.ProvenByYours, v.OtherKeys, v.At}
}

// MarshalJSON writes the report.
func (v Verification) MarshalJSON() ([]byte, error) { return json.Marshal(v.Report()) }
