package members_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/static"
)

var (
	shell       = access.Actor{Kind: access.KindCommandLine, Name: "root", Role: access.Owner}
	laptop      = members.Device{Addr: netip.MustParseAddr("203.0.113.7"), UserAgent: "Firefox"}
	otherDevice = members.Device{Addr: netip.MustParseAddr("198.51.100.9"), UserAgent: "curl"}
)

const password = "four words that differ"

// keys is a keyset of the test's own.
func keys(t *testing.T) *vault.Vault {
	t.Helper()
	v, err := vault.Create(filepath.Join(t.TempDir(), "keyset.json"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newRoster is members.New with cheap hashes.
func newRoster(db *database.DB, v *vault.Vault, log *audit.Log) *members.Roster {
	r := members.New(db, v, log)
	r.HashCheaply()
	return r
}

func secret(text string) vault.Secret { return vault.NewSecret(text) }

// address is one of many.
func address(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, byte(n / 250), byte(n%250 + 1)})
}

func add(t *testing.T, r *members.Roster, email string, role access.Role) members.Member {
	t.Helper()
	m, err := r.Add(context.Background(), shell, members.Member{Email: email, Name: "N " + email, Role: role}, secret(password))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSignInAndSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log, ctx := audit.New(db.Gorm), context.Background()
		r := newRoster(db, keys(t), log)
		mara := add(t, r, " Mara@Agency.example ", access.Operator)
		token, m, err := r.SignIn(ctx, "MARA@agency.example", secret(password), laptop)
		if err != nil || m.ID != mara.ID {
			t.Fatalf("sign in: %v", err)
		}
		if got, _, err := r.Authenticate(ctx, token); err != nil || got.Email != "mara@agency.example" {
			t.Errorf("authenticate: %+v, %v", got, err)
		}
		if _, _, err := r.Authenticate(ctx, secret("guess")); !errors.Is(err, members.ErrNoSession) {
			t.Errorf("a made-up token: %v", err)
		}
		second, _, err := r.SignIn(ctx, "mara@agency.example", secret(password), otherDevice)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := r.Sessions(ctx, mara.ID); err != nil || len(all) != 2 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
		if err := r.SignOutEverywhere(ctx, m.Actor(laptop.Addr)); err != nil {
			t.Fatal(err)
		}
		for _, each := range []vault.Secret{token, second} {
			if _, _, err := r.Authenticate(ctx, each); !errors.Is(err, members.ErrNoSession) {
				t.Errorf("after signing out everywhere: %v", err)
			}
		}
		var stored int64
		db.Gorm.Raw("SELECT count(*) FROM sessions WHERE token_hash = ?", token.Reveal()).Scan(&stored)
		if stored != 0 {
			t.Error("the token itself is stored")
		}
	})
}

func TestGuessingIsSlowedWithoutLockingTheOwnerOut(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	log, ctx := audit.New(db.Gorm), context.Background()
	r := newRoster(db, keys(t), log)
	add(t, r, "mara@agency.example", access.Operator)
	var wait members.Wait
	for n := range 8 {
		_, _, err := r.SignIn(ctx, "mara@agency.example", secret("wrong wrong wrong"), otherDevice)
		if n < 5 && !errors.Is(err, members.ErrSignIn) || n >= 5 && !errors.As(err, &wait) {
			t.Errorf("try %d: %v", n, err)
		}
	}
	if _, _, err := r.SignIn(ctx, "mara@agency.example", secret(password), otherDevice); !errors.As(err, &wait) {
		t.Errorf("the right password from the guesser's address: %v", err)
	}
	if _, _, err := r.SignIn(ctx, "mara@agency.example", secret(password), laptop); err != nil {
		t.Errorf("the owner from her own address: %v", err)
	}
	if _, _, err := r.SignIn(ctx, "nobody@agency.example", secret(password), laptop); !errors.Is(err, members.ErrSignIn) {
		t.Errorf("an unknown account: %v", err)
	}
	if err := log.RecordRepeats(ctx, true); err != nil {
		t.Fatal(err)
	}
	entries, _, err := log.Entries(ctx, access.System(), audit.Filter{Action: access.MemberSignIn, Outcome: audit.Refused})
	refused := 0
	for _, e := range entries {
		var detail struct{ Repeats int }
		if err := json.Unmarshal(e.Detail, &detail); err != nil {
			t.Fatal(err)
		}
		refused += max(detail.Repeats, 1)
	}
	if err != nil || refused != 6 {
		t.Errorf("%d refusals recorded, %v; want 6", refused, err)
	}
}

