package sites

import (
	"context"
	"errors"
	"fmt"

	"github.com/droverhq/drover/internal/database"
	"github.com/droverhq/drover/internal/natural"
)

// FillSortKeys gives the sites and clients that an older Drover stored what lists are sorted by.
func (r *Registry) FillSortKeys(ctx context.Context) error {
	if err := r.store.fillSortKeys(ctx); err != nil {
		return fmt.Errorf("sites: sort keys: %w", err)
	}
	return nil
}

func (s store) fillSortKeys(ctx context.Context) error {
	var stored []siteRow
	var clients []clientRow
	err := errors.Join(
		s.db.WithContext(ctx).Select("id", "name", "host").Where("(sort_name = '' AND name <> '') OR (sort_host = '' AND host <> '')").Find(&stored).Error,
		s.db.WithContext(ctx).Select("id", "name").Where("sort_name = '' AND name <> ''").Find(&clients).Error)
	if err != nil || len(stored)+len(clients) == 0 {
		return err
	}
	for i := range stored {
		stored[i].SortName, stored[i].SortHost = natural.Key(stored[i].Name), natural.Key(stored[i].Host)
	}
	for i := range clients {
		clients[i].SortName = natural.Key(clients[i].Name)
	}
	// Whoever renames one meanwhile stores its key as well.
	_, err = database.ExecRows(s.db.WithContext(ctx), `UPDATE sites SET sort_name = r.sort_name, sort_host = r.sort_host FROM %s
		WHERE sites.id = r.id AND sites.name = r.name AND sites.host = r.host`, stored, "id", "name", "host", "sort_name", "sort_host")
	_, ofClients := database.ExecRows(s.db.WithContext(ctx), "UPDATE clients SET sort_name = r.sort_name FROM %s WHERE clients.id = r.id", clients,
		"id", "sort_name")
	return errors.Join(err, ofClients)
}
