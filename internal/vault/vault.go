// Package vault seals and opens secrets with a keyset that lives in a file of its own, outside the database. What the secrets are
// for is not known here, and no key ever leaves this room.
package vault

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Errors of this room, wrapped with what to do.
var (
	ErrNoKey   = errors.New("the encryption keyset is missing")
	ErrTooOpen = errors.New("other users can read the encryption keyset")
	ErrBroken  = errors.New("the encryption keyset cannot be read")
	ErrOpen    = errors.New("an encrypted value cannot be decrypted: it was changed or moved, or its key is not in the keyset")
)

// Vault seals and opens with AES-256-GCM. Its methods may be called side by side.
type Vault struct {
	path   string
	guard  sync.RWMutex
	handle *keyset.Handle
	cipher tink.AEAD
	loaded fingerprint // of the file that the keys came from
}

// Binding ties a sealed value to the place that it is stored in: moved anywhere else, it does not open.
type Binding struct {
	Table   string `json:"table"`
	Row     int64  `json:"row"`
	Purpose string `json:"purpose"`
	Origin  string `json:"origin,omitempty"` // the scheme, host and port that the secret may be sent to, where it is sent anywhere
}

func (b Binding) associated() []byte {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // strings and a number always have a JSON form
	}
	return text
}

// Seal encrypts the secret with the primary key, also with one that was added meanwhile: what an older key seals does not outlive that key.
func (v *Vault) Seal(s Secret, b Binding) ([]byte, error) {
	_, _ = v.reload() // a keyset that cannot be read now does not keep the one in memory from sealing
	sealed, err := v.current().Encrypt([]byte(s.text), b.associated())
	if err != nil {
		return nil, fmt.Errorf("vault: seal: %w", err)
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same binding, or returns ErrOpen. A value that a key sealed which was added meanwhile, by
// drover keys rotate beside a running server, makes it read the keyset again.
func (v *Vault) Open(sealed []byte, b Binding) (Secret, error) {
	plain, err := v.current().Decrypt(sealed, b.associated())
	if err == nil {
		return Secret{string(plain)}, nil
	}
	if reloaded, reloadErr := v.reload(); reloadErr != nil || !reloaded {
		return Secret{}, fmt.Errorf("vault: %w", errors.Join(ErrOpen, reloadErr))
	}
	if plain, err = v.current().Decrypt(sealed, b.associated()); err != nil {
		return Secret{}, fmt.Errorf("vault: %w", ErrOpen)
	}
	return Secret{string(plain)}, nil
}

// Reseal seals with the primary key what Seal made for the same binding with any key, or returns ErrOpen. What the primary key sealed comes
// back as it is.
func (v *Vault) Reseal(sealed []byte, b Binding) ([]byte, error) {
	if key, known := KeyID(sealed); known && key == v.Primary() {
		return sealed, nil
	}
	secret, err := v.Open(sealed, b)
	if err != nil {
		return nil, err
	}
	return v.Seal(secret, b)
}

func (v *Vault) current() tink.AEAD {
	v.guard.RLock()
	defer v.guard.RUnlock()
	return v.cipher
}

// Primary is the number of the key that Seal uses.
func (v *Vault) Primary() uint32 {
	v.guard.RLock()
	defer v.guard.RUnlock()
	return v.handle.KeysetInfo().GetPrimaryKeyId()
}

// Has tells whether a key is in the keyset.
func (v *Vault) Has(id uint32) bool {
	v.guard.RLock()
	defer v.guard.RUnlock()
	for _, key := range v.handle.KeysetInfo().GetKeyInfo() {
		if key.GetKeyId() == id {
			return true
		}
	}
	return false
}

// tinkPrefix is the first byte of what Tink seals with a key of the standard output type; the key's number follows in four bytes.
const tinkPrefix = 1

// KeyID tells which key sealed the value.
func KeyID(sealed []byte) (uint32, bool) {
	if len(sealed) < 5 || sealed[0] != tinkPrefix {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}

// SealedBy is the number of the key that sealed the value, as it is stored beside it; 0 for what nobody sealed.
func SealedBy(sealed []byte) int64 {
	id, _ := KeyID(sealed)
	return int64(id)
}

// Rotate adds a key, makes it the primary, and keeps the others, so that everything sealed before still opens.
func (v *Vault) Rotate() error {
	if _, err := v.reload(); err != nil {
		return err
	}
	v.guard.Lock()
	defer v.guard.Unlock()
	manager := keyset.NewManagerFromHandle(v.handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("vault: rotate: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return fmt.Errorf("vault: rotate: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return fmt.Errorf("vault: rotate: %w", err)
	}
	if err := write(v.path, handle, replacing); err != nil {
		return err
	}
	return v.use(handle)
}

// DropOld removes every key but the primary, and returns how many. What they sealed never opens again, so nothing may be sealed with them.
func (v *Vault) DropOld() (int, error) {
	if _, err := v.reload(); err != nil {
		return 0, err
	}
	v.guard.Lock()
	defer v.guard.Unlock()
	manager, primary, dropped := keyset.NewManagerFromHandle(v.handle), v.handle.KeysetInfo().GetPrimaryKeyId(), 0
	for _, key := range v.handle.KeysetInfo().GetKeyInfo() {
		if key.GetKeyId() == primary {
			continue
		}
		if err := manager.Delete(key.GetKeyId()); err != nil {
			return 0, fmt.Errorf("vault: drop old keys: %w", err)
		}
		dropped++
	}
	handle, err := manager.Handle()
	if err != nil || dropped == 0 {
		return 0, err
	}
	if err := write(v.path, handle, replacing); err != nil {
		return 0, err
	}
	return dropped, v.use(handle)
}

// use takes the keys of the handle. The guard is held, or nobody else knows the vault yet.
func (v *Vault) use(handle *keyset.Handle) error {
	cipher, err := aead.New(handle)
	if err != nil {
		return fmt.Errorf("vault: %w: %w", ErrBroken, err)
	}
	v.handle, v.cipher = handle, cipher
	v.loaded, err = stat(v.path)
	return err
}
