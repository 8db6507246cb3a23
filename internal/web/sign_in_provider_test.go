package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/members/providertest"
	"github.com/droverhq/drover/internal/vault"
)

// provided gives the house the provider.
func (h *testServer) provided(t *testing.T, i *providertest.Issuer, change func(*members.ProviderConfig)) {
	t.Helper()
	c := members.ProviderConfig{Issuer: i.URL, ClientID: "drover", Secret: vault.NewSecret("provider-secret"), Name: "Agency ID", Redirect: h.home +
		"/sign-in/provider/callback", Domains: []string{"agency.example"}}
	if change != nil {
		change(&c)
	}
	p, err := members.NewProvider(c)
	if err != nil {
		t.Fatal(err)
	}
	h.roster.UseProvider(p)
}

// through goes to the provider from the path and comes back; it returns where that ended.
func (p person) through(from string) (int, string, string) {
	p.t.Helper()
	_, address := p.get(from)
	status, back := p.do(p.absolute(address))
	if status != http.StatusFound {
		p.t.Fatalf("%s: the provider answered %d %s", from, status, back)
	}
	status, to := p.do(p.absolute(back))
	return status, to, back
}

func (p person) absolute(address string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (h *testServer) why(t *testing.T) string {
	t.Helper()
	entries, _, err := h.log.Entries(context.Background(), access.System(), audit.Filter{Outcome: audit.Refused, Limit: 1})
	if err != nil || len(entries) == 0 {
		return ""
	}
	return string(entries[0].Detail)
}

func TestSigningInWithAProvider(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	i := providertest.New(t)
	h.provided(t, i, nil)
	if _, err := h.roster.Add(context.Background(), shell, members.Member{Email: "mara@agency.example", Name: "Mara", Role: access.Operator},
		vault.NewSecret(password)); err != nil {
		t.Fatal(err)
	}
	p := h.public(t)
	if _, page := p.get("/sign-in?next=/runs"); !strings.Contains(page, "Sign in with Agency ID") || !strings.Contains(page, "/sign-in/provider?next=%2Fruns") {
		t.Error("no button")
	}
	i.Says(providertest.Person("Mara@Agency.example", "sub-1"))
	if status, to, _ := p.through("/sign-in/provider?next=/runs"); status != http.StatusSeeOther || to != "/runs" {
		t.Fatalf("%d %s %s", status, to, h.why(t))
	}
	if status, page := p.get("/settings"); status != http.StatusOK || !strings.Contains(page, "Mara") {
		t.Errorf("signed in: %d", status)
	}
	// From now on the subject decides: the address may change at the provider, and nobody else gets in with it.
	i.Says(providertest.Person("mara.new@other.example", "sub-1"))
	if status, to, _ := h.public(t).through("/sign-in/provider"); status != http.StatusSeeOther || to != "/" {
		t.Errorf("with another address: %d %s", status, to)
	}
	if err := h.roster.Remove(context.Background(), shell, 1); err == nil {
		i.Says(providertest.Person("mara@agency.example", "sub-1"))
		if status, _, _ := h.public(t).through("/sign-in/provider"); status != http.StatusForbidden {
			t.Errorf("somebody who left: %d", status)
		}
	}
}

func TestMembersThatTheProviderMakes(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	i := providertest.New(t)
	h.provided(t, i, func(c *members.ProviderConfig) {
		c.Create, c.Groups = true, map[string]access.Role{"staff": access.Operator, "leads": access.Admin}
	})
	role := func() access.Role {
		m, err := h.roster.ByEmail(context.Background(), "jo@agency.example")
		if err != nil {
			t.Fatal(err)
		}
		return m.Role
	}
	for _, c := range []struct {
		groups []string
		status int
		role   access.Role
	}{{[]string{"staff"}, 303, access.Operator}, {[]string{"staff", "leads"}, 303, access.Admin}, {[]string{"other"}, 403, access.Admin},
		{[]string{"staff"}, 303, access.Operator}} {
		i.Says(providertest.Person("jo@agency.example", "sub-jo", "groups", c.groups))
		if status, _, _ := h.public(t).through("/sign-in/provider"); status != c.status || role() != c.role {
			t.Errorf("in %v: %d as %s, want %d as %s", c.groups, status, role(), c.status, c.role)
		}
	}
	i.Says(providertest.Person("owner@agency.example", "sub-owner", "groups", []string{"staff"}))
	h.public(t).through("/sign-in/provider")
	if m, err := h.roster.ByEmail(context.Background(), "owner@agency.example"); err != nil || m.Role != access.Owner {
		t.Errorf("the owner was lowered: %v %v", m.Role, err)
	}
	if status, _ := h.public(t).post("/sign-in", url.Values{"email": {"jo@agency.example"}, "password": {""}}); status == http.StatusSeeOther {
		t.Error("an empty password opened an account that has none")
	}
}

// Attacks on the way through a provider: each is refused, and the audit log says why.
func TestAttacksThroughTheProvider(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	h.signIn(t, access.Owner)
	i := providertest.New(t)
	h.provided(t, i, nil)
	mara := providertest.Person("owner@agency.example", "sub-1")
	otherKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for name, c := range map[string]struct {
		claims map[string]any
		forge  func(map[string]any)
		none   bool
		key    *ecdsa.PrivateKey
		why    string
		status int
	}{
		"wrong nonce":        {mara, func(c map[string]any) { c["nonce"] = "another" }, false, nil, "wrong_nonce", 422},
		"wrong audience":     {mara, func(c map[string]any) { c["aud"] = "somebody else" }, false, nil, "token_refused", 422},
		"mix-up: issuer":     {mara, func(c map[string]any) { c["iss"] = "https://evil.example" }, false, nil, "token_refused", 422},
		"expired":            {mara, func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }, false, nil, "token_refused", 422},
		"another party":      {mara, func(c map[string]any) { c["aud"], c["azp"] = []string{"drover", "x"}, "x" }, false, nil, "wrong_party", 422},
		"algorithm none":     {mara, nil, true, nil, "token_refused", 422},
		"another key":        {mara, nil, false, otherKey, "token_refused", 422},
		"unverified e-mail":  {providertest.Person("owner@agency.example", "sub-2", "email_verified", false), nil, false, nil, "unknown_identity", 403},
		"another domain":     {providertest.Person("owner@evil.example", "sub-3"), nil, false, nil, "unknown_identity", 403},
		"a stranger":         {providertest.Person("nobody@agency.example", "sub-4"), nil, false, nil, "not_invited", 403},
		"look-alike address": {providertest.Person("owner@agency.example.evil.example", "sub-5"), nil, false, nil, "unknown_identity", 403},
	} {
		if err := h.log.RecordRepeats(t.Context(), true); err != nil { // so that the next refusal has an entry of its own
			t.Fatal(err)
		}
		i.Says(c.claims)
		i.Guard.Lock()
		i.Forge, i.None = c.forge, c.none
		right := i.Key
		if c.key != nil {
			i.Key = c.key
		}
		i.Guard.Unlock()
		p := h.public(t)
		if status, body, _ := p.through("/sign-in/provider"); status != c.status || !strings.Contains(h.why(t), c.why) {
			t.Errorf("%s: %d, recorded %s, want %s: %.100s", name, status, h.why(t), c.why, body)
		}
		if status, _ := p.get("/sites"); status == http.StatusOK {
			t.Errorf("%s: somebody is signed in", name)
		}
		i.Guard.Lock()
		i.Key = right
		i.Guard.Unlock()
	}

	i.Says(mara)
	p := h.public(t)
	status, _, back := p.through("/sign-in/provider?next=//evil.example/")
	if status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, h.why(t))
	}
	if status, _ := p.do(p.absolute(back)); status == http.StatusSeeOther {
		t.Errorf("the way back worked twice: %d", status)
	}
	_, address := p.get("/sign-in/provider")
	_, stolen := p.do(p.absolute(address))
	victim := h.public(t)
	victim.get("/sign-in/provider")
	if status, _ := victim.do(victim.absolute(stolen)); status == http.StatusSeeOther || !strings.Contains(h.why(t), "wrong_state") {
		t.Errorf("another browser's state: %d %s", status, h.why(t))
	}
	if status, _ := h.public(t).do(victim.absolute(stolen)); status == http.StatusSeeOther {
		t.Errorf("without the cookie: %d", status)
	}
	if status, _ := p.get("/sign-in/provider/callback?error=access_denied&state=x"); status != http.StatusUnprocessableEntity {
		t.Errorf("the provider said no: %d", status)
	}
	i.Close()
	h.provided(t, i, nil)
	if status, page := h.public(t).get("/sign-in/provider"); status != http.StatusBadGateway || !strings.Contains(page, "is not responding") {
		t.Errorf("a provider that is down: %d", status)
	}
}

