package wordpress

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// pages are pages with status 200 that can be told, whoever made them.
var pages = []struct {
	is     func(body []byte, found documents) bool
	reason Reason
	note   string
}{
	{isCheck, ReasonBlocked, "A browser check responded instead of WordPress. It sets a cookie or runs a script, which only a browser can do."},
	{showing("suspended", "account"), ReasonSuspended, "The host shows its page for suspended accounts."},
	{showing("site", "suspended"), ReasonSuspended, "The host shows its page for suspended sites."},
	{refuses, ReasonBlocked, "A page that blocks the request responded instead of WordPress."},
	{showing("briefly unavailable for scheduled maintenance"), ReasonMaintenance, "WordPress is updating itself."},
	{showing("error establishing a database connection"), ReasonSiteError, "WordPress cannot reach its database."},
	{has(`id="loginform"`, `name="log"`), ReasonProtected, "The WordPress login page responded: a plugin requires visitors to sign in to WordPress."},
	{has("post_password"), ReasonProtected, "A password page responded."},
	{has("password_protected_pwd"), ReasonProtected, "The Password Protected plugin protects the site."},
	{has("<?php"), ReasonSiteError, "The server sends PHP's source instead of running it."},
}

func has(words ...string) func([]byte, documents) bool {
	return func(body []byte, _ documents) bool { return hasAll(body, words) }
}

// shortPage is how much a page says that is nothing but a message.
const shortPage = 800

// showing looks in what a short page shows: longer ones may speak of anything.
func showing(words ...string) func([]byte, documents) bool {
	return func(body []byte, found documents) bool {
		text := strings.ToLower(title(body) + " " + found.visible)
		return len(text) < shortPage && hasAll([]byte(text), words)
	}
}

// browserWords are how checks for browsers speak to people; checkSigns are what their pages do.
var (
	browserWords = []string{
		"checking your browser", "checking if the site connection", "verify you are human", "verifying you are human", "you are human", "not a robot", "not a bot",
		"are you a robot", "a robot?",
		"are a robot", "enable javascript and cookies", "enable cookies", "javascript is required", "browser check", "security check", "security verification",
		"bot protection", "bot verification",
		"ddos protection", "anti-bot", "human verification", "captcha", "just a moment", "one moment, please", "you are being redirected", "making sure you",
		"access to this page has been denied",
		"please stand by", "request unsuccessful", "vercel security checkpoint",
	}
	captchas = []string{"g-recaptcha", "recaptcha/api", "h-captcha", "hcaptcha.com", "challenges.cloudflare.com", "cf-turnstile", "captcha-delivery", "geetest",
		"friendlycaptcha", "altcha", "mcaptcha"}
	checkSigns = regexp.MustCompile(`(?i)document\s*\.\s*cookie\s*=|setcookie\s*\(|cookiestore\s*\.\s*set|document\[\s*["']cookie["']\s*\]\s*=|` +
		`<script[^>]*\bsrc\s*=\s*["'][^"']*challenge(?:\.js)?["'?]|` +
		`_incapsula_resource|sucuri_cloudproxy_js|slowaes|/aes(\.min)?\.js|/_sec/|__ddg|ddos-guard|\.within\.website|kramericaindustries|perimeterx|/_px|datadome`)
	goesOn = regexp.MustCompile(`(?i)location\s*(\.\s*(href|pathname|search))?\s*=[^=]|location\s*\.\s*(reload|replace|assign)\s*\(|\.submit\s*\(`)
)

// isCheck tells a page that checks for a browser by what it does: scripts that set a cookie or go on by themselves, or a captcha,
// without content of its own. Scripts that do so stand in good pages too, beside what these have to say.
func isCheck(body []byte, found documents) bool {
	beginning := bytes.ToLower(body[:min(len(body), searched)])
	if !bytes.Contains(beginning, []byte("<script")) && !bytes.Contains(beginning, []byte("<noscript")) && !bytes.Contains(beginning, []byte("captcha")) {
		return false
	}
	shown := strings.ToLower(found.visible + " " + title(body))
	if len(shown) > shortPage || ofPeople.Match(beginning) {
		return false
	}
	says := func(words string) bool { return strings.Contains(shown, words) }
	loads := func(words string) bool { return bytes.Contains(beginning, []byte(words)) }
	if slices.ContainsFunc(browserWords, says) || loads("captcha") || slices.ContainsFunc(captchas, loads) {
		return true
	}
	if found.page && strings.TrimSpace(shown) == "" && !bytes.Contains(beginning, []byte("<div")) { // scripts and nothing else
		return bytes.Contains(beginning, []byte("<script"))
	}
	bare := len(found.visible) < 200 && !fields.Match(beginning)
	return bare && (checkSigns.Match(beginning) || goesOn.Match(beginning))
}

// ofPeople are what a form for people asks for: a login may have a captcha too.
var ofPeople = regexp.MustCompile(`<input\b[^>]*\btype\s*=\s*["']?(?:password|email)`)

