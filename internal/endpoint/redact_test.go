package endpoint

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestSecretKey(t *testing.T) {
	for key, want := range map[string]bool{
		"password": true, "user_pass": true, "application_password": true, "applicationPassword": true, "application-password": true, "new_password": true,
		"password2": true,
		"PASSWORD":  true, "secret": true, "consumer_secret": true, "clientSecret": true, "client-secret": true, "consumer_key": true, "api_key": true,
		"apiKey":    true,
		"apikey":    true,
		"X-API-Key": true, "APIKey": true, "token": true, "access_token": true, "refreshToken": true, "_wpnonce": true, "nonce": true, "X-WP-Nonce": true,
		"restNonce":   true,
		"private_key": true, "AUTH_KEY": true, "SECURE_AUTH_SALT": true, "LOGGED_IN_KEY": true, "user[password]": true, "license_key": true, "Set-Cookie": true,
		"Authorization": true,
		"password_raw":  true, "token_value": true, "webhook_secret": true, "db_password": true, "passphrase": true, "csrf-token": true, "jwt": true,

		"password_protected": false, "token_count": false, "nonce_life": false, "title": false, "key": false, "keyword": false, "meta_key": false,
		"public_key": false,
		"token_type": false, "tokenizer": false, "secretary": false, "passed": false, "compass": false, "pass_rate": false, "author": false,
		"password_strength": false,
		"password_length":   false, "has_password": false, "expires_in": false, "": false, "api": false, "id": false, "tests_passed": false,
		"max_tokens_limit": false,
	} {
		if SecretKey(key) != want {
			t.Errorf("%q: %v, want %v", key, !want, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		// JSON.
		`{"password":"abcd EFGH"}`:                                  `{"password":"[removed]"}`,
		`{"a":[{"b":{"apiKey" : "x\"y"}}],"c":1}`:                   `{"a":[{"b":{"apiKey" : "[removed]"}}],"c":1}`,
		`{"token":"a\\","b":"c"}`:                                   `{"token":"[removed]","b":"c"}`,
		`{"token":["a1","b2"],"n":"x"}`:                             `{"token":["[removed]","[removed]"],"n":"x"}`,
		`{"secret":{"raw":"a1","type":"string"},"n":"x"}`:           `{"secret":{"raw":"[removed]","type":"string"},"n":"x"}`,
		`{"password":true,"secret":null,"token":0}`:                 `{"password":true,"secret":null,"token":0}`,
		`{"password":12345678}`:                                     `{"password":"[removed]"}`,
		`{"password_protected":"yes","token_count":12345}`:          `{"password_protected":"yes","token_count":12345}`,
		`{"password":""}`:                                           `{"password":""}`,
		`{"pass\u0077ord":"abc"}`:                                   `{"pass\u0077ord":"[removed]"}`,
		`[{"key":"api_key","value":"abc"},{"key":"x","value":"y"}]`: `[{"key":"api_key","value":"[removed]"},{"key":"x","value":"y"}]`,
		`{"title":"how to choose a password: long"}`:                `{"title":"how to choose a password: long"}`,

		// In debris, cut off, within texts.
		"Warning: x in y.php on line 3\n{\"password\":\"abc\"}<p>":  "Warning: x in y.php on line 3\n{\"password\":\"[removed]\"}<p>",
		`{"a":1,"password":"abc de`:                                 `{"a":1,"password":"[removed]`,
		`{"a":1,"password":["abc","de`:                              `{"a":1,"password":["[removed]","[removed]`,
		`{"a":1,"password":"abc\`:                                   `{"a":1,"password":"[removed]`,
		`{"body":"{\"password\":\"ab\\\"c\",\"b\":1}","c":"d"}`:     `{"body":"{\"password\":\"[removed]\",\"b\":1}","c":"d"}`,
		`{"body":"{\"x\":\"{\\\"token\\\":\\\"abc\\\"}\"}"}`:        `{"body":"{\"x\":\"{\\\"token\\\":\\\"[removed]\\\"}\"}"}`,
		"{\n  \"password\"\n:\t\"abc\"\n}":                          "{\n  \"password\"\n:\t\"[removed]\"\n}",
		`{"password":"longsecret1","message":"It is longsecret1."}`: `{"password":"[removed]","message":"It is [removed]."}`,

		// Forms, queries and other text.
		"user=a&password=abc%20d&x=y":                                              "user=a&password=[removed]&x=y",
		"user%5Bpassword%5D=abc":                                                   "user%5Bpassword%5D=[removed]",
		`{"link":"https://a.example/?x=1&_wpnonce=abc123"}`:                        `{"link":"https://a.example/?x=1&_wpnonce=[removed]"}`,
		`{"link":"https://a.example/?x=1\u0026token=abc123"}`:                      `{"link":"https://a.example/?x=1\u0026token=[removed]"}`,
		"/wp/v2/x?api_key=abc&per_page=3":                                          "/wp/v2/x?api_key=[removed]&per_page=3",
		"Array\n(\n    [password] => abc\n)":                                       "Array\n(\n    [password] => [removed]\n)",
		"'password' => 'abc',":                                                     "'password' => '[removed]',",
		`var s = {nonce: 'abc'};`:                                                  `var s = {nonce: '[removed]'};`,
		`<input name="_wpnonce" type="hidden" value="abc">`:                        `<input name="_wpnonce" type="hidden" value="[removed]">`,
		`<token>abc</token>`:                                                       `<token>[removed]</token>`,
		"Authorization: Basic YWJj\nX-Trace: 7":                                    "Authorization: [removed]\nX-Trace: 7",
		`{"authorization":"https://a.example/wp-admin/authorize-application.php"}`: `{"authorization":"https://a.example/wp-admin/authorize-application.php"}`,
		`{"password":{"description":"A password.","type":"string","context":["edit"]}}`: `{"password":{"description":"A ` +
			`password.","type":"string","context":["edit"]}}`,
	} {
		got := Redact(text)
		if got.Text != want {
			t.Errorf("%s\n gave %s\n want %s", text, got.Text, want)
		}
		if twice := Redact(got.Text).Text; twice != got.Text {
			t.Errorf("%s is not the same twice: %s", got.Text, twice)
		}
	}
	template := `{"password":"{{row.password}}","secret":"a{{row.b}}"}`
	if got := RedactTemplate(template).Text; got != `{"password":"{{row.password}}","secret":"[removed]"}` {
		t.Error(got)
	}
	if got := Redact(template).Text; strings.Contains(got, "{{") {
		t.Errorf("an answer hides a secret as a reference: %s", got)
	}
	header := RedactHeader(http.Header{"Set-Cookie": {"a=b"}, "X-Wp-Nonce": {"abc"}, "X-Wp-Total": {"3"}, "Location": {"https://a.example/?token=abc"}})
	if header.Get("Set-Cookie") != Removed || header.Get("X-Wp-Nonce") != Removed || header.Get("X-Wp-Total") != "3" ||
		header.Get("Location") != "https://a.example/?token=[removed]" {
		t.Errorf("%v", header)
	}
}

// A secret under a secret's key never survives, however it is wrapped.
func FuzzRedact(f *testing.F) {
	for _, around := range []string{"", "Warning: \"x\" {", "{\"a\":\"", "\\", "\"", "{\"password\":", "\xef\xbb\xbf"} {
		f.Add(around, around, "password", "pre", 3)
	}
	const secret = "S3CRETzq9Value"
	f.Fuzz(func(t *testing.T, before, after, key, beside string, cutOff int) {
		if len(before)+len(after)+len(beside) > 4000 || !SecretKey(key) || strings.Contains(before+after+beside+key, secret) {
			return
		}
		inner, err := json.Marshal(map[string]any{key: beside + secret, "beside": beside, "list": []any{map[string]any{key: []string{secret}}}})
		if err != nil {
			t.Skip()
		}
		nested, err := json.Marshal(map[string]string{"body": string(inner)})
		if err != nil {
			t.Skip()
		}
		for _, text := range []string{string(inner), string(nested), string(inner[:max(0, min(len(inner), len(inner)-cutOff))]), "debris\n" + string(inner) + after} {
			if got := Redact(text).Text; strings.Contains(got, secret) {
				t.Errorf("%q under %q survives in %q: %q", secret, key, text, got)
			}
		}
		got := Redact(before + after).Text
		if twice := Redact(got).Text; len(twice) > len(got)+len(Removed)*(1+strings.Count(got, `"`)+strings.Count(got, "=")+strings.Count(got, ":")) {
			t.Errorf("%q grows to %q", got, twice)
		}
		if json.Valid(inner) && !json.Valid([]byte(Redact(string(inner)).Text)) {
			t.Errorf("%s is JSON, %s is not", inner, Redact(string(inner)).Text)
		}
	})
}

func BenchmarkRedact(b *testing.B) {
	text := strings.Repeat(`{"id":17,"title":{"rendered":"Hello"},"link":"https://a.example/?p=1&x=2","password":"abcdef"},`, 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Redact(text)
	}
}

// Texts that are nothing but keys, quotes or backslashes are gone over once, not once for each.
func TestRedactHostileText(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	for _, part := range []string{`token:`, `name=token `, `name=`, `"`, `\"`, `"password":`, `"password":{`, `"name":"`, `<token>`, "=", ":", "\\", `"token":"`,
		` `, `password=secretvalue&`, `"a" `} {
		text := strings.Repeat(part, (1<<20)/len(part))
		if got := Redact(text).Text; len(got) > 4*len(text) {
			t.Errorf("%q grows to %d bytes", part, len(got))
		}
	}
}

// Texts that came before are taken for clean only where nothing stood in them, and no secret is kept.
func TestRedactRemembersNoSecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"remembered":"abcdefgh-1"}`, `{"password":"remembered-2"}`, `token=remembered-3`, strings.Repeat("remembered ", 100)} {
		want := redact(text, false)
		for range 3 {
			if got := Redact(text); got.Text != want.Text || !slices.Equal(got.Secrets, want.Secrets) {
				t.Errorf("%q: %+v, want %+v", text, got, want)
			}
		}
		if kept := clean.Contains(text); kept != (len(want.Secrets) == 0 && len(text) <= longestClean) {
			t.Errorf("%q is kept: %v", text, kept)
		}
	}
}
