package main

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/auditsinks"
	"github.com/droverhq/drover/internal/vault"
)

// auditOptions says where copies of the audit log go while it is written.
type auditOptions struct {
	file, syslog, hook, hookSecretFile string
	keepDays                           int
	archives                           string
}

func (c *auditOptions) register(f *pflag.FlagSet) {
	f.StringVar(&c.file, "audit-file", "", "append every audit log entry to this file, as JSON lines")
	f.StringVar(&c.syslog, "audit-syslog", "", "send every audit log entry to syslog: unix:///dev/log, udp://host:514, tcp://host:601 or tls://host:6514")
	f.StringVar(&c.hook, "audit-hook", "", "post every audit log entry to this https URL, as JSON lines")
	f.IntVar(&c.keepDays, "audit-keep-days", 0, "each month, archive audit log entries older than this many days; 0 keeps them all")
	f.StringVar(&c.archives, "audit-archives", "", "folder for the archives (default archives in the data folder)")
	f.StringVar(&c.hookSecretFile, "audit-hook-secret-file", "", "file with the secret that signs the webhook's requests (HMAC-SHA256)")
}

// sinks are the places, by name.
func (c *auditOptions) sinks(authorities *x509.CertPool) (map[string]auditsinks.Sink, error) {
	all := map[string]auditsinks.Sink{}
	if c.file != "" {
		all["file"] = auditsinks.File(c.file)
	}
	if c.syslog != "" {
		sink, err := auditsinks.NewSyslog(c.syslog, authorities)
		if err != nil {
			return nil, usage("--audit-syslog: %w", err)
		}
		all["syslog"] = sink
	}
	if c.hook != "" {
		if c.hookSecretFile == "" {
			return nil, usage("--audit-hook: also set --audit-hook-secret-file to the file with the secret that signs the requests")
		}
		secret, err := os.ReadFile(c.hookSecretFile)
		if err != nil {
			return nil, usage("--audit-hook-secret-file: %w", err)
		}
		sink, err := auditsinks.NewHook(c.hook, vault.NewSecret(strings.TrimSpace(string(secret))), authorities)
		if err != nil {
			return nil, usage("--audit-hook: %w", err)
		}
		all["hook"] = sink
	}
	return all, nil
}

// archiveOld moves the entries of months that lie further back than is to be kept into an archive, one for each month in which that is due.
// It returns the archive's file, empty when nothing was due.
func (h *app) archiveOld(ctx context.Context, now time.Time, keepDays int, folder string) (string, error) {
	if keepDays == 0 {
		return "", nil
	}
	kept := now.UTC().AddDate(0, 0, -keepDays)
	before := time.Date(kept.Year(), kept.Month(), 1, 0, 0, 0, 0, time.UTC)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	key, err := vault.SigningKey(h.signing)
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "record-before-"+before.Format(time.DateOnly)+".jsonl")
	_, err = h.log.Archive(ctx, access.System(), key, audit.ArchiveOrder{Before: before, File: file})
	if errors.Is(err, audit.ErrNothingToArchive) || errors.Is(err, os.ErrExist) {
		return "", nil // nothing is left, or another process is at it
	}
	if err != nil {
		return "", err
	}
	return file, nil
}

// signEvery is how often a server looks whether the day's checkpoint is due.
const signEvery = 10 * time.Minute

// recordRepeatedRefusals records repeated refusals once their minute is over, until the context ends.
func (h *app) recordRepeatedRefusals(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := h.log.RecordRepeats(ctx, false); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "repeated refusals could not be recorded", "err", err)
		}
	}
}

// maintainAuditLog signs a checkpoint of the audit log each day, and archives what is older than is to be kept, until the context ends.
func (h *app) maintainAuditLog(ctx context.Context, logger *slog.Logger, c auditOptions) {
	for {
		key, err := vault.SigningKey(h.signing)
		if err == nil {
			_, err = h.log.Daily(ctx, key)
		}
		if err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "the daily checkpoint of the audit log could not be signed", "err", err)
		}
		if file, err := h.archiveOld(ctx, time.Now(), c.keepDays, c.archives); err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "old audit log entries could not be archived; they stay in the log", "err", err)
		} else if file != "" {
			logger.InfoContext(ctx, "old audit log entries were archived", "file", file)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(signEvery):
		}
	}
}
