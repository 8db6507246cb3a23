package views

import "testing"

func TestBrowserName(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/149.0.0.0 Safari/537.36":                            "Chromium on Linux",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                            "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/149.0.0.0 Safari/537.36 Edg/149.0.0.0":            "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) CriOS/149.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 16; Pixel 9) Chrome/149.0.0.0 Mobile Safari/537.36":                    "Chrome on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/149.0.0.0 Safari/537.36":                           "Chrome on ChromeOS",
		"curl/8.9.1": "curl", "": "Unknown browser", "something (Linux)": "Unknown browser on Linux",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}
