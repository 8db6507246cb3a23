package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// withoutRaces are what scripts/test does not look at for races, so that the program is built from what the tests were built from.
var withoutRaces = []string{"modernc.org", "golang.org/x/crypto", "golang.org/x/net/html", "golang.org/x/text", "compress", "regexp", "go"}

// buildFlags looks for races in the program where the tests themselves do.
func buildFlags() []string {
	flags := []string{"-ldflags=-s -w"}
	info, ok := debug.ReadBuildInfo()
	if !ok || !slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return flags
	}
	for _, packages := range withoutRaces {
		flags = append(flags, "-gcflags="+packages+"/...=-race=false")
	}
	return append(flags, "-race")
}

// binary builds the real program once for all tests that start it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "drover-binary-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "drover")
	out, err := exec.Command("go", slices.Concat([]string{"build"}, buildFlags(), []string{"-o", path, "."})...).CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return path, nil
})

func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=10 "+os.Getenv("GORACE")) // a program that looks for races sleeps for a second before it ends
	code := m.Run()
	if ranBinary.Load() {
		if path, err := binary(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

var ranBinary atomic.Bool

func program(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the built program")
	}
	ranBinary.Store(true)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a running drover.
type process struct {
	command *exec.Cmd
	lines   chan string
	ended   chan error
	err     output
}

// output keeps what a running process writes, to be read while it writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts drover with the environment and stops it by its pid with the test.
func start(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	p := &process{command: exec.Command(program(t), args...), lines: make(chan string, 100), ended: make(chan error, 1)}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stderr = &p.err
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			p.lines <- scanner.Text()
		}
		close(p.lines)
		p.ended <- p.command.Wait()
	}()
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) stop(t testing.TB) {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		p.ended <- nil
	case <-time.After(40 * time.Second):
		_ = p.command.Process.Kill()
		t.Errorf("drover did not stop within 40 s\n%s", p.err.String())
	}
}

func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
	p.ended <- nil
}

// wait returns the first match in what the process prints.
func (p *process) wait(t testing.TB, pattern string) string {
	t.Helper()
	return p.waitFor(t, pattern, 60*time.Second)
}

func (p *process) waitFor(t testing.TB, pattern string, most time.Duration) string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	deadline := time.After(most)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				t.Fatalf("drover ended before it printed %s\n%s", pattern, p.err.String())
			}
			if found := wanted.FindString(line); found != "" {
				return found
			}
		case <-deadline:
			t.Fatalf("drover did not print %s\n%s", pattern, p.err.String())
		}
	}
}

// run runs a command to its end and returns its exit code and what it printed.
func run(t testing.TB, env []string, args ...string) (int, string) {
	t.Helper()
	return runWith(t, env, "", args...)
}

// runWith is run with a file as its standard input, or none.
func runWith(t testing.TB, env []string, input string, args ...string) (int, string) {
	t.Helper()
	drover := program(t) // its building is not part of the time
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, drover, args...)
	command.Env = append(os.Environ(), env...)
	if input != "" {
		file, err := os.Open(input)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		command.Stdin = file
	}
	var out, errors strings.Builder
	command.Stdout, command.Stderr = &out, &errors
	err := command.Run()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	if errors.Len() > 0 {
		t.Log(errors.String())
	}
	return command.ProcessState.ExitCode(), out.String()
}

// freeAddress is of a loopback host of its own, where no other connection takes the port before the program has it.
func freeAddress(t testing.TB) string {
	t.Helper()
	return freeAddressOf(t, fmt.Sprintf("127.78.%d.%d", rand.IntN(250)+1, rand.IntN(250)+1))
}

func freeAddressOf(t testing.TB, host string) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
