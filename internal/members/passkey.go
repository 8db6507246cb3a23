package members

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
)

// ceremonyTime is how long a browser may take to answer a passkey's challenge.
const ceremonyTime = 5 * time.Minute

// party is Drover as passkeys know it, at the address that the browser shows.
func party(origin string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, fmt.Errorf("members: passkey: %w", ErrNoHostName)
	}
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: ceremonyTime, TimeoutUVD: ceremonyTime}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Drover", RPOrigins: []string{u.Scheme + "://" + u.Host}, AttestationPreference: protocol.PreferNoAttestation,
		Timeouts: webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	return w, nil
}

// keyOwner is a member as the passkey module wants one.
type keyOwner struct {
	Member
	keys []webauthn.Credential
}

// WebAuthnID tells nothing about the person (WebAuthn, 14.6.1).
func (o keyOwner) WebAuthnID() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "drover member %d of %d", o.ID, o.CreatedAt.UnixMicro()))
	return sum[:]
}
func (o keyOwner) WebAuthnName() string                       { return o.Email }
func (o keyOwner) WebAuthnDisplayName() string                { return o.Name }
func (o keyOwner) WebAuthnCredentials() []webauthn.Credential { return o.keys }

func (r *Roster) keyOwner(ctx context.Context, m Member) (keyOwner, error) {
	rows, err := r.store.factors(ctx, m.ID)
	o := keyOwner{Member: m}
	for _, row := range rows {
		if row.Kind != Passkey {
			continue
		}
		var key webauthn.Credential
		if err := json.Unmarshal([]byte(row.Passkey), &key); err != nil {
			return o, fmt.Errorf("members: passkey %d: %w", row.ID, err)
		}
		o.keys = append(o.keys, key)
	}
	return o, err
}

// BeginPasskey returns what the browser needs to make a passkey, as JSON (WebAuthn, PublicKeyCredentialCreationOptionsJSON). At an address
// without a host name it is ErrNoHostName.
func (r *Roster) BeginPasskey(ctx context.Context, h SessionHolder) ([]byte, error) {
	w, err := party(h.Origin)
	if err != nil {
		return nil, err
	}
	o, err := r.keyOwner(ctx, h.Member)
	if err != nil {
		return nil, err
	}
	options, ceremony, err := w.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.keys).CredentialDescriptors()),
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementPreferred))
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	return r.keepCeremony(ctx, h, ceremony, options.Response)
}

// keepCeremony stores the challenge with the session, and returns what the browser is asked.
func (r *Roster) keepCeremony(ctx context.Context, h SessionHolder, ceremony *webauthn.SessionData, options any) ([]byte, error) {
	kept, err := json.Marshal(ceremony)
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	if err := r.store.putCeremony(ctx, h.Session.ID, string(kept)); err != nil {
		return nil, err
	}
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	return text, nil
}

// takeCeremony returns the session's challenge, once.
func (w write) takeCeremony(session int64) (webauthn.SessionData, error) {
	text, err := w.ceremony(session)
	if err != nil {
		return webauthn.SessionData{}, err
	}
	var kept webauthn.SessionData
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return kept, refusal{"no_challenge", ErrPasskey}
	}
	return kept, nil
}

// AddPasskey takes the passkey into use that the browser made, and returns recovery codes with the first factor. ErrPasskey says that it
// cannot be trusted.
func (r *Roster) AddPasskey(ctx context.Context, h SessionHolder, name string, answer []byte) ([]string, error) {
	var codes []string
	err := r.change(ctx, ownFactor(h.Member.SignedIn(h.Session, h.Device.Addr)), func(w write) error {
		p := validation.Problems{}
		if name = cleanName(p, name); len(p) > 0 {
			return p
		}
		key, err := r.createdKey(ctx, w, h, answer)
		if err != nil {
			return err
		}
		text, err := json.Marshal(key)
		if err != nil {
			return err
		}
		now := w.now.UnixMicro()
		codes, err = w.confirmed(factorRow{MemberID: h.Member.ID, Kind: Passkey, Name: name, Credential: credentialName(key.ID), Passkey: string(text),
			CreatedAt: now, ConfirmedAt: now})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	return codes, nil
}

func (r *Roster) createdKey(ctx context.Context, w write, h SessionHolder, answer []byte) (*webauthn.Credential, error) {
	party, err := party(h.Origin)
	if err != nil {
		return nil, err
	}
	ceremony, err := w.takeCeremony(h.Session.ID)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, refusal{"unreadable_passkey", ErrPasskey}
	}
	o, err := r.keyOwner(ctx, h.Member)
	if err != nil {
		return nil, err
	}
	key, err := party.CreateCredential(o, ceremony, parsed)
	if err != nil {
		return nil, refusal{"wrong_passkey", ErrPasskey}
	}
	return key, nil
}

// PasskeyOptions returns what the browser needs to use one of the member's passkeys, as JSON (WebAuthn, PublicKeyCredentialRequestOptionsJSON).
// Without a passkey it is ErrNoFactor.
func (r *Roster) PasskeyOptions(ctx context.Context, h SessionHolder) ([]byte, error) {
	o, err := r.keyOwner(ctx, h.Member)
	if err != nil {
		return nil, err
	}
	if len(o.keys) == 0 {
		return nil, ErrNoFactor
	}
	w, err := party(h.Origin)
	if err != nil {
		return nil, err
	}
	options, ceremony, err := w.BeginLogin(o)
	if err != nil {
		return nil, fmt.Errorf("members: passkey: %w", err)
	}
	return r.keepCeremony(ctx, h, ceremony, options.Response)
}

// GivePasskey proves the session with a passkey's answer to PasskeyOptions, and returns the session's new token; the old one is void. What
// does not fit is ErrPasskey.
func (r *Roster) GivePasskey(ctx context.Context, h SessionHolder, answer []byte) (vault.Secret, error) {
	return r.reauthenticate(ctx, h, func(w write) (string, error) {
		key, err := r.usedKey(ctx, w, h, answer)
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(key)
		if err != nil {
			return "", err
		}
		return string(Passkey), w.passkeyUsed(h.Member.ID, credentialName(key.ID), string(text))
	})
}

func (r *Roster) usedKey(ctx context.Context, w write, h SessionHolder, answer []byte) (*webauthn.Credential, error) {
	party, err := party(h.Origin)
	if err != nil {
		return nil, err
	}
	ceremony, err := w.takeCeremony(h.Session.ID)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, refusal{"unreadable_passkey", ErrPasskey}
	}
	o, err := r.keyOwner(ctx, h.Member)
	if err != nil {
		return nil, err
	}
	key, err := party.ValidateLogin(o, ceremony, parsed)
	if err != nil {
		return nil, refusal{"wrong_passkey", ErrPasskey}
	}
	// A counter that went back says that somebody copied the key (WebAuthn, 6.1.1).
	if key.Authenticator.CloneWarning {
		return nil, refusal{"copied_passkey", ErrPasskey}
	}
	return key, nil
}

func credentialName(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }
