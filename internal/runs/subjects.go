package runs

import (
	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/sites"
)

// Subjects finds the runs that audit entries are about.
func Subjects() audit.SubjectQueries {
	return audit.SubjectQueries{
		Site: func(id int64) audit.Query {
			return audit.Query{SQL: "SELECT 'run:' || run_id FROM targets WHERE site_id = ?", Values: []any{id}}
		},
		Client: func(name string) audit.Query {
			condition, values := sites.InScope(sites.OfClient(name), "targets.site_id")
			return audit.Query{SQL: "SELECT 'run:' || run_id FROM targets WHERE " + condition, Values: values}
		},
		InScope: func(scope access.Scope) audit.Query {
			condition, values := inScope(scope, "targets.site_id")
			return audit.Query{SQL: "SELECT 'run:' || targets.run_id FROM targets JOIN runs ON runs.id = targets.run_id WHERE " + condition +
				" GROUP BY targets.run_id, runs.total HAVING count(*) = runs.total", Values: values}
		},
	}
}
