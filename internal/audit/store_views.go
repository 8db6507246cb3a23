package audit

import (
	"context"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/natural"
)

type viewRow struct {
	ID       int64 `gorm:"primaryKey"`
	MemberID int64
	Page     ViewPage
	Name     string
	Query    string
}

func (viewRow) TableName() string { return "saved_views" }

func (s store) views(ctx context.Context, member int64, page ViewPage) ([]View, error) {
	var rows []viewRow
	err := s.db.WithContext(ctx).Where("member_id = ? AND page = ?", member, page).Order("id").Find(&rows).Error
	all := make([]View, len(rows))
	for i, r := range rows {
		all[i] = View{r.ID, r.Name, r.Query}
	}
	natural.Sort(all, func(v View) string { return v.Name })
	return all, wrap(err)
}

// changeViews changes the actor's own views, which the audit log does not tell of.
func (l *Log) changeViews(ctx context.Context, actor access.Actor, page ViewPage, f func(chained) error) error {
	return l.RecordRefusal(ctx, l.store.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := l.VerifyActor(tx, actor, viewRights[page], ""); err != nil {
			return err
		}
		return f(chained{tx})
	}))
}

// putView stores the view, in place of one of the same name.
func (w chained) putView(member int64, page ViewPage, v View) error {
	return wrap(w.tx.Exec("INSERT INTO saved_views (member_id, page, name, query) VALUES (?, ?, ?, ?) "+
		"ON CONFLICT (member_id, page, name) DO UPDATE SET query = excluded.query", member, page, v.Name, v.Query).Error)
}

func (w chained) removeView(member int64, page ViewPage, id int64) error {
	return wrap(w.tx.Where("member_id = ? AND page = ? AND id = ?", member, page, id).Delete(&viewRow{}).Error)
}
