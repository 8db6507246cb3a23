package wordpress

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Cached is what the headers of a page say of the cache in front of it.
type Cached struct {
	State CachedState   `json:"state"`
	Age   time.Duration `json:"age,omitempty"` // how long the page has been in the cache, whole seconds; 0 when not said
	Says  string        `json:"says"`          // the headers' own words, such as "HIT, 3h0m0s old"
}

// CachedState is whether a page came from the cache.
type CachedState string

// The states.
const (
	CachedHit  CachedState = "hit"
	CachedMiss CachedState = "miss" // generated, and kept from now on
	CachedNot  CachedState = "not"  // not cached at all, or no header says so
)

// cacheHeaders tell whether a page came from the cache, the plugin's own first (observed with BigScoots Cache 2.8.1;
// developers.cloudflare.com, "Cloudflare cache responses").
var cacheHeaders = []string{"X-Bigscoots-Cache-Status", "Cf-Cache-Status", "X-Cache", "X-Proxy-Cache", "X-Litespeed-Cache"}

// CacheOf reads what the answer's headers say of the cache.
func CacheOf(x Exchange) Cached {
	c := Cached{State: CachedNot}
	if x.Status < 200 || x.Status > 299 {
		c.Says = "answered " + strconv.Itoa(x.Status)
		if x.Status == 0 {
			c.Says = "no answer"
		}
		return c
	}
	for _, name := range cacheHeaders {
		if word := strings.ToUpper(strings.TrimSpace(x.Header.Get(name))); word != "" {
			c.State, c.Says = cachedState(word), word
			break
		}
	}
	if c.Says == "" {
		c.Says = "no header of a cache"
	}
	if seconds, err := strconv.ParseInt(strings.TrimSpace(x.Header.Get("Age")), 10, 32); err == nil && seconds >= 0 && c.State == CachedHit {
		c.Age = time.Duration(seconds) * time.Second
		c.Says += ", " + c.Age.String() + " old"
	}
	return c
}

func cachedState(word string) CachedState {
	switch first, _, _ := strings.Cut(word, " "); strings.Trim(first, ",;") {
	case "HIT", "STALE", "UPDATING", "REVALIDATED": // all of these hand out what was kept before
		return CachedHit
	case "MISS", "EXPIRED":
		return CachedMiss
	}
	return CachedNot
}

// Permalink asks the site where a post's page is: WordPress sends /?p=ID on to it. It returns the empty string when the site does
// not tell, or names another host.
func Permalink(home string, x Exchange) string {
	to := absolute(x.URL, x.Header.Get("Location"))
	if x.Status < 300 || x.Status > 399 || x.Status == http.StatusNotModified || !sameOrigin(to, home) {
		return ""
	}
	return to
}
