package members

import (
	"context"
	"fmt"
	"time"
)

// Backdate makes all members ones who joined then. Only a demo does so; the entries stay as they were recorded.
func (r *Roster) Backdate(ctx context.Context, joined time.Time) error {
	if err := r.store.db.WithContext(ctx).Exec("UPDATE members SET created_at = ?", joined.UnixMicro()).Error; err != nil {
		return fmt.Errorf("members: backdate: %w", err)
	}
	return nil
}
