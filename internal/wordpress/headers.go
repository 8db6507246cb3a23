package wordpress

import (
	"net/http"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/droverhq/drover/internal/cacheplugin"
)

// seen are the headers worth seeing; a name that ends with - stands for all that begin so. Set-Cookie is not among them.
var seen = append(cacheplugin.Headers(), []string{
	"Content-Type", "Content-Encoding", "Date", "Link", "Allow", "Retry-After", "Location", "Server", "Via", "Www-Authenticate", "X-Redirect-By", "X-Powered-By",
	"X-Robots-Tag",
	"Age", "Cache-Control", "X-Cache", "X-Cache-", "Cf-Ray", "Cf-Cache-Status", "Cf-Mitigated", "X-Sucuri-Id", "X-Sucuri-Block", "X-Sucuri-Cache", "Sg-Captcha",
	"X-Amzn-Waf-Action", "X-Wp-", "X-Litespeed-Cache", "X-Varnish",
	"X-Qc-Cache", "X-Kinsta-Cache", "X-Fastcgi-Cache", "Fastcgi-Cache", "X-Nginx-Cache", "X-Gocache-Cachestatus", "X-Sg-Cache", "X-Edge-Cache", "Cache-Status",
	"Server-Timing", "X-Nananana",
}...)

// Bounds of what is kept of one header.
const (
	mostValues    = 10
	longestHeader = 1000 // runes
)

// worthSeeing keeps the headers that tell something, without characters that could not be shown.
func worthSeeing(all http.Header) http.Header {
	kept := http.Header{}
	for name, values := range all {
		if !isSeen(name) {
			continue
		}
		if name == "Link" {
			values = rootFirst(values)
		}
		for _, value := range values[:min(len(values), mostValues)] {
			kept.Add(name, printable(value, longestHeader))
		}
	}
	return kept
}

func isSeen(name string) bool {
	is, known := seenNames.Get(name)
	if !known {
		is = worthKeeping(name)
	}
	if !known && len(name) <= longestSeenName {
		seenNames.Add(strings.Clone(name), is)
	}
	return is
}

// longestSeenName bounds a name that is remembered, in bytes.
const longestSeenName = 64

// seenNames remembers which names are worth seeing: the same ones come with every answer.
var seenNames = newSeenNames()

func newSeenNames() *lru.Cache[string, bool] {
	c, err := lru.New[string, bool](1000)
	if err != nil {
		panic(err) // the size is positive
	}
	return c
}

func worthKeeping(name string) bool {
	for _, wanted := range seen {
		if name == wanted || strings.HasSuffix(wanted, "-") && strings.HasPrefix(name, wanted) {
			return true
		}
	}
	return cacheName.MatchString(name) && !strings.Contains(name, "Control") && !strings.Contains(name, "Tag")
}

// rootFirst puts the link to the REST root in front: themes announce so many files to load early that it would be cut off.
func rootFirst(values []string) []string {
	for _, value := range values {
		for _, link := range parseLinks(value) {
			if link.is(relation) && (len(values) > mostValues || len(value) > longestHeader) {
				return append([]string{"<" + link.target + `>; rel="` + relation + `"`}, values...)
			}
		}
	}
	return values
}
