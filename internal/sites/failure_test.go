package sites_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// A failure of the database is told as such, not as a site that does not exist or has no credential.
func TestAFailureIsNoSentence(t *testing.T) {
	t.Parallel()
	h := newTestRegistry(t, dbtest.SQLite(t), nil)
	ctx := context.Background()
	s := h.add(t, sites.Draft{URL: "https://acme.example", Username: "editor", Password: vault.NewSecret("abcd efgh ijkl mnop qrst uvwx")})
	var problems validation.Problems
	for _, home := range []string{"https://other.example", "not an address at all!"} {
		if _, err := h.registry.Select(ctx, access.System(), sites.Selection{Homes: []string{home}}); !errors.As(err, &problems) {
			t.Errorf("%s: %v", home, err)
		}
	}
	exec := func(statement string, values ...any) {
		t.Helper()
		if err := h.db.Gorm.Exec(statement, values...).Error; err != nil {
			t.Fatal(err)
		}
	}
	exec("UPDATE credentials SET sealed = ?", []byte("not sealed by any key"))
	if _, err := h.registry.Dial(ctx, s); !errors.Is(err, sites.ErrSealed) {
		t.Errorf("a credential that does not open: %v", err)
	}
	if offered, err := h.registry.Offered(ctx, access.System(), s, true); err != nil || offered.Problem == "" ||
		offered.Problem == "No credential is stored for this site." {
		t.Errorf("%q, %v", offered.Problem, err)
	}
	exec("DROP TABLE credentials")
	if _, err := h.registry.Dial(ctx, s); err == nil || errors.Is(err, sites.ErrNoCredential) || errors.Is(err, sites.ErrSealed) {
		t.Errorf("dial: %v", err)
	}
	if offered, err := h.registry.Offered(ctx, access.System(), s, true); err == nil {
		t.Errorf("offered: %q", offered.Problem)
	}
	if _, err := h.registry.Select(ctx, access.System(), sites.Selection{Homes: []string{"https://acme.example"}}); err == nil || errors.As(err, &problems) {
		t.Errorf("select: %v", err)
	}
}

// The many requests of a run that store what they found leave connections for pages, also while something else writes.
func TestPagesNeedNotWaitForARun(t *testing.T) {
	t.Parallel()
	const requests = 40
	h := newTestRegistry(t, dbtest.SQLite(t), nil)
	s := h.add(t, sites.Draft{URL: "https://acme.example", Username: "editor", Password: vault.NewSecret("abcd efgh ijkl mnop qrst uvwx")})
	var group sync.WaitGroup
	err := h.db.Gorm.Transaction(func(*gorm.DB) error { // which has the lock for writing from its beginning
		for range requests {
			group.Go(func() {
				if _, err := h.registry.StoreCachePlugins(t.Context(), access.System(), s, []string{"bigscoots-cache/v2"}); err != nil {
					t.Error(err)
				}
			})
		}
		for deadline := time.Now().Add(time.Minute); h.db.SQL.Stats().InUse < 3 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for range 20 {
			if _, n, err := h.registry.Sites(ctx, access.System(), sites.Filter{Limit: 10}); err != nil || n != 1 {
				return fmt.Errorf("%d sites, %w", n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	group.Wait()
}
