package audit

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/droverhq/drover/internal/access"
)

// ViewPage is a list whose filters can be kept.
type ViewPage string

// The lists.
const (
	AuditViews ViewPage = "audit"
	SiteViews  ViewPage = "sites"
	RunViews   ViewPage = "runs"
)

// viewRights is what somebody needs to keep views of a list: to read it.
var viewRights = map[ViewPage]access.Action{AuditViews: access.AuditRead, SiteViews: access.SiteRead, RunViews: access.RunRead}

// View is a filter of a list that a member gave a name, as the query of an address.
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

// Views returns the member's views of a list, by name. They are nobody else's.
func (l *Log) Views(ctx context.Context, actor access.Actor, page ViewPage) ([]View, error) {
	return l.store.views(ctx, actor.ID, page)
}

// SaveView keeps a view of the actor's, who must be a member, in place of one of the same name.
func (l *Log) SaveView(ctx context.Context, actor access.Actor, page ViewPage, name, query string) error {
	if err := l.Authorize(ctx, actor, viewRights[page], ""); err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > longestName || !utf8.ValidString(name) || len(query) > longestQuery {
		return ErrViewName
	}
	have, err := l.store.views(ctx, actor.ID, page)
	if err != nil {
		return err
	}
	if len(have) >= mostViews {
		return ErrViews
	}
	return l.changeViews(ctx, actor, page, func(w chained) error { return w.putView(actor.ID, page, View{Name: name, Query: query}) })
}

// RemoveView forgets a view of the actor's.
func (l *Log) RemoveView(ctx context.Context, actor access.Actor, page ViewPage, id int64) error {
	if err := l.Authorize(ctx, actor, viewRights[page], ""); err != nil {
		return err
	}
	return l.changeViews(ctx, actor, page, func(w chained) error { return w.removeView(actor.ID, page, id) })
}
