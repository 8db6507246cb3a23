package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// kills is how often a soak kills on each database: a few in every test, many with DROVER_SOAK.
func kills(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("DROVER_SOAK"))
	if err != nil {
		return 2
	}
	t.Logf("a soak of %d kills on each database", n)
	return n
}

func slowSites(n int) []wptest.Site {
	described := make([]wptest.Site, n)
	for i := range described {
		described[i] = wptest.Site{Latency: [2]time.Duration{50 * time.Millisecond, 300 * time.Millisecond}}
	}
	return described
}

// onEach runs the test on SQLite and on a fresh PostgreSQL database.
func onEach(t *testing.T, f func(t *testing.T, s simulated)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, simulate(t, slowSites(60)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s := simulate(t, slowSites(60))
		s.env = append(s.env, "DROVER_DATABASE_URL="+dbtest.PostgresURL(t))
		f(t, s)
	})
}

// kill -9 at random moments of runs: after a restart every target has ended and none was lost; what is idempotent was sent at most
// once more, what is not never twice; each run ended once, and the audit log is whole.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s simulated) {
		run(t, s.env, "sites", "import", s.csv)
		n, chance := kills(t), moments(t)
		for i := range n {
			s.killed(t, time.Duration(chance.Int64N(int64(400*time.Millisecond))), i%3 == 2)
		}
		if code, out := run(t, s.env, "audit", "verify"); code != 0 {
			t.Error(out)
		}
		_, out := run(t, s.env, "audit", "list", "--json", "--action", "run.finish", "--limit", strconv.Itoa(n+10))
		if ended := strings.Count(out, `"action":"run.finish"`); ended != n {
			t.Errorf("%d runs, and %d entries tell of their end", n, ended)
		}
	})
}

// killed starts a run, kills its process that moment after its first answer, and looks at what a server makes of it.
func (s simulated) killed(t *testing.T, moment time.Duration, posting bool) {
	t.Helper()
	args := []string{"run", "clear-cache", "--all", "--json"}
	if posting {
		args = []string{"run", "request", "--method", "POST", "--path", "/wp/v2/posts", "--body", `{"title":"a","status":"draft"}`, "--all", "--json"}
	}
	before := make([]int, s.fake.Len())
	for i := range before {
		before[i] = len(s.fake.Calls(i))
	}
	p := start(t, s.env, args...)
	poll.Until(t, "the run begins", func() bool { return purged(s.fake) > sum(before) })
	time.Sleep(moment)
	p.kill()
	server := s.serve(t)
	last := awaitEnd(t, s.env)
	server.stop(t)
	if total := last.Counts["ok"] + last.Counts["unknown"]; total != len(before) || !posting && last.Counts["unknown"] > 0 {
		t.Errorf("killed after %v: %v", moment, last.Counts)
	}
	most := map[bool]int{true: 1, false: 2}[posting]
	for i := range before {
		if n := len(s.fake.Calls(i)) - before[i]; n > most || n < 1 && !posting {
			t.Errorf("killed after %v: site %d got %d calls", moment, i, n)
		}
	}
}

// serve starts a server and waits until it listens.
func (s simulated) serve(t testing.TB) *process {
	t.Helper()
	p := start(t, append(s.env, "DROVER_ADDR="+freeAddress(t)), "serve")
	p.wait(t, "listens")
	return p
}

