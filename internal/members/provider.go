package members

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
)

// Errors of signing in with a provider.
var (
	ErrProvider     = errors.New("the provider's answer does not sign anyone in")
	ErrNotInvited   = errors.New("the person has no Drover account")
	ErrProviderAway = errors.New("the provider cannot be reached")
)

// ProviderConfig says who else may say who somebody is: one OpenID Connect provider.
type ProviderConfig struct {
	Issuer        string
	ClientID      string
	Secret        vault.Secret
	Name          string                 // on the button
	Redirect      string                 // the address that it sends people back to
	Domains       []string               // of e-mail addresses that may be linked or made members; none: any
	Groups        map[string]access.Role // the highest that somebody is in gives the role; none: the role is Drover's own matter
	Create        bool                   // makes members of people who are not yet
	TrustedFactor bool                   // whoever it lets in has shown a second factor, whether it says so or not
	Authorities   *x509.CertPool         // nil for the system's own
}

// Provider is an OpenID Connect provider. It is looked up when it is first needed, and again while that fails.
type Provider struct {
	config ProviderConfig
	client *http.Client

	guard sync.Mutex
	found *oidc.Provider
}

// providerTime bounds one exchange with the provider.
const providerTime = 10 * time.Second

// NewProvider checks what it is told and asks nobody yet. The issuer must be https, or http on this machine.
func NewProvider(c ProviderConfig) (*Provider, error) {
	u, err := url.Parse(c.Issuer)
	local := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local):
		return nil, fmt.Errorf("%q is not an issuer; write it as https://id.agency.example", c.Issuer)
	case c.ClientID == "":
		return nil, errors.New("the client id is missing")
	case c.Name == "":
		c.Name = u.Hostname()
	}
	for group, role := range c.Groups {
		if !role.Valid() || role == access.Owner {
			return nil, fmt.Errorf("the group %s: choose viewer, operator or admin; owners are added in Drover", group)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Authorities}
	return &Provider{config: c, client: &http.Client{Transport: transport, Timeout: providerTime, CheckRedirect: stay}}, nil
}

// stay follows no redirect: the code and the client's secret are for the addresses that the provider names, and for no other.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// discover returns the provider as it describes itself.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.guard.Lock()
	defer p.guard.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The provider keeps its context for fetching keys later, so it must not be the request's.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProviderAway, err)
	}
	p.found = found
	return found, nil
}

func (p *Provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.Secret.Reveal(), Endpoint: found.Endpoint(), RedirectURL: p.config.Redirect,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile", "groups"},
	}
}

// identity is what the provider says of somebody.
type identity struct {
	Issuer, Subject string
	Email           string `json:"email"`
	Verified        bool   `json:"email_verified"`
	Name            string `json:"name"`
	Nonce           string `json:"-"`

	Groups  []string `json:"groups"`
	Methods []string `json:"amr"`
	Party   string   `json:"azp"`
	At      int64    `json:"auth_time"`
}

// exchange takes the code to the provider and checks the token that comes back: its signature, issuer, audience, times and nonce.
func (p *Provider) exchange(ctx context.Context, code, verifier, nonce string) (identity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return identity{}, refusal{"code_refused", fmt.Errorf("%w: the code was refused", ErrProvider)}
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return identity{}, refusal{"token_refused", fmt.Errorf("%w: %w", ErrProvider, err)}
	}
	id := identity{Issuer: token.Issuer, Subject: token.Subject, Nonce: token.Nonce}
	if err := token.Claims(&id); err != nil {
		return identity{}, refusal{"token_unreadable", fmt.Errorf("%w: %w", ErrProvider, err)}
	}
	switch {
	case id.Nonce != nonce:
		return identity{}, refusal{"wrong_nonce", ErrProvider}
	case len(token.Audience) > 1 && id.Party != p.config.ClientID:
		return identity{}, refusal{"wrong_party", ErrProvider}
	case id.Subject == "":
		return identity{}, refusal{"no_subject", ErrProvider}
	}
	id.Email = foldEmail(id.Email)
	return id, nil
}

// strong tells whether the provider asked for a second factor (RFC 8176).
func (p *Provider) strong(id identity) bool {
	return p.config.TrustedFactor || slices.ContainsFunc(id.Methods, func(m string) bool { return slices.Contains([]string{"mfa", "otp", "hwk", "swk"}, m) })
}

