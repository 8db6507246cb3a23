package sites

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
)

// selected lists the sites in scope that the filter leaves, where there is one, and those with the ids, by their names. Retired sites are never
// among them.
func (s store) selected(ctx context.Context, scope access.Scope, f *Filter, ids []int64) ([]Site, error) {
	within, values := InScope(scope, "sites.id")
	ways := database.In(s.db, "sites.id", ids)
	if f != nil {
		matching := clause.Expr{SQL: "sites.id IN (?)", Vars: []any{s.bare(ctx, nil, *f).Select("sites.id")}}
		if len(ids) == 0 {
			ways = matching // PostgreSQL plans it better than as one half of an OR
		} else {
			ways.SQL, ways.Vars = ways.SQL+" OR "+matching.SQL, append(ways.Vars, matching.Vars...)
		}
	}
	return s.scan(ctx, s.joined(ctx).Select(listColumns).Where("sites.retired_at = 0").Where(within, values...).
		Where("("+ways.SQL+")", ways.Vars...).Order("sites.sort_name, sites.id"))
}
