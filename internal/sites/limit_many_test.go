package sites_test

import (
	"context"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// Many sites are limited at once: with the stored credential, one for all, or one of their own. Each has an outcome, and the permissions of its new
// credential.
func TestManySitesAreLimited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		may := []string{"editor"}
		h, fake, all := limitable(t, db, wptest.Site{Fault: wptest.Administrator, PurgeRoles: may}, wptest.Site{Fault: wptest.Administrator, PurgeRoles: may},
			wptest.Site{Fault: wptest.Administrator}, wptest.Site{PurgeRoles: may})
		own := sites.AdminLogin{Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(1))}
		wrong := sites.AdminLogin{Username: "nobody", Password: vault.NewSecret("abcd abcd abcd abcd abcd abcd")}
		clear, plugins := wordpress.Request{Method: "PATCH", Path: "/bigscoots-cache/v2/clear-cache"}, wordpress.Request{Method: "GET", Path: "/wp/v2/plugins"}
		ids := []int64{all[0].ID, all[1].ID, all[2].ID, all[3].ID}
		h.order(t, sites.LimitOrder{Sites: ids, Admins: map[int64]sites.AdminLogin{all[1].ID: own, all[2].ID: wrong},
			Requests: []wordpress.Request{clear, plugins}})
		listed, err := h.registry.LimitedUsers(t.Context(), admin)
		if err != nil || len(listed) != 4 {
			t.Fatalf("%d, %v", len(listed), err)
		}
		for i, want := range []struct {
			step    sites.LimitStep
			finding string
		}{{sites.LimitDone, ""}, {sites.LimitDone, ""}, {sites.LimitFailed, "did not accept"}, {sites.LimitFailed, "create_users"}} {
			u, now := h.limited(t, all[i]), h.site(t, all[i].ID)
			if u.Step != want.step || !strings.Contains(u.Finding, want.finding) || (u.Step == sites.LimitDone) != (now.Credential.Username == u.Username) {
				t.Errorf("%d: %+v, signs in as %s", i, u, now.Credential.Username)
			}
			if u.Step == sites.LimitDone && (u.Permissions[sites.PermissionKey(clear)] != sites.Permitted || u.Permissions[sites.PermissionKey(plugins)] == "") {
				t.Errorf("%d: %v", i, u.Permissions)
			}
		}
		if listed[0].Step != sites.LimitFailed || listed[3].Step != sites.LimitDone {
			t.Errorf("the order: %s … %s", listed[0].Step, listed[3].Step)
		}
		before := h.limited(t, all[0]).Username
		h.order(t, sites.LimitOrder{Sites: ids[:1]})
		u := h.limited(t, all[0])
		if u.Step != sites.LimitDone || u.Username != before || !strings.Contains(u.Finding, "Already limited") || len(fake.Users(0)) != 1 {
			t.Errorf("once more: %+v, %v", u, fake.Users(0))
		}
		entries, _, err := h.log.Entries(t.Context(), access.System(), audit.Filter{Action: access.SiteLimit, Limit: 200})
		for _, e := range entries {
			if text := string(e.Detail); strings.Contains(text, fake.Password(1)) || strings.Contains(text, "abcd abcd") {
				t.Errorf("an entry holds a password: %s", text)
			}
		}
		if err != nil || len(entries) == 0 {
			t.Error(err)
		}
	})
}

// A credential of an earlier limited user that does not work any more is replaced, and that user is deleted.
func TestALimitedUserReplacesAnEarlierOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, fake, all := limitable(t, db, wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"editor"}})
		h.order(t, sites.LimitOrder{Sites: []int64{all[0].ID}})
		first := h.limited(t, all[0])
		own := sites.AdminLogin{Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(0))}
		second, err := h.registry.LimitUser(t.Context(), admin, all[0].ID, own)
		users := fake.Users(0)
		if err != nil || second.Step != sites.LimitDone || second.Username == first.Username || len(users) != 1 || users[second.Username] == "" ||
			!h.works(t, all[0]) {
			t.Errorf("%+v, %v, %v", second, err, users)
		}
	})
}

