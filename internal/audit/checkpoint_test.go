package audit_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

// Whoever can write to the database can also compute hashes. A checkpoint that was kept elsewhere finds what was done to the audit log
// behind it, each way by its name.
func TestCheckpointFindsTampering(t *testing.T) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	who := access.Actor{Kind: access.KindMember, ID: 1, Name: "Olga", Role: access.Owner}
	attacks := map[string]struct {
		do   func(t *testing.T, db *database.DB, log *audit.Log)
		says string // empty: the audit log is still intact
	}{
		"nothing":      {func(*testing.T, *database.DB, *audit.Log) {}, ""},
		"more entries": {func(t *testing.T, _ *database.DB, log *audit.Log) { enter(t, log, who, 3) }, ""},
		"truncated": {func(t *testing.T, db *database.DB, _ *audit.Log) { behind(t, db, "DELETE FROM entries WHERE seq > 4") },
			"ends at entry 4, and the checkpoint was signed at entry 6"},
		"edited": {func(t *testing.T, db *database.DB, _ *audit.Log) {
			behind(t, db, "UPDATE entries SET actor_name = 'Nobody' WHERE seq = 3")
		}, "does not match its hash"},
		"deleted": {func(t *testing.T, db *database.DB, _ *audit.Log) { behind(t, db, "DELETE FROM entries WHERE seq = 3") }, "entry 3 is missing"},
		"swapped": {func(t *testing.T, db *database.DB, _ *audit.Log) {
			behind(t, db, "UPDATE entries SET seq = 1000 WHERE seq = 2", "UPDATE entries SET seq = 2 WHERE seq = 3", "UPDATE entries SET seq = 3 WHERE seq = 1000")
		}, "does not match"},
		"forged with right hashes": {func(t *testing.T, db *database.DB, log *audit.Log) {
			behind(t, db, "DELETE FROM entries WHERE seq > 3")
			enter(t, log, access.Actor{Kind: access.KindMember, ID: 9, Name: "Mallory", Role: access.Owner}, 5)
		}, "not the entry in the checkpoint"},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for name, attack := range attacks {
			t.Run(name, func(t *testing.T) {
				behind(t, db, "DELETE FROM entries")
				log := audit.New(db.Gorm)
				enter(t, log, who, 6)
				c, err := log.Checkpoint(context.Background(), who, key)
				if err != nil || c.Seq != 6 {
					t.Fatalf("%+v, %v", c, err)
				}
				attack.do(t, db, log)
				v, err := log.VerifyAgainst(context.Background(), c)
				if err != nil || v.Intact() != (attack.says == "") || !strings.Contains(v.Why, attack.says) {
					t.Errorf("%+v, %v", v, err)
				}
			})
		}
	})
}

func enter(t *testing.T, log *audit.Log, who access.Actor, n int) {
	t.Helper()
	for range n {
		if err := log.RecordAlone(context.Background(), who, audit.Event{Action: access.SiteEdit, Subject: "site:1"}); err != nil {
			t.Fatal(err)
		}
	}
}

// behind does what only somebody can who has the database in their hands: it takes the triggers away first.
func behind(t *testing.T, db *database.DB, statements ...string) {
	t.Helper()
	off, on := []string{"DROP TRIGGER entries_no_update", "DROP TRIGGER entries_no_delete"}, []string{
		"CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
		"CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"}
	if db.Postgres() {
		off, on = []string{"ALTER TABLE entries DISABLE TRIGGER USER"}, []string{"ALTER TABLE entries ENABLE TRIGGER USER"}
	}
	for _, statement := range append(append(off, statements...), on...) {
		if err := db.Gorm.Exec(statement).Error; err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestACheckpointThatIsNotToBeBelieved(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	log := audit.New(dbtest.SQLite(t).Gorm)
	owner := access.Actor{Kind: access.KindMember, ID: 1, Name: "Olga", Role: access.Owner}
	c, err := log.Checkpoint(context.Background(), owner, key)
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := audit.ReadCheckpoint(good); err != nil || read != c {
		t.Errorf("%+v, %v", read, err)
	}
	for name, text := range map[string]string{
		"another entry": strings.Replace(string(good), `"seq":0`, `"seq":7`, 1), "no signature": `{"format":"drover-checkpoint-1"}`, "no checkpoint": "[]",
		"another key": strings.Replace(string(good), c.Key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1),
	} {
		if _, err := audit.ReadCheckpoint([]byte(text)); !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	viewer := access.Actor{Kind: access.KindMember, ID: 2, Name: "Vera", Role: access.Viewer}
	if _, err := log.Checkpoint(context.Background(), viewer, key); !errors.Is(err, access.ErrForbidden) {
		t.Errorf("a viewer signed: %v", err)
	}
}
