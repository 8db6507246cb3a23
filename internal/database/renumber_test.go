package database

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/droverhq/drover/migrations"
)

// Databases that an earlier version made have the migrations 1 to 5 and 8 to 12.
func TestRenumberClosesTheGapOnce(t *testing.T) {
	db, err := Open(context.Background(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	versions := func() (all []int64) {
		if err := db.Gorm.Raw("SELECT version_id FROM goose_db_version WHERE version_id > 0 ORDER BY version_id").Scan(&all).Error; err != nil {
			t.Fatal(err)
		}
		return all
	}
	if err := db.Gorm.Exec("DELETE FROM goose_db_version WHERE version_id > 10").Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Gorm.Exec("UPDATE goose_db_version SET version_id = version_id + 2 WHERE version_id > 5").Error; err != nil {
		t.Fatal(err)
	}
	if old := versions(); !slices.Equal(old, []int64{1, 2, 3, 4, 5, 8, 9, 10, 11, 12}) {
		t.Fatalf("the test's database has %v", old)
	}
	want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for range 2 {
		if err := db.renumber(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := versions(); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	for name, files := range map[string]fs.FS{"sqlite": migrations.SQLite(), "postgres": migrations.Postgres()} {
		all, err := fs.Glob(files, "*.sql")
		if err != nil || len(all) < 10 {
			t.Fatalf("%s: %d migrations, %v", name, len(all), err)
		}
		slices.Sort(all)
		for i, file := range all {
			if want := fmt.Sprintf("%05d_", i+1); !strings.HasPrefix(file, want) {
				t.Errorf("%s: %s should begin with %s", name, file, want)
			}
		}
	}
}
