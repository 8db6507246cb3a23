package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// How much of a body is kept in memory, in bytes, how much somebody may send who is not signed in, and how long a body may take.
const (
	bodyInMemory = 1 << 20
	publicBody   = 64 << 10
	bodyTime     = 60 * time.Second
)

var errSlow = errors.New("the body took too long to arrive")

// readBody reads the whole body, so that authentication comes after its last byte. What is large waits in a file; done removes it.
func (v *requestContext) readBody(most int64) (done func(), err error) {
	if v.Request.Method != http.MethodPost {
		v.Request.Body = http.NoBody
		return func() {}, nil
	}
	connection := http.NewResponseController(v.Writer)
	_ = connection.SetReadDeadline(time.Now().Add(v.server.bodyTime)) // where it cannot be set, the server's own time limit holds
	defer func() {
		if err == nil { // else what is left of the body must not be waited for either
			_ = connection.SetReadDeadline(time.Time{})
		}
	}()
	body := http.MaxBytesReader(v.Writer, v.Request.Body, most)
	var start bytes.Buffer
	if _, err := io.CopyN(&start, body, min(most, bodyInMemory)); errors.Is(err, io.EOF) {
		v.Request.Body = io.NopCloser(&start)
		return func() {}, nil
	} else if err != nil {
		return nil, arrivalError(err)
	}
	rest, err := os.CreateTemp("", "drover-body-")
	if err != nil {
		return nil, err
	}
	done = func() { _ = errors.Join(rest.Close(), os.Remove(rest.Name())) } // a file that is left behind is no fault of the request
	_, err = io.Copy(rest, body)
	if err == nil {
		_, err = rest.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, arrivalError(err)
	}
	v.Request.Body = io.NopCloser(io.MultiReader(&start, rest))
	return done, nil
}

// arrivalError tells a body that is too large or too slow from one that was cut off.
func arrivalError(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return errTooMuch
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlow
	}
	return bodyError(err)
}
