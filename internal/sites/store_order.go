package sites

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"gorm.io/gorm/clause"

	"github.com/droverhq/drover/internal/endpoint"
)

// orders maps what a list may be sorted by to SQL; the id makes the order total.
var orders = map[string]string{
	"name":       "sites.sort_name",
	"host":       "sites.sort_host",
	"client":     "coalesce(clients.sort_name, '')",
	"state":      "CASE sites.state WHEN 'broken' THEN 0 WHEN 'warning' THEN 1 WHEN 'unchecked' THEN 2 ELSE 3 END",
	"cache":      "sites.cache_state",
	"credential": "credentials.created_at",
	"checked":    "sites.checked_at",
	// What is not known comes last.
	"since":       "CASE WHEN sites.state_since = 0 THEN 1 ELSE 0 END, sites.state_since",
	"certificate": "CASE WHEN sites.certificate_ends = 0 THEN 1 ELSE 0 END, sites.certificate_ends",
}

// versions maps what a list may be sorted by to columns with versions: 3.10 comes after 3.9.
var versions = map[string]string{"plugin": "sites.plugin_version", "wordpress": "sites.wordpress_version"}

// order is how the list is sorted; the id makes it total.
func (s store) order(ctx context.Context, f Filter) (clause.OrderBy, error) {
	order := clause.Expr{SQL: cmp.Or(orders[f.Sort], orders["name"])}
	if column, is := versions[f.Sort]; is {
		var err error
		if order, err = s.versionOrder(ctx, column); err != nil {
			return clause.OrderBy{}, err
		}
	}
	if f.Descending {
		order.SQL += " DESC"
	}
	order.SQL += ", sites.id"
	return clause.OrderBy{Expression: order}, nil
}

// versionOrder puts versions in their order, and what is not known last.
func (s store) versionOrder(ctx context.Context, column string) (clause.Expr, error) {
	var all []string
	if err := s.db.WithContext(ctx).Table("sites").Where(column + " <> ''").Distinct(column).Limit(mostVersions).Scan(&all).Error; err != nil {
		return clause.Expr{}, fmt.Errorf("sites: versions: %w", err)
	}
	slices.SortFunc(all, compareVersions)
	order := clause.Expr{SQL: "CASE WHEN " + column + " = '' THEN 1 ELSE 0 END, CASE " + column}
	for i, version := range all {
		order.SQL += " WHEN ? THEN " + strconv.Itoa(i)
		order.Vars = append(order.Vars, version)
	}
	order.SQL += " ELSE " + strconv.Itoa(len(all)) + " END"
	return order, nil
}

// mostVersions bounds the versions that are put in order: sites that answer with anything else have more.
const mostVersions = 500

// compareVersions compares as versions what sites call their versions.
func compareVersions(a, b string) int { return endpoint.Compare(a, b) }
