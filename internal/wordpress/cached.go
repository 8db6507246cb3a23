package wordpress

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// Cached is what the headers of a page say of the cache in front of it.
type Cached struct {
	State CachedState   `json:"state"`
	Age   time.Duration `json:"age,omitempty"`  // how long the page has been in the cache, whole seconds; 0 when not said
	Says  string        `json:"says"`           // the headers' own words, such as "HIT, 3 h old"
	Mark  string        `json:"mark,omitempty"` // when this copy of the page was made, as the page itself says; empty where it does not
}

// CachedState is whether a page came from the cache.
type CachedState string

// The states.
const (
	CachedHit  CachedState = "hit"
	CachedMiss CachedState = "miss" // generated, and kept from now on
	CachedNot  CachedState = "not"  // not cached at all, or no header says so
)

// cacheHeaders tell whether a page came from a cache, the surest first: a CDN keeps the headers of those behind it with the page
// (developers.cloudflare.com, "Cloudflare cache responses").
var cacheHeaders = slices.Concat(cacheplugin.PageHeaders(true), []string{
	"Cf-Cache-Status", "X-Cache", "X-Litespeed-Cache", "X-Qc-Cache", "X-Kinsta-Cache", "X-Fastcgi-Cache", "Fastcgi-Cache", "X-Nginx-Cache",
	"X-Cache-Status", "X-Sucuri-Cache", "X-Gocache-Cachestatus", "X-Sg-Cache", "X-Edge-Cache",
}, cacheplugin.PageHeaders(false))

// FromCache tells whether a read was answered out of a cache, and what the cache says of that.
func FromCache(x Exchange) (says string, is bool) {
	if x.Method != http.MethodGet || x.Status < 200 || x.Status == http.StatusTooManyRequests {
		return "", false
	}
	if says, is := answeredByCache(x); is {
		return says, true
	}
	for name, values := range x.Header { // caches without a name of their own here
		for _, word := range values {
			if cacheName.MatchString(name) && cacheHit.MatchString(word) && !strings.HasSuffix(strings.ToLower(word), " upstream") {
				return strings.ToUpper(word), true
			}
		}
	}
	return "", false
}

var (
	cacheName = regexp.MustCompile(`(?i)cache|cdn|^server-timing$|^x-nananana$|^x-ac$`)
	cacheHit  = regexp.MustCompile(`(?i)(?:^|[\s,;=_-])hit\b|^served\b.*cache|^(?:stale|updating|revalidated|cached|matched cache)$`)
)

// answeredByCache tells whether a cache gave the answer, whatever its status: a header of a known cache or the age says so.
func answeredByCache(x Exchange) (says string, is bool) {
	x.Status = http.StatusOK
	if c := CacheOf(x); c.State == CachedHit {
		return c.Says, true
	}
	return olderThan(x)
}

// olderThan tells whether an answer was made before its request was sent: its Age is more than the exchange took.
func olderThan(x Exchange) (says string, is bool) {
	age, _ := ageOf(x.Header)
	return ageWords(age) + " old", age > x.Took+time.Second
}

// ageOf reads how long an answer has been in a cache.
func ageOf(h http.Header) (age time.Duration, given bool) {
	seconds, err := strconv.ParseInt(strings.TrimSpace(h.Get("Age")), 10, 32)
	if err != nil || seconds < 0 {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// ageWords writes an age in its two largest units: 45 s, 2 min 30 s, 3 h.
func ageWords(age time.Duration) string {
	var words []string
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, " h"}, {time.Minute, " min"}, {time.Second, " s"}} {
		if n := age / unit.of; n > 0 && len(words) < 2 {
			words = append(words, strconv.FormatInt(int64(n), 10)+unit.name)
		}
		age %= unit.of
	}
	return cmp.Or(strings.Join(words, " "), "0 s")
}

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
	if c.State == CachedNot && hitOtherwise(x.Header) {
		c.State, c.Says = CachedHit, "HIT"
	}
	if strings.Contains(x.Header.Get("Content-Type"), "html") {
		c.Mark = printable(cacheplugin.PageMark(x.Body), 100)
	}
	if c.State == CachedNot && c.Mark != "" {
		c.State, c.Says = CachedHit, "kept by "+c.Mark
	}
	if age, given := ageOf(x.Header); given && c.State == CachedHit {
		c.Age = age
		c.Says += ", " + ageWords(c.Age) + " old"
	}
	return c
}

// hitOtherwise tells a hit by headers in a form of their own: Varnish names the request that filled its cache beside this one, RFC 9211
// has a parameter, and some count.
func hitOtherwise(h http.Header) bool {
	counted := strings.ContainsAny(h.Get("X-Cache-Hits"), "123456789")
	return len(strings.Fields(h.Get("X-Varnish"))) > 1 || counted || cacheStatusHit.MatchString(h.Get("Cache-Status"))
}

var cacheStatusHit = regexp.MustCompile(`(?i);\s*hit\b`)

func cachedState(word string) CachedState {
	state := CachedNot
	for i, each := range strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune(" ,;:", r) }) {
		switch strings.TrimPrefix(strings.TrimPrefix(each, "TCP_"), "MEM_") {
		case "HIT", "STALE", "UPDATING", "REVALIDATED", "SERVED": // all of these hand out what was kept before; of several caches, one is enough
			if i == 0 || strings.Contains(word, ",") {
				return CachedHit
			}
		case "MISS", "EXPIRED":
			if i == 0 {
				state = CachedMiss
			}
		}
	}
	return state
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
