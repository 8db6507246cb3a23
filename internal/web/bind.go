package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/droverhq/drover/internal/validation"
)

// longestForm bounds what a browser may send, in bytes; a file to import has a bound of its own.
const longestForm = 1 << 20

// form reads what was sent in the body. It returns errTooMuch for more than longestForm, and a problem for what is no form.
func (v *requestContext) form() (url.Values, error) {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestForm)
	if err := v.parse(longestForm); err != nil {
		return nil, err
	}
	for _, values := range v.Request.PostForm {
		for _, value := range values {
			if !storable(value) {
				return nil, validation.Problems{"form": "The form contains characters that cannot be stored. Go back and enter them again."}
			}
		}
	}
	return v.Request.PostForm, nil
}

// parse reads an ordinary form, or one in parts with at most so many bytes of it in memory.
func (v *requestContext) parse(inMemory int64) error {
	if err := v.Request.ParseForm(); err != nil {
		return bodyError(err)
	}
	err := v.Request.ParseMultipartForm(inMemory)
	if err == nil || errors.Is(err, http.ErrNotMultipart) {
		return nil
	}
	return bodyError(err)
}

// bodyError tells a body that is too large from one that cannot be read.
func bodyError(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errTooMuch
	}
	return validation.Problems{"form": "Drover could not read this form. Go back and submit it again."}
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
