package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// SigningKey reads the key that signs checkpoints of the audit log from the file, and makes one with mode 0600 where there is none. It
// returns ErrTooOpen when others can read it.
func SigningKey(path string) (ed25519.PrivateKey, error) {
	if err := createSigningKey(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o; fix it with: chmod 600 %s", ErrTooOpen, path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: %s is not a key; restore it from your backup", ErrBroken, path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if signing, is := key.(ed25519.PrivateKey); err == nil && is {
		return signing, nil
	}
	return nil, fmt.Errorf("%w: %s is not an Ed25519 key; restore it from your backup", ErrBroken, path)
}

func createSigningKey(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // it is there, or reading it tells what is wrong
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	err = place(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), creating)
	if errors.Is(err, fs.ErrExist) { // another process was first
		return nil
	}
	return err
}
