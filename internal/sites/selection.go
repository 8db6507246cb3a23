package sites

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/validation"
	"github.com/droverhq/drover/internal/wordpress"
)

// Selection says which sites are meant. Filters of different kinds narrow each other; several values of one kind widen it. Sites
// chosen by ID or address come in addition. Retired sites are never meant. The empty selection means no site.
type Selection struct {
	All     bool     `json:"all,omitempty"`
	Clients []string `json:"clients,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	State   State    `json:"state,omitempty"`
	Query   string   `json:"query,omitempty"` // part of a name or an address
	IDs     []int64  `json:"ids,omitempty"`
	Homes   []string `json:"homes,omitempty"`
	// Origin says where single sites come from, such as answers:12 for the answers of run 12. It chooses nothing.
	Origin string `json:"origin,omitempty"`
}

// filter is what the selection chooses by, nil where it chooses by single sites alone.
func (s Selection) filter() *Filter {
	if s.All || len(s.Clients) > 0 || len(s.Tags) > 0 || s.State != "" || cleanText(s.Query) != "" {
		return &Filter{Clients: s.Clients, Tags: s.Tags, State: s.State, Query: s.Query}
	}
	return nil
}

// Select resolves the selection into sites within the actor's reach, in the order of their names, each once. A home that is nobody's
// is a Problem.
func (r *Registry) Select(ctx context.Context, actor access.Actor, sel Selection) ([]Site, error) {
	sel, err := r.WithIDs(ctx, actor, sel)
	if err != nil {
		return nil, err
	}
	return r.Selected(ctx, actor, sel)
}

// errHomes is returned for a selection that WithIDs has not seen.
var errHomes = errors.New("sites: the homes of a selection were not looked up")

// Selected is Select for a selection that names no homes.
func (r *Registry) Selected(ctx context.Context, actor access.Actor, sel Selection) ([]Site, error) {
	if len(sel.Homes) > 0 {
		return nil, errHomes
	}
	return r.store.selected(ctx, actor.Scope, sel.filter(), sel.IDs)
}

// WithIDs puts the ids of sites in the place of the selection's homes. A home that is nobody's, or beyond the actor's reach, is a Problem.
func (r *Registry) WithIDs(ctx context.Context, actor access.Actor, sel Selection) (Selection, error) {
	ids := slices.Clone(sel.IDs)
	for _, home := range sel.Homes {
		s, err := r.ByHome(ctx, actor, home)
		if errors.Is(err, ErrNoSite) || errors.Is(err, wordpress.ErrAddress) {
			return sel, validation.Problems{"site": fmt.Sprintf("%s is not in the list of sites. Add it first, or check the spelling with: drover sites list", home)}
		}
		if err != nil {
			return sel, err
		}
		ids = append(ids, s.ID)
	}
	sel.IDs, sel.Homes = ids, nil
	return sel, nil
}
