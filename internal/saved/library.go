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
	"github.com/droverhq/drover/internal/validation"
)

// Library keeps the saved operations.
type Library struct {
	store store
	log   *audit.Log
}

// New returns the saved operations in the database.
func New(db *database.DB, log *audit.Log) *Library { return &Library{store{db.Gorm, log}, log} }

// All lists the saved operations by name, those that come with Drover last.
func (s *Library) All(ctx context.Context) ([]Operation, error) {
	saved, err := s.store.all(ctx)
	return append(saved, builtin()...), err
}

// Usable lists what All does, as far as it is in the actor's scope.
func (s *Library) Usable(ctx context.Context, actor access.Actor) ([]Operation, error) {
	all, err := s.All(ctx)
	return slices.DeleteFunc(all, func(o Operation) bool { return !o.InScope(actor) || !o.Within(actor) }), err
}

// RedactStored takes secrets out of what an older Drover saved with them.
func (s *Library) RedactStored(ctx context.Context) error { return s.store.redact(ctx) }

// One returns a saved operation, or ErrNone.
func (s *Library) One(ctx context.Context, id int64) (Operation, error) {
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

// Save stores a new operation for the whole team. It returns validation.Problems when the definition is wrong.
func (s *Library) Save(ctx context.Context, actor access.Actor, d Definition) (Operation, error) {
	if err := s.authorize(ctx, actor, d, ""); err != nil {
		return Operation{}, err
	}
	if p := d.clean(); len(p) > 0 {
		return Operation{}, p
	}
	o, err := s.store.insert(ctx, actor, d)
	return o, named(err)
}

// Edit changes a saved operation; its history is in the audit log.
func (s *Library) Edit(ctx context.Context, actor access.Actor, id int64, d Definition) (Operation, error) {
	if err := s.authorize(ctx, actor, d, access.On("operation", id)); err != nil {
		return Operation{}, err
	}
	before, err := s.inScope(ctx, actor, id)
	if err != nil {
		return Operation{}, err
	}
	if p := d.clean(); len(p) > 0 {
		return Operation{}, p
	}
	o, err := s.store.update(ctx, actor, before, d)
	return o, named(err)
}

// InScope tells whether requests such as the definition's are in the actor's scope.
func (d Definition) InScope(actor access.Actor) bool {
	return actor.Scope.Operation("request", d.effect())
}

// effect is what the definition does, by its word or its method.
func (d Definition) effect() string {
	switch {
	case d.Effect != "":
		return d.Effect
	case d.Method == "GET" || d.Method == "HEAD" || d.Method == "OPTIONS":
		return "read"
	case d.Method == "DELETE":
		return "destroy"
	}
	return "change"
}

// inScope returns a saved operation of the team's that is in the actor's scope, or ErrNone; the attempt is recorded.
func (s *Library) inScope(ctx context.Context, actor access.Actor, id int64) (Operation, error) {
	o, err := s.store.one(ctx, id)
	if err == nil && !o.InScope(actor) {
		err = errors.Join(ErrNone, s.log.Refuse(ctx, actor, access.OperationSave, access.On("operation", id), "operation"))
	}
	return o, err
}

// authorize asks for the right to save, and for the one to say that a request does less than its method may.
func (s *Library) authorize(ctx context.Context, actor access.Actor, d Definition, subject access.Subject) error {
	if err := s.log.Authorize(ctx, actor, access.OperationSave, subject); err != nil {
		return err
	}
	if declared := operation.Effect(d.Effect); slices.Contains(effects[1:], d.Effect) && declared.LessThan(d.Judged().Effect) {
		if err := s.log.Authorize(ctx, actor, access.RunLower, subject); err != nil {
			return err
		}
	}
	if !d.InScope(actor) {
		return s.log.Forbid(ctx, actor, access.OperationSave, subject, "operation")
	}
	return nil
}

// named turns the database's word about a name that is taken into a problem.
func named(err error) error {
	if errors.Is(err, errTaken) {
		return validation.Problems{"name": "There is already a saved operation with this name. Choose another."}
	}
	return err
}

// Remove takes a saved operation out of the list. Runs that it was used for keep what they sent.
func (s *Library) Remove(ctx context.Context, actor access.Actor, id int64) error {
	if err := s.log.Authorize(ctx, actor, access.OperationRemove, access.On("operation", id)); err != nil {
		return err
	}
	before, err := s.inScope(ctx, actor, id)
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

// Export writes the team's saved operations in the actor's scope as a file.
func (s *Library) Export(ctx context.Context, actor access.Actor) ([]byte, error) {
	saved, err := s.store.all(ctx)
	if err != nil {
		return nil, err
	}
	var all []Definition
	for _, o := range saved {
		if o.InScope(actor) {
			all = append(all, o.Definition)
		}
	}
	return File(all)
}

// File writes the definitions as Import reads them.
func File(all []Definition) ([]byte, error) {
	return json.MarshalIndent(file{Format: format, Operations: append([]Definition{}, all...)}, "", "  ")
}

// Import saves the operations of a file. One whose name is taken is skipped and listed.
func (s *Library) Import(ctx context.Context, actor access.Actor, text []byte) (added int, leftOut []string, err error) {
	var f file
	if json.Unmarshal(text, &f) != nil || f.Format != format {
		return 0, nil, validation.Problems{"file": "This is not a file of saved operations. Export one from Drover to see the format."}
	}
	for _, d := range f.Operations {
		_, err := s.Save(ctx, actor, d)
		if p, is := errors.AsType[validation.Problems](err); is {
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
