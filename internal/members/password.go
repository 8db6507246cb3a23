package members

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/droverhq/drover/internal/vault"
)

// cost is what one argon2id hash takes.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// standardCost is the smallest of the OWASP Password Storage Cheat Sheet that fits a small machine: 19 MiB, two passes, one thread.
var standardCost = cost{memory: 19456, passes: 2, threads: 1}

// testCost protects nothing.
var testCost = cost{memory: 8, passes: 1, threads: 1}

const (
	saltSize = 16
	keySize  = 32
)

// passwordHash is a hash taken apart.
type passwordHash struct {
	cost
	salt, key []byte
}

// String writes the hash in the PHC string format (github.com/P-H-C/phc-string-format).
func (p passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key))
}

// parsePasswordHash reads what String wrote. Anything else, or a cost that would take the machine down, is not a proof.
func parsePasswordHash(text string) (passwordHash, bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return passwordHash{}, false
	}
	var p passwordHash
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil {
		return passwordHash{}, false
	}
	var saltErr, keyErr error
	p.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[4])
	p.key, keyErr = base64.RawStdEncoding.DecodeString(parts[5])
	sane := p.memory <= 1<<20 && p.passes >= 1 && p.passes <= 16 && p.threads >= 1 && len(p.key) == keySize && len(p.salt) >= 8
	return p, saltErr == nil && keyErr == nil && sane
}

func (p passwordHash) of(password vault.Secret) []byte {
	return argon2.IDKey(canonical(password), p.salt, p.passes, p.memory, p.threads, keySize)
}

// canonical makes the same password of the same characters, however a keyboard composes its accents. Nothing is cut off.
func canonical(password vault.Secret) []byte { return norm.NFC.Bytes([]byte(password.Reveal())) }

// hashing bounds how many hashes are under way: each takes 19 MiB, and a flood of sign-ins must not take the machine's memory.
type hashing struct {
	cost   cost // of new hashes
	places chan struct{}
}

func newHashing() hashing {
	return hashing{standardCost, make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))}
}

func (h hashing) enter(ctx context.Context) error {
	select {
	case h.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("members: password: %w", context.Cause(ctx))
	}
}

func (h hashing) leave() { <-h.places }

// hash makes the proof of a password, with a salt of its own.
func (h hashing) hash(ctx context.Context, password vault.Secret) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	p := passwordHash{cost: h.cost, salt: make([]byte, saltSize)}
	rand.Read(p.salt) // never fails: crypto/rand ends the program instead
	p.key = p.of(password)
	return p.String(), nil
}

// verify tells whether the password is the one that was hashed. It takes as long where there is no such hash.
func (h hashing) verify(ctx context.Context, hash string, password vault.Secret) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	p, known := parsePasswordHash(hash)
	if !known {
		// No password has an all-zero hash, and finding that out takes as long as for a known account.
		p = passwordHash{h.cost, make([]byte, saltSize), make([]byte, keySize)}
	}
	return subtle.ConstantTimeCompare(p.of(password), p.key) == 1 && known, nil
}

// outdated tells whether the hash was made at another cost than new ones.
func (h hashing) outdated(hash string) bool {
	p, known := parsePasswordHash(hash)
	return known && p.cost != h.cost
}
