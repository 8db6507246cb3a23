package runs

import (
	"context"
	"fmt"
	"time"
)

// Load is how much is to do.
type Load struct {
	Runs    map[State]int // that have not ended, by state
	Waiting int           // sites that wait to be sent
	Oldest  time.Time     // when the oldest run was started that has such sites, zero without one
}

// waitingTargets goes through the few runs that are open, not through all targets.
const waitingTargets = `SELECT count(*) AS n, coalesce(min(runs.created_at), 0) AS oldest FROM runs
	JOIN targets ON targets.run_id = runs.id AND targets.state = 'waiting'
	WHERE runs.ended_at = 0`

// Load counts what is to do in all runs.
func (r *Runner) Load(ctx context.Context) (Load, error) {
	load := Load{Runs: map[State]int{Waiting: 0, Running: 0, AwaitingApproval: 0}}
	var states []struct {
		State    State
		Approval approval
		N        int
	}
	db := r.store.db.Gorm.WithContext(ctx)
	err := db.Raw("SELECT state, approval, count(*) AS n FROM runs WHERE ended_at = 0 GROUP BY state, approval").Scan(&states).Error
	if err != nil {
		return load, fmt.Errorf("runs: load: %w", err)
	}
	for _, s := range states {
		if s.Approval == approvalRequested {
			s.State = AwaitingApproval
		}
		load.Runs[s.State] += s.N
	}
	var waiting struct {
		N      int
		Oldest int64
	}
	if err := db.Raw(waitingTargets).Scan(&waiting).Error; err != nil {
		return load, fmt.Errorf("runs: load: %w", err)
	}
	load.Waiting, load.Oldest = waiting.N, moment(waiting.Oldest)
	return load, nil
}
