// Package certificates gives a server its TLS certificate: from two files, which are read again when they change, or from an ACME authority such
// as Let's Encrypt, which renews it. What is served with it is not known here.
package certificates

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files is a certificate and its key in PEM files.
type Files struct {
	certificate, key string
	logger           *slog.Logger

	guard  sync.Mutex
	loaded *tls.Certificate
	seen   [2]fileState
}

// fileState tells whether a file is still the one that was read.
type fileState struct {
	changed time.Time
	size    int64
}

// FromFiles reads the certificate, with its chain, and the key.
func FromFiles(certificate, key string, logger *slog.Logger) (*Files, error) {
	f := &Files{certificate: certificate, key: key, logger: logger}
	state, err := f.state()
	if err != nil {
		return nil, err
	}
	return f, f.load(state)
}

func (f *Files) state() (state [2]fileState, err error) {
	for i, name := range []string{f.certificate, f.key} {
		info, failed := os.Stat(name)
		if failed != nil {
			return state, fmt.Errorf("certificates: %w", failed)
		}
		state[i] = fileState{info.ModTime(), info.Size()}
	}
	return state, nil
}

func (f *Files) load(state [2]fileState) error {
	f.seen = state
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return fmt.Errorf("certificates: %s and %s are no certificate with its key: %w", f.certificate, f.key, err)
	}
	f.loaded = &pair
	return nil
}

// current is the certificate as the files are now. While they cannot be read, or do not fit yet, as between two renames, it is the one before.
func (f *Files) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	state, err := f.state()
	if err == nil && state != f.seen {
		if err = f.load(state); err == nil {
			f.logger.Info("the TLS certificate was read again", "file", f.certificate)
		}
	}
	if err != nil {
		f.logger.Error("the TLS certificate was changed and cannot be read; the one before is still used", "err", err)
	}
	if f.loaded == nil {
		return nil, errors.New("certificates: there is none")
	}
	return f.loaded, nil
}

// TLS is the configuration of a server with this certificate.
func (f *Files) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: f.current, NextProtos: []string{"h2", "http/1.1"}}
}
