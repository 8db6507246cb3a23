package sites_test

import (
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

// limitGaps are the places between WordPress's answers and what is stored of them.
var limitGaps = []string{"limit creating_user", "limit after creating_user", "limit creating_password", "limit after creating_password", "limit choosing_role",
	"limit after choosing_role", "limit storing", "limit after storing"}

// A process that ends in any gap leaves a credential in use that works, and every user and password on the site either in use or named; the next order
// goes on with that user, and leaves one with one password.
func TestALimitedUserSurvivesACrashInEveryGap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		described := make([]wptest.Site, len(limitGaps))
		for i := range described {
			described[i] = wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"editor"}}
		}
		h, fake, all := limitable(t, db, described...)
		for i, gap := range limitGaps {
			crash := errors.New("crash")
			h.registry.CrashAt(func(where string) error {
				if where == gap {
					return crash
				}
				return nil
			})
			work, n, err := h.registry.OrderLimitedUsers(t.Context(), admin, sites.LimitOrder{Sites: []int64{all[i].ID}})
			if err != nil || n != 1 {
				t.Fatal(n, err)
			}
			if err := work(t.Context()); !errors.Is(err, crash) {
				t.Fatalf("%s: %v", gap, err)
			}
			h.registry.CrashAt(nil)
			h.leasesRunOut(t)
			begun := h.limited(t, all[i])
			now := h.site(t, all[i].ID)
			stored := gap == "limit after storing"
			if !h.works(t, all[i]) || stored != (begun.Step == sites.LimitDone) || stored == begun.Interrupted || stored != (now.Credential.Username == begun.Username) {
				t.Errorf("%s: %+v, signs in as %s", gap, begun, now.Credential.Username)
			}
			for login := range fake.Users(i) {
				if login != begun.Username {
					t.Errorf("%s: the user %s is on the site, and %q is named", gap, login, begun.Username)
				}
			}
			h.order(t, sites.LimitOrder{Sites: []int64{all[i].ID}})
			limited := h.limited(t, all[i])
			users := fake.Users(i)
			if limited.Step != sites.LimitDone || limited.Username != begun.Username || len(users) != 1 || users[limited.Username] != "editor" ||
				len(fake.Passwords(i)) != 2 || !h.works(t, all[i]) {
				t.Errorf("%s: %+v, %v, %v", gap, limited, users, fake.Passwords(i))
			}
		}
	})
}

// Whichever request, or its answer, is lost, nothing is left on the site that nobody knows of, and the site has a credential that works.
func TestALimitedUserSurvivesEveryLostRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("loses every request once")
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		const requests = 16
		var cuts []*cutting
		var described []wptest.Site
		for _, processed := range []bool{false, true} {
			for range requests {
				c := &cutting{site: len(described), processed: processed}
				cuts = append(cuts, c)
				described = append(described, wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"author"}, Answer: c.answer})
			}
		}
		h, fake, all := limitable(t, db, described...)
		hits := 0
		for i, c := range cuts {
			c.fake.Store(fake)
			c.at.Store(int64(i%requests + 1))
			h.order(t, sites.LimitOrder{Sites: []int64{all[i].ID}})
			if c.hit.Load() {
				hits++
			}
			c.at.Store(-1)
			fake.SetFault(i, wptest.Administrator)
			first, users := h.limited(t, all[i]), fake.Users(i)
			_, named := users[first.Username]
			if !first.Step.Over() || !h.works(t, all[i]) || len(users) > 1 || len(users) == 1 && !named || len(users) == 0 && first.Step == sites.LimitDone ||
				len(users) == 1 && first.Step == sites.LimitFailed {
				t.Errorf("request %d lost (%v): %+v, %v", i%requests+1, c.processed, first, users)
			}
			h.order(t, sites.LimitOrder{Sites: []int64{all[i].ID}})
			if last := h.limited(t, all[i]); last.Step != sites.LimitDone || len(fake.Users(i)) != 1 || len(fake.Passwords(i)) != 2 || !h.works(t, all[i]) {
				t.Errorf("request %d lost (%v), and ordered again: %+v, %v, %v", i%requests+1, c.processed, last, fake.Users(i), fake.Passwords(i))
			}
		}
		if hits < 16 {
			t.Errorf("%d requests were lost", hits)
		}
	})
}

func (h testRegistry) order(t *testing.T, o sites.LimitOrder) {
	t.Helper()
	work, n, err := h.registry.OrderLimitedUsers(t.Context(), admin, o)
	if err != nil || n != len(o.Sites) {
		t.Fatalf("%d ordered: %v", n, err)
	}
	if err := work(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h testRegistry) limited(t *testing.T, s sites.Site) sites.LimitedUser {
	t.Helper()
	u, found, err := h.registry.Limited(t.Context(), s)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return u
}

func (h testRegistry) leasesRunOut(t *testing.T) {
	t.Helper()
	if err := h.db.Gorm.Exec("UPDATE limited_users SET lease_until = 0").Error; err != nil {
		t.Fatal(err)
	}
}
