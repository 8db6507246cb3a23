package members_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// tokenOf makes a token of the member's that works for an hour.
func tokenOf(t *testing.T, r *members.Roster, m members.Member, token members.Token) vault.Secret {
	t.Helper()
	if token.ExpiresAt.IsZero() {
		token.ExpiresAt = time.Now().Add(time.Hour)
	}
	value, err := r.MakeToken(t.Context(), m.Actor(laptop.Addr), token)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// A token gives no more than its maker has, no more than was chosen for it, and for no longer than a year.
func TestWhatATokenMayBe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r, now := newRoster(db, keys(t), audit.New(db.Gorm)), time.Now()
		r.Clock(func() time.Time { return now })
		m := add(t, r, "m@a.example", access.Operator)
		owner := add(t, r, "o@a.example", access.Owner)
		day := 24 * time.Hour
		for name, c := range map[string]struct {
			maker members.Member
			token members.Token
			field string
			err   error
		}{
			"above one's own role": {m, members.Token{Name: "t", Role: access.Admin, ExpiresAt: now.Add(day)}, "", access.ErrForbidden},
			"an owner's":           {owner, members.Token{Name: "t", Role: access.Owner, ExpiresAt: now.Add(day)}, "role", nil},
			"no role":              {m, members.Token{Name: "t", ExpiresAt: now.Add(day)}, "role", nil},
			"past":                 {m, members.Token{Name: "t", Role: access.Viewer, ExpiresAt: now}, "days", nil},
			"for ever":             {m, members.Token{Name: "t", Role: access.Viewer, ExpiresAt: now.Add(367 * day)}, "days", nil},
			"no end":               {m, members.Token{Name: "t", Role: access.Viewer}, "days", nil},
			"no name":              {m, members.Token{Name: " ", Role: access.Viewer, ExpiresAt: now.Add(day)}, "name", nil},
			"a name in two lines":  {m, members.Token{Name: "a\nb", Role: access.Viewer, ExpiresAt: now.Add(day)}, "name", nil},
		} {
			_, err := r.MakeToken(t.Context(), c.maker.Actor(laptop.Addr), c.token)
			p, _ := errors.AsType[validation.Problems](err)
			if err == nil || c.field != "" && p[c.field] == "" || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if all, err := r.Tokens(t.Context(), m.ID); err != nil || len(all) != 0 {
			t.Errorf("%+v were made, %v", all, err)
		}
	})
}

