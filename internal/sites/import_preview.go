package sites

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

func newSecret(text string) vault.Secret { return vault.NewSecret(text) }

// Source is a file to import, and how its columns are to be read.
type Source struct {
	File    io.Reader
	Columns Columns // nil: as somebody chose for such files before, else by the names in the header
}

// Preview is what an import would do. Nothing is stored.
type Preview struct {
	Lines   []Line
	Columns []Column
	Sure    bool     // every column that is needed was named, or chosen by somebody
	Missing []string // the fields that no column was found for; nothing can be imported then
}

// Counts counts the lines by their results.
func (p Preview) Counts() map[LineResult]int {
	counts := map[LineResult]int{}
	for _, line := range p.Lines {
		counts[line.Result]++
	}
	return counts
}

// PreviewImport tells what importing the file would do, line by line, and for what it takes the columns. It stores nothing.
func (r *Registry) PreviewImport(ctx context.Context, actor access.Actor, src Source) (Preview, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteImport, ""); err != nil {
		return Preview{}, err
	}
	text, err := readFile(src.File)
	if err != nil {
		return Preview{}, err
	}
	h, err := r.headerOf(ctx, text, src.Columns)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Columns: h.described(), Sure: h.sure}
	if p.Missing = missing(h.columns); len(p.Missing) > 0 {
		return p, nil
	}
	drafts, lines, err := readLines(h)
	if err != nil {
		return Preview{}, err
	}
	im, err := r.importing(ctx, r.store)
	if err != nil {
		return Preview{}, err
	}
	im.dropUnseen(actor)
	for i := range lines {
		if !lines[i].Stored() {
			continue
		}
		if _, err := im.foresee(actor, drafts[i], &lines[i]); err != nil {
			return Preview{}, fmt.Errorf("sites: import: line %d: %w", lines[i].Number, err)
		}
	}
	p.Lines = lines
	return p, nil
}

// headerOf finds the columns of a file: those that are chosen now, those that were chosen for such files before, or those that the header names.
func (r *Registry) headerOf(ctx context.Context, text string, chosen Columns) (header, error) {
	h, err := findHeader(text, chosen)
	if err != nil || chosen != nil {
		return h, err
	}
	remembered, err := r.chosenFor(ctx, h)
	if err != nil || remembered == nil {
		return h, err
	}
	return findHeader(text, remembered)
}

// dropUnseen forgets the sites outside the actor's access: what a preview says must not depend on them. The import itself refuses them, to those who
// have a credential that works there.
func (im importing) dropUnseen(actor access.Actor) {
	unseen := func(_ string, s Site) bool { return !within(actor, s) }
	maps.DeleteFunc(im.known, unseen)
	maps.DeleteFunc(im.twins, unseen)
}

// foreseen is what a line is about to do.
type foreseen struct {
	known          Site
	declared       Draft
	sameCredential bool
}

// foresee judges a line against what is stored, and says in it what would become of it.
func (im importing) foresee(actor access.Actor, d Draft, line *Line) (f foreseen, err error) {
	s, found := im.known[d.URL]
	if twin, is := im.twins[wordpress.SiteKey(d.URL)]; is && !found {
		line.Result, line.Reason = LineTwice, "This site is already in the list as "+twin.Home+". Use that URL to change it."
		if !within(actor, twin) {
			line.Result, line.Reason = LineBad, outsideScope
		}
		return f, nil
	}
	f = foreseen{known: s, declared: d}
	if found && !within(actor, s) {
		line.Result, line.Reason = LineBad, outsideScope
		return f, nil
	}
	p := validation.Problems{}
	if found {
		f.declared = keepUnsaid(d, s)
	}
	if f.declared.checkScope(actor, p); len(p) > 0 {
		line.Result, line.Reason = LineBad, p.Error()
		return f, nil
	}
	if !found {
		line.Result = LineAdded
		return f, nil
	}
	if !s.RetiredAt.IsZero() {
		line.Result, line.Reason = LineBad, "This site is retired. Restore it first, then import it again."
		return f, nil
	}
	line.Result, line.SiteID = LineUnchanged, s.ID
	if f.sameCredential, err = im.sameCredential(s, f.declared); err == nil && (!f.sameCredential || len(changesOf(s, f.declared)) > 0) {
		line.Result = LineUpdated
	}
	return f, err
}

// uploadBinding ties a file that waits for its import to the member who uploaded it.
func uploadBinding(member int64) vault.Binding {
	return vault.Binding{Table: "import_uploads", Row: member, Purpose: "upload"}
}

// KeepUpload keeps a file, sealed, until the member has looked at its preview, for an hour at the most. It takes the place of an earlier one.
func (r *Registry) KeepUpload(ctx context.Context, actor access.Actor, file []byte, columns Columns) error {
	sealed, err := r.vault.Seal(vault.NewSecret(string(file)), uploadBinding(actor.ID))
	if err != nil {
		return fmt.Errorf("sites: upload: %w", err)
	}
	text, err := json.Marshal(columns)
	if err != nil {
		return err
	}
	return r.store.putUpload(ctx, uploadRow{MemberID: actor.ID, Sealed: sealed, KeyID: vault.SealedBy(sealed), Columns: string(text)})
}

// ErrNoUpload is returned where no file of the member's waits.
var ErrNoUpload = errors.New("no uploaded file is waiting")

// Upload returns the file that the member uploaded, and the columns that were chosen for it.
func (r *Registry) Upload(ctx context.Context, actor access.Actor) (file []byte, columns Columns, err error) {
	row, found, err := r.store.upload(ctx, actor.ID)
	if err != nil {
		return nil, nil, err
	}
	if !found {
		return nil, nil, ErrNoUpload
	}
	text, err := r.vault.Open(row.Sealed, uploadBinding(actor.ID))
	if err != nil {
		return nil, nil, fmt.Errorf("sites: upload: %w", err)
	}
	if err := json.Unmarshal([]byte(row.Columns), &columns); err != nil {
		return nil, nil, fmt.Errorf("sites: upload: %w", err)
	}
	return []byte(text.Reveal()), columns, nil
}

// DropUpload drops the member's file.
func (r *Registry) DropUpload(ctx context.Context, actor access.Actor) error {
	return r.store.dropUpload(ctx, actor.ID)
}

// RememberColumns keeps which columns were chosen for a file, for the next one with the same header.
func (r *Registry) RememberColumns(ctx context.Context, actor access.Actor, file []byte, chosen Columns) error {
	if err := r.log.Authorize(ctx, actor, access.SiteImport, ""); err != nil {
		return err
	}
	for field := range chosen {
		if !slices.Contains(ImportFields(), field) {
			return validation.Problems{"columns": "There is no such column: " + field + "."}
		}
	}
	source, err := readFile(bytes.NewReader(file))
	if err != nil {
		return err
	}
	h, err := findHeader(source, nil)
	if err != nil {
		return err
	}
	text, err := json.Marshal(chosen)
	if err != nil {
		return err
	}
	return r.store.putImportColumns(ctx, h.fingerprint(), string(text))
}
