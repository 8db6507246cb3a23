package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// moments is the chance of a test. A failed test prints its seed; DROVER_SEED plays the same moments again.
func moments(t *testing.T) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("DROVER_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("DROVER_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// A server is killed again and again within one run, also while it takes up what the one before left behind. The run ends all the
// same, each of its sites once.
func TestServerKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			s := simulate(t, crowded(48, 3))
			if database == "postgres" {
				s.env = append(s.env, "DROVER_DATABASE_URL="+dbtest.PostgresURL(t))
			}
			run(t, s.env, "sites", "import", s.csv)
			s.addOwner(t)
			chance, left := moments(t), kills(t)
			for i := 0; left > 0; i++ {
				n := min(left, 1+chance.IntN(4))
				left -= n
				s.serverKilled(t, chance, n, i%2 == 1)
			}
			if code, out := run(t, s.env, "audit", "verify"); code != 0 {
				t.Error(out)
			}
		})
	}
}

// crowded is sites that share few servers, so that a run takes seconds.
func crowded(n, servers int) []wptest.Site {
	described := slowSites(n)
	for i := range described {
		described[i].Address = fmt.Sprintf("127.77.40.%d", i%servers+1)
		described[i].Latency = [2]time.Duration{200 * time.Millisecond, 500 * time.Millisecond}
	}
	return described
}

// serverKilled lets a server start a run, kills it, and kills the ones that come after it, so often in all.
func (s simulated) serverKilled(t *testing.T, chance *rand.Rand, kills int, posting bool) {
	t.Helper()
	before := s.calls()
	server, b := s.browse(t)
	b.startRun(t, everySite(posting))
	for n := range kills {
		if n > 0 {
			server = s.serve(t)
		}
		// A lease runs out within 9 s: the moments fall before, while and after another process takes up the batches.
		moment := time.Duration(chance.Int64N(int64(11 * time.Second)))
		if n == 0 {
			moment /= 6
		}
		time.Sleep(moment)
		server.kill()
		t.Logf("killed after %v", moment.Round(time.Millisecond))
	}
	server = s.serve(t)
	began := time.Now()
	last := awaitEnd(t, s.env)
	t.Logf("run %d ended %v after the last start", last.Run, time.Since(began).Round(10*time.Millisecond))
	server.stop(t)
	s.checkEnds(t, last.Run, before, ending{kills: kills, posting: posting})
}

func everySite(posting bool) url.Values {
	if posting {
		return url.Values{"operation": {"request"}, "all": {"1"}, "p.method": {"POST"}, "p.path": {"/wp/v2/posts"}, "p.body": {`{"title":"a","status":"draft"}`}}
	}
	return url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}}
}

func (s simulated) calls() []int {
	all := make([]int, s.fake.Len())
	for i := range all {
		all[i] = len(s.fake.Calls(i))
	}
	return all
}

// ending is what a run went through.
type ending struct {
	kills   int
	posting bool
}

// checkEnds compares what the run says of each site with the calls that the site carried out.
func (s simulated) checkEnds(t *testing.T, id int, before []int, e ending) {
	t.Helper()
	text, after, more := s.outcomes(t, id), s.calls(), 0
	for i := range after {
		n, outcome := after[i]-before[i], text[s.fake.URL(i)]
		switch {
		case outcome == "ok" && (n < 1 || e.posting && n > 1 || n > 1+e.kills):
			t.Errorf("run %d: site %d is ok and got %d calls", id, i, n)
		case outcome == "unknown" && (!e.posting || n > 1), outcome != "ok" && outcome != "unknown":
			t.Errorf("run %d: site %d is %q and got %d calls", id, i, outcome, n)
		}
		more += max(0, n-1)
	}
	// Two requests for each of three servers are under way, and as many answers may wait to be stored.
	if more > 12*e.kills {
		t.Errorf("run %d: %d calls were sent again after %d kills", id, more, e.kills)
	}
	t.Logf("run %d: %d kills, %d calls sent again", id, e.kills, more)
	_, entries := run(t, s.env, "audit", "list", "--json", "--action", "run.finish", "--limit", "100")
	if n := strings.Count(entries, fmt.Sprintf(`"run:%d"`, id)); n != 1 {
		t.Errorf("run %d: its end is recorded %d times", id, n)
	}
}

// outcomes is what the run says of each site, each named once.
func (s simulated) outcomes(t *testing.T, id int) map[string]string {
	t.Helper()
	_, out := run(t, s.env, "runs", "show", strconv.Itoa(id), "--json")
	text := map[string]string{}
	for line := range strings.Lines(out) {
		var target struct{ Site, Outcome string }
		if err := json.Unmarshal([]byte(line), &target); err != nil {
			t.Fatal(err)
		}
		if target.Site == "" {
			continue // the counts
		}
		if text[target.Site] != "" {
			t.Errorf("run %d names %s twice", id, target.Site)
		}
		text[target.Site] = target.Outcome
	}
	if len(text) != s.fake.Len() {
		t.Errorf("run %d names %d sites of %d", id, len(text), s.fake.Len())
	}
	return text
}
