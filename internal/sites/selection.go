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

// filters tells whether the selection chooses by anything but single sites.
func (s Selection) filters() bool {
	return s.All || len(s.Clients) > 0 || len(s.Tags) > 0 || s.State != "" || cleanText(s.Query) != ""
}

// Select resolves the selection into sites within the actor's reach, in the order of their names, each once. A home that is nobody's
// is a Problem.
func (r *Registry) Select(ctx context.Context, actor access.Actor, sel Selection) ([]Site, error) {
	var chosen []Site
	if sel.filters() {
		matching, err := r.store.list(ctx, actor.Scope, Filter{Clients: sel.Clients, Tags: sel.Tags, State: sel.State, Query: sel.Query})
		if err != nil {
			return nil, err
		}
		chosen = matching
	}
	single, err := r.single(ctx, actor, sel)
	if err != nil {
		return nil, err
	}
	return unique(append(chosen, single...)), nil
}

func (r *Registry) single(ctx context.Context, actor access.Actor, sel Selection) ([]Site, error) {
	chosen, err := r.store.byIDs(ctx, sel.IDs)
	if err != nil {
		return nil, err
	}
	chosen = slices.DeleteFunc(chosen, func(s Site) bool { return !within(actor, s) })
	for _, home := range sel.Homes {
		s, err := r.ByHome(ctx, actor, home)
		if err != nil && !errors.Is(err, ErrNoSite) && !errors.Is(err, wordpress.ErrAddress) {
			return nil, err
		}
		if err != nil {
			return nil, validation.Problems{"site": fmt.Sprintf("%s is not in the list of sites. Add it first, or check the spelling with: drover sites list", home)}
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

// unique keeps the first of each site and leaves out the retired ones.
func unique(all []Site) []Site {
	seen := make(map[int64]bool, len(all))
	kept := all[:0]
	for _, s := range all {
		if !seen[s.ID] && s.RetiredAt.IsZero() {
			seen[s.ID] = true
			kept = append(kept, s)
		}
	}
	return kept
}
