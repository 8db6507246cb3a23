package runs

import (
	"context"

	lru "github.com/hashicorp/golang-lru/v2"
)

// countCache keeps the counts of runs that have ended, by the run's id. They never change, and counting them again for each list takes
// time that grows with all the targets of all the runs on it.
type countCache struct{ *lru.Cache[int64, Counts] }

// maxCachedCounts bounds what is kept, about 1 MB.
const maxCachedCounts = 10_000

func newCountCache() (countCache, error) {
	kept, err := lru.New[int64, Counts](maxCachedCounts)
	return countCache{kept}, err
}

// of returns the counts of the runs, by id.
func (c countCache) of(ctx context.Context, s *Store, all []Run) (map[int64]Counts, error) {
	found := make(map[int64]Counts, len(all))
	var missing []int64
	for _, run := range all {
		if counts, known := c.Get(run.ID); known {
			found[run.ID] = counts
		} else {
			missing = append(missing, run.ID)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	counted, err := s.countsOf(ctx, nil, missing)
	if err != nil {
		return nil, err
	}
	for _, run := range all {
		counts, is := counted[run.ID]
		if !is {
			continue
		}
		found[run.ID] = counts
		// Only a run that had ended before it was counted: one that goes on was counted on its way.
		if run.Ended() {
			c.Add(run.ID, counts)
		}
	}
	return found, nil
}
