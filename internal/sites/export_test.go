package sites

import (
	"io"

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
