package sites

import (
	"context"
	"fmt"

	"github.com/droverhq/drover/internal/access"
)

// UniteClients makes one client of those that an older Drover kept apart for their spelling (access.ClientKey): the oldest keeps its name and
// gets the sites of the others. It returns how many names went.
func (r *Registry) UniteClients(ctx context.Context) (int, error) {
	united := []string{}
	err := r.store.change(ctx, access.System(), func(w write) error {
		rows, err := w.withoutKey()
		if err != nil {
			return err
		}
		for _, row := range rows {
			gone, err := w.unite(row)
			if err != nil {
				return err
			}
			if gone {
				united = append(united, row.Name)
			}
		}
		if len(united) == 0 {
			return nil
		}
		return w.recordMany(access.SiteEdit, map[string]any{"clients_united": united})
	})
	if err != nil {
		return 0, fmt.Errorf("sites: unite clients: %w", err)
	}
	return len(united), nil
}
