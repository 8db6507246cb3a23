package sites

import (
	"context"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
)

// ManyEdit changes the client and the tags of many sites, and nothing else.
type ManyEdit struct {
	Client  *string // nil: each keeps its own
	Add     []string
	Remove  []string
	Replace bool // the tags to add are all that the sites have then
}

// Nothing tells whether the edit changes nothing, whatever the sites are.
func (e ManyEdit) Nothing() bool {
	return e.Client == nil && len(e.Add)+len(e.Remove) == 0 && !e.Replace
}

// of is the site as the edit leaves it.
func (e ManyEdit) of(s Site) Draft {
	d := Draft{URL: s.Home, Name: s.Name, Client: s.Client, Tags: slices.Clone(s.Tags)}
	if e.Client != nil {
		d.Client = *e.Client
	}
	if e.Replace {
		d.Tags = nil
	}
	d.Tags = append(d.Tags, e.Add...)
	d.Tags = slices.DeleteFunc(d.Tags, func(tag string) bool { return slices.Contains(e.Remove, tag) })
	return d
}

// EditMany edits sites in one transaction, with an entry for each that it changes. All of it happens, or nothing.
func (r *Registry) EditMany(ctx context.Context, actor access.Actor, e ManyEdit, ids ...int64) error {
	if err := r.log.Authorize(ctx, actor, access.SiteEdit, ""); err != nil {
		return err
	}
	if e.Nothing() {
		return validation.Problems{"tags": "Choose a client, or enter tags."}
	}
	e.Add, e.Remove = CleanTags(e.Add), CleanTags(e.Remove)
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	err := r.store.change(ctx, actor, func(w write) error {
		chosen, err := w.sites(access.SiteEdit, "", ids)
		if err != nil {
			return err
		}
		for _, s := range chosen {
			p, d := validation.Problems{}, e.of(s)
			d.clean(p)
			d.checkScope(actor, p)
			if err := p.OrNil(); err != nil {
				return err
			}
			if _, err := w.edit(s, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return wrapped("edit", err)
	}
	return nil
}
