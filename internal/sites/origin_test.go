package sites_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
)

// opens tells whether the site's credential opens for the address that the site has now.
func (h testRegistry) opens(t *testing.T, id int64) error {
	t.Helper()
	s, err := h.registry.Site(context.Background(), access.System(), id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.registry.Dial(context.Background(), s)
	return err
}

// A password goes to the origin that it was stored for, whoever edits what.
func TestCredentialBelongsToAnOrigin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for i, c := range []struct {
			from, to string
			follows  bool
		}{
			{"https://a%d.example", "https://www.a%d.example", true},
			{"https://www.a%d.example", "https://a%d.example", true},
			{"http://a%d.example", "https://a%d.example", true},
			{"https://a%d.example", "https://a%d.example/blog", true},
			{"https://a%d.example", "https://evil%d.test", false},
			{"https://a%d.example", "https://shop.a%d.example", false},
			{"https://a%d.example", "http://a%d.example", false},
			{"https://a%d.example", "https://a%d.example:8443", false},
		} {
			from, to := fmt.Sprintf(c.from, i), fmt.Sprintf(c.to, i)
			s := h.add(t, draft(from))
			changed, err := h.registry.Edit(t.Context(), admin, s.ID, sites.Draft{URL: to})
			if err != nil {
				t.Fatal(err)
			}
			err = h.opens(t, s.ID)
			switch {
			case c.follows && (err != nil || changed.Credential.Username != "drover"):
				t.Errorf("%s to %s: %v, of %q", from, to, err, changed.Credential.Username)
			case !c.follows && (!errors.Is(err, sites.ErrNoCredential) || changed.State != sites.Broken ||
				!strings.Contains(changed.Finding, "Enter the credential again")):
				t.Errorf("%s to %s: %v, %s %q", from, to, err, changed.State, changed.Finding)
			}
		}
	})
}

// Whoever writes another address, or another site's password, into the database gets nothing that opens.
func TestCredentialOpensForNoOtherOriginInTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		a, b := h.add(t, draft("https://a.example")), h.add(t, draft("https://b.example"))
		h.add(t, draft("https://a.example/blog"))
		for _, c := range []struct{ name, attack, undo string }{
			{"another address", "UPDATE sites SET home = 'https://evil.test', host = 'evil.test' WHERE id = 1",
				"UPDATE sites SET home = 'https://a.example' WHERE id = 1"},
			{"another scheme", "UPDATE sites SET home = 'http://a.example' WHERE id = 1", "UPDATE sites SET home = 'https://a.example' WHERE id = 1"},
			{"another origin as well",
				"UPDATE credentials SET origin = 'https://evil.test:443' WHERE site_id = 1; UPDATE sites SET home = 'https://evil.test' WHERE id = 1",
				"UPDATE credentials SET origin = 'https://a.example:443' WHERE site_id = 1; UPDATE sites SET home = 'https://a.example' WHERE id = 1"},
			{"no origin", "UPDATE credentials SET origin = '' WHERE site_id = 1; UPDATE sites SET home = 'https://evil.test' WHERE id = 1",
				"UPDATE credentials SET origin = 'https://a.example:443' WHERE site_id = 1; UPDATE sites SET home = 'https://a.example' WHERE id = 1"},
			{"the password of a site of the same origin", "UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE site_id = 3) WHERE site_id = 1", ""},
		} {
			run(t, db, c.attack)
			if _, err := h.registry.BindToOrigins(t.Context()); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if err := h.opens(t, a.ID); !errors.Is(err, vault.ErrOpen) {
				t.Errorf("%s: %v", c.name, err)
			}
			if c.undo == "" {
				continue // the last one
			}
			run(t, db, c.undo)
			if err := errors.Join(h.opens(t, a.ID), h.opens(t, b.ID)); err != nil {
				t.Errorf("%s, undone: %v", c.name, err)
			}
		}
	})
}

func run(t *testing.T, db *database.DB, statements string) {
	t.Helper()
	for statement := range strings.SplitSeq(statements, ";") {
		if _, err := db.SQL.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// What an older Drover stored is bound to its site's origin once, however often that is begun, and rotating keys goes on working.
func TestBindToOrigins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		for i := range 3 {
			s := h.add(t, draft(fmt.Sprintf("https://old%d.example", i)))
			sealed, err := h.vault.Seal(vault.NewSecret("old"), vault.Binding{Table: "credentials", Row: s.ID, Purpose: "application_password"})
			if err != nil {
				t.Fatal(err)
			}
			if i == 2 {
				sealed[len(sealed)-1] ^= 1 // one that does not open
			}
			if err := db.Gorm.Exec("UPDATE credentials SET sealed = ?, origin = '' WHERE site_id = ?", sealed, s.ID).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := h.opens(t, 1); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("before: %v", err)
		}
		for _, want := range []int{2, 0} {
			if n, err := h.registry.BindToOrigins(t.Context()); n != want || err != nil {
				t.Errorf("bound %d, want %d, %v", n, want, err)
			}
		}
		if err := errors.Join(h.opens(t, 1), h.opens(t, 2)); err != nil {
			t.Error(err)
		}
		if err := h.opens(t, 3); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("the broken one: %v", err)
		}
		if err := h.registry.ReplaceCredential(t.Context(), admin, 3, "drover", vault.NewSecret("new one")); err != nil {
			t.Fatal(err)
		}
		if n, err := h.registry.RotateKeys(t.Context(), access.Actor{Kind: access.KindCommandLine, Role: access.Owner}); n != 3 || err != nil {
			t.Errorf("rotated %d, %v", n, err)
		}
		if err := errors.Join(h.opens(t, 1), h.opens(t, 2), h.opens(t, 3)); err != nil {
			t.Error(err)
		}
	})
}
