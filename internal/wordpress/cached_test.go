package wordpress

import (
	"net/http"
	"testing"
	"time"
)

func TestCacheOf(t *testing.T) {
	for _, c := range []struct {
		status int
		header map[string]string
		state  CachedState
		age    time.Duration
		says   string
	}{
		{200, map[string]string{"Cf-Cache-Status": "HIT", "Age": "3600"}, CachedHit, time.Hour, "HIT, 1 h old"},
		{200, map[string]string{"Cf-Cache-Status": "DYNAMIC", "X-Bigscoots-Cache-Status": "hit", "Age": "7"}, CachedHit, 7 * time.Second, "HIT, 7 s old"},
		{200, map[string]string{"X-Bigscoots-Cache-Status": "MISS", "Cf-Cache-Status": "HIT"}, CachedMiss, 0, "MISS"},
		{200, map[string]string{"Cf-Cache-Status": "EXPIRED"}, CachedMiss, 0, "EXPIRED"},
		{200, map[string]string{"Cf-Cache-Status": "STALE", "Age": "9"}, CachedHit, 9 * time.Second, "STALE, 9 s old"},
		{200, map[string]string{"Cf-Cache-Status": "BYPASS", "Age": "9"}, CachedNot, 0, "BYPASS"},
		{200, map[string]string{"X-Cache": "HIT from varnish-1", "Age": "-4"}, CachedHit, 0, "HIT FROM VARNISH-1"},
		{200, map[string]string{"X-Litespeed-Cache": "hit,private"}, CachedHit, 0, "HIT,PRIVATE"},
		{200, map[string]string{"X-Cache": "MISS, HIT", "X-Cache-Hits": "0, 2"}, CachedHit, 0, "MISS, HIT"},
		{200, map[string]string{"X-Cache": "MISS from hit-server", "X-Cache-Hits": "0"}, CachedMiss, 0, "MISS FROM HIT-SERVER"},
		{200, map[string]string{"X-Varnish": "123 456"}, CachedHit, 0, "HIT"},
		{200, map[string]string{"Age": "12"}, CachedNot, 0, "no header of a cache"},
		{503, map[string]string{"Cf-Cache-Status": "HIT"}, CachedNot, 0, "answered 503"},
		{0, nil, CachedNot, 0, "no answer"},
	} {
		x := Exchange{Status: c.status, Header: http.Header{}}
		for name, value := range c.header {
			x.Header.Set(name, value)
		}
		if got := CacheOf(x); got != (Cached{State: c.state, Age: c.age, Says: c.says}) {
			t.Errorf("%d %v: %+v", c.status, c.header, got)
		}
	}
}

func TestFromCache(t *testing.T) {
	for name, value := range map[string]string{
		"Cdn-Cache": "HIT", "Sg-F-Cache": "HIT", "X-Hcdn-Cache-Status": "HIT", "Wp-Super-Cache": "Served supercache file from PHP", "X-Nananana": "Batcache-Hit",
		"Server-Timing": "cdn-cache; desc=HIT",
		"X-Ezoic-Cdn":   "Hit ds;mm", "X-Nginx-Cache-Status": "UPDATING", "X-Page-Cache": "STALE",
		"Wpo-Cache-Status": "cached", "X-Ac": "3.ams _atomic_bur HIT", "X-Nitro-Cache": "HIT", "Age": "300", "X-Litespeed-Cache": "hit",
		"X-Wp-Cached-Call": "served-cache", "X-Cacheable": "Matched cache",
	} {
		for status, want := range map[int]bool{200: true, 301: true, 401: true, 404: true, 429: false, 0: false} {
			x := Exchange{Method: "GET", Status: status, Header: worthSeeing(http.Header{name: {value}})}
			if says, is := FromCache(x); is != want || is && says == "" {
				t.Errorf("%s: %s with %d: %q, %v", name, value, status, says, is)
			}
			x.Method = "POST"
			if _, is := FromCache(x); is {
				t.Errorf("a write with %s: %s would be asked again", name, value)
			}
		}
	}
	for name, value := range map[string]string{"X-Cache": "MISS", "Cf-Cache-Status": "DYNAMIC", "X-Litespeed-Cache-Control": "hit",
		"Wpo-Cache-Status": "not cached", "X-Cache-Lookup": "Hit From Upstream", "X-Cacheable": "SHORT",
		"Cache-Control": "max-age=60, stale-while-revalidate=9",
		"Server-Timing": "wp-total;dur=3", "Age": "0", "X-Cache-Key": "/whit/hits", "X-Wp-Cached-Call": "freshly-cached"} {
		if says, is := FromCache(Exchange{Method: "GET", Status: 200, Header: worthSeeing(http.Header{name: {value}})}); is {
			t.Errorf("%s: %s is a hit: %s", name, value, says)
		}
	}
}

