package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

var olga = access.Actor{Kind: access.KindMember, ID: 1, Name: "Olga", Role: access.Owner}

func signer(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestArchiveTakesEntriesAndTheLogStaysIntact(t *testing.T) {
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log, key, dir := audit.New(db.Gorm, auditsinks.Cursors()), signer(t), t.TempDir()
		record(t, log, 6)
		before, err := log.Checkpoint(ctx, olga, key)
		if err != nil {
			t.Fatal(err)
		}
		soon := time.Now().Add(time.Hour)
		if err := db.Gorm.Exec("INSERT INTO streams (name, seq) VALUES ('hook', 3)").Error; err != nil {
			t.Fatal(err)
		}
		if _, err := log.Archive(ctx, olga, key, audit.ArchiveOrder{Before: soon, File: filepath.Join(dir, "no")}); !errors.Is(err, audit.ErrNotSent) {
			t.Fatalf("archived what no copy has: %v", err)
		}
		db.Gorm.Exec("UPDATE streams SET seq = 99")
		if _, err := log.Archive(ctx, mara, key, audit.ArchiveOrder{Before: soon, File: filepath.Join(dir, "no")}); !errors.Is(err, access.ErrForbidden) {
			t.Fatalf("an operator archived: %v", err)
		}
		first, err := log.Archive(ctx, olga, key, audit.ArchiveOrder{Before: soon, File: filepath.Join(dir, "1")})
		if err != nil || first.First != 1 || first.Last != 8 {
			t.Fatalf("%+v, %v", first, err)
		}
		if _, err := log.Archive(ctx, olga, key, audit.ArchiveOrder{Before: time.Now().Add(-time.Hour), File: filepath.Join(dir, "2")}); !errors.Is(err,
			audit.ErrNothingToArchive) {
			t.Errorf("nothing was archived: %v", err)
		}
		if _, err := log.Archive(ctx, olga, key, audit.ArchiveOrder{Before: soon, File: filepath.Join(dir, "1")}); !errors.Is(err, os.ErrExist) {
			t.Errorf("an archive was overwritten: %v", err)
		}
		record(t, log, 3)
		second, err := log.Archive(ctx, olga, key, audit.ArchiveOrder{Before: soon, File: filepath.Join(dir, "2")})
		if err != nil || second.First != 9 || second.Last != 12 {
			t.Fatalf("%+v, %v", second, err)
		}
		v, err := log.Verify(ctx)
		if err != nil || !v.Intact() || v.Entries != 1 || v.Anchor != 12 {
			t.Errorf("%+v, %v", v, err)
		}
		entries, _, err := log.Entries(ctx, access.System(), audit.Filter{})
		if err != nil || len(entries) != 1 || entries[0].Event.Action != access.AuditArchive {
			t.Errorf("%+v, %v", entries, err)
		}
		if _, err := log.VerifyAgainst(ctx, before); !errors.Is(err, audit.ErrArchived) {
			t.Errorf("a checkpoint of an archived entry: %v", err)
		}
		for name, want := range map[string]audit.Archived{"1": first, "2": second} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := log.VerifyArchive(ctx, bytes.NewReader(text), before); err != nil || got != want {
				t.Errorf("archive %s: %+v, %v", name, got, err)
			}
			archiveForgeries(t, log, name, string(text), before)
		}
	})
}

