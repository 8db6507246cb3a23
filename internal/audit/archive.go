package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// Errors of archives.
var (
	ErrNothingToArchive = errors.New("there is no entry to archive before that time")
	ErrArchive          = errors.New("the archive is not valid")
	ErrNotSent          = errors.New("an audit sink does not have these entries yet")
	ErrArchived         = errors.New("it is older than the entries in the log: verify it with the archive that contains its entry")
)

// Archived says what an archive holds.
type Archived struct {
	First, Last int64
	Prev        string     // the hash of the entry before First, empty where the audit log begins
	SHA256      string     // of the whole file, in hexadecimal
	Checkpoint  Checkpoint // of the last entry
}

// sealLine is an archive's last line.
type sealLine struct {
	Checkpoint Checkpoint `json:"checkpoint"`
}

// ArchiveOrder says what to archive.
type ArchiveOrder struct {
	Before   time.Time
	File     string
	Uncopied bool // also what a copy elsewhere does not have
}

// Archive writes all entries from before the time into a new file as lines of JSON, with a signed checkpoint as the last line, and makes
// sure that the disk has it. Only then it removes them, and leaves the checkpoint as the anchor that the audit log begins with. The file
// must not exist. It returns ErrNothingToArchive where there is nothing to do, and ErrNotSent where a stream would never carry an entry.
// Where it fails after the file was written, the audit log is as it was, and the file may be removed.
func (l *Log) Archive(ctx context.Context, actor access.Actor, key ed25519.PrivateKey, o ArchiveOrder) (Archived, error) {
	before, file := o.Before, o.File
	if err := l.Authorize(ctx, actor, access.AuditArchive, ""); err != nil {
		return Archived{}, err
	}
	v, err := l.Verify(ctx)
	if err != nil {
		return Archived{}, err
	}
	if !v.Intact() {
		return Archived{}, fmt.Errorf("audit: the audit log is broken at entry %d: %s; broken entries are not archived", v.Broken, v.Why)
	}
	a := Archived{First: v.Anchor + 1, Prev: v.anchorHash}
	last, err := l.lastBefore(ctx, before, a.First)
	if err != nil {
		return a, err
	}
	if a.Checkpoint, err = l.signed(key, last.Seq, last.Hash); err != nil {
		return a, err
	}
	a.Last = last.Seq
	if !o.Uncopied {
		if err := l.store.sentToSinks(ctx, a.Last); err != nil {
			return a, err
		}
	}
	if a.SHA256, err = l.writeArchive(ctx, a, file); err != nil {
		return a, err
	}
	return a, l.cut(ctx, actor, a, before, filepath.Base(file))
}

// lastBefore returns the last entry from before the time, none of which is below first.
func (l *Log) lastBefore(ctx context.Context, before time.Time, first int64) (Entry, error) {
	page, err := l.Page(ctx, access.System(), Filter{Until: before, Limit: 1})
	if err != nil {
		return Entry{}, err
	}
	if len(page.Entries) == 0 || page.Entries[0].Seq < first {
		return Entry{}, ErrNothingToArchive
	}
	return page.Entries[0], nil
}

// writeArchive returns the file's sum once the disk has the file and its name.
func (l *Log) writeArchive(ctx context.Context, a Archived, name string) (sum string, err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("audit: archive: %w; nothing was overwritten and nothing removed", err)
	}
	hash := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(file, hash), 1<<16)
	err = errors.Join(l.writeLines(ctx, a, out), out.Flush(), file.Sync(), file.Close())
	if err == nil {
		err = syncFolder(filepath.Dir(name))
	}
	if err != nil {
		return "", fmt.Errorf("audit: archive: %w; nothing was removed from the audit log", errors.Join(err, os.Remove(name)))
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func (l *Log) writeLines(ctx context.Context, a Archived, out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for seq := a.First - 1; seq < a.Last; {
		entries, err := l.After(ctx, seq, int(min(exportedAtOnce, a.Last-seq)))
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("entry %d is not there any more", seq+1)
		}
		for _, e := range entries {
			if err := encoder.Encode(e.Line()); err != nil {
				return err
			}
			seq = e.Seq
		}
	}
	return encoder.Encode(sealLine{a.Checkpoint})
}

