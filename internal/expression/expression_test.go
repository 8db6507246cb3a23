package expression

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// short are limits that a test can wait for.
var short = Limits{Answer: 400 * time.Millisecond, Table: 5 * time.Second, Restarts: 20}

// evaluate makes a table of one column over one answer.
func evaluate(t testing.TB, l Limits, expr, answer string) []Row {
	t.Helper()
	program, err := Compile(".", []Column{{"v", expr}})
	if err != nil {
		t.Fatal(err)
	}
	place, err := NewPool(l).Enter(t.Context(), "mara")
	if err != nil {
		t.Fatal(err)
	}
	defer place.Leave()
	e := place.Evaluate(program)
	defer e.Close()
	rows, err := e.Answer(t.Context(), [][]byte{[]byte(answer)})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// hostile are expressions that took the server's memory or time, or try to.
var hostile = []string{
	`("a"*1000000)|[match("a";"g")]`, `reduce range(60) as $i ({}; {a:.,b:.})|tojson`, `"a"*1000000000`, `[limit(1e9;repeat(1))]`, "def f: f; f", "def f: [f]; f",
	"def f: 1 + f; f",
	"until(false;.)", "range(1e12)|select(false)", "last(range(1e12))", "null|setpath([500000000];1)", "null|.[500000000]=1", "null|.[1e9]=1",
	"null|getpath([1e9])", "null|fromstream([[500000000], 1])", "[range(1e9)]|implode", "[range(1e9)]|sort",
	`"a"*100000|[splits("")]`, `("a"*50000)|test("(a*)*(a*)*(a*)*b")`, `[range(1e8)|tostring]|join(",")`, `reduce range(60) as $i ("x"; . + .)`,
	`("a"*1000000)|ascii_downcase|explode|[.,.,.,.]|tojson|tojson`,
	`[range(1e7)]|[combinations(3)]`, `[range(100)]|[combinations(9)]`, `"a"*10000000|[.,.]|@json|@base64|@base32|@uri`, `"x"*1000000|gsub("";"yyyyyyyy")`,
	`[range(1e6)]|[.[]|tostring]|unique_by(.)`,
	`[recurse([.,.])]`, `[paths]|[.[]|.,.]|[limit(1e9;.[],repeat(.))]`, `9999999999|pow(10;1e9)|tostring`, `("9"*1000000)|tonumber|.*.*.*.*.`,
	`[splits("a";"b")]?//[repeat(1)]`,
	`"a"*100000000|ltrimstr("a")|@base32d`, `[repeat("aaaaaaaaaaaaaaaaaaaaaaaaa")]|flatten`, `{} | walk(repeat(.))`, `[limit(1e8;repeat({a:1}))]|group_by(.a)`,
	`reduce range(1e9) as $x ([];.+[$x])`,
}

// The server's memory and time do not depend on what is asked: whatever an expression takes, its child takes, which ends in time.
func TestHostileExpressionsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for each expression to be stopped")
	}
	debug.FreeOSMemory()
	before := resident(t)
	peak := watchResident(t)
	for _, expr := range hostile {
		began := time.Now()
		for _, row := range evaluate(t, short, expr, `{"a":1}`) {
			if row.Error == "" {
				if text, err := json.Marshal(row.Cells); err != nil || len(text) > maxRow {
					t.Errorf("%s gave %d bytes, %v", expr, len(text), err)
				}
			} else if !strings.HasSuffix(row.Error, ".") && !strings.HasPrefix(row.Error, "v: ") {
				t.Errorf("%s: %s", expr, row.Error)
			}
			t.Logf("%6s %-60.60s %.90s", time.Since(began).Round(time.Millisecond), expr, row.Error)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %s", expr, took)
		}
	}
	if grown := peak() - before; grown > 50<<20 {
		t.Errorf("the memory moved by %d MB", grown>>20)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("children are left: %v", left)
	}
}

