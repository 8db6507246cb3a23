package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// due is a store of the sweep's duties alone: all of them end as begin does.
type due struct {
	Store
	begin func() error
}

func (s due) RequeueExpired(context.Context, func(int64) bool) (int, error) { return 0, s.begin() }
func (s due) CountUnowned(context.Context) (int, error)                     { return 0, s.begin() }
func (s due) ReleaseDue(context.Context) error                              { return s.begin() }
func (s due) EndUnapproved(context.Context) error                           { return s.begin() }
func (s due) EndOverdue(context.Context) error                              { return s.begin() }

// A minute without the database is two lines in the log; a failure that is not an outage is told each time, and so is a panic; the sweep
// survives each of them.
func TestASweepTellsOfAnOutageOnce(t *testing.T) {
	for name, c := range map[string]struct {
		fails func() error
		lines map[string]int
	}{
		"the database is away": {func() error { return io.ErrUnexpectedEOF },
			map[string]int{"the database is away": 1, "the database is back": 1, "could not": 0}},
		"a failure": {func() error { return errors.New("no such column") },
			map[string]int{"the database is": 0, "runs past their time limit could not be ended": 60, "could not begin": 60}},
		"a panic": {func() error { panic("boom") }, map[string]int{"the database is": 0, "could not begin failed": 60}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				var logged bytes.Buffer
				var mended atomic.Bool
				e := &Engine{logger: slog.New(slog.NewTextHandler(&logged, nil)), drain: make(chan struct{}), store: due{begin: func() error {
					if !mended.Load() {
						return c.fails()
					}
					return nil
				}}}
				e.sweeper.Add(1)
				go e.sweep(ctx)
				time.Sleep(time.Minute - sweepEvery/2)
				if e.swept.Load() != 0 {
					t.Error("a sweep that failed counts")
				}
				mended.Store(true)
				time.Sleep(2 * sweepEvery)
				if e.swept.Load() == 0 {
					t.Error("a sweep that did all does not count")
				}
				stop()
				e.sweeper.Wait()
				for line, want := range c.lines {
					if got := strings.Count(logged.String(), line); got != want {
						t.Errorf("%q is logged %d times, want %d", line, got, want)
					}
				}
			})
		})
	}
}
