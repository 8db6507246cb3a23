package members_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// codeOf is what an authenticator app shows at the time.
func codeOf(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol gives the member an authenticator app, with the code of a step ago so that this moment's is still good.
func enrol(t *testing.T, r *members.Roster, m members.Member) (secret string, codes []string) {
	t.Helper()
	ctx, actor := context.Background(), m.Actor(laptop.Addr)
	id, err := r.BeginTOTP(ctx, actor)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Enrolment(ctx, m, id)
	if err != nil {
		t.Fatal(err)
	}
	secret = e.Secret.Reveal()
	if codes, err = r.ConfirmTOTP(ctx, actor, id, "Telephone", codeOf(t, secret, time.Now().Add(-30*time.Second))); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Enrolment(ctx, m, id); !errors.Is(err, members.ErrNoFactor) {
		t.Errorf("the secret is shown again after it was confirmed: %v", err)
	}
	return secret, codes
}

// signInPending signs in up to the second factor.
func signInPending(t *testing.T, r *members.Roster, m members.Member, d members.Device) (vault.Secret, members.SessionHolder) {
	t.Helper()
	token, _, err := r.SignIn(context.Background(), m.Email, secret(password), d)
	if err != nil {
		t.Fatal(err)
	}
	_, s, err := r.Authenticate(context.Background(), token)
	if err != nil || !s.SecondFactorPending || !s.ReauthenticatedAt.IsZero() {
		t.Fatalf("after the password: %+v, %v", s, err)
	}
	return token, members.SessionHolder{Member: m, Session: s, Device: d}
}

func TestSecondFactorOpensTheSessionUnderAnotherToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m := add(t, r, "m@a.example", access.Operator)
		app, codes := enrol(t, r, m)
		if len(codes) != 10 {
			t.Fatalf("%d recovery codes", len(codes))
		}
		old, h := signInPending(t, r, m, laptop)
		if _, err := r.GiveCode(ctx, h, "000000"); !errors.Is(err, members.ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
		token, err := r.GiveCode(ctx, h, codeOf(t, app, time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Authenticate(ctx, old); !errors.Is(err, members.ErrNoSession) {
			t.Errorf("the token from before the second factor: %v", err)
		}
		_, s, err := r.Authenticate(ctx, token)
		if err != nil || s.SecondFactorPending || time.Since(s.ReauthenticatedAt) > time.Minute {
			t.Errorf("after the second factor: %+v, %v", s, err)
		}
	})
}

func TestReplayOfAOneTimeCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m := add(t, r, "m@a.example", access.Operator)
		app, codes := enrol(t, r, m)
		for name, code := range map[string]string{"of the app": codeOf(t, app, time.Now()), "for recovery": strings.ToUpper(strings.ReplaceAll(codes[3], "-", " "))} {
			taken := 0
			var guard sync.Mutex
			var group sync.WaitGroup
			for range 3 { // at once: an attacker who watches is as fast as the owner
				_, h := signInPending(t, r, m, laptop)
				group.Go(func() {
					if _, err := r.GiveCode(ctx, h, code); err == nil {
						guard.Lock()
						taken++
						guard.Unlock()
					}
				})
			}
			group.Wait()
			_, h := signInPending(t, r, m, laptop)
			if _, err := r.GiveCode(ctx, h, code); !errors.Is(err, members.ErrCode) {
				t.Errorf("the code %s, later: %v", name, err)
			}
			if taken != 1 {
				t.Errorf("the code %s was taken %d times", name, taken)
			}
		}
		_, h := signInPending(t, r, m, laptop)
		if _, err := r.GiveCode(ctx, h, codeOf(t, app, time.Now().Add(-30*time.Second))); !errors.Is(err, members.ErrCode) {
			t.Errorf("an earlier code after a later one: %v", err)
		}
	})
}

func TestManyMachinesCannotGuessACode(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	m := add(t, r, "m@a.example", access.Operator)
	_, codes := enrol(t, r, m)
	var wait members.Wait
	heard := 0
	for n := range 30 {
		_, h := signInPending(t, r, m, members.Device{Addr: address(n), UserAgent: "bot"})
		if _, err := r.GiveCode(ctx, h, "000000"); errors.Is(err, members.ErrCode) {
			heard++
		} else if !errors.As(err, &wait) {
			t.Fatal(err)
		}
	}
	if heard > 10 {
		t.Errorf("%d guesses from as many addresses were heard", heard)
	}
	_, h := signInPending(t, r, m, laptop)
	if _, err := r.GiveCode(ctx, h, codes[0]); err != nil {
		t.Errorf("the owner with a recovery code meanwhile: %v", err)
	}
}

