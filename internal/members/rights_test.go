package members_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// What a person set in motion before they were removed, demoted, held to less or signed out changes nothing afterwards, whatever it is.
func TestRevokedActors(t *testing.T) {
	for name, revoke := range map[string]func(t *testing.T, r *members.Roster, m members.Member) error{
		"removed": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.Remove(t.Context(), shell, m.ID)
		},
		"demoted": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.ChangeRole(t.Context(), shell, m.ID, access.Viewer)
		},
		"signed out": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.EndSessions(t.Context(), shell, m.ID)
		},
		"limited": func(t *testing.T, r *members.Roster, m members.Member) error {
			return r.SetAccess(t.Context(), shell, m.ID, access.Restriction{Clients: []string{"Acme"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
				m, other := add(t, r, "m@a.example", access.Admin), add(t, r, "o@a.example", access.Operator)
				h := signedIn(t, r, m)
				actor := m.SignedIn(h.Session, laptop.Addr)
				options, err := r.BeginPasskey(t.Context(), h)
				if err != nil {
					t.Fatal(err)
				}
				c := ceremonyOf(t, options, "webauthn.create")
				if err := revoke(t, r, m); err != nil {
					t.Fatal(err)
				}
				_, adding := r.AddPasskey(t.Context(), h, "Key", newAuthenticator(t).made(c))
				_, confirming := r.GivePassword(t.Context(), h, secret(password))
				_, beginning := r.BeginTOTP(t.Context(), actor)
				_, inviting := r.Invite(t.Context(), actor, members.Member{Email: "x@a.example", Role: access.Viewer})
				_, resetting := r.ResetLink(t.Context(), actor, other.ID, true)
				for what, err := range map[string]error{
					"a passkey": adding, "a confirmation": confirming, "an app": beginning, "an invitation": inviting, "a reset": resetting,
					"a name": r.SetName(t.Context(), actor, "Mallory"), "a role": r.ChangeRole(t.Context(), actor, other.ID, access.Viewer),
					"an end": r.EndSessions(t.Context(), actor, other.ID), "a removal": r.Remove(t.Context(), actor, other.ID),
					"a duty":     r.RequireFactor(t.Context(), actor, true),
					"a password": r.ChangePassword(t.Context(), actor, secret(password), secret("another four words here")),
				} {
					if err == nil {
						t.Errorf("%s was changed", what)
					}
				}
				if now, err := r.Member(t.Context(), m.ID); err != nil || now.Name != m.Name {
					t.Errorf("%+v, %v", now, err)
				}
			})
		})
	}
}

// Nobody gets past their own rights by the numbers of others, their own reach, or a member who reaches further.
func TestRightsEndAtOnesOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
		wide, narrow := add(t, r, "w@a.example", access.Operator), add(t, r, "n@a.example", access.Operator)
		acme := access.Restriction{Clients: []string{"Acme"}}
		limited := func() access.Actor {
			t.Helper()
			m, err := r.Add(t.Context(), shell, members.Member{Email: "l" + b64([]byte(t.Name()))[:4] + "@a.example", Name: "L", Role: access.Admin, Restriction: acme},
				secret(password))
			if err != nil {
				t.Fatal(err)
			}
			return m.Actor(laptop.Addr)
		}()
		if err := r.SetAccess(t.Context(), shell, narrow.ID, acme); err != nil {
			t.Fatal(err)
		}
		_, inviting := r.Invite(t.Context(), limited, members.Member{Email: "x@a.example", Role: access.Viewer})
		_, adding := r.Add(t.Context(), limited, members.Member{Email: "y@a.example", Name: "Y", Role: access.Viewer}, secret(password))
		_, resetting := r.ResetLink(t.Context(), limited, wide.ID, false)
		_, linking := r.SignInLink(t.Context(), limited, narrow.ID)
		for what, err := range map[string]error{
			"their own reach": r.SetAccess(t.Context(), limited, limited.ID, access.Restriction{}), "an invitation to all": inviting, "a member of all": adding,
			"another's to all": r.SetAccess(t.Context(), limited, narrow.ID, access.Restriction{}), "a wider member's role": r.ChangeRole(t.Context(), limited, wide.ID,
				access.Viewer), "a wider member's end": r.Remove(t.Context(), limited, wide.ID), "a wider member's password": resetting, "a link to sign in": linking,
			"another client": r.SetAccess(t.Context(), limited, narrow.ID, access.Restriction{Clients: []string{"Acme", "Zulu"}}),
			"no client":      r.SetAccess(t.Context(), limited, narrow.ID, access.Restriction{Operations: []string{"status"}}),
			"their own, less": r.SetAccess(t.Context(), limited, limited.ID, access.Restriction{Clients: []string{"Acme"},
				Operations: []string{"status"}}),
		} {
			if err == nil {
				t.Errorf("%s was changed", what)
			}
		}
		if err := r.SetAccess(t.Context(), limited, narrow.ID, access.Restriction{Clients: []string{"ACME"}, Operations: []string{"status"}}); err != nil {
			t.Errorf("less of what they have: %v", err)
		}
		if all, err := r.Members(t.Context(), limited); err != nil || len(all) != 2 {
			t.Errorf("they see %d members, %v", len(all), err)
		}
	})
}