// known tells whether somebody of the address may be linked or made a member.
func (p *Provider) known(id identity) bool {
	_, domain, _ := strings.Cut(id.Email, "@")
	return id.Verified && domain != "" && (len(p.config.Domains) == 0 || slices.Contains(p.config.Domains, domain))
}

// role is the highest that the groups give, or empty when they give none.
func (p *Provider) role(id identity) access.Role {
	var highest access.Role
	for _, group := range id.Groups {
		if role := p.config.Groups[group]; role != "" && !highest.Covers(role) {
			highest = role
		}
	}
	return highest
}

// UseProvider lets people sign in with the provider. Call it before anything else.
func (r *Roster) UseProvider(p *Provider) { r.provider = p }

// ProviderName is what the button says, empty without a provider.
func (r *Roster) ProviderName() string {
	if r.provider == nil {
		return ""
	}
	return r.provider.config.Name
}

// Linked tells whether the member has signed in with the provider, and so can prove who they are there.
func (r *Roster) Linked(ctx context.Context, member int64) (bool, error) {
	if r.provider == nil {
		return false, nil
	}
	return r.store.linked(ctx, member)
}

// flowLasts is how long somebody may take at the provider.
const flowLasts = 10 * time.Minute

// Flow is a sign-in that was begun with a provider.
type Flow struct {
	Next    string
	Session int64 // that is to be confirmed, 0 for a sign-in
}

