package main

import (
	"context"
	"crypto/x509"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/droverhq/drover/internal/forward"
	"github.com/droverhq/drover/internal/vault"
)

// copies says where copies of the record go while it is written.
type copies struct{ file, syslog, hook, hookSecretFile string }

func (c *copies) register(f *pflag.FlagSet) {
	f.StringVar(&c.file, "audit-file", "", "append every entry of the record to this file, as JSON lines")
	f.StringVar(&c.syslog, "audit-syslog", "", "send every entry to syslog: unix:///dev/log, udp://host:514, tcp://host:601 or tls://host:6514")
	f.StringVar(&c.hook, "audit-hook", "", "post every entry to this https address, as JSON lines")
	f.StringVar(&c.hookSecretFile, "audit-hook-secret-file", "", "file with the secret that signs what the hook is sent (HMAC-SHA256)")
}

// sinks are the places, by name.
func (c *copies) sinks(authorities *x509.CertPool) (map[string]forward.Sink, error) {
	all := map[string]forward.Sink{}
	if c.file != "" {
		all["file"] = forward.File(c.file)
	}
	if c.syslog != "" {
		sink, err := forward.NewSyslog(c.syslog, authorities)
		if err != nil {
			return nil, usage("--audit-syslog: %w", err)
		}
		all["syslog"] = sink
	}
	if c.hook != "" {
		secret, err := os.ReadFile(c.hookSecretFile)
		if err != nil {
			return nil, usage("--audit-hook-secret-file: %w", err)
		}
		sink, err := forward.NewHook(c.hook, vault.NewSecret(strings.TrimSpace(string(secret))), authorities)
		if err != nil {
			return nil, usage("--audit-hook: %w", err)
		}
		all["hook"] = sink
	}
	return all, nil
}

// signEvery is how often a server looks whether the day's checkpoint is due.
const signEvery = 10 * time.Minute

// signDaily signs a checkpoint of the record each day until the context ends.
func (h *house) signDaily(ctx context.Context, logger *slog.Logger) {
	for {
		key, err := vault.SigningKey(h.signing)
		if err == nil {
			_, err = h.log.Daily(ctx, key)
		}
		if err != nil && ctx.Err() == nil {
			logger.ErrorContext(ctx, "the day's checkpoint of the record could not be signed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(signEvery):
		}
	}
}
