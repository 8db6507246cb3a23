package sites_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// during is a simulated site on which f is called once, while it is asked.
func during(site wptest.Site) (wptest.Site, *atomic.Pointer[func()]) {
	var f atomic.Pointer[func()]
	site.Answer = func(http.ResponseWriter, *http.Request) bool {
		if do := f.Swap(nil); do != nil {
			(*do)()
		}
		return false
	}
	return site, &f
}

// What a check finds belongs to the address that it asked and to the credential that it sent. What somebody changes meanwhile stays.
func TestASiteThatChangesDuringItsCheck(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		site, meanwhile := during(wptest.Site{Name: "A title", Fault: wptest.Administrator})
		fake, err := wptest.Start(wptest.Options{Sites: []wptest.Site{site}})
		if err != nil {
			t.Fatal(err)
		}
		defer fake.Close()
		h := newTestRegistry(t, db, fake)
		s := h.add(t, sites.Draft{URL: fake.URL(0), Username: wptest.DefaultUser, Password: vault.NewSecret(wptest.DefaultPassword)})
		check := func(change func() error) (sites.Site, error) {
			f := func() {
				if err := change(); err != nil {
					t.Error(err)
				}
			}
			meanwhile.Store(&f)
			_, checked := h.registry.Check(t.Context(), admin, s.ID)
			now, err := h.registry.Site(t.Context(), admin, s.ID)
			if err != nil {
				t.Fatal(err)
			}
			return now, checked
		}
		edit := func(url, name string) func() error {
			return func() error {
				_, err := h.registry.Edit(context.Background(), admin, s.ID, sites.Draft{URL: url, Name: name})
				return err
			}
		}
		if now, err := check(edit(s.Home, "Its name")); err != nil || now.Name != "Its name" || now.State != sites.Warning || !now.Credential.Administrator {
			t.Errorf("renamed: %q is %s, %+v, %v", now.Name, now.State, now.Credential, err)
		}
		replace := func() error {
			return h.registry.ReplaceCredential(context.Background(), admin, s.ID, "another", newPassword())
		}
		entries := h.entries(t, access.SiteCheck)
		for name, change := range map[string]func() error{"another credential": replace, "another address": edit(s.Home+"/blog", "Its name")} {
			run(t, db, "UPDATE sites SET state = 'ready', finding = '', root = '', checked_at = 0")
			now, err := check(change)
			if !errors.Is(err, sites.ErrChanged) {
				t.Errorf("%s: %v", name, err)
			}
			if now.State == sites.Broken || now.Root != "" || !now.CheckedAt.IsZero() || now.Finding != "" {
				t.Errorf("%s: what was found before it was stored: %+v", name, now)
			}
		}
		if n := h.entries(t, access.SiteCheck); n != entries {
			t.Errorf("%d entries of checks that were not stored", n-entries)
		}
	})
}

func TestWhatChecksAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h := newTestRegistry(t, db, nil)
		s := h.add(t, sites.Draft{URL: "https://a.example", Client: "Zulu", Username: "u", Password: newPassword()})
		bare := h.add(t, draft("https://bare.example"))
		run(t, db, "DELETE FROM credentials WHERE site_id = 2")
		for name, c := range map[string]struct {
			actor access.Actor
			id    int64
			want  error
		}{
			"a viewer": {viewer, s.ID, access.ErrForbidden}, "somebody else's": {limitedTo("Acme"), s.ID, sites.ErrNoSite}, "none": {admin, 99, sites.ErrNoSite},
			"without a credential": {admin, bare.ID, sites.ErrNoCredential},
		} {
			if _, err := h.registry.Check(t.Context(), c.actor, c.id); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		found := map[string]error{}
		h.registry.CheckAll(t.Context(), limitedTo("Acme"), []sites.Site{s, bare}, func(s sites.Site, _ wordpress.Report, err error) { found[s.Home] = err })
		if len(found) != 2 || !errors.Is(found[s.Home], sites.ErrNoSite) || !errors.Is(found[bare.Home], sites.ErrNoCredential) {
			t.Errorf("%v", found)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.registry.Check(cancelled, admin, s.ID); !errors.Is(err, context.Canceled) || h.entries(t, access.SiteCheck) != 0 {
			t.Errorf("one that nobody waits for: %v", err)
		}
	})
}