// archiveForgeries are all found, each by its name.
func archiveForgeries(t *testing.T, log *audit.Log, name, text string, before audit.Checkpoint) {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	other := before
	other.Hash = strings.Repeat("0", 64)
	for what, forged := range map[string]struct {
		text, says string
		checkpoint audit.Checkpoint
	}{
		"edited":     {strings.Replace(text, "Café", "Cafe", 1), "does not match its hash", before},
		"deleted":    {strings.Join(append([]string{lines[0]}, lines[2:]...), ""), "is missing", before},
		"swapped":    {lines[1] + lines[0] + strings.Join(lines[2:], ""), "is missing", before},
		"first gone": {strings.Join(lines[1:], ""), "does not start where", before},
		"cut off":    {strings.Join(lines[:2], ""), "it is cut off", before},
		"last gone":  {strings.Join(lines[:len(lines)-3], "") + lines[len(lines)-2], "not of its last entry", before},
		"appended":   {text + lines[0], "something follows", before},
		"not JSON":   {"entry\n" + text, "cannot be read", before},
		"seal forged": {strings.Replace(text, `{"checkpoint":{"format":"drover-checkpoint-1","seq":`, `{"checkpoint":{"format":"drover-checkpoint-1","seq":1`, 1),
			"its signature", before},
		"another past": {text, "is not the one in the checkpoint", other},
	} {
		if what == "edited" && !strings.Contains(text, "Café") || what == "another past" && name != "1" {
			continue
		}
		if _, err := log.VerifyArchive(context.Background(), strings.NewReader(forged.text), forged.checkpoint); !errors.Is(err, audit.ErrArchive) ||
			!strings.Contains(err.Error(), forged.says) {
			t.Errorf("archive %s, %s: %v", name, what, err)
		}
	}
	otherLog := audit.New(dbtest.SQLite(t).Gorm)
	if _, err := otherLog.VerifyArchive(context.Background(), strings.NewReader(text), audit.Checkpoint{}); !errors.Is(err, audit.ErrArchive) ||
		!strings.Contains(err.Error(), "does not connect") {
		t.Errorf("archive %s connects to another audit log: %v", name, err)
	}
}

// Whoever has the database but not its triggers gone can remove nothing: no anchor can be kept open, forged or changed.
func TestNothingIsRemovedWithoutAnArchive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		record(t, log, 5)
		if _, err := log.Archive(context.Background(), olga, signer(t),
			audit.ArchiveOrder{Before: time.Now().Add(time.Hour), File: filepath.Join(t.TempDir(), "a")}); err != nil {
			t.Fatal(err)
		}
		record(t, log, 2)
		for _, statement := range []string{
			"DELETE FROM entries WHERE seq = 7", "DELETE FROM anchors", "UPDATE anchors SET held = 1", "UPDATE anchors SET seq = 7",
			"INSERT INTO anchors (seq, hash, at, checkpoint) SELECT seq, hash, at, '' FROM entries WHERE seq = 7",
			"INSERT INTO anchors (seq, hash, at, checkpoint, held) VALUES (99, 'x', 0, '', 1)",
		} {
			if err := db.Gorm.Exec(statement).Error; err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		insert := "INSERT INTO anchors (seq, hash, at, checkpoint, held) SELECT seq, hash, at, '', 1 FROM entries WHERE seq = 7"
		if err := db.Gorm.Exec(insert).Error; err == nil {
			t.Error("a transaction was committed that holds an anchor")
		}
		if v, err := log.Verify(context.Background()); err != nil || !v.Intact() {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// The beginning of the audit log cannot be cut off by an anchor that nobody signed.
func TestAnAnchorWithoutASignatureIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		record(t, log, 5)
		for _, statement := range []string{"DROP TRIGGER entries_no_delete", "DROP TRIGGER anchors_insert"} {
			if db.Postgres() {
				statement = strings.ReplaceAll(statement, "anchors_insert", "anchors_keep") +
					map[bool]string{true: " ON entries", false: " ON anchors"}[strings.Contains(statement, "entries")]
			}
			if err := db.Gorm.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		db.Gorm.Exec("INSERT INTO anchors (seq, hash, at, checkpoint) SELECT seq, hash, at, '{}' FROM entries WHERE seq = 3")
		db.Gorm.Exec("DELETE FROM entries WHERE seq <= 3")
		if v, err := log.Verify(context.Background()); err != nil || v.Broken != 3 || !strings.Contains(v.Why, "no signed checkpoint") {
			t.Errorf("%+v, %v", v, err)
		}
	})
}
