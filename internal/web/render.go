package web

import (
	"bytes"
	"context"

	"github.com/a-h/templ"
)

// render draws the page into memory first: a page that cannot be drawn must not have its status sent already.
func (v *requestContext) render(status int, page templ.Component) error {
	var drawn bytes.Buffer
	// A connection that was cut while its body arrived still gets its answer: the other side may be reading.
	if err := page.Render(context.WithoutCancel(v.Request.Context()), &drawn); err != nil {
		return err
	}
	v.Data(status, "text/html; charset=utf-8", drawn.Bytes())
	return nil
}
