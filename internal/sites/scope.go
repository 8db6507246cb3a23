package sites

import (
	"slices"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
)

// InScope is the condition, in SQL, that a column with a site's id fulfils for the sites in scope. It is the only place that says so.
func InScope(scope access.Scope, column string) (condition string, values []any) {
	condition = "1 = 1"
	for _, r := range scope {
		if r.EverySite() {
			continue
		}
		condition += " AND " + column + ` IN (SELECT sites.id FROM sites JOIN clients ON clients.id = sites.client_id WHERE clients.key IN ?
			UNION SELECT site_id FROM site_tags WHERE tag IN ?)`
		values = append(values, access.ClientKeys(r.Clients), r.Tags)
	}
	return condition, values
}

// IDsInScope is a query for those of the listed ids that are of sites in scope, as one column named id.
func IDsInScope(scope access.Scope, listed audit.Query) audit.Query {
	condition, values := InScope(scope, "sites.id")
	return audit.Query{SQL: "SELECT sites.id AS id FROM sites WHERE sites.id IN (" + listed.SQL + ") AND " + condition,
		Values: slices.Concat(listed.Values, values)}
}

// OfClient is the scope of all sites of a client.
func OfClient(name string) access.Scope {
	return access.NewScope(access.Restriction{Clients: []string{name}})
}

// Subjects finds the sites that audit entries are about.
func Subjects() audit.SubjectQueries {
	inScope := func(scope access.Scope) audit.Query {
		condition, values := InScope(scope, "sites.id")
		return audit.Query{SQL: "SELECT 'site:' || sites.id FROM sites WHERE " + condition, Values: values}
	}
	return audit.SubjectQueries{
		Site:    func(id int64) audit.Query { return audit.Query{SQL: "SELECT ?", Values: []any{access.On("site", id)}} },
		Client:  func(name string) audit.Query { return inScope(OfClient(name)) },
		InScope: inScope,
	}
}