func resident(t testing.TB) int64 {
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

// children are the processes of childCommand that this process has started.
func children(t testing.TB) (pids []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || runtime.GOOS != "linux" {
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

func TestChildEndsWhenTheClientLeaves(t *testing.T) {
	program, err := Compile(".", []Column{{"v", `("a"*1000000)|[match("a";"g")]`}})
	if err != nil {
		t.Fatal(err)
	}
	place, err := NewPool(Limits{}).Enter(t.Context(), "mara")
	if err != nil {
		t.Fatal(err)
	}
	defer place.Leave()
	e := place.Evaluate(program)
	defer e.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(children(t)) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	began := time.Now()
	if _, err := e.Answer(ctx, [][]byte{[]byte("1")}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if left := children(t); len(left) > 0 || time.Since(began) > 20*time.Second {
		t.Errorf("%v are left after %s", left, time.Since(began))
	}
}

// A child gets nothing of the server's: no environment, no files but the pipes, no terminal's signals; and it is limited.
func TestChildIsClosed(t *testing.T) {
	t.Setenv("DROVER_SECRET", "hidden")
	inherited, err := syscall.Dup(2) // such a file every process gets that does not close it
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	program, err := Compile(".", []Column{{"v", "1+1"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := start(program, Limits{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defer c.end()
	if more, err := c.page(t.Context(), []byte("1"), program, func(Row) bool { return true }); !more || err != nil {
		t.Fatal(more, err)
	}
	proc := fmt.Sprintf("/proc/%d/", c.command.Process.Pid)
	environment, err := os.ReadFile(proc + "environ")
	if err != nil || strings.Contains(string(environment), "DROVER") || strings.Contains(string(environment), "PATH=") {
		t.Errorf("environment %q, %v", environment, err)
	}
	files, err := os.ReadDir(proc + "fd")
	for _, f := range files {
		if to, err := os.Readlink(proc + "fd/" + f.Name()); err == nil && !strings.HasPrefix(to, "pipe:") && !strings.HasPrefix(to, "anon_inode:") &&
			!strings.HasPrefix(to, "/sys/fs/cgroup/") {
			t.Errorf("file %s is %s", f.Name(), to)
		}
		if f.Name() == strconv.Itoa(inherited) {
			t.Errorf("file %s was inherited", f.Name())
		}
	}
	if err != nil || len(files) < 3 {
		t.Errorf("%d files, %v", len(files), err)
	}
	limits, err := os.ReadFile(proc + "limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		for _, name := range []string{"Max cpu time", "Max data size", "Max address space", "Max core file size", "Max file size"} {
			if strings.HasPrefix(line, name) && strings.Contains(line, "unlimited") {
				t.Error(line)
			}
		}
	}
	stat, err := os.ReadFile(proc + "stat")
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if err != nil || fields[2] != strconv.Itoa(c.command.Process.Pid) || fields[16] != strconv.Itoa(niceness) {
		t.Errorf("group %s, priority %s, %v", fields[2], fields[16], err)
	}
}

// What is asked of the server's own surroundings gives nothing.
func TestNothingOutsideIsReached(t *testing.T) {
	t.Setenv("DROVER_SECRET", "hidden")
	for _, expr := range []string{"env", "$ENV", "$ENV.DROVER_SECRET", "env.DROVER_SECRET", "$__loc__", "input_filename", "[inputs]", "input", "get_search_list",
		"now|type", "halt", `"x"|halt_error`, "debug", "stderr", "input_line_number",
		`import "a" as a; 1`, `include "a"; 1`, `getpath(["a"])`} {
		if _, err := Compile(".", []Column{{"v", expr}}); err != nil {
			continue
		}
		for _, row := range evaluate(t, short, expr, `{"a":1}`) {
			if text := fmt.Sprint(row); strings.Contains(text, "hidden") || strings.Contains(text, "PATH") || strings.Contains(text, "GOMEMLIMIT") {
				t.Errorf("%s gave %s", expr, text)
			}
		}
	}
	p, err := Compile(".", []Column{{"v", `"x" * 3`}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := start(p, short)
	if err != nil {
		t.Fatal(err)
	}
	defer c.end()
	c.kill()
	if text := strings.Join(c.command.Environ(), " "); strings.Contains(text, "DROVER_SECRET") || c.command.Dir != "/" || c.command.ExtraFiles != nil {
		t.Errorf("the child is started in %s with %s", c.command.Dir, text)
	}
}

func TestWhatIsTypedIsBounded(t *testing.T) {
	for _, expr := range []string{"." + strings.Repeat(" ", 2000), strings.Repeat("[", 300) + strings.Repeat("]", 300), strings.Repeat(`"\(`, 300) + "1" +
		strings.Repeat(`)"`, 300), "nope", "input", "."[:0] + "["} {
		if _, err := Compile(expr, nil); err == nil {
			t.Errorf("%.40s passed", expr)
		}
	}
	for _, unit := range []string{"def f: f; ", ". as [$a] ?// $b | ", "-", "try ", "(", "[.[]|", "if . then ", "reduce . as $x (0; ", ".a|=", "label $x | ",
		"first(", "paths(", "limit(1;", `"\(`} {
		began := time.Now()
		_, err := Compile(strings.Repeat(unit, 1990/len(unit))+".", nil)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %s: %v", unit, took, err)
		}
	}
}

// The next answers of a table are evaluated although one was not.
func TestOneAnswerCostsNoOther(t *testing.T) {
	program, err := Compile("", []Column{{"v", `if . == "bomb" then "a"*1000000000 else ascii_downcase end`}})
	if err != nil {
		t.Fatal(err)
	}
	place, err := NewPool(short).Enter(t.Context(), "mara")
	if err != nil {
		t.Fatal(err)
	}
	defer place.Leave()
	e := place.Evaluate(program)
	defer e.Close()
	for i, want := range []string{"", "Choose a smaller part", ""} {
		rows, err := e.Answer(t.Context(), [][]byte{[]byte([]string{`["A"]`, `["A", "bomb"]`, `["A"]`}[i])})
		if err != nil || rows[0].Error != "" || rows[0].Cells[0] != "a" || !strings.Contains(rows[len(rows)-1].Error, want) {
			t.Errorf("%d: %+v, %v", i, rows, err)
		}
	}
}

func TestTableIsBounded(t *testing.T) {
	page := []byte("[" + strings.Repeat(`"`+strings.Repeat("x", 1000)+`",`, 1000) + "1]")
	for name, c := range map[string]struct {
		limits Limits
		expr   string
		want   string
	}{
		"time":     {Limits{Answer: 300 * time.Millisecond, Table: 400 * time.Millisecond, Restarts: 20}, "until(false;.)", "altogether"},
		"kept":     {Limits{Kept: 1 << 20}, ".", "larger than 1 MB"},
		"restarts": {Limits{Restarts: 1}, `"a"*1000000000`, "several times"},
	} {
		program, err := Compile("", []Column{{"v", c.expr}})
		if err != nil {
			t.Fatal(err)
		}
		place, err := NewPool(c.limits).Enter(t.Context(), "mara")
		if err != nil {
			t.Fatal(err)
		}
		e := place.Evaluate(program)
		last := ""
		for range 4 {
			rows, err := e.Answer(t.Context(), [][]byte{page})
			if err != nil {
				t.Fatal(err)
			}
			last = rows[len(rows)-1].Error
		}
		if !strings.Contains(last, c.want) {
			t.Errorf("%s: %q", name, last)
		}
		e.Close()
		place.Leave()
	}
}

func TestPlaces(t *testing.T) {
	pool := NewPool(Limits{AtOnce: 3, Wait: 20 * time.Millisecond})
	var places []*Place
	for i, c := range []struct {
		member string
		err    error
	}{{"mara", nil}, {"mara", nil}, {"mara", ErrBusy}, {"jo", nil}, {"jo", ErrBusy}} {
		place, err := pool.Enter(t.Context(), c.member)
		if !errors.Is(err, c.err) {
			t.Errorf("%d: %v", i, err)
		}
		if err == nil {
			places = append(places, place)
		}
	}
	for _, p := range places {
		p.Leave()
		p.Leave() // a second time is nothing
	}
	if len(pool.members) != 0 || len(pool.places) != 0 {
		t.Errorf("%d members, %d places", len(pool.members), len(pool.places))
	}
}