func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// cut removes what was archived and logs that it did. The triggers let it, while it holds the anchor.
func (l *Log) cut(ctx context.Context, actor access.Actor, a Archived, before time.Time, file string) error {
	anchor, err := json.Marshal(a.Checkpoint)
	if err != nil {
		return fmt.Errorf("audit: archive: %w", err)
	}
	return l.store.atTheEnd(ctx, func(w chained, _ int64, _ string) error {
		err := w.record(l, actor, Event{Action: access.AuditArchive, Detail: map[string]any{
			"first": a.First, "last": a.Last, "hash": a.Checkpoint.Hash, "before": before.UTC().Format(time.RFC3339), "file": file, "sha256": a.SHA256,
			"key": a.Checkpoint.Key, "signature": a.Checkpoint.Signature,
		}})
		if err != nil {
			return err
		}
		type step struct {
			statement string
			values    []any
		}
		steps := []step{
			{"INSERT INTO anchors (seq, hash, at, checkpoint, held) VALUES (?, ?, ?, ?, 1)", []any{a.Last, a.Checkpoint.Hash, l.now().UnixMicro(), string(anchor)}},
			{"DELETE FROM entries WHERE seq <= ?", []any{a.Last}},
			{"UPDATE anchors SET held = NULL WHERE seq = ?", []any{a.Last}},
		}
		if !l.store.postgres() {
			steps = append(steps, step{"DELETE FROM entries_words WHERE rowid <= ?", []any{a.Last}})
		}
		for _, step := range steps {
			if err := w.tx.Exec(step.statement, step.values...).Error; err != nil {
				return fmt.Errorf("audit: archive: %w", err)
			}
		}
		return nil
	})
}

// longestLine bounds a line of an archive, in bytes.
const longestLine = 64 << 20

// VerifyArchive checks an archive by itself: each entry, their chain, and the signature of the last line. With the log, it also checks
// that the archive joins the audit log: that its last entry is an anchor, and that it begins where the archive before it ended. A
// checkpoint whose entry is in the archive is compared with it. It returns ErrArchive, wrapped with what is wrong.
func (l *Log) VerifyArchive(ctx context.Context, archive io.Reader, checkpoint Checkpoint) (Archived, error) {
	a, err := readArchive(archive, checkpoint)
	if err != nil {
		return a, err
	}
	if a.Checkpoint.Seq != a.Last {
		return a, fmt.Errorf("%w: its checkpoint is of entry %d, and its last entry is %d", ErrArchive, a.Checkpoint.Seq, a.Last)
	}
	ends, err := l.store.anchored(ctx, a.Last, a.Checkpoint.Hash)
	if err == nil && !ends {
		err = fmt.Errorf("%w: it does not connect to the audit log: no checkpoint of the audit log is for its entry %d", ErrArchive, a.Last)
	}
	if err != nil || a.First == 1 && a.Prev == "" {
		return a, err
	}
	begins, err := l.store.anchored(ctx, a.First-1, a.Prev)
	if err == nil && !begins {
		err = fmt.Errorf("%w: it does not start where the previous archive ended, at entry %d", ErrArchive, a.First-1)
	}
	return a, err
}

func readArchive(archive io.Reader, checkpoint Checkpoint) (a Archived, err error) {
	hash := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(archive, hash))
	lines.Buffer(make([]byte, 0, 1<<16), longestLine)
	last := ""
	for lines.Scan() {
		if a.Checkpoint.Format != "" {
			return a, fmt.Errorf("%w: something follows its checkpoint", ErrArchive)
		}
		if seal, is := sealed(lines.Bytes()); is {
			if a.Checkpoint, err = ReadCheckpoint(seal); err != nil {
				return a, fmt.Errorf("%w: %w", ErrArchive, err)
			}
			if a.Last != 0 && a.Checkpoint.Hash != last {
				return a, fmt.Errorf("%w: its checkpoint is not of its last entry", ErrArchive)
			}
			continue
		}
		var e Line
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return a, fmt.Errorf("%w: the line after entry %d cannot be read: %w", ErrArchive, a.Last, err)
		}
		r := e.row()
		switch {
		case a.Last == 0:
			a.First, a.Prev = e.Seq, e.Prev
		case e.Seq != a.Last+1:
			return a, fmt.Errorf("%w: entry %d is missing: entry %d follows entry %d", ErrArchive, a.Last+1, e.Seq, a.Last)
		case e.Prev != last:
			return a, fmt.Errorf("%w: entry %d: %s", ErrArchive, e.Seq, whyUnlinked)
		}
		if r.sum() != e.Hash {
			return a, fmt.Errorf("%w: entry %d: %s", ErrArchive, e.Seq, whyChanged)
		}
		if e.Seq == checkpoint.Seq && e.Hash != checkpoint.Hash {
			return a, fmt.Errorf("%w: entry %d is not the one in the checkpoint of %s", ErrArchive, e.Seq, checkpoint.At.Format(time.RFC3339))
		}
		a.Last, last = e.Seq, e.Hash
	}
	if err := lines.Err(); err != nil {
		return a, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	if a.Checkpoint.Format == "" || a.Last == 0 {
		return a, fmt.Errorf("%w: it is cut off: its last line is not a checkpoint", ErrArchive)
	}
	a.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return a, nil
}

// sealed returns the checkpoint of an archive's last line.
func sealed(text []byte) ([]byte, bool) {
	if !bytes.HasPrefix(text, []byte(`{"checkpoint":`)) {
		return nil, false
	}
	var seal struct {
		Checkpoint json.RawMessage `json:"checkpoint"`
	}
	err := json.Unmarshal(text, &seal)
	return seal.Checkpoint, err == nil
}
