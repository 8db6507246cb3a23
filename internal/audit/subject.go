package audit

import (
	"strings"

	"github.com/droverhq/drover/internal/access"
)

// Query is SQL with the values that it takes.
type Query struct {
	SQL    string
	Values []any
}

// SubjectQueries finds the subjects of one owner of tables, such as site:12 or run:7, each as one text column. The audit log knows no
// other table than its own.
type SubjectQueries struct {
	Site    func(id int64) Query           // those that concern the site
	Client  func(name string) Query        // those that concern a site of the client
	InScope func(scope access.Scope) Query // those that concern no site outside the scope
}

// union joins what each owner finds.
func (s store) union(find func(SubjectQueries) Query) Query {
	var parts []string
	var all Query
	for _, owner := range s.subjects {
		q := find(owner)
		parts, all.Values = append(parts, q.SQL), append(all.Values, q.Values...)
	}
	if len(parts) == 0 {
		return Query{SQL: "SELECT '' WHERE 1 = 0"}
	}
	all.SQL = strings.Join(parts, " UNION ")
	return all
}
