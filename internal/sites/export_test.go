package sites

import (
	"context"
	"io"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// ReadImport is the part of Import that reads foreign bytes, for fuzzing.
func ReadImport(file io.Reader) ([]Line, error) {
	_, lines, err := readImport(file)
	return lines, err
}

// Clean makes a draft canonical.
func Clean(d *Draft) {
	p := validation.Problems{}
	d.clean(p)
	d.cleanCredential(p)
}

// EditSeen is what Edit does after it has read the site.
func (r *Registry) EditSeen(ctx context.Context, actor access.Actor, seen Site, d Draft) error {
	return r.store.change(ctx, actor, func(w write) error { return r.edit(w, seen, d) })
}

// CrashAt ends rotations, as the end of the process would, where the function returns an error.
func (r *Registry) CrashAt(crash func(at string) error) { r.crash = crash }

// NextCheck is when a site is checked next.
var NextCheck = nextCheck