// Nobody keeps more tokens than they can look after.
func TestTokensAreCounted(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	m := add(t, r, "m@a.example", access.Operator)
	for i := range 50 {
		tokenOf(t, r, m, members.Token{Name: fmt.Sprint(i), Role: access.Viewer})
	}
	more := members.Token{Name: "one more", Role: access.Viewer, ExpiresAt: time.Now().Add(time.Hour)}
	if _, err := r.MakeToken(t.Context(), m.Actor(laptop.Addr), more); !errors.As(err, &validation.Problems{}) {
		t.Errorf("the 51st: %v", err)
	}
	all, err := r.Tokens(t.Context(), m.ID)
	if err != nil || len(all) != 50 || all[0].Name != "49" {
		t.Fatalf("%d tokens, %v", len(all), err)
	}
	if err := r.RevokeToken(t.Context(), m.Actor(laptop.Addr), all[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.MakeToken(t.Context(), m.Actor(laptop.Addr), more); err != nil {
		t.Errorf("after one was revoked: %v", err)
	}
}

// Who acts with a token is its member, held to whatever either is held to, as they are now.
func TestWhoActsWithAToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r, now := newRoster(db, keys(t), audit.New(db.Gorm)), time.Now()
		r.Clock(func() time.Time { return now })
		m := add(t, r, "m@a.example", access.Admin)
		if err := r.SetAccess(t.Context(), shell, m.ID, access.Restriction{Clients: []string{"Acme", "Zulu"}}); err != nil {
			t.Fatal(err)
		}
		m, err := r.Member(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		value := tokenOf(t, r, m, members.Token{Name: "CI", Role: access.Operator, Restriction: access.Restriction{Clients: []string{"Zulu", "Yankee"},
			Operations: []string{"status"}}, ExpiresAt: now.Add(time.Hour)})
		acts := func() access.Actor {
			t.Helper()
			actor, err := r.Bearer(t.Context(), value, otherDevice.Addr)
			if err != nil {
				t.Fatal(err)
			}
			return actor
		}
		actor := acts()
		if actor.Kind != access.KindToken || actor.ID != m.ID || actor.Token == 0 || actor.Role != access.Operator || actor.Addr != "198.51.100.9" {
			t.Errorf("%+v", actor)
		}
		for client, in := range map[string]bool{"Zulu": true, "zulu": true, "Acme": false, "Yankee": false, "": false} {
			if actor.Scope.Site(client, nil) != in {
				t.Errorf("a site of %q is in scope: %v", client, !in)
			}
		}
		if !actor.Scope.Operation("status", "read") || actor.Scope.Operation("clear-cache", "change") {
			t.Error("the operations are not the token's")
		}
		if err := r.ChangeRole(t.Context(), shell, m.ID, access.Viewer); err != nil {
			t.Fatal(err)
		}
		if actor := acts(); actor.Role != access.Viewer {
			t.Errorf("a viewer acts as %s", actor.Role)
		}
		for _, spoiled := range []string{"", "drover_", value.Reveal() + "x", value.Reveal()[7:], "Drover_" + value.Reveal()[7:]} {
			if _, err := r.Bearer(t.Context(), secret(spoiled), netip.Addr{}); !errors.Is(err, members.ErrToken) {
				t.Errorf("%q: %v", spoiled, err)
			}
		}
		var stored int64
		db.Gorm.Raw("SELECT count(*) FROM tokens WHERE hash LIKE ?", "%"+value.Reveal()[10:20]+"%").Scan(&stored)
		if len(value.Reveal()) != len(members.TokenPrefix)+52 || stored != 0 {
			t.Errorf("%d characters, stored as they are: %d", len(value.Reveal()), stored)
		}
		now = now.Add(time.Hour)
		if _, err := r.Bearer(t.Context(), value, netip.Addr{}); !errors.Is(err, members.ErrToken) {
			t.Errorf("after its time: %v", err)
		}
	})
}

// Tokens are their member's; others end them only with the right to remove that member.
func TestWhoEndsAToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log := audit.New(db.Gorm)
		r := newRoster(db, keys(t), log)
		m, owner := add(t, r, "m@a.example", access.Operator), add(t, r, "o@a.example", access.Owner)
		admin, other := add(t, r, "a@a.example", access.Admin), add(t, r, "p@a.example", access.Operator)
		value := tokenOf(t, r, m, members.Token{Name: "CI", Role: access.Viewer})
		ofOwner := tokenOf(t, r, owner, members.Token{Name: "CI", Role: access.Admin})
		number := func(m members.Member) int64 {
			t.Helper()
			all, err := r.Tokens(t.Context(), m.ID)
			if err != nil || len(all) != 1 {
				t.Fatal(all, err)
			}
			return all[0].ID
		}
		if err := r.RevokeToken(t.Context(), other.Actor(laptop.Addr), number(m)); !errors.Is(err, members.ErrToken) {
			t.Errorf("an operator ended somebody else's: %v", err)
		}
		if err := r.RevokeToken(t.Context(), admin.Actor(laptop.Addr), number(owner)); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an admin ended an owner's: %v", err)
		}
		for _, value := range []vault.Secret{value, ofOwner} {
			if _, err := r.Bearer(t.Context(), value, laptop.Addr); err != nil {
				t.Errorf("a token that nobody ended: %v", err)
			}
		}
		id := number(m)
		if err := r.RevokeToken(t.Context(), admin.Actor(laptop.Addr), id); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Bearer(t.Context(), value, laptop.Addr); !errors.Is(err, members.ErrToken) {
			t.Errorf("after its end: %v", err)
		}
		if err := r.RevokeToken(t.Context(), admin.Actor(laptop.Addr), id); !errors.Is(err, members.ErrToken) {
			t.Errorf("ended twice: %v", err)
		}
		entries, n, err := log.Entries(t.Context(), access.System(), audit.Filter{Action: access.TokenRevoke, Outcome: audit.Done})
		if err != nil || n != 1 || entries[0].Event.Subject != access.On("token", id) {
			t.Errorf("%d entries, %v", n, err)
		}
	})
}

