package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/changes"
	"github.com/droverhq/drover/internal/connect"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/members"
	"github.com/droverhq/drover/internal/metrics"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/runs/engine"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
	"github.com/droverhq/drover/static"
)

// app is every part, built once.
type app struct {
	logger   *slog.Logger
	db       *database.DB
	log      *audit.Log
	network  *wordpress.Network
	keys     *vault.Vault
	registry *sites.Registry
	connect  *connect.Queue
	roster   *members.Roster
	changes  *changes.Changes
	runner   *runs.Runner
	engine   *engine.Engine
	metrics  *metrics.Metrics // nil where nobody reads them
	keyFile  string
	signing  string // the file of the key that signs checkpoints
}

// open builds the parts from the ground floor up. Whoever opens closes.
func (c *config) open(ctx context.Context) (*app, error) {
	logger := c.logging.logger(os.Stderr, slog.LevelWarn)
	network, err := c.network()
	if err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, database.Config{Dir: c.data, URL: c.databaseURL})
	if err != nil {
		return nil, err
	}
	h := &app{logger: logger, db: db, log: audit.New(db.Gorm, members.Verifier(), changes.Approvals(), auditsinks.Cursors(),
		sites.Subjects(), runs.Subjects()), network: network,
		keyFile: c.keyFile, signing: filepath.Join(filepath.Dir(c.keyFile), "record.key")}
	if c.metricsAddr != "" {
		v := thisVersion()
		h.metrics = metrics.New(metrics.Build{Version: v.Version, Commit: v.Commit, Go: v.Go, Schema: strconv.FormatInt(v.Schema, 10)}, db.SQL)
	}
	if err := h.wire(ctx, c.keyFile); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *app) wire(ctx context.Context, keyFile string) error {
	keys, err := openVault(ctx, h.db, keyFile)
	if err != nil {
		return err
	}
	h.keys = keys
	h.registry = sites.New(h.db, keys, h.log, h.network)
	if _, err := h.registry.BindToOrigins(ctx); err != nil {
		return err
	}
	if _, err := h.registry.UniteClients(ctx); err != nil {
		return err
	}
	if err := h.registry.FillSortKeys(ctx); err != nil {
		return err
	}
	h.connect = connect.New(h.db, h.log, h.registry, h.network)
	h.roster = members.New(h.db, keys, h.log)
	h.roster.Deny(static.Passwords())
	if h.runner, err = runs.New(h.db, h.registry, h.log, h.logger); err != nil {
		return err
	}
	h.registry.HoldRevocation(h.runner.Sending)
	h.runner.RequireIndependence(members.Independent)
	h.changes = changes.New(h.db, keys, h.log, changes.Parts{Registry: h.registry, Roster: h.roster, Runner: h.runner})
	h.registry.BeforeRevocation(h.changes.EndThoseWith)
	h.engine, err = engine.New(engine.Parts{DB: h.db, Store: h.runner.Store(), Registry: h.registry, Standing: h.roster.Standing, Logger: h.logger,
		Metrics: h.metrics})
	return err
}

// openVault reads the keyset, and makes one only where nothing was sealed yet: a new key would open none of the old values.
func openVault(ctx context.Context, db *database.DB, file string) (*vault.Vault, error) {
	keys, err := vault.Load(file)
	if !errors.Is(err, vault.ErrNoKey) {
		return keys, err
	}
	sealed, countErr := sites.CountSealed(ctx, db)
	factors, factorsErr := members.CountSealed(ctx, db)
	pending, pendingErr := changes.CountSealed(ctx, db)
	unfinished, unfinishedErr := runs.CountSealed(ctx, db)
	if failed := errors.Join(countErr, factorsErr, pendingErr, unfinishedErr); failed != nil {
		return nil, failed
	}
	if sealed+factors+pending+unfinished > 0 {
		return nil, fmt.Errorf("%w; it encrypts %s; nothing was changed", err, sealedCounts([4]int{int(sealed), int(factors), int(pending), int(unfinished)}))
	}
	return vault.Create(file)
}

func (h *app) close() error {
	h.network.Close()
	return errors.Join(h.log.RecordRepeats(context.Background(), true), h.db.Close())
}

// commandLine is the actor of a command: whoever can read the data folder and the key.
func commandLine() access.Actor {
	name := "command line"
	if u, err := user.Current(); err == nil {
		name = u.Username + " on the command line"
	}
	return access.Actor{Kind: access.KindCommandLine, Name: name, Role: access.Owner}
}

// withApp opens the house for one command and closes it.
func (c *config) withApp(ctx context.Context, f func(*app) error) error {
	h, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(h), h.close())
}

// withData is withApp for a command that works on the data of this machine alone: with --server it would change other data than was meant.
func (c *config) withData(cmd *cobra.Command, f func(*app) error) error {
	if c.server != "" {
		return usage("%s works only on local data, not on %s; run it on that machine, or leave out --server and DROVER_SERVER",
			cmd.CommandPath(), c.server)
	}
	return c.withApp(cmd.Context(), f)
}
