package members_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/members/providertest"
	"github.com/droverhq/drover/internal/vault"
)

// signer is a roster with a provider, and a browser of few cookies.
type signer struct {
	*members.Roster
	t      *testing.T
	log    *audit.Log
	issuer *providertest.Issuer
}

func newSigner(t *testing.T, db *database.DB, change func(*members.ProviderConfig)) signer {
	t.Helper()
	s := signer{t: t, log: audit.New(db.Gorm, members.Verifier()), issuer: providertest.New(t)}
	s.Roster = newRoster(db, keys(t), s.log)
	s.use(s.issuer, change)
	return s
}

// use lets people sign in with the provider.
func (s signer) use(i *providertest.Issuer, change func(*members.ProviderConfig)) {
	s.t.Helper()
	c := members.ProviderConfig{Issuer: i.URL, ClientID: providertest.ClientID, Secret: secret(providertest.Secret), Redirect: "http://127.0.0.1/back"}
	if change != nil {
		change(&c)
	}
	p, err := members.NewProvider(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.UseProvider(p)
}

// begin goes to the provider, and returns what the browser comes back with.
func (s signer) begin(f members.Flow) members.Return {
	s.t.Helper()
	address, token, err := s.BeginProvider(s.t.Context(), f)
	if err != nil {
		s.t.Fatal(err)
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(address)
	if err != nil {
		s.t.Fatal(err)
	}
	answer.Body.Close()
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || back.Query().Get("code") == "" {
		s.t.Fatalf("%s: %v", answer.Status, err)
	}
	return members.Return{Token: token, State: back.Query().Get("state"), Code: back.Query().Get("code")}
}

// through signs in with what the provider says.
func (s signer) through(claims map[string]any) (members.Member, members.Session, error) {
	s.t.Helper()
	s.issuer.Says(claims)
	token, _, _, err := s.FinishProvider(s.t.Context(), s.begin(members.Flow{}), members.SessionHolder{Device: laptop})
	if err != nil {
		return members.Member{}, members.Session{}, err
	}
	m, session, err := s.Authenticate(s.t.Context(), token)
	if err != nil {
		s.t.Fatal(err)
	}
	return m, session, nil
}

// Issuer and subject are a person; another provider that says the same subject is another, and gets nobody's account but by the rules for new ones.
func TestAnotherProvidersSubjectIsSomebodyElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newSigner(t, db, nil)
		mara, jo := add(t, s.Roster, "mara@a.example", access.Admin), add(t, s.Roster, "jo@a.example", access.Viewer)
		if m, _, err := s.through(providertest.Person("mara@a.example", "sub-1")); err != nil || m.ID != mara.ID {
			t.Fatalf("%+v, %v", m, err)
		}
		if m, _, err := s.through(providertest.Person("jo@a.example", "sub-1")); err != nil || m.ID != mara.ID {
			t.Errorf("the same person with another address: %+v, %v", m, err)
		}
		s.issuer = providertest.New(t)
		s.use(s.issuer, nil)
		if m, _, err := s.through(providertest.Person("nobody@a.example", "sub-1")); !errors.Is(err, members.ErrNotInvited) {
			t.Errorf("another provider's sub-1 is %q, %v", m.Email, err)
		}
		if m, _, err := s.through(providertest.Person("jo@a.example", "sub-1")); err != nil || m.ID != jo.ID {
			t.Errorf("another provider's sub-1 with Jo's address is %q, %v", m.Email, err)
		}
	})
}

