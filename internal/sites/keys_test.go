package sites_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// What is sealed for a run or a draft opens for that one alone, after a rotation too.
func TestWhatIsSealedOpensForItsOwn(t *testing.T) {
	t.Parallel()
	h := newTestRegistry(t, dbtest.SQLite(t), nil)
	type seal struct {
		name   string
		seal   func(int64, []byte) ([]byte, error)
		open   func(int64, []byte) ([]byte, error)
		reseal func(int64, []byte) ([]byte, error)
	}
	both := []seal{
		{"run", h.registry.SealForRun, h.registry.OpenForRun, h.registry.ResealForRun},
		{"draft", h.registry.SealDraft, h.registry.OpenDraft, h.registry.ResealDraft},
	}
	const text = "\x00 params with \xff a secret"
	for i, s := range both {
		sealed, err := s.seal(7, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		opens := func(name string, value []byte) {
			t.Helper()
			if got, err := s.open(7, value); err != nil || string(got) != text {
				t.Errorf("%s: %s: %q, %v", s.name, name, got, err)
			}
		}
		opens("sealed", sealed)
		if got, err := s.open(8, sealed); !errors.Is(err, vault.ErrOpen) || len(got) > 0 {
			t.Errorf("%s: it opens for another: %q, %v", s.name, got, err)
		}
		if got, err := both[1-i].open(7, sealed); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%s: it opens as the other kind: %q, %v", s.name, got, err)
		}
		if same, err := s.reseal(7, sealed); err != nil || string(same) != string(sealed) {
			t.Errorf("%s: sealed with the primary key already: %v", s.name, err)
		}
		if err := h.vault.Rotate(); err != nil {
			t.Fatal(err)
		}
		resealed, err := s.reseal(7, sealed)
		if err != nil || vault.SealedBy(resealed) != int64(h.vault.Primary()) || vault.SealedBy(sealed) == int64(h.vault.Primary()) {
			t.Errorf("%s: after the rotation: %v", s.name, err)
		}
		opens("resealed", resealed)
		if _, err := s.reseal(8, sealed); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%s: resealed for another: %v", s.name, err)
		}
	}
}

// Before a backup is restored: does this keyset open what is stored? A value that is broken by itself is not the keyset's fault.
func TestWhichKeysetOpensWhatIsStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for i := range 4 {
			h.add(t, draft(fmt.Sprintf("https://s%d.example", i)))
		}
		old := h.vault.Primary()
		if err := h.vault.Rotate(); err != nil {
			t.Fatal(err)
		}
		h.add(t, draft("https://s4.example"))
		if n, err := sites.CountSealed(t.Context(), db); n != 5 || err != nil {
			t.Errorf("%d are sealed, %v", n, err)
		}
		for key, want := range map[uint32]int64{h.vault.Primary(): 4, old: 1} {
			if n, err := sites.CountSealedByOthers(t.Context(), db, key); n != want || err != nil {
				t.Errorf("%d are sealed by others than %d, want %d, %v", n, key, want, err)
			}
		}
		run(t, db, "UPDATE sites SET home = 'https://moved.test' WHERE id = 2") // no matter for the keyset
		var sealed []byte
		if err := db.SQL.QueryRowContext(t.Context(), "SELECT sealed FROM credentials WHERE site_id = 1").Scan(&sealed); err != nil {
			t.Fatal(err)
		}
		sealed[len(sealed)-1] ^= 1
		if err := db.Gorm.Exec("UPDATE credentials SET sealed = ? WHERE site_id = 1", sealed).Error; err != nil {
			t.Fatal(err)
		}
		if n, err := sites.CheckKeys(t.Context(), db, h.vault); n != 4 || err != nil {
			t.Errorf("its own keyset opens %d, %v", n, err)
		}
		other, err := vault.Create(filepath.Join(t.TempDir(), "other.json"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := sites.CheckKeys(t.Context(), db, other); n != 0 || !errors.Is(err, sites.ErrWrongKey) {
			t.Errorf("another keyset opens %d, %v", n, err)
		}
		run(t, db, "DROP TABLE credentials")
		if _, err := sites.CheckKeys(t.Context(), db, h.vault); err == nil || errors.Is(err, sites.ErrWrongKey) {
			t.Errorf("a failure of the database: %v", err)
		}
	})
}
