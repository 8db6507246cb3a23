package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/droverhq/drover/static"
)

// Of compressed answers: how short one is left as it is, and up to how many bytes of padding hide its true length.
const (
	compressedFrom = 1 << 10
	padding        = 32
)

// compressed sends pages, JSON and files compressed. Streams stay as they are, so that a frame arrives when it is sent.
func compressed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(compressedFrom), gzhttp.EnableZstd(false), gzhttp.RandomJitter(padding, 0, false),
		gzhttp.ContentTypes([]string{"text/html", "text/csv", "text/plain", "application/json", "application/jsonl", "application/x-ndjson"}))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap(next)
}

// compressible leaves answers as they are whose length could tell a secret in them (BREACH): forms' answers, which show what was just
// created, pages opened by a one-time link, and whatever another site's page asked for.
func compressible(c *gin.Context) {
	from := c.GetHeader("Sec-Fetch-Site")
	if c.Request.Method != http.MethodGet || strings.Contains(c.FullPath(), ":token") || from == "cross-site" || from == "same-site" {
		leaveUncompressed(c)
	}
}

func leaveUncompressed(c *gin.Context) { c.Header(gzhttp.HeaderNoCompression, "1") }

// secret says that the page shows a secret, which must not be compressed beside what somebody else may have put there.
func secret(r *route) { r.secret = true }

// encodings are how built files are kept, the shortest first, by what a browser calls them.
var encodings = []struct{ name, extension string }{{"br", ".br"}, {"gzip", ".gz"}}

// encodingFor is the shortest form of a built file that the browser understands; empty is the file itself.
func encodingFor(accepted, file string) (name, extension string) {
	for _, e := range encodings {
		if accepts(accepted, e.name) && static.Has(file+e.extension) {
			return e.name, e.extension
		}
	}
	return "", ""
}

// accepts tells whether an Accept-Encoding names the encoding and does not exclude it.
func accepts(header, encoding string) bool {
	for each := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(each, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		_, q, _ := strings.Cut(weight, "=")
		n, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err != nil || n > 0
	}
	return false
}