// Where nothing could be begun, the user that the site signs in as is not said to be left over: somebody would delete it.
func TestALimitedUserInUseIsNotLeftBehind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, fake, all := limitable(t, db, wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"editor"}})
		h.order(t, sites.LimitOrder{Sites: []int64{all[0].ID}})
		first := h.limited(t, all[0])
		if err := h.db.Gorm.Exec("UPDATE sites SET state = 'broken'").Error; err != nil {
			t.Fatal(err)
		}
		wrong := sites.AdminLogin{Username: "nobody", Password: vault.NewSecret("abcd abcd abcd abcd abcd abcd")}
		h.order(t, sites.LimitOrder{Sites: []int64{all[0].ID}, Admin: wrong})
		if u := h.limited(t, all[0]); u.Step != sites.LimitFailed || u.Fix != "" || u.Username != first.Username || !h.works(t, all[0]) {
			t.Errorf("%+v", u)
		}
		own := sites.AdminLogin{Username: wptest.DefaultUser, Password: vault.NewSecret(fake.Password(0))}
		h.order(t, sites.LimitOrder{Sites: []int64{all[0].ID}, Admin: own})
		if u, users := h.limited(t, all[0]), fake.Users(0); u.Step != sites.LimitDone || len(users) != 1 || users[u.Username] == "" || !h.works(t, all[0]) {
			t.Errorf("%+v, %v", u, users)
		}
	})
}

// When Drover stops, what waits for its turn is shown as interrupted, with nothing done; whoever loses the right is told so.
func TestAnOrderThatIsStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		h, fake, all := limitable(t, db, wptest.Site{Fault: wptest.Administrator, PurgeRoles: []string{"editor"}})
		work, _, err := h.registry.OrderLimitedUsers(t.Context(), admin, sites.LimitOrder{Sites: []int64{all[0].ID}})
		if err != nil {
			t.Fatal(err)
		}
		if u := h.limited(t, all[0]); u.Step != sites.LimitWaiting || u.Interrupted {
			t.Errorf("%+v", u)
		}
		if _, n, err := h.registry.OrderLimitedUsers(t.Context(), admin, sites.LimitOrder{Sites: []int64{all[0].ID}}); err != nil || n != 0 {
			t.Errorf("ordered twice: %d, %v", n, err)
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if err := work(stopped); err != nil {
			t.Fatal(err)
		}
		if u := h.limited(t, all[0]); !u.Interrupted || u.Begun() || len(fake.Users(0)) != 0 {
			t.Errorf("%+v, %v", u, fake.Users(0))
		}
		if _, _, err := h.registry.OrderLimitedUsers(t.Context(), viewer, sites.LimitOrder{Sites: []int64{all[0].ID}}); err == nil {
			t.Error("a viewer orders")
		}
	})
}

func TestAdministratorsInATable(t *testing.T) {
	t.Parallel()
	chosen := []sites.Site{{ID: 1, Home: "https://one.example"}, {ID: 2, Home: "https://two.example"}}
	const password = "abcd EFGH 1234 ijkl MNOP 5678"
	file := "site;user;application password\nwww.one.example/wp-admin;mara;" + password + "\nhttps://three.example;x;" + password + "\n" +
		"https://two.example;;abcd\n"
	admins, unused, err := sites.ReadAdmins(strings.NewReader(file), chosen)
	if err != nil || len(admins) != 1 || admins[1].Username != "mara" || len(unused) != 2 || !strings.Contains(unused[0].Reason, "not among") ||
		unused[1].Reason == "" {
		t.Errorf("%v, %+v, %v", admins, unused, err)
	}
	if _, _, err := sites.ReadAdmins(strings.NewReader("one\ntwo"), chosen); err == nil {
		t.Error("a file without columns is read")
	}
}
