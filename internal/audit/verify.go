package audit

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// Verification is what Verify found.
type Verification struct {
	Entries int64     // entries read, up to and without the broken one
	Broken  int64     // the first broken entry's number, 0 when the audit log is whole
	Why     string    // what is wrong with it, empty when the audit log is whole
	Anchor  int64     // the audit log begins after this entry, 0 when nothing was archived
	At      time.Time // when it was verified

	Proven        int64 // up to this entry by the log's own checkpoints and the key, 0 where none does
	ProvenByYours int64 // up to this entry by a checkpoint that the reader kept
	OtherKeys     int   // the log's checkpoints that another key signed

	anchorHash string
}

// Intact tells whether every entry is as it was written.
func (v Verification) Intact() bool { return v.Broken == 0 }

// stretchLength is how many entries one worker verifies at a time.
const stretchLength = 20_000

// stretch is a part of the audit log that was verified by itself.
type stretch struct {
	after   int64  // the entries of the stretch come after this one
	prev    string // what its first entry says is the hash before
	entries int64  // that are whole
	hash    string // of the last of these
	why     string // what is wrong with the one after them, empty when nothing
}

// Verify reads the whole record and checks each entry against its hash and the entry before it. Parts are verified side by side, then
// joined in order.
func (l *Log) Verify(ctx context.Context) (Verification, error) {
	v := Verification{At: l.now().UTC()}
	last, err := l.store.last(ctx)
	if err != nil {
		return v, err
	}
	if v, err = l.begin(ctx, v); err != nil || !v.Intact() {
		return v, err
	}
	first := v.Anchor
	parts := make([]stretch, max(last-first+stretchLength-1, 0)/stretchLength)
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range parts {
		group.Go(func() error {
			var err error
			after := first + int64(i)*stretchLength
			parts[i], err = l.verifyStretch(ctx, after, min(after+stretchLength, last))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return v, fmt.Errorf("audit: verify: %w", err)
	}
	hash := v.anchorHash
	for _, part := range parts {
		if part.entries > 0 && part.prev != hash {
			v.Broken, v.Why = part.after+1, whyUnlinked
			return v, nil
		}
		v.Entries += part.entries
		if hash = part.hash; part.why != "" {
			v.Broken, v.Why = part.after+part.entries+1, part.why
			return v, nil
		}
	}
	return v, nil
}

// begin finds where the audit log begins: after the last archive, which a signed checkpoint must tell of.
func (l *Log) begin(ctx context.Context, v Verification) (Verification, error) {
	seq, hash, text, err := l.store.anchor(ctx)
	if err != nil || seq == 0 {
		return v, err
	}
	v.Anchor, v.anchorHash = seq, hash
	c, err := ReadCheckpoint([]byte(text))
	if err != nil || c.Seq != seq || c.Hash != hash {
		v.Broken, v.Why = seq, "the audit log begins after it, and no signed checkpoint confirms that: earlier entries were cut off"
	}
	return v, nil
}

const (
	whyUnlinked = "its link to the entry before does not match: an entry was changed, removed or reordered"
	whyChanged  = "its content does not match its hash: it was changed after it was written"
)

func (l *Log) verifyStretch(ctx context.Context, after, upTo int64) (stretch, error) {
	s := stretch{after: after}
	seen := after
	err := l.store.stretch(ctx, after, upTo, func(r *row) error {
		switch next := after + s.entries + 1; {
		case s.why != "":
		case r.Seq != next:
			s.why = fmt.Sprintf("entry %d is missing: entry %d follows entry %d", next, r.Seq, next-1)
		case s.entries > 0 && r.Prev != s.hash:
			s.why = whyUnlinked
		case r.sum() != r.Hash:
			s.why = whyChanged
		default:
			if s.entries == 0 {
				s.prev = r.Prev
			}
			s.entries, s.hash = s.entries+1, r.Hash
		}
		seen = r.Seq
		return nil
	})
	if err == nil && s.why == "" && seen < upTo {
		s.why = fmt.Sprintf("entry %d is missing", seen+1)
	}
	return s, err
}
