package wordpress

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// answerOf is what a plugin's own route answered.
func answerOf(p cacheplugin.Plugin, status int, body string) Exchange {
	return Exchange{Method: p.Clear.Method, URL: "https://acme.example/wp-json" + p.Clear.Path, RequestBody: p.Clear.Body, Sent: true, Status: status,
		Body: []byte(body), Header: http.Header{}}
}

func TestPluginAnswers(t *testing.T) {
	bigScoots, superCache, siteGround, engine := cacheplugin.BigScoots, cacheplugin.WPSuperCache, cacheplugin.SiteGround, cacheplugin.WPEngine
	for _, c := range []struct {
		name     string
		x        Exchange
		outcome  Outcome
		reason   Reason
		note     string
		unproven bool
	}{
		{"super cache, whatever happened", answerOf(superCache, 200, `{"Cache Cleared":true}`), Unknown, ReasonUnclear, "whether or not", true},
		{"super cache, nothing", answerOf(superCache, 200, ``), Unknown, ReasonUnclear, "empty body", false},
		{"super cache, no right", answerOf(superCache, 403, `{"code":"rest_forbidden","message":"Sorry.","data":{"status":403}}`), Failed, ReasonForbidden, "",
			false},
		{"super cache, an error with 200", answerOf(superCache, 200, `{"code":"x_failed","message":"No.","data":{"status":500}}`), Failed, ReasonSiteError, "",
			false},
		{"super cache, denied", answerOf(superCache, 200, `{"success":false,"message":"No."}`), Failed, ReasonRefused, "", false},
		{"super cache, a page", answerOf(superCache, 200, `<html><title>Soon</title></html>`), Failed, ReasonNotJSON, "", false},
		{"siteground, done", answerOf(siteGround, 200, `{"status":200,"data":[],"message":"Dynamic Caching successfully purged"}`), OK, "", "", false},
		{"siteground, translated", answerOf(siteGround, 200, `{"status":200,"data":[],"message":"Der dynamische Cache ist geleert"}`), OK, "", "", false},
		{"siteground, refused", answerOf(siteGround, 400, `{"status":400,"data":[],"message":"No."}`), Failed, ReasonInvalidInput, "", false},
		{"siteground, refused with 200", answerOf(siteGround, 200, `{"status":400,"data":[],"message":"No."}`), Failed, ReasonInvalidInput, "", false},
		{"siteground, something else", answerOf(siteGround, 200, `{"ok":1}`), Failed, ReasonRefused, "without confirming", false},
		{"siteground, nothing", answerOf(siteGround, 200, ``), Unknown, ReasonUnclear, "", false},
		{"wp engine, done", answerOf(engine, 200, `{"success":true}`), OK, "", "", false},
		{"wp engine, denied", answerOf(engine, 200, `{"success":false,"message":"It failed."}`), Failed, ReasonRefused, "", false},
		{"wp engine, too soon", answerOf(engine, 429, `{"code":"rate_limit_exceeded","message":"Wait.","data":{"status":429}}`), Failed, ReasonRateLimited, "10 s",
			false},
		{"wp engine, too soon, without a code", answerOf(engine, 429, `{"message":"Wait."}`), Failed, ReasonRateLimited, "", false},
		{"wp engine, too soon with 200", answerOf(engine, 200, `{"rate_limited":true}`), Failed, ReasonRateLimited, "10 s", false},
		{"wp engine, too soon in words", answerOf(engine, 200, `{"message":"Rate limit exceeded"}`), Failed, ReasonRateLimited, "10 s", false},
		{"bigscoots, done", answerOf(bigScoots, 200, `{"success":true}`), OK, "", "", false},
	} {
		v := Classify(c.x)
		if v.Outcome != c.outcome || v.Reason != c.reason || !strings.Contains(v.Note, c.note) || v.Unproven != c.unproven {
			t.Errorf("%s: %+v", c.name, v)
		}
		if v.Reason == ReasonRateLimited && (!v.Retry || v.RetryAfter != 10*time.Second) {
			t.Errorf("%s: another try is worth it after %v, %v", c.name, v.RetryAfter, v.Retry)
		}
	}
}

// A code means what the plugin whose route was asked means by it, and nothing to others.
func TestOnePluginsRulesAreNotAnothers(t *testing.T) {
	for _, p := range append(cacheplugin.All(), cacheplugin.Plugin{Name: "another", Clear: cacheplugin.Request{Method: "POST", Path: "/acme-cache/v1/purge"}}) {
		for code := range cacheplugin.BigScoots.Codes {
			v := Classify(answerOf(p, 403, `{"code":"`+code+`","message":"No.","data":{"status":403}}`))
			if own := p.Slug == cacheplugin.BigScoots.Slug; own == (v.Reason == ReasonForbidden) {
				t.Errorf("%s, %s: %+v", p.Name, code, v)
			}
		}
		if v := Classify(answerOf(p, 200, `{"status":200,"post_ids_with_error":{"post_doesnt_exists":[7]}}`)); p.Slug != cacheplugin.BigScoots.Slug &&
			v.Outcome == Partial {
			t.Errorf("%s: %+v", p.Name, v)
		}
	}
}

// What the descriptions say stands in the lists of this package.
func TestPluginsSpeakOfKnownOutcomesAndReasons(t *testing.T) {
	for _, p := range cacheplugin.All() {
		for code, v := range p.Codes {
			if !slices.Contains(Outcomes(), Outcome(v.Outcome)) || !slices.Contains(Reasons(), Reason(v.Reason)) {
				t.Errorf("%s, %s: %+v", p.Name, code, v)
			}
		}
		if err := PluginRequest(p.Clear).Validate(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		for _, name := range append(p.PageHeaders, p.Headers...) {
			if !isSeen(http.CanonicalHeaderKey(name)) && !strings.HasSuffix(name, "-") {
				t.Errorf("%s: the header %s is not kept", p.Name, name)
			}
		}
	}
}

func TestPagesOfCachePlugins(t *testing.T) {
	page := func(body string, header ...string) Exchange {
		x := Exchange{Status: 200, Body: []byte(body), Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}}}
		for i := 0; i+1 < len(header); i += 2 {
			x.Header.Set(header[i], header[i+1])
		}
		return x
	}
	const mark = "<!-- Cached page generated by WP-Super-Cache on 2026-11-20 09:30:01 -->"
	for name, c := range map[string]struct {
		x      Exchange
		state  CachedState
		marked bool
	}{
		"super cache, by the web server":          {page("<p>x</p>" + mark), CachedHit, true},
		"super cache, by PHP":                     {page("<p>x</p>"+mark, "WP-Super-Cache", "Served supercache file from PHP"), CachedHit, true},
		"super cache behind Cloudflare":           {page("<p>x</p>"+mark, "Cf-Cache-Status", "MISS"), CachedMiss, true},
		"WP Engine, a hit":                        {page("", "X-Cache", "HIT: 12"), CachedHit, false},
		"WP Engine, a miss":                       {page("", "X-Cache", "MISS"), CachedMiss, false},
		"SiteGround, a hit":                       {page("", "X-Proxy-Cache", "HIT"), CachedHit, false},
		"SiteGround, kept by a CDN with its miss": {page("", "X-Proxy-Cache", "MISS", "Cf-Cache-Status", "HIT"), CachedHit, false},
		"no cache":                                {page("<p>x</p>"), CachedNot, false},
	} {
		if got := CacheOf(c.x); got.State != c.state || (got.Mark != "") != c.marked {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
