package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/droverhq/drover/internal/certificates"
)

// tlsOptions say where the server's certificate comes from; without any, a proxy in front has it.
type tlsOptions struct {
	mode, email, directory string
	certificate, key       string
	httpAddr               string
}

func (o *tlsOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.mode, "tls", "off", "auto: get a certificate for the host of --public-url from Let's Encrypt, and keep it renewed")
	f.StringVar(&o.email, "tls-email", "", "email address that Let's Encrypt notifies of problems with the certificate")
	f.StringVar(&o.directory, "tls-directory", "", "ACME directory of another authority (default: Let's Encrypt)")
	f.StringVar(&o.certificate, "tls-cert", "", "PEM file of your own certificate with its chain; read again when it changes")
	f.StringVar(&o.key, "tls-key", "", "PEM file of the key of --tls-cert")
	f.StringVar(&o.httpAddr, "tls-http-addr", ":80", "address at which to send people from http to https; empty for none")
}

func (o *tlsOptions) on() bool { return o.mode == "auto" || o.certificate != "" }

func (o *tlsOptions) check(publicURL string) error {
	u, err := url.Parse(publicURL)
	switch {
	case err != nil:
		return err
	case o.mode != "off" && o.mode != "auto":
		return usage("--tls: %q is not valid; use auto or off, or set your own certificate with --tls-cert", o.mode)
	case (o.certificate == "") != (o.key == ""):
		return usage("--tls-cert and --tls-key belong together")
	case o.mode == "auto" && o.certificate != "":
		return usage("choose --tls auto or --tls-cert, not both")
	case o.on() && u.Scheme != "https":
		return usage("with --tls, set --public-url to the URL that people use, such as https://drover.agency.example")
	case o.mode == "auto" && o.email == "":
		return usage("--tls auto needs --tls-email: the authority sends notices about the certificate there")
	case o.mode == "auto" && net.ParseIP(u.Hostname()) != nil:
		return usage("--tls auto needs a host name in --public-url, not an IP address")
	}
	return nil
}

// tlsName is the host of the server's own certificate, empty where it speaks plain HTTP.
func (c *config) tlsName() string {
	if !c.tls.on() {
		return ""
	}
	u, _ := url.Parse(c.publicURL) // finish checked it
	return u.Hostname()
}

// secured is what a server with TLS of its own needs.
type secured struct {
	config   *tls.Config
	redirect *http.Server // nil for none
	close    func()
}

// secure gets the certificate ready, and serves what sends people on from http.
func (c *config) secure(ctx context.Context, logger *slog.Logger) (*secured, error) {
	if !c.tls.on() {
		return &secured{close: func() {}}, nil
	}
	u, err := url.Parse(c.publicURL)
	if err != nil {
		return nil, err
	}
	s, redirect := &secured{close: func() {}}, certificates.ToHTTPS(u.Host)
	if c.tls.certificate != "" {
		files, err := certificates.FromFiles(c.tls.certificate, c.tls.key, logger)
		if err != nil {
			return nil, usage("--tls-cert: %w", err)
		}
		s.config = files.TLS()
		return s, s.serveRedirect(c.tls.httpAddr, redirect)
	}
	authorities, err := authorities(c.caFile)
	if err != nil {
		return nil, err
	}
	acme := certificates.NewACME(certificates.Order{
		Host: u.Hostname(), Email: c.tls.email, Directory: c.tls.directory, Folder: filepath.Join(c.data, "certificates"), HTTPAddr: c.tls.httpAddr,
		TLSAddr: c.addr, Roots: authorities, Logger: logger,
	})
	s.config, s.close = acme.TLS(), acme.Close
	// Listening comes first: the authority looks at once, and where nobody listens, the library would itself.
	if err := s.serveRedirect(c.tls.httpAddr, acme.Challenges(redirect)); err != nil {
		return nil, err
	}
	return s, acme.Manage(ctx)
}

func (s *secured) serveRedirect(addr string, handler http.Handler) error {
	if addr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		s.close()
		return fmt.Errorf("cannot listen on %s to send people from http to https: %w; choose another address with --tls-http-addr", addr, err)
	}
	s.redirect = &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10}
	go func() { _ = s.redirect.Serve(listener) }() // it ends with the server
	return nil
}

// end stops what secure began.
func (s *secured) end() error {
	defer s.close()
	if s.redirect == nil {
		return nil
	}
	return ignoreClosed(s.redirect.Close())
}

// serve serves with TLS where there is a certificate.
func (s *secured) serve(server *http.Server, listener net.Listener) error {
	if s.config == nil {
		return server.Serve(listener)
	}
	server.TLSConfig = s.config
	return server.ServeTLS(listener, "", "")
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
