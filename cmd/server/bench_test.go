package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// fleet is many simulated sites, and a Drover that knows them.
type fleet struct {
	fake *wptest.Fake
	env  []string
	dir  string
}

func newFleet(b *testing.B, n, perAddress int) fleet {
	b.Helper()
	described := make([]wptest.Site, n)
	for i := range described {
		described[i].Latency = [2]time.Duration{50 * time.Millisecond, 300 * time.Millisecond}
	}
	fake, err := wptest.Start(wptest.Options{Sites: described, SitesPerAddress: perAddress})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { fake.Close() })
	f := fleet{fake: fake, dir: b.TempDir()}
	var hosts strings.Builder
	for host, address := range fake.Hosts() {
		fmt.Fprintf(&hosts, "%s %s\n", address, host)
	}
	f.write(b, "hosts", hosts.String())
	f.write(b, "ca.pem", string(fake.CAPEM()))
	f.env = []string{"DROVER_DATA=" + filepath.Join(f.dir, "data"), "DROVER_HOSTS_FILE=" + f.path("hosts"), "DROVER_CA_FILE=" + f.path("ca.pem"),
		"DROVER_ALLOW_NETS=127.0.0.0/8"}
	f.write(b, "sites.csv", f.csv(n))
	if out, err := f.drover("sites", "import", f.path("sites.csv")).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return f
}

func (f fleet) path(name string) string { return filepath.Join(f.dir, name) }

