package runs

import (
	"cmp"
	"slices"

	"github.com/droverhq/drover/internal/sites"
)

// Sizes of a batch, in targets. One batch costs the queue about a millisecond, so they should be few; several processes share a
// run by its batches, so they should not be too few.
const (
	smallestBatch = 25
	largestBatch  = 1000
	batchesOfRun  = 8
)

// batches divides the sites so that all sites of one server fall to one batch: the limit for each address then needs no talk
// between processes. A server's address is the one that the last check saw; nothing is looked up here.
//
// A run with a limit of its own is one batch: one process works it, and so the limit holds.
func batches(chosen []sites.Site, limits Limits) [][]sites.Site {
	if limits.AtOnce > 0 || limits.AtOncePerServer > 0 {
		return [][]sites.Site{chosen}
	}
	size := min(max((len(chosen)+batchesOfRun-1)/batchesOfRun, smallestBatch), largestBatch)
	byServer := map[string][]sites.Site{}
	for _, s := range chosen {
		server := cmp.Or(s.Address, s.Host)
		byServer[server] = append(byServer[server], s)
	}
	servers := make([]string, 0, len(byServer))
	for server := range byServer {
		servers = append(servers, server)
	}
	// The largest first: they take the longest, whatever else goes on.
	slices.SortFunc(servers, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byServer[b]), len(byServer[a])), cmp.Compare(a, b))
	})
	var all [][]sites.Site
	var batch []sites.Site
	for _, server := range servers {
		if batch = append(batch, byServer[server]...); len(batch) >= size {
			all, batch = append(all, batch), nil
		}
	}
	if len(batch) > 0 {
		all = append(all, batch)
	}
	return all
}