// A session's token, and every other, cannot be guessed and is not kept.
func TestTokensCannotBeGuessed(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	m := add(t, r, "m@a.example", access.Operator)
	seen := map[string]bool{}
	made := func(token vault.Secret, table, column string) {
		t.Helper()
		var stored int64
		db.Gorm.Raw("SELECT count(*) FROM "+table+" WHERE "+column+" LIKE ?", "%"+token.Reveal()[:20]+"%").Scan(&stored)
		for start := 0; start+8 <= len(token.Reveal()); start++ {
			if seen[token.Reveal()[start:start+8]] {
				t.Errorf("two tokens have %s in common", token.Reveal()[start:start+8])
			}
			seen[token.Reveal()[start:start+8]] = true
		}
		if len(token.Reveal()) < 52 || stored != 0 {
			t.Errorf("%d characters, stored as they are: %d", len(token.Reveal()), stored)
		}
	}
	for range 20 {
		session, _, err := r.SignIn(t.Context(), m.Email, secret(password), laptop)
		link, linking := r.SignInLink(t.Context(), shell, m.ID)
		device, remembering := r.Remember(t.Context(), m)
		if err = errors.Join(err, linking, remembering); err != nil {
			t.Fatal(err)
		}
		made(session, "sessions", "token_hash")
		made(link, "links", "token_hash")
		made(device, "devices", "token_hash")
	}
	for range 10 {
		if _, err := r.Remember(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var devices int64
	if db.Gorm.Raw("SELECT count(*) FROM devices").Scan(&devices); devices != 20 {
		t.Errorf("%d browsers are known", devices)
	}
	_, codes := enrol(t, r, m)
	for _, code := range codes {
		for start := 0; start+10 <= len(code); start += 5 {
			if seen[code[start:start+9]] {
				t.Errorf("two codes have %s in common", code[start:start+9])
			}
			seen[code[start:start+9]] = true
		}
	}
}

// Two owners who remove or lower each other at the same moment leave one: a team without an owner could never be put right.
func TestLastOwnerUnderConcurrency(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
		for i, act := range []func(members.Member, members.Member) error{
			func(by, whom members.Member) error { return r.Remove(t.Context(), by.Actor(laptop.Addr), whom.ID) },
			func(by, whom members.Member) error {
				return r.ChangeRole(t.Context(), by.Actor(laptop.Addr), whom.ID, access.Admin)
			},
			func(by, _ members.Member) error { return r.Remove(t.Context(), by.Actor(laptop.Addr), by.ID) },
			func(by, _ members.Member) error {
				return r.ChangeRole(t.Context(), by.Actor(laptop.Addr), by.ID, access.Admin)
			},
		} {
			for round := range 5 {
				pair := [2]members.Member{add(t, r, fmt.Sprintf("a%d-%d@a.example", i, round), access.Owner),
					add(t, r, fmt.Sprintf("b%d-%d@a.example", i, round), access.Owner)}
				for _, m := range presentOwner(t, r) { // of the round before
					if m.ID != pair[0].ID && m.ID != pair[1].ID {
						if err := r.Remove(t.Context(), shell, m.ID); err != nil {
							t.Fatal(err)
						}
					}
				}
				begin, done := make(chan struct{}), make(chan error, 2)
				for k := range pair {
					go func() { <-begin; done <- act(pair[k], pair[1-k]) }()
				}
				close(begin)
				first, second := <-done, <-done
				if n := len(presentOwner(t, r)); n != 1 || first != nil && second != nil {
					t.Errorf("way %d: %d owners are left: %v, %v", i, n, first, second)
				}
				if left := presentOwner(t, r); len(left) == 0 {
					return
				}
			}
		}
	})
}

func presentOwner(t *testing.T, r *members.Roster) (all []members.Member) {
	t.Helper()
	present, err := r.Members(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range present {
		if m.Role == access.Owner {
			all = append(all, m)
		}
	}
	return all
}
