package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/saved"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/web"
	"github.com/droverhq/drover/static"
)

// graceTime is how long requests and targets under way may take to end when the process stops.
const graceTime = 25 * time.Second

func serveCommand(c *config) *cobra.Command {
	var gallery bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the dashboard",
		Long: `Serve the dashboard and work on runs.

The first start prints a one-time link that sets up the owner's account. Put a TLS proxy in front, and set --public-url to the URL that
people use. After SIGTERM, running requests get up to 25 s to finish; the rest continues at the next start.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withApp(cmd.Context(), func(h *app) error {
				if err := printSetupLink(cmd.Context(), cmd.OutOrStdout(), h, c.publicURL); err != nil {
					return err
				}
				fmt.Fprint(cmd.ErrOrStderr(), plainWarning(c.publicURL))
				return c.serve(cmd.Context(), cmd.OutOrStdout(), h, gallery)
			})
		},
	}
	cmd.Flags().BoolVar(&gallery, "gallery", false, "for development: show every page and state at /gallery")
	return cmd
}

// plainWarning says that people would send their passwords in the clear, or nothing where they do not.
func plainWarning(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Scheme == "https" || u.Hostname() == "localhost" {
		return ""
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.Unmap().IsLoopback() {
		return ""
	}
	return fmt.Sprintf("\nWarning: %s is not encrypted. Anyone on the network can read passwords and take over sessions.\nPut a TLS proxy in front, and set "+
		"--public-url https://…\n\n", publicURL)
}

// printSetupLink prints the link that makes the first account, when there is none. Nobody without it can.
func printSetupLink(ctx context.Context, out io.Writer, h *app, publicURL string) error {
	token, needed, err := h.roster.EnsureSetupLink(ctx)
	if err != nil || !needed {
		return err
	}
	_, err = fmt.Fprintf(out, "\nThere are no accounts yet. Open this one-time link to set up the owner's account:\n\n  %s/setup/%s\n\n",
		strings.TrimSuffix(publicURL, "/"), token.Reveal())
	return err
}

// serve answers until the context ends, then lets everything under way end.
func (c *config) serve(ctx context.Context, out io.Writer, h *app, gallery bool) error {
	before, err := c.prepare(h)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --addr", c.addr, err)
	}
	logger := c.logging.logger(os.Stderr, slog.LevelInfo)
	secured, err := c.secure(context.WithoutCancel(ctx), logger)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer secured.end()
	auditSinks, library := auditsinks.New(h.db, h.log, logger), saved.New(h.db, h.log)
	dashboard := web.New(web.Parts{
		AuditSinks: auditSinks, Signing: func() (ed25519.PrivateKey, error) { return vault.SigningKey(h.signing) },
		Changes: h.changes, Registry: h.registry, Connect: h.connect, Runner: h.runner, Roster: h.roster, Library: library, Log: h.log, Logger: logger,
		PublicURL: c.publicURL, Metrics: h.metrics, Ready: h.ready, Attend: h.network.Attend, Gallery: gallery, TrustedProxies: before.proxies,
	})
	defer dashboard.Close()
	server := newServer(dashboard.Handler(), logger)
	h.network.LeaveRoom()
	if err := h.engine.Work(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := h.log.RecordAlone(ctx, access.System(), audit.Event{Action: access.DroverStart, Detail: map[string]any{"addr": c.addr}}); err != nil {
		return errors.Join(err, h.engine.Stop(ctx))
	}
	auditSinks.Start(before.sinks)
	defer auditSinks.Stop()
	defer c.maintain(context.WithoutCancel(ctx), h, library, logger)()
	stopMetrics, err := c.serveMetrics(h, auditSinks, logger)
	if err != nil {
		return errors.Join(err, listener.Close(), shutDown(context.WithoutCancel(ctx), server, h))
	}
	defer stopMetrics()
	fmt.Fprintf(out, "Drover listens on %s\n", c.publicURL)
	failed := make(chan error, 1)
	go func() { failed <- secured.serve(server, listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		fmt.Fprintln(out, "Stopping: running requests finish first; the rest continues at the next start.")
	}
	return errors.Join(ignoreClosed(err), shutDown(context.WithoutCancel(ctx), server, h))
}

// prepared is what a server reads from its settings before it listens.
type prepared struct {
	sinks   map[string]auditsinks.Sink
	proxies []netip.Prefix
}

func (c *config) prepare(h *app) (p prepared, err error) {
	if err := static.Check(); err != nil {
		return p, err
	}
	authorities, err := authorities(c.caFile)
	if err != nil {
		return p, err
	}
	if p.sinks, err = c.audit.sinks(authorities); err != nil {
		return p, err
	}
	if err := c.provider.use(h.roster, c.publicURL, authorities); err != nil {
		return p, err
	}
	p.proxies, err = c.trustedProxies()
	return p, err
}

// newServer has no WriteTimeout: it would cut a run's stream. Each write of a stream has a deadline of its own.
func newServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// maintain starts what a server does beside answering people, and returns what stops it.
func (c *config) maintain(ctx context.Context, h *app, library *saved.Library, logger *slog.Logger) (stop func()) {
	stoppable, cancel := context.WithCancel(ctx)
	go h.maintainAuditLog(stoppable, logger, c.audit)
	go h.recordRepeatedRefusals(stoppable, logger)
	go h.expireChanges(stoppable, logger)
	go c.keepBackups(stoppable, h, logger)
	go h.keepRetention(stoppable, logger)
	redacted, resumed, rotated := h.redactStored(ctx, library, logger), h.resumeLooks(ctx, logger), h.keepRotating(ctx, logger)
	checked := h.keepChecking(ctx, logger)
	return func() {
		checked()
		rotated()
		resumed()
		redacted()
		cancel()
	}
}

func shutDown(ctx context.Context, server *http.Server, h *app) error {
	ctx, cancel := context.WithTimeout(ctx, graceTime)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- h.engine.Stop(ctx) }()
	// Streams of runs never end by themselves: they are cut a moment later, and browsers come back to the next process.
	shutdown, cut := context.WithTimeout(ctx, 2*time.Second)
	defer cut()
	if err := server.Shutdown(shutdown); err != nil {
		err = server.Close()
		return errors.Join(err, <-stopped)
	}
	return <-stopped
}

// redactStored takes secrets out of what an older Drover stored, beside what else is done, until stop. What is left then is done after the
// next start.
func (h *app) redactStored(ctx context.Context, library *saved.Library, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var under sync.WaitGroup
	under.Go(func() {
		err := errors.Join(library.RedactStored(ctx), h.runner.RedactStored(ctx))
		if err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "secrets could not be taken out of what is stored; Drover tries again at its next start", "err", err)
		}
	})
	return func() { cancel(); under.Wait() }
}

// resumeLooks looks at the sites of the queue that an earlier process had not come to, until stop.
func (h *app) resumeLooks(ctx context.Context, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var under sync.WaitGroup
	under.Go(func() {
		if err := h.connect.Resume(ctx); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "looking at sites failed", "err", err)
		}
	})
	return func() { cancel(); under.Wait() }
}
