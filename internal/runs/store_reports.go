package runs

import (
	"context"
	"fmt"

	"github.com/droverhq/drover/internal/access"
)

// Sent is a request as it was sent.
type Sent struct{ Method, URL, Body string }

// lastRequests reads the last attempt of each target.
func (s *Store) lastRequests(ctx context.Context, scope access.Scope, run int64) (map[int64]Sent, error) {
	var rows []struct {
		TargetID                 int64
		Method, URL, RequestBody string
	}
	within, values := inScope(scope, "targets.site_id")
	err := s.db.Gorm.WithContext(ctx).Raw(`SELECT attempts.target_id, attempts.method, attempts.url, attempts.request_body FROM targets
		JOIN attempts ON attempts.id = (SELECT id FROM attempts AS last WHERE last.target_id = targets.id ORDER BY n DESC, id DESC LIMIT 1)
		WHERE targets.run_id = ? AND attempts.sent AND `+within, with(values, run)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("runs: requests: %w", err)
	}
	all := make(map[int64]Sent, len(rows))
	for _, r := range rows {
		all[r.TargetID] = Sent{r.Method, r.URL, r.RequestBody}
	}
	return all, nil
}

// ClientCount is how many targets of a run belonged to a client; an empty name is none.
type ClientCount struct {
	Client string
	Sites  int
}

func (s *Store) clientCounts(ctx context.Context, scope access.Scope, run int64) ([]ClientCount, error) {
	var all []ClientCount
	within, values := inScope(scope, "site_id")
	err := s.db.Gorm.WithContext(ctx).Raw(
		"SELECT client, count(*) AS sites FROM targets WHERE run_id = ? AND "+within+" GROUP BY client ORDER BY lower(client), client",
		with(values, run)...).Scan(&all).Error
	if err != nil {
		return nil, fmt.Errorf("runs: clients: %w", err)
	}
	return all, nil
}
