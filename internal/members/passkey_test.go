package members_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/members"
)

const origin = "https://drover.agency.example"

// authenticator is a security key in software: it signs whatever it is told, as an attacker's would.
type authenticator struct {
	t     *testing.T
	key   *ecdsa.PrivateKey
	id    []byte
	count uint32
}

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &authenticator{t: t, key: key, id: []byte(rand.Text())}
}

// ceremony is what the authenticator and the browser say of where they are and what they were asked.
type ceremony struct {
	challenge, origin, party, kind string
	flags                          byte
}

// ceremonyOf reads what the browser is asked.
func ceremonyOf(t *testing.T, options []byte, kind string) ceremony {
	t.Helper()
	var o struct{ Challenge string }
	if err := json.Unmarshal(options, &o); err != nil || len(o.Challenge) < 22 {
		t.Fatalf("%s: %v", options, err)
	}
	return ceremony{o.Challenge, origin, "drover.agency.example", kind, 0x05} // present and verified
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (c ceremony) client() []byte {
	text, _ := json.Marshal(map[string]any{"type": c.kind, "challenge": c.challenge, "origin": c.origin, "crossOrigin": false})
	return text
}

// data is the authenticator data (WebAuthn, 6.1), with the credential where one is made.
func (a *authenticator) data(c ceremony, credential []byte) []byte {
	party := sha256.Sum256([]byte(c.party))
	flags := c.flags
	if credential != nil {
		flags |= 0x40
	}
	return append(binary.BigEndian.AppendUint32(append(party[:], flags), a.count), credential...)
}

// made answers a request to make a passkey, with no attestation (WebAuthn, 8.7), in CBOR.
func (a *authenticator) made(c ceremony) []byte {
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	credential := append(make([]byte, 16), 0, byte(len(a.id)))
	credential = append(append(credential, a.id...), 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20)
	credential = append(append(append(credential, point[1:33]...), 0x22, 0x58, 0x20), point[33:]...)
	data := a.data(c, credential)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(data)))
	return a.answer(map[string]string{"clientDataJSON": b64(c.client()), "attestationObject": b64(append(object, data...))})
}

// used answers a request to use the passkey.
func (a *authenticator) used(c ceremony) []byte {
	data, client := a.data(c, nil), c.client()
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.answer(map[string]string{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)})
}

