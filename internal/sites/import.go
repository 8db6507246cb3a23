package sites

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/vault"
	"github.com/droverhq/drover/internal/wordpress"
)

// LineResult is what became of one line of an import.
type LineResult string

// The results of a line.
const (
	LineAdded     LineResult = "added"
	LineUpdated   LineResult = "updated"
	LineUnchanged LineResult = "unchanged"
	LineTwice     LineResult = "twice" // the same site is on another line, or in the list under another URL; not stored
	LineBad       LineResult = "bad"
)

// Line is the report on one line of an import. It never holds the password.
type Line struct {
	Number int // as an editor counts, the header is line 1
	URL    string
	Result LineResult
	Reason string // of a bad line, what is wrong and what to do
	Note   string // of a good line, what looks odd
	SiteID int64  // of a good line

	Username, Name, Client, Tags string // as the file has them
}

// Import adds the sites of a CSV file and updates the ones that are there already. Every good line is stored, bad ones are reported
// with the reason; importing the same file twice changes nothing. An empty client or tags column of a known site leaves them alone, and its name
// stays whatever the file says: exports of browsers and password managers call sites by other names.
func (r *Registry) Import(ctx context.Context, actor access.Actor, file io.Reader) ([]Line, error) {
	return r.ImportFrom(ctx, actor, Source{File: file})
}

// ImportFrom is Import of a file whose columns somebody may have chosen. It returns ErrNoHeader where they are neither chosen nor named.
func (r *Registry) ImportFrom(ctx context.Context, actor access.Actor, src Source) ([]Line, error) {
	if err := r.log.Authorize(ctx, actor, access.SiteImport, ""); err != nil {
		return nil, err
	}
	text, err := readFile(src.File)
	if err != nil {
		return nil, err
	}
	h, err := r.headerOf(ctx, text, src.Columns)
	if err == nil {
		err = h.complete()
	}
	if err != nil {
		return nil, err
	}
	drafts, lines, err := readLines(h)
	if err != nil {
		return nil, err
	}
	if err := r.verifyLines(ctx, actor, drafts, lines); err != nil {
		return nil, fmt.Errorf("sites: import: nothing was stored: %w", err)
	}
	err = r.store.change(ctx, actor, func(w write) error {
		if err := w.takeTurn(access.SiteImport, ""); err != nil {
			return err
		}
		im, err := r.importing(ctx, w.reading())
		if err != nil {
			return err
		}
		return im.store(w, drafts, lines)
	})
	if err != nil {
		return nil, fmt.Errorf("sites: import: nothing was stored: %w", err)
	}
	return lines, nil
}

// importing is what an import needs to know of what is stored.
func (r *Registry) importing(ctx context.Context, stored store) (im importing, err error) {
	known, err := stored.list(ctx, nil, Filter{})
	if err != nil {
		return im, err
	}
	retired, err := stored.list(ctx, nil, Filter{State: Retired})
	if err != nil {
		return im, err
	}
	im = importing{registry: r, known: map[string]Site{}, twins: map[string]Site{}}
	ids := make([]int64, 0, len(known))
	for _, s := range slices.Concat(known, retired) {
		im.known[s.Home], im.twins[wordpress.SiteKey(s.Home)] = s, s
		ids = append(ids, s.ID)
	}
	im.sealed, err = stored.credentials(ctx, ids)
	return im, err
}

// manyAdded is from how many new sites on an import changes what the database should know of its tables.
const manyAdded = 500

// importing is an import under way.
type importing struct {
	registry *Registry
	known    map[string]Site
	twins    map[string]Site // by what all addresses of a site have in common
	sealed   map[int64]credentialRow
}

// store stores the good lines and completes the report on each.
func (im importing) store(w write, drafts []Draft, lines []Line) error {
	counts := map[LineResult]int{}
	for i := range lines {
		if lines[i].Result != LineBad && lines[i].Result != LineTwice {
			if err := im.line(w, drafts[i], &lines[i]); err != nil {
				return fmt.Errorf("line %d: %w", lines[i].Number, err)
			}
		}
		counts[lines[i].Result]++
	}
	if counts[LineAdded]+counts[LineUpdated] == 0 {
		return nil
	}
	if counts[LineAdded] >= manyAdded {
		if err := w.analyze(); err != nil {
			return err
		}
	}
	return w.recordMany(access.SiteImport, map[string]any{
		"added": counts[LineAdded], "updated": counts[LineUpdated], "unchanged": counts[LineUnchanged],
		"bad": counts[LineBad] + counts[LineTwice],
	})
}

func (im importing) line(w write, d Draft, line *Line) error {
	f, err := im.foresee(w.actor, d, line)
	if err != nil {
		return err
	}
	why := "This site is protected by the approval policy. Change it on its own page, so that a second person can approve it."
	switch line.Result {
	case LineAdded:
		why = "This client is protected by the approval policy. Add the site individually, so that a second person can approve it."
		err = w.undoable(func(w write) (err error) { line.SiteID, err = im.registry.insert(w, d); return err })
	case LineUpdated:
		err = w.undoable(func(w write) error { return im.update(w, f.known, f.declared, f.sameCredential) })
	}
	if errors.Is(err, access.ErrNeedsApproval) {
		line.Result, line.Reason = LineBad, why
		if f.known.ID == 0 {
			line.SiteID = 0
		}
		return nil
	}
	return err
}

func (im importing) update(w write, s Site, d Draft, sameCredential bool) error {
	s, err := w.edit(s, d)
	if err != nil || sameCredential {
		return err
	}
	return im.registry.replace(w, s, d)
}

// keepUnsaid leaves what the file does not say as it is.
func keepUnsaid(d Draft, s Site) Draft {
	d.Name = s.Name
	if d.Client == "" {
		d.Client = s.Client
	}
	if len(d.Tags) == 0 {
		d.Tags = s.Tags
	}
	return d
}

func (im importing) sameCredential(s Site, d Draft) (bool, error) {
	row, found := im.sealed[s.ID]
	if !found || row.Username != d.Username {
		return false, nil
	}
	password, err := im.registry.vault.Open(row.Sealed, binding(s.ID, s.Home))
	if errors.Is(err, vault.ErrOpen) {
		return false, nil // it is of no use any more, and the file has another one
	}
	return err == nil && password.Reveal() == d.Password.Reveal(), err
}
