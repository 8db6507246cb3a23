package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Load reads the keyset. It returns ErrNoKey when there is none and ErrTooOpen when others can read it.
func Load(path string) (*Vault, error) {
	handle, err := read(path)
	if err != nil {
		return nil, err
	}
	v := &Vault{path: path}
	return v, v.use(handle)
}

func read(path string) (*keyset.Handle, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s; restore it from your backup, or set its path with --key-file (DROVER_KEY_FILE)", ErrNoKey, path)
	}
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
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not a keyset; restore it from your backup", ErrBroken, path)
	}
	return handle, nil
}

// Create makes a keyset with one key, with mode 0600. When another process made one at the same time, that one is loaded.
func Create(path string) (*Vault, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if err := write(path, handle, creating); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return Load(path)
}

// How a new file takes its place: creating fails where one stands already, replacing takes its place. Both at once or not at all.
var (
	creating  = os.Link
	replacing = os.Rename
)

func write(path string, handle *keyset.Handle, how func(from, to string) error) error {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return place(path, text.Bytes(), how)
}

// place puts a secret on the disk before it takes its place: a crash leaves the old file or the new one, never half of one.
func place(path string, text []byte, how func(from, to string) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	file, err := os.CreateTemp(folder, ".keyset-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if err := how(file.Name(), path); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("vault: %w", err)
	}
	return nil
}

// reload reads the file again when it was replaced, and tells whether it was.
func (v *Vault) reload() (bool, error) {
	v.guard.Lock()
	defer v.guard.Unlock()
	now, err := stat(v.path)
	if err != nil || now == v.loaded {
		return false, err
	}
	handle, err := read(v.path)
	if err != nil {
		return false, err
	}
	return true, v.use(handle)
}