// A member may prove at the provider who they are; an old proof, another person's, or one without the second factor does not do.
func TestConfirmingWithAProvider(t *testing.T) {
	t.Parallel()
	h := newTestServer(t)
	i := providertest.New(t)
	h.provided(t, i, nil)
	ctx := context.Background()
	for _, email := range []string{"mara@agency.example", "jo@agency.example"} {
		if _, err := h.roster.Add(ctx, shell, members.Member{Email: email, Name: email, Role: access.Admin}, vault.NewSecret(password)); err != nil {
			t.Fatal(err)
		}
	}
	i.Says(providertest.Person("jo@agency.example", "sub-jo"))
	h.public(t).through("/sign-in/provider")
	p := h.public(t)
	i.Says(providertest.Person("mara@agency.example", "sub-mara"))
	p.through("/sign-in/provider")
	stale := func() {
		if err := h.db.Gorm.Exec("UPDATE sessions SET fresh_at = 1").Error; err != nil {
			t.Fatal(err)
		}
	}
	stale()
	if _, page := p.get("/confirm?next=/sites/new"); !strings.Contains(page, "Confirm with Agency ID") ||
		!strings.Contains(page, "/confirm/provider?next=%2Fsites%2Fnew") {
		t.Error("no button")
	}
	for name, claims := range map[string]map[string]any{
		"an old proof":   providertest.Person("mara@agency.example", "sub-mara", "auth_time", time.Now().Add(-time.Hour).Unix()),
		"another person": providertest.Person("jo@agency.example", "sub-jo"), "no time": providertest.Person("mara@agency.example", "sub-mara", "auth_time", 0),
	} {
		i.Says(claims)
		if status, _, _ := p.through("/confirm/provider?next=/sites/new"); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, status)
		}
		if status, _ := p.get("/sites/new"); status == http.StatusOK {
			t.Errorf("%s opened the form", name)
		}
	}
	i.Says(providertest.Person("mara@agency.example", "sub-mara"))
	if status, to, _ := p.through("/confirm/provider?next=/sites/new"); status != http.StatusSeeOther || to != "/sites/new" {
		t.Errorf("%d %s %s", status, to, h.why(t))
	}
	if i.Request.Get("prompt") != "login" || i.Request.Get("max_age") != "0" {
		t.Errorf("asked with %v", i.Request)
	}
	if status, _ := p.get("/sites/new"); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

// A provider's addresses are those that it names: an answer that leads elsewhere is none, and the code and the secret stay here.
func TestProviderLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys"} {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			h, i := newTestServer(t), providertest.New(t)
			var requested, followed atomic.Int32
			otherServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				followed.Add(1)
				i.Config.Handler.ServeHTTP(w, r)
			}))
			t.Cleanup(otherServer.Close)
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == path {
					requested.Add(1)
					http.Redirect(w, r, otherServer.URL+path, status)
					return
				}
				i.Config.Handler.ServeHTTP(w, r)
			}))
			t.Cleanup(front.Close)
			i.URL = front.URL
			h.provided(t, i, nil)
			i.Says(providertest.Person("mara@agency.example", "sub-mara"))
			p := h.public(t)
			if status, address := p.get("/sign-in/provider"); status == http.StatusSeeOther || status == http.StatusFound {
				_, back := p.do(p.absolute(address))
				p.do(p.absolute(back))
			}
			if requested.Load() == 0 || followed.Load() != 0 {
				t.Errorf("%s, %d: asked %d times, followed %d times", path, status, requested.Load(), followed.Load())
			}
		}
	}
}
