package sites

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/natural"
)

// facets counts the sites by each value that the list can be filtered by: of the sites that the rest of the filter leaves.
func (s store) facets(ctx context.Context, scope access.Scope, f Filter) (Facets, error) {
	found, err := s.facetsWithoutTags(ctx, scope, f)
	if err != nil {
		return found, err
	}
	found.Tags, err = s.tagFacet(ctx, scope, f)
	return found, err
}

// The parts of a filter that facets count beside the tags.
const (
	byCache = iota
	byPlugin
	byWordPress
	byState
	byClient
	parts
)

// facetsWithoutTags counts each group of sites for a part's value unless another part of the filter leaves it out.
func (s store) facetsWithoutTags(ctx context.Context, scope access.Scope, f Filter) (found Facets, err error) {
	groups, err := s.groups(ctx, scope, f)
	if err != nil {
		return found, err
	}
	var clients []clientRow
	if err := s.db.WithContext(ctx).Select("id", "name").Order("sort_name, id").Find(&clients).Error; err != nil {
		return found, fmt.Errorf("sites: clients: %w", err)
	}
	names := make(map[int64]string, len(clients))
	for _, c := range clients {
		names[c.ID] = c.Name
	}
	counts := [parts]map[string]int64{{}, {}, {}, {}, {}}
	for _, g := range groups {
		values := [parts]string{cmp.Or(g.CacheState, NotKnown), cmp.Or(g.PluginVersion, NotKnown), cmp.Or(g.WordPressVersion, NotKnown), g.State, names[g.ClientID]}
		out := f.leavesOut(values)
		for part := range counts {
			if len(out) == 0 || len(out) == 1 && out[0] == part {
				counts[part][values[part]] += g.Sites
			}
		}
	}
	for _, c := range clients {
		if n := counts[byClient][c.Name]; n > 0 {
			found.Clients = append(found.Clients, Count{c.Name, n})
		}
	}
	for _, state := range slices.Sorted(maps.Keys(counts[byState])) {
		found.States = append(found.States, Count{state, counts[byState][state]})
	}
	found.Caches, found.Plugins, found.WordPress = newestFirst(counts[byCache]), newestFirst(counts[byPlugin]), newestFirst(counts[byWordPress])
	return found, nil
}

// clientNames lists the clients that have a site in scope, without those that are retired.
func (s store) clientNames(ctx context.Context, scope access.Scope) (names []string, err error) {
	within, values := InScope(scope, "sites.id")
	err = s.db.WithContext(ctx).Model(&clientRow{}).
		Where("EXISTS (SELECT 1 FROM sites WHERE sites.client_id = clients.id AND sites.retired_at = 0 AND "+within+")", values...).
		Order("sort_name, id").Pluck("name", &names).Error
	if err != nil {
		return nil, fmt.Errorf("sites: clients: %w", err)
	}
	return names, nil
}

// leavesOut returns the parts of the filter that do not keep sites with the values.
func (f Filter) leavesOut(values [parts]string) (out []int) {
	keeps := [parts]bool{byState: f.State == anyState || values[byState] == string(f.State) || f.State == "" && values[byState] != string(Retired),
		byClient: len(f.Clients) == 0 || access.HasClient(f.Clients, values[byClient])}
	for part, want := range []string{byCache: f.Cache, byPlugin: f.Plugin, byWordPress: f.WordPress} {
		keeps[part] = want == "" || want == values[part]
	}
	for part, kept := range keeps {
		if !kept {
			out = append(out, part)
		}
	}
	return out
}

// group is how many sites are alike in all that facets count beside the tags.
type group struct {
	ClientID                                           int64 // 0: none
	State, CacheState, PluginVersion, WordPressVersion string
	Sites                                              int64
}

// groups counts the sites in scope that the filter leaves, whatever its clients, its state and what was reported. Retired sites and others are
// counted apart, so that SQLite reads each from an index in its order.
func (s store) groups(ctx context.Context, scope access.Scope, f Filter) (all []group, err error) {
	f.Clients, f.Cache, f.Plugin, f.WordPress = nil, "", "", ""
	const columns = "sites.client_id, sites.state, sites.cache_state, sites.plugin_version, sites.wordpress_version"
	for _, state := range []State{"", Retired} {
		f.State = state
		var some []group
		err := s.bare(ctx, scope, f).Group(columns).Select(`coalesce(sites.client_id, 0) AS client_id, sites.state, sites.cache_state,
			sites.plugin_version, sites.wordpress_version AS word_press_version, count(*) AS sites`).Scan(&some).Error
		if err != nil {
			return nil, fmt.Errorf("sites: %w", err)
		}
		for i := range some {
			some[i].State = cmp.Or(string(state), some[i].State)
		}
		all = append(all, some...)
	}
	return all, nil
}

func (s store) tagFacet(ctx context.Context, scope access.Scope, f Filter) (counts []Count, err error) {
	f.Tags = nil
	// With the sign before the column, SQLite goes through the tags in their order instead of sorting them.
	tags := s.db.WithContext(ctx).Table("site_tags")
	if scope.EverySite() && f.everySite() {
		// Few sites are retired, so it is quicker to leave out theirs.
		tags = tags.Where("+site_tags.site_id NOT IN (?)", s.bare(ctx, scope, Filter{State: Retired}).Select("sites.id"))
	} else {
		tags = tags.Where("+site_tags.site_id IN (?)", s.bare(ctx, scope, f).Select("sites.id"))
	}
	err = tags.Select("tag AS value, count(*) AS sites").Group("tag").Order("tag").Scan(&counts).Error
	natural.Sort(counts, func(c Count) string { return c.Value })
	return counts, err
}

// newestFirst lists values by their versions, the newest first, and what is not known last.
func newestFirst(counts map[string]int64) []Count {
	all := make([]Count, 0, len(counts))
	for value, n := range counts {
		all = append(all, Count{value, n})
	}
	slices.SortFunc(all, func(a, b Count) int {
		if a.Value == NotKnown || b.Value == NotKnown {
			return cmp.Compare(place(a.Value), place(b.Value))
		}
		return compareVersions(b.Value, a.Value)
	})
	return all
}

func place(value string) int {
	if value == NotKnown {
		return 1
	}
	return 0
}
