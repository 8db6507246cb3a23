package main

import (
	"crypto/x509"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/vault"
)

// provider says which OpenID Connect provider lets members sign in.
type provider struct {
	issuer, clientID, secretFile, name string
	domains                            []string
	groups                             map[string]string
	create, trustedFactor              bool
}

func (p *provider) register(f *pflag.FlagSet) {
	f.StringVar(&p.issuer, "oidc-issuer", "", "let members sign in with this OpenID Connect provider, such as https://id.agency.example")
	f.StringVar(&p.clientID, "oidc-client-id", "", "client ID of this Drover at the provider")
	f.StringVar(&p.secretFile, "oidc-client-secret-file", "", "file with the secret for the provider")
	f.StringVar(&p.name, "oidc-name", "", "name of the provider on the sign-in button (default: its host)")
	f.StringSliceVar(&p.domains, "oidc-domains", nil, "only people with an email address in these domains (default: any that the provider has verified)")
	f.StringToStringVar(&p.groups, "oidc-groups", nil,
		"groups of the provider and the roles that they give, such as staff=operator,leads=admin; people in none of them cannot sign in")
	f.BoolVar(&p.create, "oidc-create", false, "add people as members without an invitation")
	f.BoolVar(&p.trustedFactor, "oidc-trusted-factor", false, "treat every sign-in with the provider as having used a second factor")
}

// use lets the roster's members sign in with the provider, where there is one.
func (p *provider) use(roster *members.Roster, publicURL string, authorities *x509.CertPool) error {
	if p.issuer == "" {
		return nil
	}
	c := members.ProviderConfig{
		Issuer: p.issuer, ClientID: p.clientID, Name: p.name, Redirect: strings.TrimSuffix(publicURL, "/") + "/sign-in/provider/callback", Create: p.create,
		TrustedFactor: p.trustedFactor,
		Groups:        map[string]access.Role{}, Authorities: authorities,
	}
	if p.secretFile != "" {
		secret, err := os.ReadFile(p.secretFile)
		if err != nil {
			return usage("--oidc-client-secret-file: %w", err)
		}
		c.Secret = vault.NewSecret(strings.TrimSpace(string(secret)))
	}
	for _, domain := range p.domains {
		c.Domains = append(c.Domains, strings.ToLower(strings.TrimPrefix(strings.TrimSpace(domain), "@")))
	}
	for group, role := range p.groups {
		c.Groups[group] = access.Role(role)
	}
	found, err := members.NewProvider(c)
	if err != nil {
		return usage("--oidc-issuer: %w", err)
	}
	roster.UseProvider(found)
	return nil
}
