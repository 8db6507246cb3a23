package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/backup"
	"github.com/droverhq/drover/internal/metrics"
	"github.com/droverhq/drover/internal/vault"
)

// ready tells whether this process can do its work: database and schema, key, queue.
func (h *app) ready(ctx context.Context) error {
	if err := h.db.Ready(ctx); err != nil {
		return err
	}
	if _, err := vault.Load(h.keyFile); err != nil {
		return err
	}
	return h.engine.Alive()
}

// serveMetrics serves the metrics at their own address, which the public needs no way to. stop ends it.
func (c *config) serveMetrics(h *app, sinks *auditsinks.Sinks, logger *slog.Logger) (stop func(), err error) {
	if c.metricsAddr == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", c.metricsAddr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for metrics: %w; choose another address with --metrics-addr", c.metricsAddr, err)
	}
	handler := h.metrics.Handler(func(ctx context.Context) (metrics.State, error) { return c.state(ctx, h, sinks) }, logger)
	server := &http.Server{Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { _ = server.Serve(listener) }() // it ends with the process
	return func() { _ = server.Close() }, nil
}

// state asks each part how things stand.
func (c *config) state(ctx context.Context, h *app, sinks *auditsinks.Sinks) (s metrics.State, err error) {
	load, err := h.runner.Load(ctx)
	if err != nil {
		return s, err
	}
	s = metrics.State{Runs: map[string]int{}, QueueTargets: load.Waiting, Sinks: map[string]metrics.Sink{}, BackupAge: -1}
	for state, n := range load.Runs {
		s.Runs[string(state)] = n
	}
	if !load.Oldest.IsZero() {
		s.QueueAge = time.Since(load.Oldest)
	}
	s.InFlight, s.Slowed = h.network.Load()
	s.Limit, _ = h.network.Limits()
	sessions, err := h.roster.CountSessions(ctx)
	s.Sessions = int(sessions)
	bytes, sizeErr := h.db.Bytes(ctx)
	s.DatabaseBytes = bytes
	return s, errors.Join(err, sizeErr, sinkStates(ctx, h, sinks, &s), c.backupAge(&s))
}

func sinkStates(ctx context.Context, h *app, sinks *auditsinks.Sinks, s *metrics.State) error {
	last, err := h.log.Last(ctx)
	if err != nil {
		return err
	}
	states, err := sinks.States(ctx)
	for _, state := range states {
		s.Sinks[state.Name] = metrics.Sink{Behind: last - state.Seq, Failing: !state.FailedAt.IsZero()}
	}
	return err
}

func (c *config) backupAge(s *metrics.State) error {
	if c.backup.dir == "" {
		return nil
	}
	all, err := backup.List(c.backup.dir)
	if len(all) > 0 {
		s.BackupAge = time.Since(all[0].MadeAt)
	}
	return err
}
