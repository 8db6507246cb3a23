package engine

import (
	"context"
	"log/slog"
	"testing"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// Jobs beyond the first page of River's list count too.
func TestCountQueued(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		runner, err := runs.New(db, sites.New(db, new(vault.Vault), log, wordpress.NewNetwork(wordpress.Config{})), log, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		if err := runner.Store().Enqueue(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		queue, err := openQueue(db, func(context.Context) error { return nil }, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ enough, page, want int }{{100, 3, 7}, {100, 7, 7}, {100, 100, 7}, {4, 3, 6}, {3, 3, 3}} {
			if n, err := countQueued(t.Context(), queue, c.enough, c.page); err != nil || n != c.want {
				t.Errorf("%+v: %d, %v", c, n, err)
			}
		}
	})
}