// What a token is used for is recorded from each address it comes from, and not with every request.
func TestTheUseOfATokenIsRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log, now := audit.New(db.Gorm), time.Now()
		r := newRoster(db, keys(t), log)
		r.Clock(func() time.Time { return now })
		m := add(t, r, "m@a.example", access.Operator)
		value := tokenOf(t, r, m, members.Token{Name: "CI", Role: access.Viewer, ExpiresAt: now.Add(24 * time.Hour)})
		for i, c := range []struct {
			later time.Duration
			from  netip.Addr
			want  int64
		}{{0, laptop.Addr, 1}, {time.Second, laptop.Addr, 1}, {2 * time.Minute, laptop.Addr, 1}, {time.Second, otherDevice.Addr, 2},
			{time.Second, otherDevice.Addr, 2}, {2 * time.Hour, otherDevice.Addr, 3}} {
			now = now.Add(c.later)
			if _, err := r.Bearer(t.Context(), value, c.from); err != nil {
				t.Fatal(err)
			}
			if _, n, err := log.Entries(t.Context(), access.System(), audit.Filter{Action: access.TokenUse}); err != nil || n != c.want {
				t.Errorf("use %d: %d entries, want %d, %v", i, n, c.want, err)
			}
			all, err := r.Tokens(t.Context(), m.ID)
			if err != nil || all[0].UsedFrom != c.from.String() || now.Sub(all[0].UsedAt) > time.Minute {
				t.Errorf("use %d: %+v, %v", i, all, err)
			}
		}
	})
}

// Whatever ends a member's sessions voids the links that would begin another or set another password.
func TestLinksDieWithTheSessions(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, r *members.Roster, m members.Member) error{
		"ended by an owner": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.EndSessions(t.Context(), shell, m.ID)
		},
		"signed out": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.SignOutEverywhere(t.Context(), m.Actor(laptop.Addr))
		},
		"a changed password": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.ChangePassword(t.Context(), m.Actor(laptop.Addr), secret(password), secret("another four words here"))
		},
		"removed": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.Remove(t.Context(), shell, m.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
				m, other := add(t, r, "m@a.example", access.Admin), add(t, r, "o@a.example", access.Admin)
				resets, enters := map[int64]vault.Secret{}, map[int64]vault.Secret{}
				for _, id := range []int64{m.ID, other.ID} {
					var resetting, entering error
					resets[id], resetting = r.ResetLink(t.Context(), shell, id, false)
					enters[id], entering = r.SignInLink(t.Context(), shell, id)
					if err := errors.Join(resetting, entering); err != nil {
						t.Fatal(err)
					}
				}
				if err := end(t, r, m); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Reset(t.Context(), resets[m.ID], secret("four words of somebody else"), otherDevice); !errors.Is(err, members.ErrBadLink) {
					t.Errorf("the reset link: %v", err)
				}
				if _, err := r.Enter(t.Context(), enters[m.ID], otherDevice); !errors.Is(err, members.ErrBadLink) {
					t.Errorf("the sign-in link: %v", err)
				}
				if _, err := r.Enter(t.Context(), enters[other.ID], otherDevice); err != nil {
					t.Errorf("somebody else's link: %v", err)
				}
			})
		})
	}
}

// A browser's name is foreign text of any length: what is kept of it is text, on both databases.
func TestABrowsersNameIsKeptAsText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m := add(t, r, "m@a.example", access.Viewer)
		for _, agent := range []string{"x", "x" + string(slices.Repeat([]rune{'é'}, 200)), string(slices.Repeat([]rune{'日'}, 200)), "\xff\xfe broken", ""} {
			d := members.Device{Addr: laptop.Addr, UserAgent: agent}
			token, _, err := r.SignIn(t.Context(), m.Email, secret(password), d)
			if err != nil {
				t.Errorf("%.20q: %v", agent, err)
				continue
			}
			if _, s, err := r.Authenticate(t.Context(), token); err != nil || len(s.UserAgent) > 300 {
				t.Errorf("%.20q: %d bytes, %v", agent, len(s.UserAgent), err)
			}
		}
	})
}