func (f fleet) write(b *testing.B, name, text string) {
	b.Helper()
	if err := os.WriteFile(f.path(name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func (f fleet) csv(n int) string {
	var text strings.Builder
	w := csv.NewWriter(&text)
	_ = w.Write([]string{"url", "username", "application_password", "client", "tags"})
	for i := range n {
		_ = w.Write([]string{f.fake.URL(i), wptest.DefaultUser, wptest.DefaultPassword, fmt.Sprintf("Client %d", i%40), fmt.Sprintf("tag-%d", i%12)})
	}
	w.Flush()
	return text.String()
}

// released is the program as users have it: without the race detector.
func released() string {
	if path := os.Getenv("DROVER_BENCH_BINARY"); path != "" {
		return path
	}
	return "../../bin/drover"
}

func (f fleet) drover(args ...string) *exec.Cmd {
	command := apart(released(), args...)
	command.Env = append(os.Environ(), f.env...)
	return command
}

// built builds one of the programs of testdata, once.
func (f fleet) built(b *testing.B, name string) string {
	b.Helper()
	program := f.path(name)
	if _, err := os.Stat(program); err != nil {
		if out, err := exec.Command("go", "build", "-o", program, "./testdata/"+name).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	return program
}

// bare sends the same requests with a Go program that does no more than that, as many at once as Drover. Nothing is kept.
func (f fleet) bare(b *testing.B) *exec.Cmd {
	b.Helper()
	program := f.built(b, "bareclient")
	var urls strings.Builder
	for i := range f.fake.Len() {
		fmt.Fprintf(&urls, "%s/wp-json/bigscoots-cache/v2/clear-cache\n", f.fake.URL(i))
	}
	f.write(b, "urls", urls.String())
	return apart(program, "-urls", f.path("urls"), "-hosts", f.path("hosts"), "-ca", f.path("ca.pem"), "-user", wptest.DefaultUser+":"+wptest.DefaultPassword)
}

// apart is a command on the processors that DROVER_BENCH_CPUS names, as taskset(1) takes them: the simulated sites are in this process,
// and scripts/bench gives them another share of the machine.
func apart(program string, args ...string) *exec.Cmd {
	if cpus := os.Getenv("DROVER_BENCH_CPUS"); cpus != "" {
		return exec.Command("taskset", append([]string{"--cpu-list", cpus, program}, args...)...)
	}
	return exec.Command(program, args...)
}

func timed(b *testing.B, command *exec.Cmd) time.Duration {
	b.Helper()
	began := time.Now()
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%.2000s", command.Path, err, out)
	}
	return time.Since(began)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkRunAgainstBareClient runs an operation with the whole command, results stored, and sends the same requests with a bare Go
// client, in turn. The sites are as many servers as sites: both may be as fast as the network allows. Both make a full TLS handshake with every
// site, with Go's own settings, send one request over HTTP/1.1 and read the answer. A first run, which is not measured, finds each site's REST
// API: that is one more request for each site, once a day.
func BenchmarkRunAgainstBareClient(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		b.Run(fmt.Sprintf("sites=%d", n), func(b *testing.B) {
			f := newFleet(b, n, 1)
			f.fake.Warm()
			timed(b, f.run())
			var own, theirs, ourCPU, theirCPU []time.Duration
			for b.Loop() {
				bare, run := f.bare(b), f.run()
				theirs, theirCPU = append(theirs, timed(b, bare)), append(theirCPU, processorTime(bare))
				own, ourCPU = append(own, timed(b, run)), append(ourCPU, processorTime(run))
			}
			for i := range n {
				if calls, want := len(f.fake.Calls(i)), 2*len(own)+1; calls != want {
					b.Fatalf("site %d was purged %d times, want %d", i, calls, want)
				}
			}
			b.ReportMetric(median(own).Seconds(), "drover-s")
			b.ReportMetric(median(theirs).Seconds(), "bare-s")
			b.ReportMetric(median(own).Seconds()/median(theirs).Seconds(), "wall/bare")
			b.ReportMetric(median(ourCPU).Seconds()*1000/float64(n), "cpu-ms/target")
			b.ReportMetric(median(ourCPU).Seconds()/median(theirCPU).Seconds(), "cpu/bare")
		})
	}
}

// run is the command that clears the cache of all sites.
func (f fleet) run() *exec.Cmd {
	return f.drover("run", "clear-cache", "--param", "purge_type=all", "--all", "--yes")
}

// processorTime is what an ended command used of the processors.
func processorTime(command *exec.Cmd) time.Duration {
	return command.ProcessState.UserTime() + command.ProcessState.SystemTime()
}

// serve starts the released server, and returns its address and how long it took to the first page.
func (f fleet) serve(b *testing.B) (string, time.Duration) {
	b.Helper()
	addr := freeAddress(b)
	command := f.drover("serve", "--addr", addr)
	began := time.Now()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	home := "http://" + addr
	for {
		answer, err := http.Get(home + "/sign-in")
		if err == nil {
			answer.Body.Close()
			return home, time.Since(began)
		}
		if time.Since(began) > 20*time.Second {
			b.Fatal("the server does not answer")
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func BenchmarkStartToFirstPage(b *testing.B) {
	f := newFleet(b, 1, 1)
	var took []time.Duration
	for b.Loop() {
		_, first := f.serve(b)
		took = append(took, first)
	}
	b.ReportMetric(median(took).Seconds()*1000, "first-page-ms")
}

func BenchmarkPagesWithManySites(b *testing.B) {
	f := newFleet(b, 5000, 5)
	add := f.drover("members", "add", "olga@agency.example", "--role", "owner", "--password-stdin")
	add.Stdin = strings.NewReader("four words that differ\n")
	if out, err := add.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	home, _ := f.serve(b)
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	if _, err := client.PostForm(home+"/sign-in", url.Values{"email": {"olga@agency.example"}, "password": {"four words that differ"}}); err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{"/sites", "/sites?q=site-49&sort=client&page=1", "/sites?client=Client+7&tag=tag-7", "/run?operation=clear-cache&all=1", "/"} {
		b.Run(strings.ReplaceAll(path, "/", "_"), func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				answer, err := client.Get(home + path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK {
					b.Fatal(answer.Status, err)
				}
				answer.Body.Close()
				took = append(took, time.Since(began))
			}
			b.ReportMetric(median(took).Seconds()*1000, "page-ms")
		})
	}
}
