package endpoint

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// Values that say themselves that they are secrets, whatever key they stand under: the password in a URL, and a credential of HTTP. PHP
// escapes slashes in JSON.
var (
	urlPassword    = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*:(?:\\*/){2}[^\s/:@"'\\<>]*:([^\s/@"'\\<>]+)@`)
	httpCredential = regexp.MustCompile(`(?i)\b(?:basic|bearer)\s+([A-Za-z0-9+/_.~-]{8,}=*)`)
)

// redactValues takes such values out of the text.
func redactValues(text string) (clean string, secrets []string) {
	for _, pattern := range []*regexp.Regexp{urlPassword, httpCredential} {
		if !mayMatch(pattern, text) {
			continue
		}
		var b strings.Builder
		done := 0
		for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
			secret := text[at[2]:at[3]]
			if secret == Removed || strings.Contains(secret, "{{") || pattern == httpCredential && !credential(secret) {
				continue
			}
			secrets = append(secrets, secret)
			b.WriteString(text[done:at[2]] + Removed)
			done = at[3]
		}
		text = b.String() + text[done:]
	}
	return text, secrets
}

// mayMatch tells by what every match contains whether one is worth looking for: most texts have none, and patterns are slow.
func mayMatch(pattern *regexp.Regexp, text string) bool {
	if pattern == urlPassword {
		return strings.Contains(text, "@")
	}
	upper := strings.ToUpper(text) // makes an S of a long s too, as the pattern does
	return strings.Contains(upper, "BASIC") || strings.Contains(upper, "BEARER")
}

// longestWord is the length from which what follows "basic" or "bearer" is no word of a language.
const longestWord = 16

// credential tells a credential from a word, as in "basic information".
func credential(value string) bool {
	plain, err := base64.StdEncoding.DecodeString(value)
	return err == nil && strings.Contains(string(plain), ":") || len(value) >= longestWord && strings.ContainsAny(value, "0123456789")
}
