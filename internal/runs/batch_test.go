package runs

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/droverhq/drover/internal/sites"
)

// Every site is in one batch, all sites of one server in the same, and a run with a limit of its own is one batch.
func TestHowSitesFallIntoBatches(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for _, total := range []int{0, 1, 24, 25, 26, 199, 200, 201, 2000, 5000} {
		chosen := make([]sites.Site, total)
		for i := range chosen {
			chosen[i] = sites.Site{ID: int64(i + 1), Host: fmt.Sprintf("h%d.example", i)}
			if random.IntN(3) > 0 {
				chosen[i].Address = fmt.Sprintf("10.0.0.%d", random.IntN(40))
			}
		}
		all := batches(chosen, Limits{})
		server, seen, largest := map[string]int{}, map[int64]bool{}, 0
		for n, batch := range all {
			if len(batch) == 0 || n < len(all)-1 && len(batch) < smallestBatch && total > smallestBatch {
				t.Errorf("%d sites: batch %d has %d", total, n, len(batch))
			}
			largest = max(largest, len(batch))
			for _, s := range batch {
				at := s.Address
				if at == "" {
					at = s.Host
				}
				if other, found := server[at]; found && other != n {
					t.Errorf("%d sites: the server %s is in the batches %d and %d", total, at, other, n)
				}
				if server[at] = n; seen[s.ID] {
					t.Errorf("%d sites: site %d is in two batches", total, s.ID)
				}
				seen[s.ID] = true
			}
		}
		if len(seen) != total {
			t.Errorf("%d of %d sites are in a batch", len(seen), total)
		}
		for _, limits := range []Limits{{AtOnce: 1}, {AtOncePerServer: 1}} {
			if one := batches(chosen, limits); len(one) != 1 || len(one[0]) != total {
				t.Errorf("%d sites with %+v: %d batches", total, limits, len(one))
			}
		}
	}
}

// Counts are the same after a way through JSON, whatever they are, and none of their parts is lost.
func TestCountsThroughJSON(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		var values [8]int
		values[i] = i + 1
		c := Counts{OK: values[0], Partial: values[1], Skipped: values[2], Failed: values[3], Unknown: values[4], NotSent: values[5], Waiting: values[6],
			Running: values[7]}
		text, err := json.Marshal(c)
		var back Counts
		if err != nil || json.Unmarshal(text, &back) != nil || back != c || strings.Count(string(text), ":") != 1 {
			t.Errorf("%+v became %s, and %+v, %v", c, text, back, err)
		}
		if under, ended := i >= 6, c.Ended(); under == (ended > 0) {
			t.Errorf("%s: %d have ended", text, ended)
		}
		if trouble := i == 1 || i == 3 || i == 4; trouble != (c.Trouble() > 0) {
			t.Errorf("%s: %d need a person", text, c.Trouble())
		}
	}
	if err := new(Counts).UnmarshalJSON([]byte(`{"ok":"many"}`)); err == nil {
		t.Error("a count that is no number was read")
	}
}