// fields are what a form asks a person for.
var fields = regexp.MustCompile(`<(?:select|textarea)\b|<input\b[^>]*\btype\s*=\s*["']?(?:text|password|email|search|tel|submit|checkbox)`)

// refresh is how a page sends a browser on without a script.
var refresh = regexp.MustCompile(`(?i)<meta\b[^>]*\bhttp-equiv\s*=\s*["']?refresh["']?` +
	`[^>]*\bcontent\s*=\s*["']?\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?["']?([^"'>\s]*)`)

// noScript is what a page has for browsers that run no scripts, beside what it does in all others.
var noScript = regexp.MustCompile(`(?is)<noscript\b.*?</noscript>`)

// redirectsHost judges a page that has nothing to say and sends a browser on: it is a redirect in another form. To where the request was
// sent already, it is a check for browsers.
func redirectsHost(x Exchange, found documents) (Verdict, bool) {
	match := refresh.FindSubmatch(noScript.ReplaceAll(x.Body[:min(len(x.Body), searched)], nil))
	if match == nil || len(found.visible) > 200 {
		return Verdict{}, false
	}
	requested, errRequested := url.Parse(x.URL)
	to, err := url.Parse(or(absolute(x.URL, html.UnescapeString(string(match[1]))), x.URL))
	if err != nil || errRequested != nil || to.Path == requested.Path {
		return failed(ReasonBlocked, "It redirects to the same URL, as browser checks do."), true
	}
	x.Header = http.Header{"Location": {to.String()}}
	return redirected(x), true
}

// errorTitles are the titles of error pages, by the status that they stand for (RFC 9110, section 15, and what servers call them).
var errorTitles = map[string]int{
	"forbidden": http.StatusForbidden, "access denied": http.StatusForbidden, "access forbidden": http.StatusForbidden, "request blocked": http.StatusForbidden,
	"access blocked": http.StatusForbidden, "blocked": http.StatusForbidden, "you have been blocked": http.StatusForbidden,
	"request rejected": http.StatusForbidden,
	"request denied":   http.StatusForbidden, "unauthorized": http.StatusUnauthorized, "authorization required": http.StatusUnauthorized,
	"not acceptable":  http.StatusNotAcceptable,
	"not acceptable!": http.StatusNotAcceptable, "method not allowed": http.StatusMethodNotAllowed, "not implemented": http.StatusNotImplemented,
	"method not implemented": http.StatusNotImplemented,
	"not found":              http.StatusNotFound, "page not found": http.StatusNotFound, "bad request": http.StatusBadRequest,
	"too many requests":     http.StatusTooManyRequests,
	"internal server error": http.StatusInternalServerError, "bad gateway": http.StatusBadGateway, "service unavailable": http.StatusServiceUnavailable,
	"service temporarily unavailable": http.StatusServiceUnavailable, "gateway timeout": http.StatusGatewayTimeout, "gateway time-out": http.StatusGatewayTimeout,
	"payment required": http.StatusPaymentRequired, "server error": http.StatusInternalServerError,
	"error: the request could not be satisfied": http.StatusForbidden,
}

// numbered is a title with the number of an error: at its beginning, after a word that says what it is, or before a name of that error.
var numbered = regexp.MustCompile(`(?i)(?:^|\b(?:error|status|http|code)\b[\s:#–-]*)([45]\d\d)\b|(?:^|[|:–-] ?)([45]\d\d)(?:\.\d+)?[\s:–-]+(?:\w+ time-?d? ` +
	`?out|forbidden|unauthorized|not found|bad gateway|internal server)`)

// refusing are words of a title or heading by which something refuses a request.
var refusing = regexp.MustCompile(`(?i)\b(?:blocked|denied|rejected|forbidden|banned|firewall|not acceptable|access\b.*\blimited)\b`)

// errorPage returns the status that a page with status 200 is about; 0 where it is about none.
func errorPage(body []byte) int {
	for _, text := range []string{title(body), heading(body)} {
		if match := numbered.FindStringSubmatch(text); match != nil {
			status, _ := strconv.Atoi(or(match[1], match[2])) // three digits
			return status
		}
		text = strings.ToLower(strings.TrimSpace(text))
		for _, joint := range []string{" | ", " - ", " – ", " — ", ": "} {
			text, _, _ = strings.Cut(text, joint)
		}
		if status := errorTitles[strings.TrimRight(text, " .!")]; status != 0 {
			return status
		}
	}
	return 0
}

// refuses tells a short page whose title or heading, or its text where it has neither, says that the request was refused.
func refuses(body []byte, found documents) bool {
	says := title(body) + heading(body)
	if says == "" && len(found.visible) < shortPage/2 {
		says = found.visible
	}
	return found.page && len(found.visible) < shortPage && refusing.MatchString(says)
}

// heading is the first heading of a page.
func heading(body []byte) string { return or(element(body, "h1"), element(body, "h2")) }
