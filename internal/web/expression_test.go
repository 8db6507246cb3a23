package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/expression"
	"github.com/droverhq/drover/internal/poll"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress/wptest"
)

// answered is a run of the plugins of one site, and a viewer.
func answered(t *testing.T) (*testServer, person) {
	t.Helper()
	h := newTestServer(t, wptest.Site{Host: "one.example"})
	h.addSites(t)
	run, err := h.runner.Start(t.Context(), shell, runs.Spec{Operation: "request", Params: map[string]string{"method": "GET", "path": "/wp/v2/plugins"},
		Selection: sites.Selection{All: true}})
	if err != nil {
		t.Fatal(err)
	}
	h.ended(t, run.ID)
	return h, h.signIn(t, access.Viewer)
}

func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// childrenOf are the processes that this one has started.
func children(t *testing.T) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(all) == 0 {
		t.Skip("no /proc")
	}
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(after); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			pids = append(pids, filepath.Base(filepath.Dir(name)))
		}
	}
	return pids
}

// It measures the whole process and counts its children: no other test may run beside it.
func TestExpressionsCostTheServerNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for expressions that take seconds")
	}
	h, p := answered(t)
	h.server.LimitExpressions(expression.Limits{Answer: time.Second})
	p.get("/runs/1/answers")
	debug.FreeOSMemory()
	before, peak := resident(t), watchResident(t)
	for i, expr := range []string{`("a"*1000000)|[match("a";"g")]`, "reduce range(60) as $i ({}; {a:.,b:.})|tojson", `"a"*1000000000`, "[limit(1e9;repeat(1))]",
		"x: def f: [f]; f"} {
		address := []string{"/runs/1/answers?rows=.&columns=", "/runs/1/answers.csv?rows=.&columns=", "/runs/1/answers.json?columns=a:+.&rows=",
			"/runs/1/compare?with=1&rows=.&columns="}[i%4] + url.QueryEscape(expr)
		began := time.Now()
		status, body := p.get(address)
		if status != http.StatusOK || !strings.Contains(body, "Choose a smaller part") && !strings.Contains(address, "compare") {
			t.Errorf("%s: %d %.300s", address, status, body)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s", address, took)
		}
	}
	if redirected := peak() - before; redirected > 50<<20 {
		t.Errorf("the memory moved by %d MB", redirected>>20)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("children are left: %v", left)
	}
}

// watchResident looks at this process's memory all the time; the result is the most that it had.
func watchResident(t *testing.T) (peak func() int64) {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var found int64
		for ticker := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-ticker.C:
				found = max(found, resident(t))
			case <-done:
				most <- found
				return
			}
		}
	}()
	return func() int64 { close(done); return <-most }
}

func TestExpressionEndsWithItsClient(t *testing.T) {
	h, p := answered(t)
	h.server.LimitExpressions(expression.Limits{Answer: time.Minute})
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	request := p.request(http.MethodGet, "/runs/1/answers?rows=.&columns="+url.QueryEscape(`x: ("a"*1000000)|[match("a";"g")]`), nil).WithContext(ctx)
	go func() {
		_, err := p.Do(request)
		ended <- err
	}()
	poll.Until(t, "a child starts", func() bool { return len(children(t)) == 1 })
	leave()
	if err := <-ended; err == nil {
		t.Error("the client had its answer")
	}
	poll.Until(t, "the child ends", func() bool { return len(children(t)) == 0 })
}

// A member's third table waits, and is told so; somebody else's does not.
func TestTablesAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for tables that take seconds")
	}
	h, p := answered(t)
	other := h.signIn(t, access.Operator)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for i := range 2 {
		request := p.request(http.MethodGet, fmt.Sprintf("/runs/1/answers?n=%d&columns=", i)+url.QueryEscape("x: until(false;.)"), nil).WithContext(ctx)
		go p.Do(request)
	}
	poll.Until(t, "two children start", func() bool { return len(children(t)) == 2 })
	if status, _ := other.get("/runs/1/answers"); status != http.StatusOK {
		t.Errorf("somebody else: %d", status)
	}
	status, body := p.get("/runs/1/answers")
	if status == http.StatusTooManyRequests && !strings.Contains(body, "Too many tables are being created") || status != http.StatusOK &&
		status != http.StatusTooManyRequests {
		t.Errorf("the third: %d %.300s", status, body)
	}
}