func TestRemovingTheLastFactorTakesTheCodesAlong(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	ctx := context.Background()
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	m, other := add(t, r, "m@a.example", access.Operator), add(t, r, "o@a.example", access.Owner)
	enrol(t, r, m)
	second, err := r.SecondFactor(ctx, m.ID)
	if err != nil || len(second.Factors) != 1 || second.CodesLeft != 10 {
		t.Fatalf("%+v, %v", second, err)
	}
	id := second.Factors[0].ID
	if err := r.RemoveFactor(ctx, other.Actor(laptop.Addr), id); !errors.Is(err, members.ErrNoFactor) {
		t.Errorf("an owner removes somebody else's factor: %v", err)
	}
	if err := r.RemoveFactor(ctx, m.Actor(laptop.Addr), id); err != nil {
		t.Fatal(err)
	}
	if second, err = r.SecondFactor(ctx, m.ID); err != nil || len(second.Factors) != 0 || second.CodesLeft != 0 {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := r.NewRecoveryCodes(ctx, m.Actor(laptop.Addr)); !errors.Is(err, members.ErrNoFactor) {
		t.Errorf("codes without a factor: %v", err)
	}
}

func TestRequiringASecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m, admin := add(t, r, "m@a.example", access.Operator), add(t, r, "a@a.example", access.Admin)
		if err := r.RequireFactor(ctx, m.Actor(laptop.Addr), true); !errors.Is(err, access.ErrForbidden) {
			t.Errorf("an operator requires it: %v", err)
		}
		token, _, err := r.SignIn(ctx, m.Email, secret(password), laptop)
		if err != nil {
			t.Fatal(err)
		}
		for _, required := range []bool{true, false, true} {
			if err := r.RequireFactor(ctx, admin.Actor(laptop.Addr), required); err != nil {
				t.Fatal(err)
			}
			if _, s, err := r.Authenticate(ctx, token); err != nil || s.MustEnrol != required {
				t.Errorf("required %v: %+v, %v", required, s, err)
			}
		}
		enrol(t, r, m)
		if _, s, err := r.Authenticate(ctx, token); err != nil || s.MustEnrol {
			t.Errorf("after setting one up: %+v, %v", s, err)
		}
	})
}

func TestRotatingKeysResealsAppsAndSecretsOfAnotherRowDoNotOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, v := context.Background(), keys(t)
		r := newRoster(db, v, audit.New(db.Gorm))
		m, thief := add(t, r, "m@a.example", access.Operator), add(t, r, "t@a.example", access.Operator)
		app, _ := enrol(t, r, m)
		stolen, _ := enrol(t, r, thief)
		if n, err := members.CountSealed(ctx, db); n != 2 || err != nil {
			t.Errorf("%d sealed, %v", n, err)
		}
		if err := v.Rotate(); err != nil {
			t.Fatal(err)
		}
		if n, err := r.RotateKeys(ctx, shell); n != 2 || err != nil {
			t.Errorf("%d resealed, %v", n, err)
		}
		var others int64
		db.Gorm.Raw("SELECT count(*) FROM factors WHERE key_id <> ?", int64(v.Primary())).Scan(&others)
		if others != 0 {
			t.Errorf("%d are still sealed with the old key", others)
		}
		_, h := signInPending(t, r, m, laptop)
		if _, err := r.GiveCode(ctx, h, codeOf(t, app, time.Now())); err != nil {
			t.Errorf("after the rotation: %v", err)
		}
		// Somebody who can write to the database puts his own secret into the owner's row.
		db.Gorm.Exec("UPDATE factors SET last_step = 0, sealed = (SELECT sealed FROM factors WHERE member_id = ?) WHERE member_id = ?", thief.ID, m.ID)
		_, h = signInPending(t, r, m, otherDevice)
		if _, err := r.GiveCode(ctx, h, codeOf(t, stolen, time.Now())); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("with a secret moved from another row: %v", err)
		}
	})
}
