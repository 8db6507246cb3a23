package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/database/dbtest"
	"github.com/droverhq/drover/static"
)

// signedIn starts a released server over the fleet and signs its owner in. Whoever starts another one stops it first: servers on the same data
// share their runs.
func (f fleet) signedIn(b *testing.B) (c webClient, pid int, stop func()) {
	b.Helper()
	addr := freeAddress(b)
	command := f.drover("serve", "--addr", addr)
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	b.Cleanup(stop)
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	c = webClient{&http.Client{Jar: jar, Timeout: time.Minute}, "http://" + addr}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if answer, err := http.Get(c.home + "/sign-in"); err == nil {
			answer.Body.Close()
			break
		}
		if time.Since(began) > 20*time.Second {
			b.Fatal("the server does not answer")
		}
	}
	c.post(b, "/sign-in", url.Values{"email": {olga}, "password": {olgasPassword}})
	return c, command.Process.Pid, stop
}

func (f fleet) addOwner(b *testing.B) {
	b.Helper()
	add := f.drover("members", "add", olga, "--role", "owner", "--password-stdin")
	add.Stdin = strings.NewReader(olgasPassword + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// clear starts a run over all sites and waits for its end, without watching it. It returns how long the run itself took.
func (f fleet) clear(b *testing.B, c webClient) time.Duration {
	b.Helper()
	began := time.Now()
	_, page := c.startRun(b, url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}})
	started := regexp.MustCompile(`/runs/\d+/stream`).FindString(page)
	if started == "" {
		b.Fatalf("the run did not start: %.500s", page)
	}
	for !strings.Contains(page, `data-progress="Done"`) {
		time.Sleep(200 * time.Millisecond)
		_, page = c.get(b, strings.TrimSuffix(started, "/stream"))
		if time.Since(began) > 3*time.Minute {
			b.Fatal("the run has not ended")
		}
	}
	took := time.Since(began)
	out, err := f.drover("runs", "list", "--json", "--limit", "1").Output()
	if err != nil {
		b.Fatal(err)
	}
	var last struct{ Counts map[string]int }
	if err := json.Unmarshal(out, &last); err != nil || last.Counts["ok"] != f.fake.Len() {
		b.Fatalf("%v, %v", last.Counts, err)
	}
	return took
}

// peak is the most memory that the process ever held, in MB (proc_pid_status(5), VmHWM).
func peak(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}

// spent is the processor time that the process used (proc_pid_stat(5), in ticks of 10 ms).
func spent(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// BenchmarkRunOnAServer runs an operation on 5,000 sites twice, and opens pages while the runs go on. The floor is the sum of the
// latencies divided by what may be under way at once.
func BenchmarkRunOnAServer(b *testing.B) {
	const sites = 5000
	f := newFleet(b, sites, 1)
	f.addOwner(b)
	f.fake.Warm()
	for b.Loop() {
		c, pid, stopServer := f.signedIn(b)
		endPages := f.openPages(b, c)
		before := spent(b, pid)
		first := f.clear(b, c)
		cpu := spent(b, pid) - before
		second := f.clear(b, c)
		opened := endPages()
		var took []time.Duration
		for name, each := range opened {
			slices.Sort(each)
			if name != aFile {
				took = append(took, each...)
			}
			b.Logf("%-10s %3d times, median %3d ms, slowest %3d ms", name, len(each), each[len(each)/2].Milliseconds(), each[len(each)-1].Milliseconds())
		}
		slices.Sort(took)
		floor := 0.175 * sites / 256
		b.ReportMetric(first.Seconds(), "first-s")
		b.ReportMetric(first.Seconds()/floor, "first/floor")
		b.ReportMetric(second.Seconds()/first.Seconds(), "second/first")
		b.ReportMetric(cpu.Seconds()*1000/sites, "cpu-ms/site")
		b.ReportMetric(peak(b, pid), "peak-MB")
		b.ReportMetric(took[len(took)/2].Seconds()*1000, "page-median-ms")
		b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "page-p99-ms")
		b.ReportMetric(opened[aFile][len(opened[aFile])/2].Seconds()*1000, "file-median-ms")
		b.ReportMetric(float64(len(took)), "pages")
		stopServer()
	}
}

// openPages opens pages, as a person in a hurry, in a process of its own. What it returns ends that, and tells how long each page took.
func (f fleet) openPages(b *testing.B, c webClient) (end func() map[string][]time.Duration) {
	b.Helper()
	home, err := url.Parse(c.home)
	if err != nil {
		b.Fatal(err)
	}
	var cookies []string
	for _, each := range c.Jar.Cookies(home) {
		cookies = append(cookies, each.String())
	}
	command := exec.Command(f.built(b, "pagereader"), "-home", c.home, "-cookie", strings.Join(cookies, "; "),
		"/", "/sites", "/runs", "/runs/ID", "/audit", "/sites/7", aFile)
	stop, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, os.Stderr
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	return func() map[string][]time.Duration {
		stop.Close()
		if err := command.Wait(); err != nil {
			b.Fatal(err)
		}
		var took map[string][]time.Duration
		if err := json.Unmarshal(out.Bytes(), &took); err != nil {
			b.Fatal(err)
		}
		return took
	}
}

// aFile needs neither the database nor a template: how long it takes is the wait for a processor, which the simulated sites use too.
var aFile = static.URL("app.css")

// BenchmarkTargets shows that cost grows with the number of targets and not faster.
func BenchmarkTargets(b *testing.B) {
	for _, n := range []int{500, 5000, 20_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			f := newFleet(b, n, 4)
			f.addOwner(b)
			f.fake.Warm()
			for b.Loop() {
				c, pid, stop := f.signedIn(b)
				idle := peak(b, pid)
				took := f.clear(b, c)
				b.ReportMetric(took.Seconds()*1000/float64(n), "ms/target")
				b.ReportMetric((peak(b, pid)-idle)*1024/float64(n), "peak-KB/target")
				b.ReportMetric(peak(b, pid), "peak-MB")
				stop()
			}
		})
	}
}

// BenchmarkThreeProcesses works the same run by one process and by three on one PostgreSQL. The load is bound by latency: each may
// have a few requests under way only.
func BenchmarkThreeProcesses(b *testing.B) {
	f := newFleet(b, 900, 1)
	f.env = append(f.env, "DROVER_DATABASE_URL="+dbtest.PostgresURL(b), "DROVER_CONCURRENCY=16")
	if out, err := f.drover("sites", "import", f.path("sites.csv")).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	f.addOwner(b)
	f.fake.Warm()
	for b.Loop() {
		c, _, stop := f.signedIn(b)
		one := f.clear(b, c)
		stops := make([]func(), 2)
		var others sync.WaitGroup
		for i := range stops {
			others.Go(func() { _, _, stops[i] = f.signedIn(b) })
		}
		others.Wait()
		three := f.clear(b, c)
		b.ReportMetric(one.Seconds(), "one-s")
		b.ReportMetric(three.Seconds(), "three-s")
		b.ReportMetric(three.Seconds()/one.Seconds(), "three/one")
		for _, stop := range append(stops, stop) {
			stop()
		}
	}
}
