package sites_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// To a person with limited access, an address that another client has answers as one that nobody has, unless they hold a credential for it.
func TestAddingTellsNothingOfOtherClients(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{}, wptest.Site{}, wptest.Site{}, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		limited := admin
		limited.Scope = access.NewScope(access.Restriction{Clients: []string{"Acme"}})
		for i, client := range []string{"Zulu", "Acme"} {
			h.add(t, sites.Draft{URL: fake.URL(i), Client: client, Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(i))})
		}
		own, err := h.registry.ByHome(t.Context(), admin, fake.URL(1))
		if err != nil {
			t.Fatal(err)
		}
		taken, free := fake.URL(0), fake.URL(2)
		wrong := vault.NewSecret("abcd abcd abcd abcd abcd abcd")
		bare := strings.NewReplacer(taken, "HOME", free, "HOME", strings.TrimPrefix(taken, "https://"), "HOST", strings.TrimPrefix(free, "https://"), "HOST")
		same := func(what string, do func(home string) string) {
			t.Helper()
			a, b := bare.Replace(do(taken)), bare.Replace(do(free))
			if a != b || a == "" {
				t.Errorf("%s: of another client: %s; of nobody: %s", what, a, b)
			}
		}
		same("add", func(home string) string {
			_, err := h.registry.Add(t.Context(), limited, sites.Draft{URL: home, Client: "Acme", Username: "x", Password: wrong})
			return fmt.Sprint(err)
		})
		same("edit", func(home string) string {
			_, err := h.registry.Edit(t.Context(), limited, own.ID, sites.Draft{URL: home, Client: "Acme"})
			return fmt.Sprint(err)
		})
		same("change of URL", func(home string) string {
			_, err := h.registry.ChangeURL(t.Context(), limited, own.ID, own.Home, home)
			return fmt.Sprint(err)
		})
		line := func(home string) string {
			return "url,username,application_password,client\n" + home + ",x," + wrong.Reveal() + ",Acme\n"
		}
		same("preview", func(home string) string {
			p, err := h.registry.PreviewImport(t.Context(), limited, sites.Source{File: strings.NewReader(line(home))})
			return fmt.Sprintf("%+v %v", p.Lines, err)
		})
		same("import", func(home string) string {
			lines, err := h.registry.Import(t.Context(), limited, strings.NewReader(line(home)))
			return fmt.Sprintf("%+v %v", lines, err)
		})
		// Who signs in there adds what is free, and is refused what is another's.
		if _, err := h.registry.Add(t.Context(), limited, sites.Draft{URL: fake.URL(3), Client: "Acme", Username: wptest.DefaultUser,
			Password: vault.NewSecret(fake.Password(3))}); err != nil {
			t.Error(err)
		}
		_, err = h.registry.Add(t.Context(), limited, sites.Draft{URL: taken, Client: "Acme", Username: wptest.DefaultUser,
			Password: vault.NewSecret(fake.Password(0))})
		if p, is := errors.AsType[validation.Problems](err); !is || p["url"] == "" {
			t.Errorf("another client's site was added: %v", err)
		}
	})
}

// What one import does while a person with limited access waits is bounded; the lines beyond come back.
func TestAnImportSignsInToSoManySites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		fake := startFake(t, wptest.Site{}, wptest.Site{}, wptest.Site{})
		h := newTestRegistry(t, db, fake)
		h.registry.VerifyAtMost(2)
		limited := admin
		limited.Scope = access.NewScope(access.Restriction{Clients: []string{"Acme"}})
		file := "url,username,application_password,client\n"
		for i := range 3 {
			file += fmt.Sprintf("%s,%s,%s,Acme\n", fake.URL(i), wptest.DefaultUser, fake.Password(i))
		}
		lines, err := h.registry.Import(t.Context(), limited, strings.NewReader(file))
		if err != nil || len(lines) != 3 || lines[0].Result != sites.LineAdded || lines[1].Result != sites.LineAdded || lines[2].Result != sites.LineBad ||
			!strings.Contains(lines[2].Reason, "at most 2 sites") {
			t.Fatalf("%+v, %v", lines, err)
		}
		if lines, err = h.registry.Import(t.Context(), limited, strings.NewReader(file)); err != nil || lines[2].Result != sites.LineAdded {
			t.Errorf("once more: %+v, %v", lines, err)
		}
	})
}
