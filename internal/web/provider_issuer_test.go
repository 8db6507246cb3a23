package web_test

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

// issuer is a real OpenID Connect provider in this process: discovery, keys, authorization with PKCE, tokens signed with ES256.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey

	guard   sync.Mutex
	claims  map[string]any              // of whoever signs in next
	forge   func(claims map[string]any) // spoils a token
	none    bool                        // signs with the algorithm none
	codes   map[string]url.Values       // what was asked for, by code
	request url.Values                  // the last request for authorization
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, codes: map[string]url.Values{}}
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
		i.guard.Lock()
		defer i.guard.Unlock()
		code := rand.Text()
		i.request = r.URL.Query()
		i.codes[code] = i.request
		http.Redirect(w, r, i.request.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {i.request.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.guard.Lock()
	defer i.guard.Unlock()
	requested, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !known || base64.RawURLEncoding.EncodeToString(sum[:]) != requested.Get("code_challenge") || requested.Get("code_challenge_method") != "S256" ||
		id != "drover" || secret != "provider-secret" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": i.URL, "aud": "drover", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "auth_time": now.Unix(),
		"nonce": requested.Get("nonce")}
	for name, value := range i.claims {
		claims[name] = value
	}
	if i.forge != nil {
		i.forge(claims)
	}
	text, _ := json.Marshal(claims)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.signed(text)})
}

func (i *issuer) signed(text []byte) string {
	if i.none {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: "1"}}, nil)
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

func (i *issuer) says(claims map[string]any) {
	i.guard.Lock()
	defer i.guard.Unlock()
	i.claims, i.forge, i.none = claims, nil, false
}

func person0(email, subject string, more ...any) map[string]any {
	claims := map[string]any{"sub": subject, "email": email, "email_verified": true, "name": "Mara from elsewhere"}
	for n := 0; n+1 < len(more); n += 2 {
		claims[more[n].(string)] = more[n+1]
	}
	return claims
}
