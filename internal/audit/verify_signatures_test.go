package audit_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

// rewrite changes an entry's detail behind the triggers and computes every hash from there on again, as somebody who writes the database can.
func rewrite(t *testing.T, db *database.DB, seq int64, detail string) {
	t.Helper()
	unlock := []string{"ALTER TABLE entries DISABLE TRIGGER USER"}
	if !db.Postgres() {
		unlock = nil
		var names []string
		if err := db.Gorm.Raw("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'").Scan(&names).Error; err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			unlock = append(unlock, "DROP TRIGGER "+name)
		}
	}
	for _, statement := range unlock {
		if err := db.Gorm.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
	if detail != "" {
		if err := db.Gorm.Exec("UPDATE entries SET detail = ? WHERE seq = ?", detail, seq).Error; err != nil {
			t.Fatal(err)
		}
	}
	var rows []struct {
		Seq, At, ActorID                                                         int64
		ActorKind, ActorName, Role, Action, Subject, Outcome, Detail, Addr, Prev string
	}
	if err := db.Gorm.Raw("SELECT * FROM entries ORDER BY seq").Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	prev := ""
	for _, r := range rows {
		plain, err := json.Marshal(map[string]any{
			"seq": r.Seq, "at": r.At, "actor_id": r.ActorID, "actor_kind": r.ActorKind, "actor_name": r.ActorName, "role": r.Role, "action": r.Action,
			"subject": r.Subject,
			"outcome": r.Outcome, "detail": json.RawMessage(r.Detail), "addr": r.Addr, "prev": prev,
		})
		if err != nil {
			t.Fatal(err)
		}
		canonical, err := jcs.Transform(plain)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(canonical)
		hash := hex.EncodeToString(sum[:])
		if err := db.Gorm.Exec("UPDATE entries SET prev = ?, hash = ? WHERE seq = ?", prev, hash, r.Seq).Error; err != nil {
			t.Fatal(err)
		}
		prev = hash
	}
}

// A log that was rewritten fits itself; only the signatures tell.
func TestVerifySigned(t *testing.T) {
	t.Parallel()
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	fill := func(t *testing.T, log *audit.Log, n int) {
		t.Helper()
		for i := range n {
			if err := log.RecordAlone(t.Context(), access.System(), audit.Event{Action: access.RunStart, Subject: access.On("run", int64(i+1)),
				Detail: map[string]any{"n": i}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		attack         func(t *testing.T, db *database.DB, log *audit.Log, key ed25519.PrivateKey)
		proven, broken int64
		says           string
	}{
		"nothing": {nil, 5, 0, "Verified up to entry 5 with this key. Entries 6 to 8"},
		"rewritten before the checkpoint": {func(t *testing.T, db *database.DB, _ *audit.Log, _ ed25519.PrivateKey) { rewrite(t, db, 3, `{"n":77}`) }, 0, 5,
			"rewritten"},
		"rewritten after it": {func(t *testing.T, db *database.DB, _ *audit.Log, _ ed25519.PrivateKey) { rewrite(t, db, 8, `{"n":77}`) }, 5, 0,
			"not covered yet"},
		"the checkpoint made another entry": {func(t *testing.T, db *database.DB, _ *audit.Log, _ ed25519.PrivateKey) {
			rewrite(t, db, 3, `{"n":77}`)
			if err := db.Gorm.Exec("UPDATE entries SET action = 'run.start' WHERE seq = 6").Error; err != nil {
				t.Fatal(err)
			}
			rewrite(t, db, 6, `{}`)
		}, 0, 0, "No checkpoint is signed with this key"},
		"a checkpoint without a signature": {func(t *testing.T, db *database.DB, _ *audit.Log, _ ed25519.PrivateKey) {
			rewrite(t, db, 6, `{"format":"drover-checkpoint-1","seq":5}`)
		}, 0, 6, "signature"},
		"a checkpoint made to fit, without the key": {func(t *testing.T, db *database.DB, _ *audit.Log, key ed25519.PrivateKey) {
			rewrite(t, db, 3, `{"n":77}`)
			var hash string
			if err := db.Gorm.Raw("SELECT hash FROM entries WHERE seq = 5").Scan(&hash).Error; err != nil {
				t.Fatal(err)
			}
			forged, err := json.Marshal(map[string]any{"format": "drover-checkpoint-1", "seq": 5, "hash": hash, "at": "2026-01-02T03:04:05Z",
				"key": key.Public(), "signature": make([]byte, ed25519.SignatureSize)})
			if err != nil {
				t.Fatal(err)
			}
			rewrite(t, db, 6, string(forged))
		}, 0, 6, "signature"},
		"one more of another key": {func(t *testing.T, _ *database.DB, log *audit.Log, _ ed25519.PrivateKey) {
			if _, err := log.Checkpoint(t.Context(), access.System(), other); err != nil {
				t.Fatal(err)
			}
		}, 5, 0, "another key"},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				log, key := audit.New(db.Gorm), signer(t)
				fill(t, log, 5)
				kept, err := log.Checkpoint(t.Context(), access.System(), key)
				if err != nil {
					t.Fatal(err)
				}
				fill(t, log, 2)
				if c.attack != nil {
					c.attack(t, db, log, key)
				}
				if v, err := log.Verify(t.Context()); err != nil || !v.Intact() {
					t.Fatalf("it does not fit itself: %+v, %v", v, err)
				}
				v, err := log.VerifySigned(t.Context(), key.Public().(ed25519.PublicKey), audit.Checkpoint{})
				if err != nil || v.Proven != c.proven || v.Broken != c.broken || !strings.Contains(strings.Join(v.Sentences(), " "), c.says) {
					t.Errorf("%+v, %v: %q", v, err, v.Sentences())
				}
				if c.attack == nil {
					v, err := log.VerifySigned(t.Context(), key.Public().(ed25519.PublicKey), kept)
					text, _ := json.Marshal(v)
					if err != nil || v.ProvenByYours != kept.Seq || !strings.Contains(string(text), fmt.Sprintf(`"proven_by_checkpoint":%d`, kept.Seq)) {
						t.Errorf("%s, %v", text, err)
					}
				}
			})
		})
	}
}
