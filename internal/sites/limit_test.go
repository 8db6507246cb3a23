package sites_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// limitable is a site with an administrator's credential that was checked.
func limitable(t *testing.T, db *database.DB, described ...wptest.Site) (testRegistry, *wptest.Fake, []sites.Site) {
	t.Helper()
	fake := startFake(t, described...)
	h := newTestRegistry(t, db, fake)
	var all []sites.Site
	for i := range described {
		s, err := h.registry.Add(t.Context(), admin, sites.Draft{URL: fake.URL(i), Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(i))})
		if err == nil {
			_, err = h.registry.Check(t.Context(), admin, s.ID)
		}
		if err == nil {
			s, err = h.registry.Site(t.Context(), admin, s.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return h, fake, all
}

// The user gets the least role that may purge and no more, and the administrator's credential is not needed any more.
func TestALimitedUserHasTheLeastRole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, fake, all := limitable(t, db, wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"subscriber", "editor"}},
			wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"author", "editor"}}, wptest.Site{Fault: wptest.Administrator},
			wptest.Site{Fault: wptest.Administrator, Network: "a network"}, wptest.Site{PurgeRoles: []string{"editor"}})
		for i, role := range []string{"subscriber", "author"} {
			limited, err := h.registry.LimitUser(t.Context(), admin, all[i].ID, sites.AdminLogin{})
			now, _ := h.registry.Site(t.Context(), admin, all[i].ID)
			if err != nil || limited.Step != sites.LimitDone || limited.Role != role || fake.Users(i)[limited.Username] != role ||
				now.Credential.Username != limited.Username {
				t.Errorf("%d: %+v, %v, %v, now %s", i, limited, err, fake.Users(i), now.Credential.Username)
			}
			if report, err := h.registry.Check(t.Context(), admin, all[i].ID); err != nil || report.State() != "ready" {
				t.Errorf("%d: %s, %v", i, report.State(), err)
			}
		}
		limited, err := h.registry.LimitUser(t.Context(), admin, all[2].ID, sites.AdminLogin{})
		if err != nil || limited.Step != sites.LimitFailed || !strings.Contains(limited.Finding, "manage_options") || len(fake.Users(2)) != 0 {
			t.Errorf("no role may: %+v, %v, %v", limited, err, fake.Users(2))
		}
		limited, err = h.registry.LimitUser(t.Context(), admin, all[3].ID, sites.AdminLogin{})
		if err != nil || limited.Step != sites.LimitLeftBehind || !strings.Contains(limited.Fix, limited.Username) || fake.Users(3)[limited.Username] != "" {
			t.Errorf("a network: %+v, %v", limited, err)
		}
		_, err = h.registry.LimitUser(t.Context(), admin, all[4].ID, sites.AdminLogin{})
		if p, is := errors.AsType[validation.Problems](err); !is || !strings.Contains(p["username"], "create_users") {
			t.Errorf("no administrator: %v", err)
		}
		wrong := sites.AdminLogin{Username: "x", Password: vault.NewSecret("abcd abcd abcd abcd abcd abcd")}
		_, err = h.registry.LimitUser(t.Context(), admin, all[2].ID, wrong)
		if p, is := errors.AsType[validation.Problems](err); !is || !strings.Contains(p["application_password"], "did not accept") {
			t.Errorf("a wrong credential: %v", err)
		}
		if _, err := h.registry.LimitUser(t.Context(), viewer, all[0].ID, sites.AdminLogin{}); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		entries, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.SiteLimit, Limit: 100})
		text := ""
		for _, e := range entries {
			text += string(e.Detail)
		}
		if err != nil || strings.Contains(text, fake.Password(0)) || !strings.Contains(text, "creating_password") {
			t.Errorf("%v %s", err, text)
		}
	})
}

// A process that ends at any step leaves the old credential in use and the user named; the next call goes on with that user.
func TestALimitedUserSurvivesACrash(t *testing.T) {
	t.Parallel()
	crash := errors.New("crash")
	for _, at := range []string{"limit creating_user", "limit creating_password", "limit choosing_role", "limit storing"} {
		h, fake, all := limitable(t, dbtest.SQLite(t), wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"editor"}})
		h.registry.CrashAt(func(where string) error {
			if where == at {
				return crash
			}
			return nil
		})
		if _, err := h.registry.LimitUser(context.Background(), admin, all[0].ID, sites.AdminLogin{}); !errors.Is(err, crash) {
			t.Fatalf("%s: %v", at, err)
		}
		begun, found, err := h.registry.Limited(t.Context(), all[0])
		now, _ := h.registry.Site(t.Context(), admin, all[0].ID)
		if err != nil || !found || begun.Step.Over() || begun.Username == "" || now.Credential.Username != wptest.DefaultUser {
			t.Errorf("%s: %+v, %v", at, begun, err)
		}
		h.registry.CrashAt(nil)
		limited, err := h.registry.LimitUser(t.Context(), admin, all[0].ID, sites.AdminLogin{})
		if err != nil || limited.Step != sites.LimitDone || limited.Username != begun.Username || len(fake.Users(0)) != 1 {
			t.Errorf("%s: %+v, %v, %v", at, limited, err, fake.Users(0))
		}
	}
}
