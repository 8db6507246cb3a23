package certificates

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Order says which certificate is wanted from whom.
type Order struct {
	Host      string // that people use
	Email     string // where the authority writes when something is wrong
	Directory string // of the authority; empty for Let's Encrypt
	Folder    string // where the account, the certificate and its key stay
	HTTPAddr  string // where the server answers the authority, and sends people on to https
	TLSAddr   string
	Roots     *x509.CertPool // that vouch for the authority itself; nil for the system's
	Logger    *slog.Logger
}

// ACME is a certificate that an authority gives and renews.
type ACME struct {
	order  Order
	cache  *certmagic.Cache
	config *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

// NewACME returns a certificate that is not ordered yet: first the server must answer the authority, with Challenges.
func NewACME(o Order) *ACME {
	a := &ACME{order: o}
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"}), zapcore.AddSync(io.Discard), zapcore.FatalLevel))
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		Logger:           logger,
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
	})
	a.config = certmagic.New(a.cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: o.Folder}, Logger: logger, OnEvent: a.event})
	template := certmagic.ACMEIssuer{CA: o.Directory, Email: o.Email, Agreed: true, TrustedRoots: o.Roots, Logger: logger}
	if template.CA == "" {
		template.CA = certmagic.LetsEncryptProductionCA
	}
	template.TestCA = template.CA
	template.AltHTTPPort, template.AltTLSALPNPort = portOf(o.HTTPAddr), portOf(o.TLSAddr)
	a.issuer = certmagic.NewACMEIssuer(a.config, template)
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	return a
}

// Manage orders the certificate and keeps it renewed, until Close. It does not wait for it: the authority looks at the server first.
func (a *ACME) Manage(ctx context.Context) error {
	if err := a.config.ManageAsync(ctx, []string{a.order.Host}); err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	return nil
}

// event logs what whoever runs the server should know.
func (a *ACME) event(ctx context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		a.order.Logger.InfoContext(ctx, "the TLS certificate was obtained", "host", a.order.Host, "renewal", data["renewal"])
	case "cert_failed":
		a.order.Logger.ErrorContext(ctx,
			"the TLS certificate could not be obtained; Drover tries again. The authority must reach this server at port 80 or 443 of its name", "host",
			a.order.Host, "err", data["error"])
	}
	return nil
}

func portOf(addr string) int {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port) // 0 is the usual one
	return n
}

// TLS is the configuration of a server with this certificate.
func (a *ACME) TLS() *tls.Config {
	c := a.config.TLSConfig()
	c.NextProtos = append([]string{"h2", "http/1.1"}, c.NextProtos...)
	return c
}

// Challenges answers the authority, and leaves everything else to next.
func (a *ACME) Challenges(next http.Handler) http.Handler { return a.issuer.HTTPChallengeHandler(next) }

// Close ends the renewing.
func (a *ACME) Close() { a.cache.Stop() }

// ToHTTPS sends people on to the host's https address.
func ToHTTPS(host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "Use https.", http.StatusForbidden) // what was sent was readable on its way: it must not work
			return
		}
		w.Header().Set("Connection", "close")
		to := url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery} // what is asked for may be no path
		http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)                                                 // #nosec G710 -- the host is the server's own
	})
}
