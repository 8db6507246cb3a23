package expression

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is a process that evaluates expressions, as its parent has it.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  lastWords
}

// start begins a child with nothing but pipes: no environment of the server's, no files, a process group of its own.
func start(p *Program, l Limits) (*child, error) {
	binary, err := ownProgram()
	if err != nil {
		return nil, err
	}
	c := &child{command: exec.Command(binary)} // #nosec G204 -- this program itself
	c.command.Args = []string{"drover", childCommand}
	c.command.Dir = "/"
	c.command.Env = []string{"GOMAXPROCS=1", "GOTRACEBACK=none", "GOMEMLIMIT=" + strconv.Itoa(l.Memory*3/5)}
	c.command.SysProcAttr = ownGroup()
	c.command.Stderr = &c.stderr
	c.command.WaitDelay = time.Second
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	// #nosec G115 -- limits are positive
	first, err := json.Marshal(task{Rows: p.rows, Columns: p.columns, CPU: uint64(l.Table/time.Second) + 2, Memory: uint64(l.Memory)})
	if err == nil {
		err = writeFrame(c.in, first)
	}
	if err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

func (c *child) kill() { _ = c.command.Process.Kill() } // one that is gone already is what is wanted

type ending int

const (
	endedOtherwise ending = iota
	endedByTime
	endedByMemory
)

// end kills the child if it still lives, waits for it and tells how it ended.
func (c *child) end() ending {
	_ = c.in.Close()
	timer := time.AfterFunc(endTime, c.kill)
	_ = c.command.Wait() // how it ended is in its state
	timer.Stop()
	status, is := c.command.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case is && outOfTime(status):
		return endedByTime
	case c.stderr.tellOfMemory():
		return endedByMemory
	}
	return endedOtherwise
}

// endTime is how long a child may take to end by itself once its input has ended.
const endTime = 100 * time.Millisecond

// lastWords keeps the beginning of what a process writes, which is what a Go program ends with.
type lastWords struct{ text []byte }

func (w *lastWords) Write(p []byte) (int, error) {
	w.text = append(w.text, p[:min(len(p), 4096-len(w.text))]...)
	return len(p), nil
}

// tellOfMemory reads how Go's runtime, or the race detector's, says that there is none left. A panic is a mistake of gojq's or ours.
func (w *lastWords) tellOfMemory() bool {
	text := strings.ToLower(string(w.text))
	return !strings.Contains(text, "panic:") && (strings.Contains(text, "memory") || strings.Contains(text, "allocat") || strings.Contains(text, "stack"))
}
