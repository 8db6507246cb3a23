package sites

import (
	"errors"

	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/natural"
)

type clientRow struct {
	ID        int64 `gorm:"primaryKey"`
	Name      string
	SortName  string // natural.Key of the name
	Key       string // access.ClientKey of the name; no two have the same
	CreatedAt int64  `gorm:"autoCreateTime:false"`
}

func (clientRow) TableName() string { return "clients" }

// client returns the id of the client with the name, made when it is new, and nil for the empty name.
func (w write) client(name string) (*int64, error) {
	key := access.ClientKey(name)
	if key == "" {
		return nil, nil
	}
	err := w.tx.Exec("INSERT INTO clients (name, sort_name, key, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", name,
		natural.Key(name), key, w.now.UnixMicro()).Error
	if err != nil {
		return nil, err
	}
	var r clientRow
	err = w.tx.Where("key = ?", key).Take(&r).Error
	return &r.ID, err
}

// spelling is how the client is spelled already, and the name itself for one that is new.
func (w write) spelling(name string) (string, error) {
	var r clientRow
	err := w.tx.Where("key = ?", access.ClientKey(name)).Take(&r).Error
	if name == "" || errors.Is(err, gorm.ErrRecordNotFound) {
		return name, nil
	}
	return r.Name, err
}

// withoutKey returns the clients that an older Drover stored, the oldest first.
func (w write) withoutKey() ([]clientRow, error) {
	var rows []clientRow
	return rows, w.tx.Where("key = ''").Order("id").Find(&rows).Error
}

// unite gives the client its key or, where it is a client under another spelling, its sites to that one.
func (w write) unite(r clientRow) (united bool, err error) {
	var first clientRow
	key := access.ClientKey(r.Name)
	err = w.tx.Where("key = ?", key).Take(&first).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return false, w.tx.Model(&clientRow{}).Where("id = ?", r.ID).Update("key", key).Error
	}
	if err != nil {
		return false, err
	}
	err = w.tx.Model(&siteRow{}).Where("client_id = ?", r.ID).Update("client_id", first.ID).Error
	return true, errors.Join(err, w.tx.Delete(&clientRow{ID: r.ID}).Error)
}

// current locks the site and returns it as it is now: what a change is judged by must not alter until it is stored.
func (w write) current(before Site) (Site, error) {
	if err := w.tx.Exec("UPDATE sites SET updated_at = updated_at WHERE id = ?", before.ID).Error; err != nil {
		return Site{}, err
	}
	found, err := store{db: w.tx}.byIDs(w.tx.Statement.Context, []int64{before.ID})
	if err == nil && (len(found) == 0 || !within(w.actor, found[0])) {
		err = ErrNoSite
	}
	if err != nil {
		return Site{}, err
	}
	return found[0], nil
}
