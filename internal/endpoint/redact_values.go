package endpoint

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// Values that say themselves that they are secrets, whatever key they stand under: the password in a URL, a credential of HTTP, and those of
// speakingValues. PHP escapes slashes in JSON.
var (
	urlPassword    = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*:(?:\\*/){2}[^\s/:@"'\\<>]*:([^\s/@"'\\<>]+)@`)
	httpCredential = regexp.MustCompile(`(?i)\b(?:basic|bearer)\s+([A-Za-z0-9+/_.~-]{8,}=*)`)
)

// speakingValue is what a secret looks like; the text is searched for it only where it has one of the hints.
type speakingValue struct {
	hints   []string
	pattern *regexp.Regexp
}

var speakingValues = []speakingValue{
	// Keys of services, by the form that their makers gave them to be found by.
	{[]string{"k_live_", "sk-", "whsec_", "gh", "glpat-", "xox", "AIza", "SG.", "drover_"}, regexp.MustCompile("" +
		`\b((?:[rs]k_live_|whsec_)[A-Za-z0-9+/=]{10,}|` +
		`sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeprs]-[A-Za-z0-9-]{10,}|` +
		`AIza[A-Za-z0-9_-]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|drover_[A-Z2-7]{40,})`)},
	{[]string{"eyJ"}, regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{8,})`)}, // JSON Web Tokens
	{[]string{"PRIVATE KEY"}, regexp.MustCompile(`-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----((?:[^-"]|-[^-"])+)`)},
	// Addresses that let in whoever knows them: webhooks, signed URLs, and WordPress's link to set another password.
	{[]string{"hooks.slack.com", "webhooks"}, regexp.MustCompile(`(?:hooks\.slack\.com\\*/services|/api\\*/webhooks)\\*/([A-Za-z0-9_\\/-]{8,})`)},
	{[]string{"ignature=", "sig="}, regexp.MustCompile(`(?:[?&;]|\\u0026)(?:(?:X-Amz-|X-Goog-)?Signature|sig)=([^&"'\s\\<>]{8,})`)},
	{[]string{"action=rp", "action=resetpass"}, regexp.MustCompile(`action=(?:rp|resetpass)[^"'\s<>]{0,200}?(?:[&;]|\\u0026)key=([^&"'\s\\<>]+)`)},
	{[]string{"uthorization", "UTHORIZATION"}, regexp.MustCompile(
		`(?i)authorization\\*["']?\s*[=:]\s*\\*["']?(?:basic|bearer|\[removed\])[ \t]+([^\s"'\\,;<>]{8,})`)},
	// A field that hides what is typed in it, as a page of settings has it.
	{[]string{"assword"}, regexp.MustCompile(`(?i)<input\b[^>]{0,500}?\btype=\\*["']?password\b[^>]{0,500}?\bvalue=\\*["']([^"'\\<>]+)`)},
	{[]string{"assword"}, regexp.MustCompile(`(?i)<input\b[^>]{0,500}?\bvalue=\\*["']([^"'\\<>]+)\\*["'][^>]{0,500}?\btype=\\*["']?password\b`)},
}

// redactValues takes such values out of the text.
func redactValues(text string) (clean string, secrets []string) {
	var patterns []*regexp.Regexp
	for _, pattern := range []*regexp.Regexp{urlPassword, httpCredential} {
		if mayMatch(pattern, text) {
			patterns = append(patterns, pattern)
		}
	}
	for _, v := range speakingValues {
		if slices.ContainsFunc(v.hints, func(hint string) bool { return strings.Contains(text, hint) }) {
			patterns = append(patterns, v.pattern)
		}
	}
	for _, pattern := range patterns {
		var b strings.Builder
		done := 0
		for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
			secret := text[at[2]:at[3]]
			if strings.HasPrefix(secret, Removed) || strings.Contains(secret, "{{") || pattern == httpCredential && !credential(secret) {
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
