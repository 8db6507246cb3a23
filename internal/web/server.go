// Package web is the dashboard: HTTP in, pages and JSON out. A handler binds what was sent, calls one of the parts, and renders what
// it gets. Nothing is decided here that the command line must decide as well, and no credential ever reaches this room.
package web

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/metrics"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/sites"
)

// Parts are what the dashboard is built over.
type Parts struct {
	Registry   *sites.Registry
	Connect    *connect.Queue
	Runner     *runs.Runner
	Roster     *members.Roster
	Changes    *changes.Changes // those that may need a second person
	Library    *saved.Library
	Log        *audit.Log
	AuditSinks *auditsinks.Sinks                  // copies of the audit log elsewhere
	Signing    func() (ed25519.PrivateKey, error) // the key that signs checkpoints
	Logger     *slog.Logger
	Metrics    *metrics.Metrics            // nil counts nothing
	Attend     func() (done func())        // lets runs give way while a person waits for a page; nil: they do not
	Ready      func(context.Context) error // whether the server can do its work; nil where nobody asks
	PublicURL  string                      // the address that people use; https makes cookies secure
	Gallery    bool                        // show the development gallery

	TrustedProxies []netip.Prefix // that say where a request came from (X-Forwarded-For); nobody else is believed
	Rates          Rates
}

// Server answers the dashboard's requests.
type Server struct {
	Parts
	watch       *runs.Watch
	expressions *expression.Pool
	secure      bool
	engine      *gin.Engine

	verified  verified
	readiness readiness
	byMember  *rateLimits
	byAddress *rateLimits
	bodyTime  time.Duration

	authenticated func(method, path string) // for tests: called once a request is authenticated

	concurrency concurrencyLimit
	checks      sync.WaitGroup // checks that go on after their request
	checking    checking
	running     context.Context
	stopCheck   context.CancelFunc
}

// New returns the dashboard. Close ends what goes on behind its requests.
func New(p Parts) *Server {
	gin.SetMode(gin.ReleaseMode)
	s := &Server{Parts: p, watch: runs.NewWatch(p.Runner), expressions: expression.NewPool(expression.Limits{}), engine: gin.New()}
	if s.Attend == nil {
		s.Attend = func() func() { return func() {} }
	}
	rates := p.Rates.orUsual()
	s.byMember, s.byAddress, s.bodyTime = newRateLimits(rates.Member, rates.MemberBurst), newRateLimits(rates.Address, rates.AddressBurst), bodyTime
	s.running, s.stopCheck = context.WithCancel(context.Background())
	if u, err := url.Parse(p.PublicURL); err == nil {
		s.secure = u.Scheme == "https"
	}
	if err := s.engine.SetTrustedProxies(networksOf(p.TrustedProxies)); err != nil {
		panic(err) // they were networks before
	}
	s.engine.RemoteIPHeaders = []string{"X-Forwarded-For"} // the only one that proxies append to: another could be the browser's own
	s.engine.HandleMethodNotAllowed = true
	s.engine.RedirectTrailingSlash = false // Gin's would pass by the middleware and believe X-Forwarded-Prefix: noPage redirects
	s.engine.Use(s.log, s.recover, s.headers, compressible, s.sameOrigin(), s.readable)
	s.routes()
	return s
}

func networksOf(prefixes []netip.Prefix) []string {
	var all []string
	for _, p := range prefixes {
		all = append(all, p.String())
	}
	return all
}

// Handler is the dashboard as an http.Handler.
func (s *Server) Handler() http.Handler { return compressed(s.engine) }

// Close stops checks that go on after their request and waits for them.
func (s *Server) Close() {
	s.stopCheck()
	s.checks.Wait()
}
