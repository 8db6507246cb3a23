package wordpress

import (
	"net/http"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
)

func sent(method, route, request string, status int, body string) Exchange {
	return Exchange{Method: method, URL: "https://acme.example/wp-json" + route, RequestBody: []byte(request), Sent: true, Status: status, Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json"}}, Started: time.Unix(1_800_000_000, 0)}
}

func TestObserve(t *testing.T) {
	const success = `{"success":true,"status":"success","message":"Done."}`
	status := `{"success":true,"status":"success","data":{` +
		`"plugin_cache_status":{"label":"x","value":"Page Cache Disabled"},"plugin_version":{"value":"2.9.0"},"plugin_setup_mode":{"value":"Performance+"},` +
		`"website_environment_type":{"value":"Production"}}}`
	for name, c := range map[string]struct {
		x                    Exchange
		state, cache, ofWhat string
		version              string
	}{
		"enabled": {sent("PATCH", "/bigscoots-cache/v2/enable-cache", "", 200, success), "ready", "Enabled", "bigscoots-cache", ""},
		"disabled": {sent("PATCH", "/bigscoots-cache/v2/disable-cache/",
			"", 200, success), "warning", "Disabled", "bigscoots-cache", ""},
		"disabled, in capitals": {sent("PATCH", "/BigScoots-Cache/v2/Disable-Cache", "", 200, success), "warning", "Disabled", "bigscoots-cache", ""},
		"status": {sent("GET", "/bigscoots-cache/v2/status",
			"", 200, status), "unchecked", "Page Cache Disabled", "bigscoots-cache", "2.9.0"},
		"refused: off": {sent("PATCH", "/bigscoots-cache/v2/clear-cache",
			"{}", 403, `{"code":"cache_disabled","message":"Off.","data":{"status":403}}`), "warning", "Disabled", "bigscoots-cache", ""},
		"success that says not": {sent("PATCH", "/bigscoots-cache/v2/disable-cache",
			"", 200, `{"success":false,"status":"error","message":"No."}`), "unchecked", "", "bigscoots-cache", ""},
		"401": {sent("PATCH", "/bigscoots-cache/v2/disable-cache",
			"", 401, `{"code":"rest_forbidden","message":"No.","data":{"status":401}}`), "broken", "", "bigscoots-cache", ""},
		"401 of any endpoint": {sent("GET", "/wp/v2/users/me",
			"", 401, `{"code":"rest_not_logged_in","message":"No.","data":{"status":401}}`), "broken", "", "bigscoots-cache", ""},
		"any endpoint":             {sent("GET", "/wp/v2/posts", "", 200, `[{"id":1}]`), "unchecked", "", "bigscoots-cache", ""},
		"an endpoint with sign-in": {sent("GET", "/wp/v2/settings", "", 200, `{"title":"x"}`), "ready", "", "bigscoots-cache", ""},
		"plugins": {sent("GET", "/wp/v2/plugins",
			"", 200, `[{"plugin":"akismet/akismet","status":"active","version":"5.3"},`+
				`{"plugin":"bigscoots-cache/bigscoots-cache","status":"active","version":"3.0.1"}]`), "ready", "", "bigscoots-cache", "3.0.1"},
		"a plugin switched off": {sent("POST", "/wp/v2/plugins/bigscoots-cache/bigscoots-cache",
			`{"status":"inactive"}`, 200, `{"plugin":"bigscoots-cache/bigscoots-cache","status":"inactive","version":"3.0.1"}`), "warning", "", "bigscoots-cache", ""},
		"SiteGround's cache off": {sent("POST", "/siteground-optimizer/v1/disable-option",
			`{"option_key":"siteground_optimizer_enable_cache"}`, 200, `{"status":200,"data":[],"message":"x"}`), "warning", "Disabled", "sg-cachepress", ""},
		"SiteGround's other option": {sent("POST", "/siteground-optimizer/v1/disable-option",
			`{"option_key":"siteground_optimizer_lazyload"}`, 200, `{"status":200,"data":[],"message":"x"}`), "ready", "", "sg-cachepress", ""},
		"Super Cache's settings": {sent("GET", "/wp-super-cache/v1/settings",
			"", 200, `{"is_cache_enabled":1,"cache_type":"PHP"}`), "unchecked", "Enabled", "wp-super-cache", ""},
		"Super Cache's, switched off": {sent("GET", "/wp-super-cache/v1/settings",
			"", 200, `{"is_cache_enabled":""}`), "unchecked", "Disabled", "wp-super-cache", ""},
		"timeout": {Exchange{Method: "PATCH", URL: "https://acme.example/wp-json/bigscoots-cache/v2/disable-cache",
			Sent: true, Fault: ErrTimeout}, "unchecked", "", "bigscoots-cache", ""},
		"nobody there": {Exchange{Method: "PATCH", URL: "https://acme.example/wp-json/bigscoots-cache/v2/disable-cache",
			Fault: ErrConnect}, "broken", "", "bigscoots-cache", ""},
	} {
		t.Run(name, func(t *testing.T) {
			front, _ := cacheplugin.FromStored(c.ofWhat)
			report := Report{}.With(Observe(c.x, Classify(c.x)), "acme.example", front)
			var s PluginStatus
			if report.Plugin != nil {
				s = *report.Plugin
			}
			if report.State() != c.state || s.Cache != c.cache || s.Version != c.version {
				t.Errorf("%s %+v %+v", report.State(), s, report.Steps)
			}
		})
	}
}

func FuzzObserve(f *testing.F) {
	f.Add("PATCH", "/bigscoots-cache/v2/disable-cache", "", 200, `{"success":true}`)
	f.Add("GET", "/wp/v2/plugins", "", 200, `[{"plugin":"bigscoots-cache/x","status":"inactive"},{"previous":1,"deleted":"1"}]`)
	f.Add("POST", "/wp-super-cache/v1/settings", `{"is_cache_enabled":null}`, 403, `{"code":"cache_disabled"}`)
	f.Fuzz(func(t *testing.T, method, route, request string, status int, body string) {
		x := sent(method, route, request, status, body)
		v := Classify(x)
		o := Observe(x, v)
		report := Report{}.With(o, "acme.example", nil)
		if len(report.Steps) != len(checkSteps) {
			t.Fatalf("%d steps", len(report.Steps))
		}
		if o.SignedIn && (v.Reason == ReasonNotAuthenticated || v.Reason == ReasonBadCredential) {
			t.Fatalf("signed in by %+v", v)
		}
		if repeated := report.With(o, "acme.example", nil); repeated.State() != report.State() {
			t.Fatalf("the same news twice: %s, then %s", report.State(), repeated.State())
		}
	})
}