func TestPermalink(t *testing.T) {
	const home = "https://acme.example"
	for _, c := range []struct {
		status   int
		location string
		want     string
	}{
		{301, "/hello-world/", home + "/hello-world/"},
		{302, home + "/a/", home + "/a/"},
		{301, "https://evil.example/a/", ""},
		{200, "/hello-world/", ""},
		{304, "/hello-world/", ""},
		{301, "", ""},
	} {
		x := Exchange{URL: home + "/?p=1", Status: c.status, Header: http.Header{"Location": {c.location}}}
		if got := Permalink(home, x); got != c.want {
			t.Errorf("%d %s: %q, want %q", c.status, c.location, got, c.want)
		}
	}
}

func TestVerbsThatMayBeBlocked(t *testing.T) {
	page := []byte("<html><body>no</body></html>")
	for name, c := range map[string]struct {
		x    Exchange
		want bool
	}{
		"405 by nginx":      {Exchange{Method: "PATCH", Status: 405, Body: []byte("<center>nginx</center>")}, true},
		"501":               {Exchange{Method: "DELETE", Status: 501, Body: page}, true},
		"403 to POST":       {Exchange{Method: "POST", Status: 403, Body: page}, false},
		"403 to GET":        {Exchange{Method: "GET", Status: 403, Body: page}, false},
		"a challenge":       {Exchange{Method: "PATCH", Status: 403, Header: http.Header{"Cf-Mitigated": {"challenge"}}, Body: page}, false},
		"WordPress forbids": {Exchange{Method: "PATCH", Status: 403, Body: []byte(`{"code":"rest_forbidden","message":"no"}`)}, false},
		"cut":               {Exchange{Method: "PATCH", Sent: true, Fault: ErrCutOff}, true},
		"the answer cut":    {Exchange{Method: "PATCH", Sent: true, Status: 200, Fault: ErrCutOff}, false},
		"the disguise fell off": {Exchange{Method: "PATCH", Override: OverrideHeader, Status: 405,
			Body: []byte(`{"success":false,"status":"error","message":"PATCH only"}`)}, true},
		"it became a GET":        {Exchange{Method: "PATCH", Status: 405, Body: []byte(`{"success":false,"status":"error","message":"GET is not allowed"}`)}, true},
		"a GET, for WordPress":   {Exchange{Method: "PATCH", Status: 404, Body: []byte(`{"code":"rest_no_route","message":"no","data":{"status":404}}`)}, true},
		"404 by IIS":             {Exchange{Method: "PUT", Status: 404, Body: page}, true},
		"400 by HTTP.sys":        {Exchange{Method: "PATCH", Status: 400, Body: []byte("<h2>Bad Request - Invalid Verb</h2>")}, true},
		"an error page with 200": {Exchange{Method: "DELETE", Status: 200, Body: []byte("<html><title>403 Forbidden</title></html>")}, true},
		"405 in JSON":            {Exchange{Method: "PATCH", Status: 405, Body: []byte(`{"code":"method_not_allowed","message":"x"}`)}, true},
		"404 by a gateway":       {Exchange{Method: "PATCH", Status: 404, Body: []byte(`{"message":"no Route matched with those values"}`)}, true},
		"400 by a gateway":       {Exchange{Method: "PATCH", Status: 400, Body: []byte(`{"error":"Invalid HTTP method"}`)}, true},
		"401 by WebDAV":          {Exchange{Method: "PUT", Status: 401, Body: page}, true},
		"401 by WordPress":       {Exchange{Method: "PUT", Status: 401, Body: []byte(`{"code":"rest_forbidden","message":"no"}`)}, false},
		"no such carrier":        {Exchange{Method: "PUT", Status: 400, Body: []byte(`{"code":"x","message":"Choose a shipping method."}`)}, false},
		"no such post":           {Exchange{Method: "PUT", Status: 404, Body: []byte(`{"code":"rest_post_invalid_id","message":"no","data":{"status":404}}`)}, false},
		"a coming-soon page":     {Exchange{Method: "PATCH", Status: 200, Body: []byte("<html><title>Soon</title><body>Soon</body></html>")}, false},
		"501 in JSON": {Exchange{Method: "PATCH", Status: 501,
			Body: []byte(`{"error":{"code":501,"message":"Unsupported method ('PATCH')"}}`)}, true},
		"sent to the home page": {Exchange{Method: "PATCH", URL: "https://acme.example/wp-json/a", Status: 302, Header: http.Header{"Location": {"/"}}}, true},
		"sent to a login": {Exchange{Method: "PATCH", URL: "https://acme.example/wp-json/a", Status: 302, Header: http.Header{"Location": {"/login/"}}},
			false},
	} {
		if got := Classify(c.x).Verb; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
