package web

import (
	"errors"
	"net/http"
	"net/url"
)

// longestForm bounds what a browser may send, in bytes; a file to import has a bound of its own.
const longestForm = 1 << 20

// form reads what was sent in the body. It returns errTooMuch for more than longestForm, errBadForm for what is no form, and
// errNotStorable for texts that no database takes.
func (v *requestContext) form() (url.Values, error) {
	v.Request.Body = http.MaxBytesReader(v.Writer, v.Request.Body, longestForm)
	if err := v.parse(longestForm); err != nil {
		return nil, err
	}
	for _, values := range v.Request.PostForm {
		for _, value := range values {
			if !storable(value) {
				return nil, errNotStorable
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
	return errBadForm
}
