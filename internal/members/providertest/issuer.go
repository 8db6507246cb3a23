// Package providertest is an OpenID Connect provider for tests: a real one, in this process.
package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ClientID and Secret are what Drover is known by at the provider.
const (
	ClientID = "drover"
	Secret   = "provider-secret"
)

// Issuer is the provider: discovery, keys, authorization with PKCE, tokens signed with ES256.
type Issuer struct {
	*httptest.Server
	Key *ecdsa.PrivateKey // that signs; another one than the published forges

	Guard   sync.Mutex
	Forge   func(claims map[string]any) // spoils a token
	None    bool                        // signs with the algorithm none
	Request url.Values                  // the last request for authorization
	claims  map[string]any              // of whoever signs in next
	codes   map[string]url.Values       // what was asked for, by code
}

// New starts a provider, and stops it at the test's end.
func New(t *testing.T) *Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{Key: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		i.Guard.Lock()
		defer i.Guard.Unlock()
		code := rand.Text()
		i.Request = r.URL.Query()
		i.codes[code] = i.Request
		http.Redirect(w, r, i.Request.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {i.Request.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.Guard.Lock()
	defer i.Guard.Unlock()
	requested, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !known || base64.RawURLEncoding.EncodeToString(sum[:]) != requested.Get("code_challenge") || requested.Get("code_challenge_method") != "S256" ||
		id != ClientID || secret != Secret {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": i.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "auth_time": now.Unix(),
		"nonce": requested.Get("nonce")}
	for name, value := range i.claims {
		claims[name] = value
	}
	if i.Forge != nil {
		i.Forge(claims)
	}
	text, _ := json.Marshal(claims)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.signed(text)})
}

func (i *Issuer) signed(text []byte) string {
	if i.None {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.Key, KeyID: "1"}}, nil)
	if err != nil {
		return ""
	}
	object, err := signer.Sign(text)
	if err != nil {
		return ""
	}
	compact, _ := object.CompactSerialize()
	return compact
}

// Says makes the provider say this of whoever signs in next.
func (i *Issuer) Says(claims map[string]any) {
	i.Guard.Lock()
	defer i.Guard.Unlock()
	i.claims, i.Forge, i.None = claims, nil, false
}

// Person are the claims about a person with a verified address, and more of them as pairs of name and value.
func Person(email, subject string, more ...any) map[string]any {
	claims := map[string]any{"sub": subject, "email": email, "email_verified": true, "name": "Mara from elsewhere"}
	for n := 0; n+1 < len(more); n += 2 {
		claims[more[n].(string)] = more[n+1]
	}
	return claims
}