// What a flow is worth: one use, ten minutes, by the browser that began it, with what it was begun with.
func TestAFlowIsOfOneBrowserOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, now := newSigner(t, db, nil), time.Now()
		s.Clock(func() time.Time { return now })
		add(t, s.Roster, "mara@a.example", access.Admin)
		s.issuer.Says(providertest.Person("mara@a.example", "sub-1"))
		for name, spoil := range map[string]func(*members.Return){
			"another's state":  func(r *members.Return) { r.State = s.begin(members.Flow{}).State },
			"no state":         func(r *members.Return) { r.State = "" },
			"another's cookie": func(r *members.Return) { r.Token = s.begin(members.Flow{}).Token },
			"no cookie":        func(r *members.Return) { r.Token = vault.Secret{} },
			"no code":          func(r *members.Return) { r.Code = "" },
			"another's code":   func(r *members.Return) { r.Code = s.begin(members.Flow{}).Code },
			"too late":         func(*members.Return) { now = now.Add(11 * time.Minute) },
		} {
			back := s.begin(members.Flow{})
			spoil(&back)
			if _, _, _, err := s.FinishProvider(t.Context(), back, members.SessionHolder{Device: laptop}); !errors.Is(err, members.ErrProvider) {
				t.Errorf("%s: %v", name, err)
			}
		}
		first, second := s.begin(members.Flow{Next: "/runs"}), s.begin(members.Flow{})
		kept := func() (n int64) {
			db.Gorm.Raw("SELECT count(*) FROM provider_flows").Scan(&n)
			return n
		}
		before := kept()
		if _, f, _, err := s.FinishProvider(t.Context(), first, members.SessionHolder{Device: laptop}); err != nil || f.Next != "/runs" {
			t.Errorf("%+v, %v", f, err)
		}
		if kept() != before-1 {
			t.Errorf("%d flows are kept after one of %d was used", kept(), before)
		}
		first.Code = second.Code // a fresh code does not bring the flow back
		if _, _, _, err := s.FinishProvider(t.Context(), first, members.SessionHolder{Device: laptop}); !errors.Is(err, members.ErrProvider) {
			t.Errorf("the flow worked twice: %v", err)
		}
		why := map[string]bool{}
		entries, _, err := s.log.Entries(t.Context(), access.System(), audit.Filter{Outcome: audit.Refused})
		for _, e := range entries {
			why[string(e.Detail)] = true
		}
		if want := `{"why":"wrong_state"}`; err != nil || !why[want] {
			t.Errorf("recorded %v, %v; want %s", why, err, want)
		}
	})
}

// A provider that asked for no second factor leaves a member who has one half way in, and confirms nothing for them.
func TestTheStrengthThatAProviderTells(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newSigner(t, db, nil)
		m := add(t, s.Roster, "mara@a.example", access.Admin)
		app, _ := enrol(t, s.Roster, m)
		claims := func(amr ...string) map[string]any { return providertest.Person("mara@a.example", "sub-1", "amr", amr) }
		for method, strong := range map[string]bool{"pwd": false, "sms": false, "": false, "mfa": true, "otp": true, "hwk": true, "swk": true} {
			if _, session, err := s.through(claims("pwd", method)); err != nil || session.SecondFactorPending == strong {
				t.Errorf("%s: pending %v, %v", method, session.SecondFactorPending, err)
			}
		}
		_, pending, err := s.through(claims("pwd"))
		if err != nil {
			t.Fatal(err)
		}
		h := members.SessionHolder{Member: m, Session: pending, Device: laptop}
		confirm := func(h members.SessionHolder) error {
			_, _, _, err := s.FinishProvider(t.Context(), s.begin(members.Flow{Session: h.Session.ID}), h)
			return err
		}
		s.issuer.Says(claims("mfa"))
		if err := confirm(h); !errors.Is(err, members.ErrProvider) {
			t.Errorf("a session that waits for its second factor: %v", err)
		}
		token, err := s.GiveCode(t.Context(), h, codeOf(t, app, time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if _, h.Session, err = s.Authenticate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		s.issuer.Says(claims("pwd"))
		if err := confirm(h); !errors.Is(err, members.ErrProvider) {
			t.Errorf("without a second factor: %v", err)
		}
		s.issuer.Says(providertest.Person("mara@a.example", "sub-1", "amr", []string{"mfa"}, "auth_time", time.Now().Add(-6*time.Minute).Unix()))
		if err := confirm(h); !errors.Is(err, members.ErrProvider) {
			t.Errorf("of six minutes ago: %v", err)
		}
		s.issuer.Says(claims("mfa"))
		if err := confirm(h); err != nil {
			t.Errorf("with one: %v", err)
		}
		s.use(s.issuer, func(c *members.ProviderConfig) { c.TrustedFactor = true })
		if _, session, err := s.through(claims("pwd")); err != nil || session.SecondFactorPending {
			t.Errorf("a provider whose word is enough: %+v, %v", session, err)
		}
	})
}

// Groups give the highest role that any of them names; nobody comes back by them who was removed, and an owner is made in Drover alone.
func TestWhomAProviderMakesAMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newSigner(t, db, func(c *members.ProviderConfig) {
			c.Create, c.Domains, c.Groups = true, []string{"a.example"}, map[string]access.Role{"staff": access.Operator, "leads": access.Admin, "guests": access.Viewer}
		})
		add(t, s.Roster, "owner@a.example", access.Owner)
		for _, groups := range [][]string{{"staff", "leads", "guests"}, {"guests", "leads", "staff"}, {"leads", "unknown"}} {
			if m, _, err := s.through(providertest.Person("jo@a.example", "jo", "groups", groups)); err != nil || m.Role != access.Admin {
				t.Errorf("%v: %s, %v", groups, m.Role, err)
			}
		}
		for name, claims := range map[string]map[string]any{
			"in no group":         providertest.Person("kim@a.example", "kim", "groups", []string{"owners"}),
			"unverified":          providertest.Person("lee@a.example", "lee", "groups", []string{"staff"}, "email_verified", false),
			"of another domain":   providertest.Person("lee@b.example", "lee", "groups", []string{"staff"}),
			"two at signs":        providertest.Person("lee@b.example@a.example", "lee", "groups", []string{"staff"}),
			"a domain's ending":   providertest.Person("lee@evil-a.example", "lee", "groups", []string{"staff"}),
			"no address":          providertest.Person("", "lee", "groups", []string{"staff"}),
			"no part before":      providertest.Person("@a.example", "lee", "groups", []string{"staff"}),
			"a name of two lines": providertest.Person("lee@a.example", "lee", "groups", []string{"staff"}, "name", "Lee\nAdmin"),
			"no subject":          providertest.Person("lee@a.example", "", "groups", []string{"staff"}),
		} {
			if m, _, err := s.through(claims); err == nil {
				t.Errorf("%s: %+v", name, m)
			}
		}
		m, _, err := s.through(providertest.Person("mo@a.example", "mo", "groups", []string{"staff"}, "name", " "))
		if err != nil || m.Name != "mo" || m.Role != access.Operator {
			t.Fatalf("without a name: %+v, %v", m, err)
		}
		if err := s.Remove(t.Context(), shell, m.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.through(providertest.Person("mo@a.example", "mo", "groups", []string{"leads"})); !errors.Is(err, members.ErrNotInvited) {
			t.Errorf("somebody who was removed: %v", err)
		}
		again := add(t, s.Roster, "mo@a.example", access.Viewer)
		if back, _, err := s.through(providertest.Person("mo@a.example", "mo", "groups", []string{"guests"})); err != nil || back.ID != again.ID {
			t.Errorf("somebody who was made a member again: %+v, %v", back, err)
		}
	})
}

// A provider is told apart from what is none before anybody is asked.
func TestWhatIsNoProvider(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]members.ProviderConfig{
		"plain HTTP": {Issuer: "http://id.agency.example", ClientID: "x"}, "no host": {Issuer: "https://", ClientID: "x"},
		"a path": {Issuer: "/id", ClientID: "x"}, "no client": {Issuer: "https://id.agency.example"},
		"look-alike":        {Issuer: "http://127.0.0.1.evil.example", ClientID: "x"},
		"owners by group":   {Issuer: "https://id.agency.example", ClientID: "x", Groups: map[string]access.Role{"boss": access.Owner}},
		"no role for group": {Issuer: "https://id.agency.example", ClientID: "x", Groups: map[string]access.Role{"boss": "king"}},
	} {
		if _, err := members.NewProvider(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	db := dbtest.SQLite(t)
	r := newRoster(db, keys(t), audit.New(db.Gorm))
	if _, _, err := r.BeginProvider(t.Context(), members.Flow{}); !errors.Is(err, members.ErrProvider) || r.ProviderName() != "" {
		t.Errorf("without a provider: %v, %q", err, r.ProviderName())
	}
	s := newSigner(t, db, nil)
	s.issuer.Close()
	if _, _, err := s.BeginProvider(t.Context(), members.Flow{}); !errors.Is(err, members.ErrProviderAway) || !strings.Contains(s.ProviderName(), "127.0.0.1") {
		t.Errorf("one that is away: %v, %q", err, s.ProviderName())
	}
}