func TestNobodyRaisesThemselvesAndTheLastOwnerStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		log, ctx := audit.New(db.Gorm), context.Background()
		r := newRoster(db, keys(t), log)
		owner, admin, viewer := add(t, r, "o@a.example", access.Owner), add(t, r, "a@a.example", access.Admin), add(t, r, "v@a.example", access.Viewer)
		as := func(m members.Member) access.Actor { return m.Actor(laptop.Addr) }
		cases := map[string]struct {
			err  error
			want error
		}{
			"an admin makes himself owner":   {r.ChangeRole(ctx, as(admin), admin.ID, access.Owner), access.ErrForbidden},
			"an admin lowers the owner":      {r.ChangeRole(ctx, as(admin), owner.ID, access.Viewer), access.ErrForbidden},
			"an admin removes the owner":     {r.Remove(ctx, as(admin), owner.ID), access.ErrForbidden},
			"a viewer changes a role":        {r.ChangeRole(ctx, as(viewer), viewer.ID, access.Operator), access.ErrForbidden},
			"the last owner lowers himself":  {r.ChangeRole(ctx, as(owner), owner.ID, access.Admin), members.ErrLastOwner},
			"the last owner removes himself": {r.Remove(ctx, as(owner), owner.ID), members.ErrLastOwner},
			"an admin makes an operator":     {r.ChangeRole(ctx, as(admin), viewer.ID, access.Operator), nil},
		}
		for name, c := range cases {
			if !errors.Is(c.err, c.want) || c.want == nil && c.err != nil {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		if _, err := r.Invite(ctx, as(admin), members.Member{Email: "x@a.example", Role: access.Owner}); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an admin invites an owner: %v", err)
		}
		if v, err := log.Verify(ctx); err != nil || !v.Intact() {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

func TestRemovalEndsSessionsAtOnce(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	add(t, r, "o@a.example", access.Owner)
	m := add(t, r, "m@a.example", access.Operator)
	token, _, err := r.SignIn(ctx, m.Email, secret(password), laptop)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Remove(ctx, shell, m.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Authenticate(ctx, token); !errors.Is(err, members.ErrNoSession) {
		t.Errorf("after the removal: %v", err)
	}
	if _, _, err := r.SignIn(ctx, m.Email, secret(password), laptop); !errors.Is(err, members.ErrSignIn) {
		t.Errorf("signing in after the removal: %v", err)
	}
	add(t, r, "m@a.example", access.Viewer) // the address is free again
}

func TestLinksWorkOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		old, needed, err := r.EnsureSetupLink(ctx)
		if err != nil || !needed {
			t.Fatal(needed, err)
		}
		setup, _, err := r.EnsureSetupLink(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Setup(ctx, old); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("the replaced link: %v", err)
		}
		claim := members.Claim{Name: "Olga", Email: "o@a.example", Password: secret(password)}
		winners := 0
		var guard sync.Mutex
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := r.SetUp(ctx, setup, claim, laptop); err == nil {
					guard.Lock()
					winners++
					guard.Unlock()
				}
			})
		}
		group.Wait()
		if winners != 1 {
			t.Errorf("%d people set the owner up, want 1", winners)
		}
		if _, needed, err := r.EnsureSetupLink(ctx); needed || err != nil {
			t.Errorf("a setup link is needed though there is an owner: %v", err)
		}
		invitation, err := r.Invite(ctx, shell, members.Member{Email: "Mara@a.example", Role: access.Operator})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.SetUp(ctx, invitation, claim, laptop); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("an invitation used for a setup: %v", err)
		}
		if _, err := r.Join(ctx, invitation, members.Claim{Name: "Mara", Email: "evil@a.example", Password: secret(password)}, laptop); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Join(ctx, invitation, claim, laptop); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("a second use: %v", err)
		}
		all, err := r.Members(ctx, access.System())
		if err != nil || len(all) != 2 || all[0].Email != "mara@a.example" || all[0].Role != access.Operator {
			t.Errorf("%+v, %v", all, err)
		}
		enter, err := r.SignInLink(ctx, shell, all[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Enter(ctx, enter, laptop); err != nil {
			t.Error(err)
		}
		if _, err := r.Enter(ctx, enter, laptop); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("a second use of a sign-in link: %v", err)
		}
	})
}

// What breaches made known is refused: the list that is built in, on top of those that are known without it.
func TestDeniedPasswords(t *testing.T) {
	t.Parallel()
	denied := static.Passwords()
	if len(denied) < 3000 {
		t.Fatalf("%d passwords are built in; run make build first", len(denied))
	}
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	r.Deny(denied)
	for _, bad := range []string{"Chicken Wing 101", "polniypizdec0211", denied[0], denied[2999], strings.ToUpper(denied[len(denied)-1])} {
		_, err := r.Add(context.Background(), shell, members.Member{Email: "a@agency.example", Name: "N", Role: access.Viewer}, secret(bad))
		if p, is := errors.AsType[validation.Problems](err); !is || p["password"] == "" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	for name, bad := range map[string]string{
		"short": "short", "common": "passwordpassword", "the address": "long-address@agency.example", "the product": "Drover2026!!",
		"what it looks after": "my-WordPress-2026", "the house": "agency agency 1", "two of them": "DroverAdmin123456", "too long": strings.Repeat("long word ", 13),
	} {
		_, err := r.Add(ctx, shell, members.Member{Email: "long-address@agency.example", Name: "N", Role: access.Viewer}, secret(bad))
		if p, is := errors.AsType[validation.Problems](err); !is || p["password"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, good := range []string{"four dogs of our agency sleep", "wordpress is not my first love", "            x", "🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑", strings.Repeat("ü", 128),
		"nurkleinebuchstaben"} {
		email := fmt.Sprintf("good%d@agency.example", i)
		if _, err := r.Add(ctx, shell, members.Member{Email: email, Name: "N", Role: access.Viewer}, secret(good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
		if _, _, err := r.SignIn(ctx, email, secret(good), laptop); err != nil {
			t.Errorf("signing in with %q: %v", good, err)
		}
		changed := strings.ToUpper(good) + " "
		if _, _, err := r.SignIn(ctx, email, secret(changed), laptop); !errors.Is(err, members.ErrSignIn) {
			t.Errorf("%q is taken for %q: %v", changed, good, err)
		}
	}
	m := add(t, r, "m@a.example", access.Viewer)
	actor := m.Actor(laptop.Addr)
	if err := r.ChangePassword(ctx, actor, secret("not the present one"), secret("another four words here")); !errors.Is(err, members.ErrPassword) {
		t.Errorf("with a wrong old password: %v", err)
	}
	token, _, err := r.SignIn(ctx, m.Email, secret(password), laptop)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ChangePassword(ctx, actor, secret(password), secret("another four words here")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Authenticate(ctx, token); !errors.Is(err, members.ErrNoSession) {
		t.Errorf("a session outlived the change of the password: %v", err)
	}
}
