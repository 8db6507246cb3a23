package web

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/droverhq/drover/internal/sites"
)

// longestForm bounds what a browser may send, in bytes; a file to import has a bound of its own.
const longestForm = 1 << 20

// form reads what was sent in the body.
func (v *visit) form() (url.Values, error) {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestForm)
	if err := v.Request.ParseForm(); err != nil {
		return nil, sites.Problems{"form": "What was sent is too large, or is not a form. Send less, or split it."}
	}
	return v.Request.PostForm, nil
}

// numbers keeps the texts that are positive numbers.
func numbers(texts []string) []int64 {
	var all []int64
	for _, text := range texts {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
			all = append(all, n)
		}
	}
	return all
}
