package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/droverhq/drover/internal/vault"
)

var here = vault.Binding{Table: "credentials", Row: 12, Purpose: "application_password"}

func create(t testing.TB) (*vault.Vault, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyset.json")
	v, err := vault.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return v, path
}

// Every key of a keyset, the first and those of rotations, is one of AES-GCM with 256 bits.
func TestKeysAreAES256GCM(t *testing.T) {
	v, path := create(t)
	if err := v.Rotate(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var keyset struct {
		Key []struct {
			KeyData struct {
				TypeURL string `json:"typeUrl"`
				Value   []byte
			}
		}
	}
	if err := json.Unmarshal(text, &keyset); err != nil || len(keyset.Key) != 2 {
		t.Fatalf("%d keys, %v", len(keyset.Key), err)
	}
	for i, key := range keyset.Key {
		// The value is a message of one field, number 3, with as many bytes as its second byte says (google/tink/proto/aes_gcm.proto).
		data := key.KeyData
		if data.TypeURL != "type.googleapis.com/google.crypto.tink.AesGcmKey" || len(data.Value) != 34 || data.Value[0] != 0x1a || data.Value[1] != 32 {
			t.Errorf("key %d is a %s of %d bytes", i, data.TypeURL, len(data.Value))
		}
	}
}

func TestSealAndOpen(t *testing.T) {
	v, _ := create(t)
	for _, text := range []string{"", "abcd EFGH 1234", "пароль 🔑"} {
		sealed, err := v.Seal(vault.NewSecret(text), here)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" && strings.Contains(string(sealed), text) {
			t.Errorf("%q stands in what was sealed", text)
		}
		opened, err := v.Open(sealed, here)
		if err != nil || opened.Reveal() != text {
			t.Errorf("opened %q, %v; want %q", opened.Reveal(), err, text)
		}
		if id, known := vault.KeyID(sealed); !known || id != v.Primary() {
			t.Errorf("sealed by key %d (%v), want %d", id, known, v.Primary())
		}
	}
}

func TestReseal(t *testing.T) {
	v, _ := create(t)
	old, err := v.Seal(vault.NewSecret("secret"), here)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := v.Reseal(old, here); err != nil || string(same) != string(old) {
		t.Errorf("what the primary key sealed was sealed again: %v", err)
	}
	if err := v.Rotate(); err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Reseal(old, here)
	if opened, failed := v.Open(sealed, here); err != nil || failed != nil || opened.Reveal() != "secret" || vault.SealedBy(sealed) != int64(v.Primary()) {
		t.Errorf("resealed by %d: %q, %v, %v", vault.SealedBy(sealed), opened.Reveal(), err, failed)
	}
	if _, err := v.Reseal(old, vault.Binding{Table: here.Table, Row: 13, Purpose: here.Purpose}); !errors.Is(err, vault.ErrOpen) {
		t.Errorf("for another row: %v", err)
	}
}

func TestSecretsOfAnotherRowOrChangedDoNotOpen(t *testing.T) {
	v, _ := create(t)
	sealed, err := v.Seal(vault.NewSecret("secret"), here)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte{}, sealed...)
	changed[len(changed)-1] ^= 1
	cases := map[string]struct {
		sealed  []byte
		binding vault.Binding
	}{
		"another row":     {sealed, vault.Binding{Table: "credentials", Row: 13, Purpose: "application_password"}},
		"another table":   {sealed, vault.Binding{Table: "members", Row: 12, Purpose: "application_password"}},
		"another purpose": {sealed, vault.Binding{Table: "credentials", Row: 12, Purpose: "token"}},
		"a changed bit":   {changed, here},
		"cut short":       {sealed[:len(sealed)-4], here},
		"nothing":         {nil, here},
	}
	for name, c := range cases {
		if _, err := v.Open(c.sealed, c.binding); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%s: got %v, want ErrOpen", name, err)
		}
	}
}

func TestSecretNeverShows(t *testing.T) {
	s := vault.NewSecret("hunter2")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "in", struct{ S vault.Secret }{s})
	asJSON, err := json.Marshal(map[string]any{"s": s, "in": []vault.Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{log.String(), string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, struct{ S vault.Secret }{s}))
	}
	for _, text := range shown {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("the secret shows in %s", text)
		}
	}
}

func TestTheKeysetFile(t *testing.T) {
	_, path := create(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Load(path); !errors.Is(err, vault.ErrTooOpen) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %04o: got %v", mode, err)
		}
	}
	if _, err := vault.Load(path + ".gone"); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("a missing keyset: got %v", err)
	}
	os.Chmod(path, 0o600)
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Load(path); !errors.Is(err, vault.ErrBroken) {
		t.Errorf("a broken keyset: got %v", err)
	}
}

func TestProcessesThatCreateAtOnceAgree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyset.json")
	primaries := make([]uint32, 8)
	var group sync.WaitGroup
	for i := range primaries {
		group.Go(func() {
			v, err := vault.Create(path)
			if err != nil {
				t.Error(err)
				return
			}
			primaries[i] = v.Primary()
		})
	}
	group.Wait()
	for _, p := range primaries {
		if p != primaries[0] {
			t.Fatalf("different keys: %v", primaries)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files are left, want the keyset alone", len(left))
	}
}

func TestARunningServerOpensWhatANewerKeySealed(t *testing.T) {
	server, path := create(t)
	old, err := server.Seal(vault.NewSecret("old"), here)
	if err != nil {
		t.Fatal(err)
	}
	command, err := vault.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Rotate(); err != nil {
		t.Fatal(err)
	}
	sealed, err := command.Seal(vault.NewSecret("new"), here)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := server.Open(sealed, here); err != nil || opened.Reveal() != "new" {
		t.Errorf("the server opened %q, %v", opened.Reveal(), err)
	}
	if opened, err := command.Open(old, here); err != nil || opened.Reveal() != "old" {
		t.Errorf("after rotation, the old value opened as %q, %v", opened.Reveal(), err)
	}
	if server.Primary() != command.Primary() {
		t.Error("the server still seals with the old key")
	}
}

func FuzzOpen(f *testing.F) {
	v, _ := create(f)
	sealed, err := v.Seal(vault.NewSecret("secret"), here)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		if opened, err := v.Open(data, here); err == nil && opened.Reveal() != "secret" {
			t.Errorf("forged: %q", opened.Reveal())
		}
	})
}
