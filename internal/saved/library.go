package saved

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/operation"
)

// Shelf keeps the saved operations.
type Shelf struct {
	store store
	log   *audit.Log
}

// New returns the saved operations in the database.
func New(db *database.DB, log *audit.Log) *Shelf { return &Shelf{store{db.Gorm, log}, log} }

// All lists the saved operations by name, those that come with Drover last.
func (s *Shelf) All(ctx context.Context) ([]Operation, error) {
	saved, err := s.store.all(ctx)
	return append(saved, builtin()...), err
}

// One returns a saved operation, or ErrNone.
func (s *Shelf) One(ctx context.Context, id int64) (Operation, error) {
	if id < 0 {
		for _, o := range builtin() {
			if o.ID == id {
				return o, nil
			}
		}
		return Operation{}, ErrNone
	}
	return s.store.one(ctx, id)
}

// Save stores a new operation for the whole team. It returns Problems when the definition is wrong.
func (s *Shelf) Save(ctx context.Context, actor access.Actor, d Definition) (Operation, error) {
	if err := s.admit(ctx, actor, d, ""); err != nil {
		return Operation{}, err
	}
	if p := d.clean(); len(p) > 0 {
		return Operation{}, p
	}
	o, err := s.store.insert(ctx, actor, d)
	return o, named(err)
}

// Edit changes a saved operation; its history is in the audit log.
func (s *Shelf) Edit(ctx context.Context, actor access.Actor, id int64, d Definition) (Operation, error) {
	if err := s.admit(ctx, actor, d, access.On("operation", id)); err != nil {
		return Operation{}, err
	}
	before, err := s.store.one(ctx, id)
	if err != nil {
		return Operation{}, err
	}
	if p := d.clean(); len(p) > 0 {
		return Operation{}, p
	}
	o, err := s.store.update(ctx, actor, before, d)
	return o, named(err)
}

// admit asks for the right to save, and for the one to say that a request does less than its method may.
func (s *Shelf) admit(ctx context.Context, actor access.Actor, d Definition, subject access.Subject) error {
	if err := s.log.Authorize(ctx, actor, access.OperationSave, subject); err != nil {
		return err
	}
	if said := operation.Effect(d.Effect); slices.Contains(effects[1:], d.Effect) && said.LessThan(d.Judged().Effect) {
		return s.log.Authorize(ctx, actor, access.RunLower, subject)
	}
	return nil
}

// named turns the database's word about a name that is taken into a problem.
func named(err error) error {
	if errors.Is(err, errTaken) {
		return Problems{"name": "There is already a saved operation with this name. Choose another."}
	}
	return err
}

// Remove takes a saved operation out of the list. Runs that it was used for keep what they sent.
func (s *Shelf) Remove(ctx context.Context, actor access.Actor, id int64) error {
	if err := s.log.Authorize(ctx, actor, access.OperationRemove, access.On("operation", id)); err != nil {
		return err
	}
	before, err := s.store.one(ctx, id)
	if err != nil {
		return err
	}
	return s.store.remove(ctx, actor, before)
}

// file is what is exported: a list of definitions, with a word on what it is.
type file struct {
	Format     string       `json:"format"`
	Operations []Definition `json:"operations"`
}

const format = "drover-operations-1"

// Export writes the saved operations of the team as a file.
func (s *Shelf) Export(ctx context.Context) ([]byte, error) {
	saved, err := s.store.all(ctx)
	if err != nil {
		return nil, err
	}
	f := file{Format: format, Operations: []Definition{}}
	for _, o := range saved {
		f.Operations = append(f.Operations, o.Definition)
	}
	return json.MarshalIndent(f, "", "  ")
}

// Import saves the operations of a file. One whose name is taken is left out and named.
func (s *Shelf) Import(ctx context.Context, actor access.Actor, text []byte) (added int, leftOut []string, err error) {
	var f file
	if json.Unmarshal(text, &f) != nil || f.Format != format {
		return 0, nil, Problems{"file": "This is not a file of saved operations. Export one from Drover to see its form."}
	}
	for _, d := range f.Operations {
		_, err := s.Save(ctx, actor, d)
		if p, is := errors.AsType[Problems](err); is {
			leftOut = append(leftOut, fmt.Sprintf("%s (%s)", d.Name, p.Error()))
			continue
		}
		if err != nil {
			return added, leftOut, err
		}
		added++
	}
	return added, leftOut, nil
}
