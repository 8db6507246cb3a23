package runs

import (
	"strings"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/sites"
)

// inScope is the condition, in SQL, that a column with a target's site fulfils for the targets in scope: of sites in scope, and of runs of
// operations in scope. Where the column is of no target, only the sites count.
func inScope(scope access.Scope, siteColumn string) (condition string, values []any) {
	condition, values = sites.InScope(scope, siteColumn)
	if prefix, is := strings.CutSuffix(siteColumn, "site_id"); is {
		ofRuns, more := runsInScope(scope, prefix+"run_id")
		condition, values = condition+ofRuns, append(values, more...)
	}
	return condition, values
}

// runsInScope is the rest of a condition that a column with a run's id fulfils for runs of operations in scope.
func runsInScope(scope access.Scope, runColumn string) (condition string, values []any) {
	for _, r := range scope {
		if len(r.Operations) > 0 {
			condition += " AND " + runColumn + " IN (SELECT scoped.id FROM runs AS scoped WHERE scoped.operation IN ? OR scoped.effect IN ?)"
			values = append(values, r.Operations, r.Operations)
		}
	}
	return condition, values
}
