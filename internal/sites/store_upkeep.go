package sites

import (
	"context"

	"github.com/droverhq/drover/internal/database"
)

func (s store) setting(ctx context.Context, name string) (string, error) {
	return database.Setting(s.db.WithContext(ctx), name)
}

func (w write) putSetting(name, value string) error { return database.PutSetting(w.tx, name, value) }