// BeginProvider returns where to send the browser, and the token that it must show when it comes back. With a session, it is to prove again
// who its member is.
func (r *Roster) BeginProvider(ctx context.Context, f Flow) (address string, token vault.Secret, err error) {
	if r.provider == nil {
		return "", token, ErrProvider
	}
	found, err := r.provider.discover(ctx)
	if err != nil {
		return "", token, err
	}
	token, hash := newToken()
	state, stateHash := newToken()
	nonce, _ := newToken()
	row := flowRow{TokenHash: hash, StateHash: stateHash, Nonce: nonce.Reveal(), Verifier: oauth2.GenerateVerifier(), Next: f.Next, SessionID: f.Session,
		CreatedAt: r.now().UnixMicro()}
	if err := r.store.putFlow(ctx, row, r.now().Add(-flowLasts)); err != nil {
		return "", token, fmt.Errorf("members: provider: %w", err)
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(row.Nonce), oauth2.S256ChallengeOption(row.Verifier)}
	if f.Session != 0 {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return r.provider.oauth(found).AuthCodeURL(state.Reveal(), options...), token, nil
}

// Return is what the provider sent the browser back with.
type Return struct {
	Token       vault.Secret // of BeginProvider
	State, Code string
	Problem     string // the provider's own word for why there is no code
}

// FinishProvider signs the member in, or proves the holder's session again, and returns the session's new token. A token of BeginProvider
// works once. Whoever is not let in gets ErrProvider or ErrNotInvited, and the audit log says why.
func (r *Roster) FinishProvider(ctx context.Context, back Return, h SessionHolder) (token vault.Secret, f Flow, m Member, err error) {
	if r.provider == nil {
		return token, f, m, ErrProvider
	}
	signIn := signingIn(Member{}, h.Device)
	row, err := r.store.takeFlow(ctx, hashOf(back.Token), r.now().Add(-flowLasts))
	if err != nil {
		return token, f, m, r.refused(ctx, signIn, err)
	}
	f = Flow{Next: row.Next, Session: row.SessionID}
	if hashOf(vault.NewSecret(back.State)) != row.StateHash {
		return token, f, m, r.refused(ctx, signIn, refusal{"wrong_state", ErrProvider})
	}
	if back.Code == "" {
		return token, f, m, r.refused(ctx, signIn, refusal{"provider_said_no", ErrProvider})
	}
	id, err := r.provider.exchange(ctx, back.Code, row.Verifier, row.Nonce)
	if err != nil {
		return token, f, m, r.refused(ctx, signIn, err)
	}
	if f.Session != 0 {
		token, err = r.reauthenticateWith(ctx, h, f, id)
		return token, f, h.Member, err
	}
	if m, err = r.authorized(ctx, id, h.Device); err != nil {
		return token, f, m, err
	}
	token, err = r.begin(ctx, m, h.Device, beginning{provided: r.provider.strong(id)}, func(write) error { return nil })
	return token, f, m, err
}

// recentProviderSignIn is how old a proof at the provider may be when it comes back.
const recentProviderSignIn = 5 * time.Minute

func (r *Roster) reauthenticateWith(ctx context.Context, h SessionHolder, f Flow, id identity) (vault.Secret, error) {
	return r.reauthenticate(ctx, h, func(w write) (string, error) {
		member, err := w.identityOwner(id)
		switch {
		case err != nil:
			return "", err
		case h.Session.ID != f.Session || member != h.Member.ID || h.Session.SecondFactorPending:
			return "", refusal{"another_person", ErrProvider}
		case w.now.Sub(time.Unix(id.At, 0)) > recentProviderSignIn:
			return "", refusal{"not_asked_anew", ErrProvider}
		}
		has, err := w.hasFactor(h.Member.ID)
		if err == nil && has && !r.provider.strong(id) {
			err = refusal{"second_factor_wanted", ErrProvider}
		}
		return "provider", err
	})
}

// authorized is the member whom the provider's word lets in, linked or made where that is still to do, with the role that the groups give.
func (r *Roster) authorized(ctx context.Context, id identity, d Device) (Member, error) {
	var m Member
	signIn := signingIn(Member{}, d)
	err := r.store.change(ctx, write{act: signIn, now: r.now()}, func(w write) error {
		member, err := w.identityOwner(id)
		if err != nil {
			return err
		}
		m, err = w.presentMember(member)
		if errors.Is(err, ErrNoMember) {
			m, err = r.welcome(w, id, member != 0)
		}
		if err != nil {
			return err
		}
		if err := r.grouped(w, m, id); err != nil {
			return err
		}
		m, err = w.presentMember(m.ID)
		return err
	})
	return m, r.refused(ctx, signIn, err)
}

// welcome links somebody whom the provider knows and Drover does not, to the member with the address or to a new one. Whoever left comes
// back only where somebody in Drover has made them a member again.
func (r *Roster) welcome(w write, id identity, left bool) (Member, error) {
	if !r.provider.known(id) {
		return Member{}, refusal{"unknown_identity", ErrNotInvited}
	}
	m, err := w.memberByEmail(id.Email)
	if errors.Is(err, ErrNoMember) && left {
		err = refusal{"left", ErrNotInvited}
	} else if errors.Is(err, ErrNoMember) {
		m, err = r.newcomer(w, id)
	}
	if err != nil {
		return m, err
	}
	if err := w.link(id, m.ID); err != nil {
		return m, err
	}
	w.actor, w.action = m.Actor(parseAddr(w.actor.Addr)), access.MemberJoin
	return m, w.record(m.subject(), map[string]any{"email": m.Email, "name": m.Name, "role": m.Role, "link": "provider", "issuer": id.Issuer,
		"subject": id.Subject})
}

func (r *Roster) newcomer(w write, id identity) (Member, error) {
	role := r.provider.role(id)
	if !r.provider.config.Create || len(r.provider.config.Groups) > 0 && role == "" {
		return Member{}, refusal{"not_invited", ErrNotInvited}
	}
	m := Member{Email: id.Email, Name: id.Name, Role: role}
	if m.Role == "" {
		m.Role = access.Viewer
	}
	if strings.TrimSpace(m.Name) == "" {
		m.Name, _, _ = strings.Cut(m.Email, "@")
	}
	if p := m.clean(); len(p) > 0 {
		return m, refusal{"unusable_identity", ErrNotInvited}
	}
	return w.insertMember(m, "") // no password: none proves it
}

// grouped gives the member the role of their groups. An owner stays one: that is Drover's own matter.
func (r *Roster) grouped(w write, m Member, id identity) error {
	if len(r.provider.config.Groups) == 0 || m.Role == access.Owner {
		return nil
	}
	role := r.provider.role(id)
	if role == "" {
		return refusal{"no_group", ErrNotInvited}
	}
	if role == m.Role {
		return nil
	}
	if err := w.setRole(m, role); err != nil {
		return err
	}
	w.actor, w.action = access.System(), access.MemberRole
	return w.record(m.subject(), map[string]any{"role": map[string]any{"before": m.Role, "after": role}, "by": "groups of the provider"})
}