func (a *authenticator) answer(response map[string]string) []byte {
	text, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

// signedIn is the member in a session.
func signedIn(t *testing.T, r *members.Roster, m members.Member) members.SessionHolder {
	t.Helper()
	token, _, err := r.SignIn(t.Context(), m.Email, secret(password), laptop)
	if err != nil {
		t.Fatal(err)
	}
	m, s, err := r.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return members.SessionHolder{Member: m, Session: s, Device: laptop, Origin: origin}
}

// passkey gives the member the key.
func passkey(t *testing.T, r *members.Roster, h members.SessionHolder, a *authenticator) []string {
	t.Helper()
	options, err := r.BeginPasskey(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	codes, err := r.AddPasskey(t.Context(), h, "Key", a.made(ceremonyOf(t, options, "webauthn.create")))
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// A passkey opens the session that asked for it, by its own member's key, at its own address, once.
func TestAPasskeyIsTheSecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
		m, other := add(t, r, "m@a.example", access.Operator), add(t, r, "o@a.example", access.Operator)
		key, others := newAuthenticator(t), newAuthenticator(t)
		if codes := passkey(t, r, signedIn(t, r, m), key); len(codes) != 10 {
			t.Errorf("%d recovery codes", len(codes))
		}
		passkey(t, r, signedIn(t, r, other), others)
		challenge := func() (members.SessionHolder, ceremony) {
			t.Helper()
			h := signedIn(t, r, m)
			if !h.Session.SecondFactorPending {
				t.Fatal("the password alone is enough")
			}
			options, err := r.PasskeyOptions(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			return h, ceremonyOf(t, options, "webauthn.get")
		}
		for name, spoil := range map[string]func(h *members.SessionHolder, c *ceremony) *authenticator{
			"another page's": func(_ *members.SessionHolder, c *ceremony) *authenticator {
				c.origin = "https://drover.evil.example"
				return key
			},
			"plain HTTP": func(_ *members.SessionHolder, c *ceremony) *authenticator {
				c.origin = "http://drover.agency.example"
				return key
			},
			"another domain's": func(_ *members.SessionHolder, c *ceremony) *authenticator { c.party = "evil.example"; return key },
			"an old challenge": func(_ *members.SessionHolder, c *ceremony) *authenticator {
				_, old := challenge()
				c.challenge = old.challenge
				return key
			},
			"a made-up challenge": func(_ *members.SessionHolder, c *ceremony) *authenticator {
				c.challenge = b64(make([]byte, 32))
				return key
			},
			"another ceremony":     func(_ *members.SessionHolder, c *ceremony) *authenticator { c.kind = "webauthn.create"; return key },
			"nobody present":       func(_ *members.SessionHolder, c *ceremony) *authenticator { c.flags = 0; return key },
			"another member's key": func(*members.SessionHolder, *ceremony) *authenticator { return others },
			"a key of nobody":      func(*members.SessionHolder, *ceremony) *authenticator { return newAuthenticator(t) },
			"the same name, forged": func(*members.SessionHolder, *ceremony) *authenticator {
				f := newAuthenticator(t)
				f.id = key.id
				return f
			},
		} {
			h, c := challenge()
			if _, err := r.GivePasskey(t.Context(), h, spoil(&h, &c).used(c)); !errors.Is(err, members.ErrPasskey) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h, c := challenge()
		token, err := r.GivePasskey(t.Context(), h, key.used(c))
		if err != nil {
			t.Fatal(err)
		}
		if _, s, err := r.Authenticate(t.Context(), token); err != nil || s.SecondFactorPending {
			t.Errorf("after the passkey: %+v, %v", s, err)
		}
		if _, err := r.GivePasskey(t.Context(), h, key.used(c)); !errors.Is(err, members.ErrPasskey) {
			t.Errorf("the same answer again: %v", err)
		}
		for _, answer := range []string{"", "{}", "null", `{"id":"x"}`, `[]`, "\xff"} {
			h, _ := challenge()
			if _, err := r.GivePasskey(t.Context(), h, []byte(answer)); !errors.Is(err, members.ErrPasskey) {
				t.Errorf("%q: %v", answer, err)
			}
		}
	})
}

// A counter that goes back tells of a cloned key.
func TestAClonedPasskeyIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
		m, key := add(t, r, "m@a.example", access.Operator), newAuthenticator(t)
		key.count = 10
		passkey(t, r, signedIn(t, r, m), key)
		give := func(count uint32) error {
			t.Helper()
			h := signedIn(t, r, m)
			options, err := r.PasskeyOptions(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			key.count = count
			_, err = r.GivePasskey(t.Context(), h, key.used(ceremonyOf(t, options, "webauthn.get")))
			return err
		}
		for _, c := range []struct {
			count uint32
			taken bool
		}{{11, true}, {11, false}, {3, false}, {12, true}, {500, true}, {499, false}} {
			if err := give(c.count); (err == nil) != c.taken || err != nil && !errors.Is(err, members.ErrPasskey) {
				t.Errorf("count %d: %v", c.count, err)
			}
		}
	})
}

// A passkey is made in the session that asked for it, at Drover's own address, and is nobody else's.
func TestWhichPasskeysAreTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRoster(db, keys(t), audit.New(db.Gorm, members.Verifier()))
		h, other := signedIn(t, r, add(t, r, "m@a.example", access.Operator)), signedIn(t, r, add(t, r, "o@a.example", access.Operator))
		challenge := func(h members.SessionHolder) ceremony {
			t.Helper()
			options, err := r.BeginPasskey(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			return ceremonyOf(t, options, "webauthn.create")
		}
		known := newAuthenticator(t)
		passkey(t, r, other, known)
		for name, spoil := range map[string]func(c *ceremony){
			"another page's": func(c *ceremony) { c.origin = "https://evil.example" }, "another domain's": func(c *ceremony) { c.party = "evil.example" },
			"another session's challenge": func(c *ceremony) { c.challenge = challenge(other).challenge },
			"another ceremony":            func(c *ceremony) { c.kind = "webauthn.get" },
		} {
			c := challenge(h)
			spoil(&c)
			if _, err := r.AddPasskey(t.Context(), h, "Key", newAuthenticator(t).made(c)); !errors.Is(err, members.ErrPasskey) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.AddPasskey(t.Context(), h, "Key", known.made(challenge(h))); !errors.Is(err, members.ErrPasskey) {
			t.Errorf("a passkey of somebody else's: %v", err)
		}
		key, c := newAuthenticator(t), challenge(h)
		if _, err := r.AddPasskey(t.Context(), h, "Key", key.made(c)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.AddPasskey(t.Context(), h, "Key", newAuthenticator(t).made(c)); !errors.Is(err, members.ErrPasskey) {
			t.Errorf("two passkeys for one question: %v", err)
		}
		h.Origin = "http://127.0.0.1:8080"
		if _, err := r.BeginPasskey(t.Context(), h); !errors.Is(err, members.ErrNoHostName) {
			t.Errorf("at an address without a name: %v", err)
		}
		if all, err := r.SecondFactor(t.Context(), h.Member.ID); err != nil || len(all.Factors) != 1 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
