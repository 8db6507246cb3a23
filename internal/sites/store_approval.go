package sites

import (
	"gorm.io/gorm"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/database"
)

// undoable runs f so that its error undoes what f did and nothing else.
func (w write) undoable(f func(write) error) error {
	return database.Undoable(w.tx, func(tx *gorm.DB) error {
		w.tx = tx
		return f(w)
	})
}

// ClientIn returns the client of the site that the subject names, as the transaction sees it; empty where there is none.
func ClientIn(tx *gorm.DB, subject access.Subject) (string, error) {
	var client string
	err := tx.Raw(`SELECT clients.name FROM sites JOIN clients ON clients.id = sites.client_id WHERE 'site:' || sites.id = ?`, string(subject)).Scan(&client).Error
	return client, err
}
