package sites

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/natural"
)

const shownState = "CASE WHEN sites.retired_at <> 0 THEN 'retired' ELSE sites.state END"

// facets counts the sites by client, tag and state: for each of them, of the sites that the rest of the filter leaves.
func (s store) facets(ctx context.Context, scope access.Scope, f Filter) (found Facets, err error) {
	byClient, byState := f, f
	byClient.Clients, byState.State = nil, anyState
	var errs [4]error
	found.Clients, errs[0] = s.clientFacet(ctx, scope, byClient)
	found.Tags, errs[1] = s.tagFacet(ctx, scope, f)
	found.States, errs[2] = s.stateFacet(ctx, scope, byState)
	errs[3] = s.reported(ctx, scope, f, &found)
	return found, errors.Join(errs[:]...)
}

func (s store) clientFacet(ctx context.Context, scope access.Scope, f Filter) (counts []Count, err error) {
	counted := s.bare(ctx, scope, f).Select("sites.client_id, count(*) AS sites").Group("sites.client_id")
	return counts, s.db.WithContext(ctx).Table("(?) AS counted", counted).Joins("JOIN clients ON clients.id = counted.client_id").
		Select("clients.name AS value, counted.sites").Order("clients.sort_name, clients.id").Scan(&counts).Error
}

func (s store) tagFacet(ctx context.Context, scope access.Scope, f Filter) (counts []Count, err error) {
	f.Tags = nil
	// With the sign before the column, SQLite goes through the tags in their order instead of sorting them.
	err = s.db.WithContext(ctx).Table("site_tags").Where("+site_tags.site_id IN (?)", s.bare(ctx, scope, f).Select("sites.id")).
		Select("tag AS value, count(*) AS sites").Group("tag").Order("tag").Scan(&counts).Error
	natural.Sort(counts, func(c Count) string { return c.Value })
	return counts, err
}

// reported counts the sites by what they reported of themselves.
func (s store) reported(ctx context.Context, scope access.Scope, f Filter, found *Facets) error {
	chosen := [...]string{f.Cache, f.Plugin, f.WordPress}
	f.Cache, f.Plugin, f.WordPress = "", "", ""
	var rows []struct {
		CacheState, PluginVersion, WordPressVersion string
		Sites                                       int64
	}
	const columns = "sites.cache_state, sites.plugin_version, sites.wordpress_version"
	err := s.bare(ctx, scope, f).Select("sites.cache_state, sites.plugin_version, sites.wordpress_version AS word_press_version, count(*) AS sites").
		Group(columns).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("sites: %w", err)
	}
	counts := [len(chosen)]map[string]int64{{}, {}, {}}
	for _, row := range rows {
		values := [...]string{cmp.Or(row.CacheState, NotKnown), cmp.Or(row.PluginVersion, NotKnown), cmp.Or(row.WordPressVersion, NotKnown)}
		for i := range values {
			others := slices.Clone(values[:])
			others[i] = chosen[i]
			if kept := func(j int) bool { return chosen[j] == "" || chosen[j] == others[j] }; kept(0) && kept(1) && kept(2) {
				counts[i][values[i]] += row.Sites
			}
		}
	}
	found.Caches, found.Plugins, found.WordPress = newestFirst(counts[0]), newestFirst(counts[1]), newestFirst(counts[2])
	return nil
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

func (s store) stateFacet(ctx context.Context, scope access.Scope, f Filter) (counts []Count, err error) {
	return counts, s.bare(ctx, scope, f).Select(shownState + " AS value, count(*) AS sites").Group(shownState).Scan(&counts).Error
}
