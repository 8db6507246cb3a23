package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/poll"
)

// The database is gone for 10 s in the middle of a run: pages say so, and the run ends by itself with every outcome right.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long: run make test")
	}
	dir := filepath.Join(t.TempDir(), "postgres")
	if err := os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(postgres(t, "up", dir))
	t.Cleanup(func() { postgres(t, "down", dir) })
	described := slowSites(240) // enough that the run goes on while PostgreSQL stops
	for i := range described {
		described[i].Address = fmt.Sprintf("127.77.31.%d", i%6+1)
		described[i].Latency = [2]time.Duration{300 * time.Millisecond, 600 * time.Millisecond}
	}
	s := simulate(t, described)
	s.env = append(s.env, "DROVER_DATABASE_URL="+address)
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	p, b := s.browse(t)
	b.startRun(t, url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}})
	poll.Until(t, "10 sites are purged", func() bool { return purged(s.fake) >= 10 })
	postgres(t, "stop", dir)
	before := purged(s.fake)
	status, page := b.get(t, "/sites")
	if status != http.StatusServiceUnavailable || !strings.Contains(page, "cannot reach its database") || strings.Contains(page, address) {
		t.Errorf("the page says %d: %.300s\n%s", status, page, p.err.String())
	}
	poll.Until(t, "the leases end", func() bool { return strings.Contains(p.err.String(), "no renewal was confirmed") })
	while := purged(s.fake)
	if while > before+12+12 {
		t.Errorf("%d sites were purged while nothing could be stored", while-before)
	}
	postgres(t, "start", dir)
	if last := awaitEnd(t, s.env); last.Counts["ok"] != len(described) {
		_, shown := run(t, s.env, "runs", "show", "1")
		t.Errorf("%v\n%s\n%s", last.Counts, shown, p.err.String())
	}
	for i := range described {
		if n := len(s.fake.Calls(i)); n < 1 || n > 2 {
			t.Errorf("site %d was purged %d times", i, n)
		}
	}
	if code, out := run(t, s.env, "audit", "verify"); code != 0 {
		t.Error(out)
	}
}

func postgres(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command("../../scripts/postgres", args...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("scripts/postgres %v: %v", args, err)
	}
	return string(out)
}

// mount puts a small file system of its own below the test's folder. Where that is not allowed, the test is skipped and says so.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("SKIPPED: no file system can be mounted here (%v), so a full disk is not tested", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// The disk is full in the middle of a run: nothing is sent that could not be stored, and the run ends once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=24m")
	described := slowSites(120)
	for i := range described {
		described[i].Latency = [2]time.Duration{300 * time.Millisecond, 600 * time.Millisecond}
	}
	s := simulate(t, described)
	s.env[0] = "DROVER_DATA=" + filepath.Join(dir, "data")
	run(t, s.env, "sites", "import", s.csv)
	s.addOwner(t)
	p, b := s.browse(t)
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	status, page := b.startRun(t, url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}})
	if status != http.StatusServiceUnavailable || !strings.Contains(page, "disk is full") {
		t.Errorf("starting a run on a full disk: %d %.300s", status, page)
	}
	if n := purged(s.fake); n != 0 {
		t.Errorf("%d sites were purged by a run that could not be stored", n)
	}
	empty(t, ballast)
	few := url.Values{"operation": {"clear-cache"}, "all": {"1"}, "p.purge_type": {"all"}, "at_once": {"4"}} // so that it goes on while the disk fills
	b.startRun(t, few)
	poll.Until(t, "5 sites are purged", func() bool { return purged(s.fake) >= 5 })
	poll.Until(t, "a lease cannot be renewed", func() bool {
		fill(t, ballast) // again, where SQLite has given room back
		return strings.Contains(p.err.String(), "lease could not be renewed")
	})
	empty(t, ballast)
	if last := awaitEnd(t, s.env); last.Counts["ok"] != len(described) {
		t.Errorf("%v\n%s", last.Counts, p.err.String())
	}
	for i := range described {
		if n := len(s.fake.Calls(i)); n < 1 || n > 2 {
			t.Errorf("site %d was purged %d times", i, n)
		}
	}
	if code, out := run(t, s.env, "audit", "verify"); code != 0 {
		t.Error(out)
	}
}

// fill writes to the end of the file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
}

func empty(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir := mount(t, "size=1m,ro")
	out, err := exec.Command(program(t), "serve", "--data", filepath.Join(dir, "data")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "read-only file system") || !strings.Contains(string(out), "data folder") {
		t.Errorf("%v: %s", err, out)
	}
}
