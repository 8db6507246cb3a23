package audit

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/access"
)

// View is a filter of the audit log that a member gave a name, as the query of an address.
type View struct {
	ID    int64
	Name  string
	Query string
}

// Bounds of views: of a name in characters, of a query in bytes, and of how many a member may have.
const (
	longestName  = 60
	longestQuery = 2000
	mostViews    = 50
)

// Errors of saving a view.
var (
	ErrViewName = errors.New("enter a name of 1 to 60 characters")
	ErrViews    = errors.New("there are already 50 views: remove some first")
)

// Views returns the member's views, by name. They are nobody else's.
func (l *Log) Views(ctx context.Context, actor access.Actor) ([]View, error) {
	return l.store.views(ctx, actor.ID)
}

// SaveView keeps a view of the actor's, who must be a member, in place of one of the same name.
func (l *Log) SaveView(ctx context.Context, actor access.Actor, name, query string) error {
	if err := l.Authorize(ctx, actor, access.AuditRead, ""); err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > longestName || !utf8.ValidString(name) || len(query) > longestQuery {
		return ErrViewName
	}
	have, err := l.store.views(ctx, actor.ID)
	if err != nil {
		return err
	}
	if len(have) >= mostViews {
		return ErrViews
	}
	return l.store.putView(ctx, actor.ID, View{Name: name, Query: query})
}

// RemoveView forgets a view of the actor's.
func (l *Log) RemoveView(ctx context.Context, actor access.Actor, id int64) error {
	if err := l.Authorize(ctx, actor, access.AuditRead, ""); err != nil {
		return err
	}
	return l.store.removeView(ctx, actor.ID, id)
}
