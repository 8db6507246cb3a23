package endpoint

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The words of a key that say that its value is a secret. A key is split at case, dashes, dots and brackets: consumerSecret is consumer, secret.
var (
	// secretWords make a secret of a key wherever they stand, unless its last word is one of plainEndings.
	secretWords = []string{
		"password", "passwords", "passwd", "passphrase", "passcode", "secret", "secrets", "token", "tokens", "nonce", "nonces", "wpnonce", "apikey", "apikeys",
		"apitoken", "authtoken", "accesstoken", "refreshtoken", "clientsecret", "privatekey", "secretkey", "jwt", "salt", "salts", "credential", "credentials",
		"csrf", "xsrf",
		"passwort", "kennwort", "contraseña", "contrasena", "wachtwoord", "senha", "parola", "hasło", "haslo", "пароль", "lösenord",
	}
	// secretLastWords do so at the end of a key alone.
	secretLastWords = []string{"pass", "pwd", "pw", "userpass", "authorization", "cookie", "cookies", "otp", "sid", "sessid", "phpsessid", "sessionid",
		"bearer", "passe", "auth", "hmac"}
	// secretPairs are two words that do so at the end.
	secretPairs = []string{
		"api key", "api keys", "private key", "secret key", "access key", "auth key", "in key", "license key", "licence key", "consumer key", "encryption key",
		"signing key",
		"client key", "activation key", "session key", "session id", "master key", "app key", "service key", "account key", "ssh key", "shared key", "webhook key",
		"security key",
		"recovery key", "reset key", "pass word", "pass phrase", "pass code", "recovery code", "recovery codes", "backup code", "backup codes", "basic auth",
		"pin code", "security code", "security answer",
	}
	// plainEndings end keys that only tell something of a secret, such as password_protected.
	plainEndings = []string{
		"protected", "count", "counts", "life", "lifetime", "length", "len", "strength", "expires", "expiry", "expiration", "expire", "in", "ttl", "age", "type",
		"types", "status", "state",
		"enabled", "disabled", "required", "optional", "allowed", "hint", "policy", "rules", "endpoint", "endpoints", "label", "description", "help", "title",
		"placeholder", "min", "max", "minimum", "maximum",
		"changed", "changes", "date", "at", "on", "time", "gmt", "id", "ids", "uuid", "name", "names", "limit", "limits", "usage", "used", "format", "algorithm",
		"alg", "version", "exists", "valid",
		"set", "present", "total", "support", "supported", "mode", "scope", "scopes", "form", "error", "errors", "message", "nag", "per", "price", "cost", "budget",
		"action", "field",
	}
	// plainWithin are keys that are plain in an object which stands under a secret's key: its schema, its name, its times.
	plainWithin = []string{
		"type", "description", "format", "title", "context", "required", "readonly", "pattern", "enum", "name", "label", "id", "uuid", "status", "code", "message",
		"created", "updated",
		"expires", "last_used", "last_ip", "href", "url", "method", "methods", "role", "roles", "app_id",
	}
	// naming are the keys whose value names what stands under one of valued in the same object: {"key":"api_key","value":"…"}.
	naming = []string{"key", "name", "id", "slug", "field", "option", "option_name", "meta_key", "setting", "label", "param", "parameter", "variable", "var",
		"header", "attribute", "property"}
	valued = []string{"value", "values", "meta_value", "option_value", "val", "content", "data", "default", "current", "currentvalue", "current_value",
		"raw_value", "rawvalue"}
)

// longestKey bounds a key, in bytes: what is longer is text.
const longestKey = 128

// SecretKey tells whether what stands under the key is a secret.
func SecretKey(key string) bool {
	if len(key) > longestKey {
		return false
	}
	is, known := rememberedKeys.Get(key)
	if !known {
		is = secretKey(key)
		rememberedKeys.Add(strings.Clone(key), is)
	}
	return is
}

// rememberedKeys tells which keys hold secrets: the same ones come again and again, in all answers of a run.
var rememberedKeys = newLRU[bool](mostRemembered)

func secretKey(key string) bool {
	words := wordsOf(norm.NFKC.String(key))
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if slices.Contains(secretLastWords, last) || len(words) > 1 && slices.Contains(secretPairs, words[len(words)-2]+" "+last) {
		return true
	}
	if slices.Contains(plainEndings, last) || words[0] == "has" || words[0] == "is" || words[0] == "show" || words[0] == "public" {
		return false
	}
	return slices.ContainsFunc(words, func(word string) bool { return slices.Contains(secretWords, word) })
}

// wordsOf splits a key, in lower case, without numbers at its end: password2 is password.
func wordsOf(key string) []string {
	var words []string
	var word []rune
	end := func() {
		if text := strings.TrimRight(strings.ToLower(string(word)), "0123456789"); text != "" {
			words = append(words, text)
		}
		word = word[:0]
	}
	runes := []rune(key)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return words
}