// Three servers on one PostgreSQL work one run together; one is killed in the middle, and another shows the run live to its end.
func TestThreeProcessesAndOneIsKilled(t *testing.T) {
	described := slowSites(300)
	for i := range described {
		described[i].Address = fmt.Sprintf("127.77.%d.%d", 20+i/100, i%100+1)
		described[i].Latency = [2]time.Duration{200 * time.Millisecond, 900 * time.Millisecond}
	}
	s := simulate(t, described)
	s.env = append(s.env, "DROVER_DATABASE_URL="+dbtest.PostgresURL(t), "DROVER_CONCURRENCY=12")
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	doomed, first := s.browse(t)
	_, second := s.browse(t)
	s.serve(t)
	if status, page := first.startRun(t, url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}}); status != http.StatusOK ||
		!strings.Contains(page, "Clear the whole cache") {
		t.Fatalf("start: %d", status)
	}
	live := make(chan int, 1)
	go func() { live <- second.follow("/runs/1/stream") }()
	poll.Until(t, "60 sites are purged", func() bool { return purged(s.fake) >= 60 })
	doomed.kill()
	killedAt := time.Now()
	last := awaitEnd(t, s.env)
	took := time.Since(killedAt)
	t.Logf("the run ended %v after one of three processes was killed", took.Round(10*time.Millisecond))
	if pause := s.pauseAfter(killedAt); pause > 30*time.Second { // a lease runs out after 8 s
		t.Errorf("nothing happened for %v after it", pause)
	} else {
		t.Logf("the longest pause was %v", pause.Round(10*time.Millisecond))
	}
	if last.Counts["ok"] != 300 {
		t.Errorf("%v after %v", last.Counts, took)
	}
	for i := range described {
		if n := len(s.fake.Calls(i)); n < 1 || n > 2 {
			t.Errorf("site %d was purged %d times", i, n)
		}
	}
	if frames := <-live; frames < 3 {
		t.Errorf("another process sent %d frames of the live page", frames)
	}
	for i := range 300 {
		if most := s.fake.MaxInFlight(s.fake.Hosts()[hostOf(t, s.fake.URL(i))]); most > 2 {
			t.Errorf("the server of site %d had %d requests at once", i, most)
		}
	}
	_, out := run(t, s.env, "audit", "list", "--json", "--action", "run.finish")
	if strings.Count(out, "run.finish") != 1 {
		t.Errorf("the run's end is recorded not once: %s", out)
	}
}

// pauseAfter is the longest time without a call after the moment.
func (s simulated) pauseAfter(moment time.Time) time.Duration {
	at := []time.Time{moment}
	for i := range s.fake.Len() {
		for _, call := range s.fake.Calls(i) {
			if call.At.After(moment) {
				at = append(at, call.At)
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	var longest time.Duration
	for i := range at[1:] {
		longest = max(longest, at[i+1].Sub(at[i]))
	}
	return longest
}

// Two servers on one SQLite file work beside each other: nothing is sent twice.
func TestTwoServersOnOneFile(t *testing.T) {
	t.Parallel()
	s := simulate(t, slowSites(60))
	run(t, s.env, "sites", "import", s.csv)
	s.serve(t)
	s.serve(t)
	if code, out := run(t, s.env, "run", "clear-cache", "--all", "--json"); code != 0 || !strings.Contains(out, `"ok":60`) {
		t.Errorf("exit %d: %.300s", code, out)
	}
	for i := range 60 {
		if n := len(s.fake.Calls(i)); n != 1 {
			t.Errorf("site %d was purged %d times", i, n)
		}
	}
}

// SIGTERM lets what is under way end, and the next start goes on with the rest: nothing is sent twice.
func TestStoppedInTheMiddleOfARun(t *testing.T) {
	t.Parallel()
	described := slowSites(60)
	for i := range described {
		described[i].Address = fmt.Sprintf("127.77.30.%d", i%3+1)
	}
	s := simulate(t, described)
	run(t, s.env, "sites", "import", s.csv)
	p := start(t, s.env, "run", "clear-cache", "--all", "--json")
	poll.Until(t, "6 sites are purged", func() bool { return purged(s.fake) >= 6 })
	p.stop(t)
	if n := purged(s.fake); n == 60 {
		t.Fatal("it was not in the middle")
	}
	s.serve(t)
	if last := awaitEnd(t, s.env); last.Counts["ok"] != 60 {
		t.Errorf("%v", last.Counts)
	}
	for i := range described {
		if n := len(s.fake.Calls(i)); n != 1 {
			t.Errorf("site %d was purged %d times", i, n)
		}
	}
}
