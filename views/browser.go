package views

import "strings"

// token is a part of a user agent that tells a browser or a system from those before it in its table, which pretend to be others as well.
type token struct{ part, name string }

var browserTokens = []token{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Vivaldi", "Vivaldi"}, {"FxiOS", "Firefox"}, {"Firefox", "Firefox"},
	{"HeadlessChrome", "Chromium"}, {"Chromium", "Chromium"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}, {"curl", "curl"},
}

var systemTokens = []token{
	{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS", "macOS"}, {"Macintosh", "macOS"},
	{"FreeBSD", "FreeBSD"}, {"Linux", "Linux"},
}

func named(agent string, tokens []token) string {
	for _, t := range tokens {
		if strings.Contains(agent, t.part) {
			return t.name
		}
	}
	return ""
}

// browserName is a user agent as people call it, such as Firefox on Windows.
func browserName(agent string) string {
	browser, system := named(agent, browserTokens), named(agent, systemTokens)
	switch {
	case browser == "" && system == "":
		return "Unknown browser"
	case browser == "":
		return "Unknown browser on " + system
	case system == "":
		return browser
	}
	return browser + " on " + system
}
