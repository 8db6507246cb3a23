package members_test

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/validation"
)

// A changed password opens the account, and the one before does not.
func TestOnlyTheNewPasswordOpens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m := add(t, r, "m@a.example", access.Viewer)
		const next = "another four words here"
		if err := r.ChangePassword(t.Context(), m.Actor(laptop.Addr), secret(password), secret(next)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.SignIn(t.Context(), m.Email, secret(password), laptop); !errors.Is(err, members.ErrSignIn) {
			t.Errorf("with the password before: %v", err)
		}
		if _, _, err := r.SignIn(t.Context(), m.Email, secret(next), laptop); err != nil {
			t.Errorf("with the new one: %v", err)
		}
	})
}

// A password is exactly what was typed, to its last character, however a keyboard composes its accents.
func TestPasswordsAreWhatWasTyped(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	const typed = "Cafe\u0301 au lait le matin"
	long := strings.Repeat("abcdefgh", 15)
	for i, c := range []struct{ chosen, typed, other string }{
		{typed, "Café au lait le matin", "café au lait le matin"},
		{"Many Capital Letters", "Many Capital Letters", "many capital letters"},
		{" spaces at both ends ", " spaces at both ends ", "spaces at both ends"},
		{long + "x", long + "x", long + "y"},
		{"nul\x00 in the middle of it", "nul\x00 in the middle of it", "nul"},
	} {
		email := fmt.Sprintf("m%d@a.example", i)
		if _, err := r.Add(t.Context(), shell, members.Member{Email: email, Name: "M", Role: access.Viewer}, secret(c.chosen)); err != nil {
			t.Errorf("%q: %v", c.chosen, err)
			continue
		}
		if _, _, err := r.SignIn(t.Context(), email, secret(c.typed), laptop); err != nil {
			t.Errorf("%q does not open what %q closed: %v", c.typed, c.chosen, err)
		}
		if _, _, err := r.SignIn(t.Context(), email, secret(c.other), laptop); !errors.Is(err, members.ErrSignIn) {
			t.Errorf("%q opens what %q closed: %v", c.other, c.chosen, err)
		}
	}
}

// Passwords that everybody tries first are refused, however they are spaced and capitalized, wherever a password is chosen.
func TestCommonPasswordsAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	r.Deny([]string{"quincejellyontoast"})
	m := add(t, r, "m@a.example", access.Viewer)
	invited, err := r.Invite(t.Context(), shell, members.Member{Email: "n@a.example", Role: access.Viewer})
	if err != nil {
		t.Fatal(err)
	}
	reset, err := r.ResetLink(t.Context(), shell, m.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"quincejellyontoast", "Quince Jelly On Toast", "1qaz2wsx3edc", "1QAZ 2wsx 3edc"} {
		_, adding := r.Add(t.Context(), shell, members.Member{Email: "x@a.example", Name: "X", Role: access.Viewer}, secret(bad))
		_, joining := r.Join(t.Context(), invited, members.Claim{Name: "N", Password: secret(bad)}, laptop)
		_, resetting := r.Reset(t.Context(), reset, secret(bad), laptop)
		for name, err := range map[string]error{
			"add": adding, "join": joining, "reset": resetting, "change": r.ChangePassword(t.Context(), m.Actor(laptop.Addr), secret(password), secret(bad)),
		} {
			if p, is := errors.AsType[validation.Problems](err); !is || !strings.Contains(p["password"], "too common") {
				t.Errorf("%s takes %q: %v", name, bad, err)
			}
		}
	}
	if _, err := r.Join(t.Context(), invited, members.Claim{Name: "N", Password: secret("four words nobody tries")}, laptop); err != nil {
		t.Errorf("the refusals used the invitation up: %v", err)
	}
}

// A password that was changed while a sign-in with the one before was on its way stays the new one.
func TestRehashingBringsNoOldPasswordBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m := add(t, r, "m@a.example", access.Viewer)
		const next = "another four words here"
		err := r.RehashAfter(t.Context(), m.Email, secret(password), func() {
			if err := r.ChangePassword(t.Context(), m.Actor(laptop.Addr), secret(password), secret(next)); err != nil {
				t.Fatal(err)
			}
		})
		if !errors.Is(err, members.ErrSignIn) {
			t.Errorf("a password that was replaced was stored again: %v", err)
		}
		if _, _, err := r.SignIn(t.Context(), m.Email, secret(next), laptop); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

