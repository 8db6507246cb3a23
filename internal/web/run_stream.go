package web

import (
	"bufio"
	"io"
	"net/http"
	"time"
)

// file is what a browser saves.
type file struct{ name, kind string }

// Of a file on its way: how much may still turn into a page that says what went wrong, and how long a client may take to read it all.
const (
	withheld   = 32 << 10
	streamTime = 5 * time.Minute
)

// stream sends a file as it is written. Where that fails before anything has left, the error is shown as any other. Later, the connection is
// broken off, so that nobody takes half a file for a whole one.
func (v *requestContext) stream(f file, write func(io.Writer) error) error {
	v.Header("Content-Type", f.kind)
	v.download(f.name)
	control := http.NewResponseController(v.Writer)
	if err := control.SetWriteDeadline(time.Now().Add(streamTime)); err == nil { // not every writer has deadlines
		defer control.SetWriteDeadline(time.Time{}) // the next request comes on the same connection
	}
	buffer := bufio.NewWriterSize(v.Writer, withheld)
	err := write(struct{ io.Writer }{buffer}) // a csv.Writer would take the buffer itself for its own, and flush it
	if err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		return nil
	}
	if !v.Writer.Written() {
		v.Writer.Header().Del("Content-Type")
		v.Writer.Header().Del("Content-Disposition")
		return err
	}
	v.server.Logger.ErrorContext(v.Request.Context(), "file broken off", "req", v.requestID(), "path", withoutToken(v.Context), "err", err)
	panic(http.ErrAbortHandler)
}
