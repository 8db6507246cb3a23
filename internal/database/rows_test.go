package database_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
)

type kind string

// MarshalJSON shows that a type's own JSON form is not what is stored.
func (kind) MarshalJSON() ([]byte, error) { return []byte(`"other"`), nil }

type sample struct {
	ID      int64 `gorm:"primaryKey"`
	Kind    kind
	Text    string
	Raw     []byte
	Sent    bool
	TookUs  int64 `gorm:"column:took"`
	Skipped string
}

func (sample) TableName() string { return "samples" }

func TestRowsAreStoredAsTheyAre(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		create := fmt.Sprintf(`CREATE TABLE samples (id BIGINT PRIMARY KEY, kind TEXT, text TEXT, raw %s, sent BOOLEAN, took BIGINT,
			skipped TEXT NOT NULL DEFAULT 'default')`, map[bool]string{true: "BYTEA", false: "BLOB"}[db.Postgres()])
		if err := db.Gorm.Exec(create).Error; err != nil {
			t.Fatal(err)
		}
		want := []sample{
			{1, "a", `quote " backslash \ <b>&amp; ` + "\t\r\n\u2028 \U0001F600 [1,2] null", []byte{0, 1, 0xff, '"'}, true, math.MaxInt64, "default"},
			{2, "", "", nil, false, math.MinInt64, "default"},
			{3, "true", "12", []byte{}, true, 0, "default"},
			{4, "b", strings.Repeat("é", 700_000), bytes.Repeat([]byte{0xfe}, 700_000), false, 1, "default"},
		}
		if !db.Postgres() { // PostgreSQL stores no such text in any way
			want[0].Text += "\x00 after it"
		}
		for id := int64(5); id < 1500; id++ {
			want = append(want, sample{id, "many", fmt.Sprint(id), []byte("body"), id%2 == 0, -id, "default"})
		}
		if err := database.InsertRows(db.Gorm, want, "id", "kind", "text", "raw", "sent", "took"); err != nil {
			t.Fatal(err)
		}
		compare(t, db, want)
		for i := range want {
			want[i].Text, want[i].Sent = "changed "+want[i].Text, !want[i].Sent
		}
		update := "UPDATE samples SET text = r.text, sent = r.sent FROM %s WHERE samples.id = r.id"
		if changed, err := database.ExecRows(db.Gorm, update, want, "id", "text", "sent"); err != nil || changed != int64(len(want)) {
			t.Fatal(changed, err)
		}
		compare(t, db, want)
		if _, err := database.ExecRows(db.Gorm, "DELETE FROM samples WHERE id IN (SELECT id FROM %s)", want[1:], "id"); err != nil {
			t.Fatal(err)
		}
		compare(t, db, want[:1])
		if err := database.InsertRows(db.Gorm, want, "nothing"); err == nil {
			t.Error("a column that is not there was taken")
		}
		if err := database.InsertRows[sample](db.Gorm, nil, "id"); err != nil {
			t.Error(err)
		}
	})
}

func compare(t *testing.T, db *database.DB, want []sample) {
	t.Helper()
	var got []sample
	if err := db.Gorm.Order("id").Find(&got).Error; err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if len(want[i].Raw) == 0 && len(got[i].Raw) == 0 {
			got[i].Raw = want[i].Raw // the drivers read no bytes in different ways
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("row %d: %.200v\nwant %.200v", i, got[i], want[i])
		}
	}
}

// What an error undoes is what its function did, and no savepoint stays open: a write costs more with each that does.
func TestUndoable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Gorm.Exec("CREATE TABLE samples (id BIGINT PRIMARY KEY)").Error; err != nil {
			t.Fatal(err)
		}
		refused := errors.New("refused")
		err := db.Gorm.Transaction(func(tx *gorm.DB) error {
			for id := range 4 {
				err := database.Undoable(tx, func(tx *gorm.DB) error {
					if err := tx.Exec("INSERT INTO samples (id) VALUES (?)", id).Error; err != nil || id%2 == 0 {
						return err
					}
					return refused
				})
				if want := id%2 == 1; errors.Is(err, refused) != want {
					t.Errorf("%d: %v", id, err)
				}
			}
			var stored []int
			if err := tx.Raw("SELECT id FROM samples ORDER BY id").Scan(&stored).Error; err != nil || !reflect.DeepEqual(stored, []int{0, 2}) {
				t.Errorf("%v, %v are stored", stored, err)
			}
			if err := tx.Exec("RELEASE SAVEPOINT undoable").Error; err == nil {
				t.Error("a savepoint is open")
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Error(err)
		}
	})
}