// A hash of another cost is made again at sign-in, and the password stays.
func TestHashesAreMadeAgainAtTodaysCost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		vault, log := keys(t), audit.New(db.Gorm)
		m := add(t, newRoster(db, vault, log), "m@a.example", access.Viewer)
		today := members.New(db, vault, log)
		stored := func() (hash string) {
			if err := db.Gorm.Raw("SELECT password_hash FROM members WHERE id = ?", m.ID).Scan(&hash).Error; err != nil {
				t.Fatal(err)
			}
			return hash
		}
		for range 2 {
			token, _, err := today.SignIn(t.Context(), m.Email, secret(password), laptop)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := today.Authenticate(t.Context(), token); err != nil {
				t.Errorf("the session that began with another hash: %v", err)
			}
			if !regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`).MatchString(stored()) {
				t.Errorf("stored as %s", stored())
			}
		}
		for _, spoiled := range []string{"", "x", "$argon2id$v=19$m=999999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA", "$argon2id$v=19$m=8,t=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
			if err := db.Gorm.Exec("UPDATE members SET password_hash = ? WHERE id = ?", spoiled, m.ID).Error; err != nil {
				t.Fatal(err)
			}
			for _, tried := range []string{"", password} {
				if _, _, err := newRoster(db, vault, log).SignIn(t.Context(), m.Email, secret(tried), laptop); !errors.Is(err, members.ErrSignIn) {
					t.Errorf("%q opens the account that holds %q: %v", tried, spoiled, err)
				}
			}
		}
	})
}

// Beside a second factor the password alone proves nothing: it neither opens a session that waits for the factor nor confirms in one that had it.
func TestAPasswordProvesNothingBesideASecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm))
		m := add(t, r, "m@a.example", access.Operator)
		app, _ := enrol(t, r, m)
		_, h := signInPending(t, r, m, laptop)
		if _, err := r.GivePassword(t.Context(), h, secret(password)); !errors.Is(err, members.ErrPassword) {
			t.Errorf("instead of the factor: %v", err)
		}
		token, err := r.GiveCode(t.Context(), h, codeOf(t, app, time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if _, h.Session, err = r.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if _, err := r.GivePassword(t.Context(), h, secret(password)); !errors.Is(err, members.ErrPassword) {
			t.Errorf("to confirm: %v", err)
		}
		if _, _, err := r.Authenticate(t.Context(), token); err != nil {
			t.Errorf("the refusal ended the session: %v", err)
		}
	})
}

// A code is of this half minute, or of the one before or after for a clock that differs, and of no other.
func TestCodesAreOfThisMoment(t *testing.T) {
	t.Parallel()
	for step, taken := range map[int]bool{-20: false, -3: false, -2: false, -1: true, 0: true, 1: true, 2: false, 3: false, 20: false} {
		db := dbtest.SQLite(t)
		r, now := newRoster(db, keys(t), audit.New(db.Gorm)), time.Now()
		m := add(t, r, "m@a.example", access.Operator)
		app, _ := enrol(t, r, m)
		now = now.Add(time.Hour) // far from the code that the app was set up with
		r.Clock(func() time.Time { return now })
		_, h := signInPending(t, r, m, laptop)
		_, err := r.GiveCode(t.Context(), h, codeOf(t, app, now.Add(time.Duration(step)*30*time.Second)))
		if (err == nil) != taken || err != nil && !errors.Is(err, members.ErrCode) {
			t.Errorf("a code %d steps from now: %v", step, err)
		}
	}
}

// Guesses of the password count the same at every place where it is asked for.
func TestEveryPlaceThatAsksForThePasswordIsSlowed(t *testing.T) {
	t.Parallel()
	for name, guess := range map[string]func(r *members.Roster, m members.Member, s members.Session) error{
		"sign-in": func(r *members.Roster, m members.Member, _ members.Session) error {
			_, _, err := r.SignIn(t.Context(), m.Email, secret("wrong"), laptop)
			return err
		},
		"confirm": func(r *members.Roster, m members.Member, s members.Session) error {
			_, err := r.GivePassword(t.Context(), members.SessionHolder{Member: m, Session: s, Device: laptop}, secret("wrong"))
			return err
		},
		"change": func(r *members.Roster, m members.Member, s members.Session) error {
			return r.ChangePassword(t.Context(), m.SignedIn(s, laptop.Addr), secret("wrong"), secret("another four words here"))
		},
	} {
		db := dbtest.SQLite(t)
		r, now := newRoster(db, keys(t), audit.New(db.Gorm)), time.Now()
		r.Clock(func() time.Time { return now })
		m := add(t, r, "m@a.example", access.Viewer)
		token, _, err := r.SignIn(t.Context(), m.Email, secret(password), laptop)
		if err != nil {
			t.Fatal(err)
		}
		_, s, err := r.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			if err := guess(r, m, s); errors.Is(err, members.Wait{}) || err == nil {
				t.Fatalf("%s: guess %d: %v", name, i, err)
			}
		}
		wait, is := errors.AsType[members.Wait](guess(r, m, s))
		if !is || wait.Until.Sub(now) != 30*time.Second {
			t.Errorf("%s: the sixth guess waits until %s", name, wait.Until.Sub(now))
		}
		if _, _, err := r.SignIn(t.Context(), m.Email, secret(password), otherDevice); err != nil {
			t.Errorf("%s: the owner elsewhere: %v", name, err)
		}
		now = wait.Until
		if err := guess(r, m, s); err == nil || errors.As(err, &members.Wait{}) {
			t.Errorf("%s: after the wait: %v", name, err)
		}
		if wait, is = errors.AsType[members.Wait](guess(r, m, s)); !is || wait.Until.Sub(now) != time.Minute {
			t.Errorf("%s: the next one waits %s", name, wait.Until.Sub(now))
		}
		if now = now.Add(2 * time.Hour); errors.As(guess(r, m, s), &members.Wait{}) {
			t.Errorf("%s: nothing is forgotten", name)
		}
	}
}

// An IPv6 customer has more addresses than could be counted: they count as one, and as many as come, the memory of them is bounded.
func TestGuessesFromManyAddresses(t *testing.T) {
	t.Parallel()
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	m := add(t, r, "m@a.example", access.Viewer)
	refused := 0
	for i := range 12 {
		d := members.Device{Addr: netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%x::%x", i+1, i))}
		if _, _, err := r.SignIn(t.Context(), m.Email, secret("wrong"), d); errors.As(err, &members.Wait{}) {
			refused++
		}
	}
	if refused != 7 {
		t.Errorf("%d of 12 guesses from one network had to wait, want 7", refused)
	}
	if n, waits := members.FloodThrottle(2 * members.MostCounts); n > members.MostCounts+2 || !waits {
		t.Errorf("%d counts are kept, at most %d; the account that was guessed at still waits: %v", n, members.MostCounts, waits)
	}
}
