package sites

import (
	"context"
	"errors"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/natural"
)

const shownState = "CASE WHEN sites.retired_at <> 0 THEN 'retired' ELSE sites.state END"

// facets counts the sites by client, tag and state: for each of them, of the sites that the rest of the filter leaves.
func (s store) facets(ctx context.Context, scope access.Scope, f Filter) (found Facets, err error) {
	byClient, byState := f, f
	byClient.Clients, byState.State = nil, anyState
	var errs [3]error
	found.Clients, errs[0] = s.clientFacet(ctx, scope, byClient)
	found.Tags, errs[1] = s.tagFacet(ctx, scope, f)
	found.States, errs[2] = s.stateFacet(ctx, scope, byState)
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

func (s store) stateFacet(ctx context.Context, scope access.Scope, f Filter) (counts []Count, err error) {
	return counts, s.bare(ctx, scope, f).Select(shownState + " AS value, count(*) AS sites").Group(shownState).Scan(&counts).Error
}
