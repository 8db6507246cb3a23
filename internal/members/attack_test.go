package members_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
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

// A stranger behind the owner's own address, as in an office or behind a proxy, tries one password after the other.
func TestLockingSomebodyOutFromTheirOwnAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m, other := add(t, r, "m@a.example", access.Operator), add(t, r, "o@a.example", access.Operator)
		token, err := r.Remember(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			_, _, _ = r.SignIn(ctx, m.Email, secret("wrong wrong wrong"), laptop)
		}
		var wait members.Wait
		if _, _, err := r.SignIn(ctx, m.Email, secret(password), laptop); !errors.As(err, &wait) {
			t.Errorf("a browser that is not known: %v", err)
		}
		known := laptop
		known.Token = token
		if _, _, err := r.SignIn(ctx, m.Email, secret(password), known); err != nil {
			t.Errorf("the owner's own browser: %v", err)
		}
		for range 6 {
			_, _, _ = r.SignIn(ctx, other.Email, secret("wrong wrong wrong"), laptop)
		}
		if _, _, err := r.SignIn(ctx, other.Email, secret(password), known); !errors.As(err, &wait) {
			t.Errorf("the same browser at another's account: %v", err)
		}
		// Who has stolen the browser's token can guess as little as anybody.
		for range 10 {
			_, _, err = r.SignIn(ctx, m.Email, secret("wrong wrong wrong"), known)
		}
		if !errors.As(err, &wait) {
			t.Errorf("guessing from a known browser: %v", err)
		}
	})
}

// The answers for a known and for an unknown account are the same, and take the same work: a whole password hash, which is told by its
// memory. This is the one test at the cost that members' passwords really have.
func TestSigningInTakesAsMuchForAnUnknownAccount(t *testing.T) {
	// not parallel: it measures memory
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := members.New(db, keys(t), audit.New(db.Gorm))
	m := add(t, r, "m@a.example", access.Operator)
	var hash string
	db.Gorm.Raw("SELECT password_hash FROM members WHERE id = ?", m.ID).Scan(&hash)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the password is hashed as %.40s…", hash)
	}
	for n, email := range []string{m.Email, "nobody@a.example"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := r.SignIn(ctx, email, secret("wrong wrong wrong"), members.Device{Addr: address(n)})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, members.ErrSignIn) || err.Error() != members.ErrSignIn.Error() {
			t.Errorf("%s: %v", email, err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used < 19 || used > 37 {
			t.Errorf("%s: %d MiB were used, one hash takes 19", email, used)
		}
	}
}

func TestAStolenInvitation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		token, err := r.Invite(ctx, shell, members.Member{Email: "mara@a.example", Role: access.Viewer})
		if err != nil {
			t.Fatal(err)
		}
		claim := members.Claim{Name: "Thief", Email: "thief@evil.example", Password: secret(password)}
		session, err := r.Join(ctx, token, claim, otherDevice)
		if err != nil {
			t.Fatal(err)
		}
		if m, _, err := r.Authenticate(ctx, session); err != nil || m.Email != "mara@a.example" || m.Role != access.Viewer {
			t.Errorf("used for another address: %+v, %v", m, err)
		}
		if _, err := r.Join(ctx, token, claim, otherDevice); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("used twice: %v", err)
		}
		if _, err := r.Reset(ctx, token, secret(password), otherDevice); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("used to reset a password: %v", err)
		}
	})
}

func TestResettingAPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		owner, admin, m := add(t, r, "o@a.example", access.Owner), add(t, r, "a@a.example", access.Admin), add(t, r, "m@a.example", access.Operator)
		enrol(t, r, m)
		if _, err := r.ResetLink(ctx, admin.Actor(laptop.Addr), owner.ID, true); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an admin resets an owner: %v", err)
		}
		if _, err := r.ResetLink(ctx, m.Actor(laptop.Addr), m.ID, false); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an operator resets: %v", err)
		}
		old, err := r.ResetLink(ctx, admin.Actor(laptop.Addr), m.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := signInPending(t, r, m, laptop)
		for _, lift := range []bool{false, true} {
			token, err := r.ResetLink(ctx, admin.Actor(laptop.Addr), m.ID, lift)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Reset(ctx, old, secret("another four words here"), otherDevice); !errors.Is(err, members.ErrBadLink) {
				t.Errorf("the link that was replaced or used: %v", err)
			}
			var problems validation.Problems
			if _, err := r.Reset(ctx, token, secret("short"), otherDevice); !errors.As(err, &problems) {
				t.Errorf("a short password: %v", err)
			}
			session, err := r.Reset(ctx, token, secret("another four words here"), otherDevice)
			if err != nil {
				t.Fatal(err)
			}
			if _, s, err := r.Authenticate(ctx, session); err != nil || s.SecondFactorPending == lift {
				t.Errorf("lifting %v: %+v, %v", lift, s, err)
			}
			if _, _, err := r.Authenticate(ctx, before); !errors.Is(err, members.ErrNoSession) {
				t.Errorf("a session from before: %v", err)
			}
			before, old = session, token
		}
		late, err := r.ResetLink(ctx, shell, m.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		db.Gorm.Exec("UPDATE links SET expires_at = ? WHERE used_at = 0", time.Now().Add(-time.Second).UnixMicro())
		if _, err := r.Reset(ctx, late, secret(password), laptop); !errors.Is(err, members.ErrBadLink) {
			t.Errorf("after its hour: %v", err)
		}
		if err := r.Remove(ctx, shell, m.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ResetLink(ctx, shell, m.ID, false); !errors.Is(err, members.ErrNoMember) {
			t.Errorf("for somebody who has left: %v", err)
		}
	})
}

func TestSessionsRunOut(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	m := add(t, r, "m@a.example", access.Operator)
	for name, c := range map[string]struct {
		created, seen time.Duration
		pending, open bool
	}{
		"in use": {89 * 24 * time.Hour, time.Hour, false, true}, "idle": {15 * 24 * time.Hour, 14*24*time.Hour + time.Minute, false, false},
		"too old": {90*24*time.Hour + time.Minute, time.Second, false, false}, "half open, at once": {time.Minute, time.Minute, true, true},
		"half open for long": {11 * time.Minute, time.Second, true, false},
	} {
		token, _, err := r.SignIn(ctx, m.Email, secret(password), laptop)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		db.Gorm.Exec("UPDATE sessions SET created_at = ?, last_seen_at = ?, half = ? WHERE id = (SELECT max(id) FROM sessions)", now.Add(-c.created).UnixMicro(),
			now.Add(-c.seen).UnixMicro(), c.pending)
		if _, _, err := r.Authenticate(ctx, token); (err == nil) != c.open {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEndingTheSessionsOfAnother(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	owner, admin, m := add(t, r, "o@a.example", access.Owner), add(t, r, "a@a.example", access.Admin), add(t, r, "m@a.example", access.Operator)
	var open []vault.Secret
	for _, d := range []members.Device{laptop, otherDevice} {
		token, _, err := r.SignIn(ctx, m.Email, secret(password), d)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, token)
	}
	for name, err := range map[string]error{"an operator": r.EndSessions(ctx, m.Actor(laptop.Addr), admin.ID),
		"an admin, those of an owner": r.EndSessions(ctx, admin.Actor(laptop.Addr), owner.ID)} {
		if !errors.Is(err, access.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := r.EndSessions(ctx, admin.Actor(laptop.Addr), m.ID); err != nil {
		t.Fatal(err)
	}
	for _, token := range open {
		if _, _, err := r.Authenticate(ctx, token); !errors.Is(err, members.ErrNoSession) {
			t.Errorf("after an admin ended it: %v", err)
		}
	}
	if _, _, err := r.SignIn(ctx, m.Email, secret(password), laptop); err != nil {
		t.Errorf("signing in again: %v", err)
	}
}

// A recovery code is kept by a fast hash, which is only right for what nobody can try through.
func TestRecoveryCodesCannotBeTriedThrough(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	_, codes := enrol(t, r, add(t, r, "m@a.example", access.Operator))
	seen := map[string]bool{}
	for _, code := range codes {
		signs := strings.ReplaceAll(code, "-", "")
		if len(signs)*5 < 112 || seen[code] || strings.Trim(signs, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%s has %d signs of five bits", code, len(signs))
		}
		seen[code] = true
		var stored int64
		db.Gorm.Raw("SELECT count(*) FROM recovery_codes WHERE code_hash LIKE ?", "%"+signs[:8]+"%").Scan(&stored)
		if stored != 0 {
			t.Error("the code itself is stored")
		}
	}
}
