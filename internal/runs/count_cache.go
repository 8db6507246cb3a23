package runs

import (
	"context"
	"sync"
)

// countCache keeps the counts of runs that have ended. They never change, and counting them again for each list takes time that grows
// with all the targets of all the runs on it.
type countCache struct {
	guard sync.Mutex
	known map[int64]Counts
}

// maxCachedCounts bounds what is kept, about 1 MB.
const maxCachedCounts = 10_000

// of returns the counts of the runs, by id.
func (t *countCache) of(ctx context.Context, s *Store, all []Run) (map[int64]Counts, error) {
	found := make(map[int64]Counts, len(all))
	var missing []int64
	t.guard.Lock()
	for _, run := range all {
		if counts, known := t.known[run.ID]; known {
			found[run.ID] = counts
		} else {
			missing = append(missing, run.ID)
		}
	}
	t.guard.Unlock()
	if len(missing) == 0 {
		return found, nil
	}
	counted, err := s.countsOf(ctx, nil, missing)
	if err != nil {
		return nil, err
	}
	t.guard.Lock()
	defer t.guard.Unlock()
	if t.known == nil || len(t.known)+len(missing) > maxCachedCounts {
		t.known = map[int64]Counts{}
	}
	for _, run := range all {
		counts, is := counted[run.ID]
		if !is {
			continue
		}
		found[run.ID] = counts
		// Only a run that had ended before it was counted: one that goes on was counted on its way.
		if run.Ended() {
			t.known[run.ID] = counts
		}
	}
	return found, nil
}
