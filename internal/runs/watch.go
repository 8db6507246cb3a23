package runs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/access"
)

// Watch reads watched runs a few times a second, each once however many people watch, and tells all of them. The truth is in the
// database, so it does not matter which process works the run.
type Watch struct {
	read   func(context.Context, access.Actor, int64) (Snapshot, error)
	every  time.Duration
	logger *slog.Logger

	guard sync.Mutex
	runs  map[view]*watched
}

// view is a run as somebody of a reach sees it.
type view struct {
	run   int64
	scope string
}

type watched struct {
	watchers map[chan Snapshot]struct{}
	last     *Snapshot // nil before the first
	stop     context.CancelFunc
}

// watchEvery is how often a watched run is read. Where the machine has so much to do that reading takes long, it is read as much less often:
// the pause is never shorter than watchPause times what the last reading took.
const (
	watchEvery = 250 * time.Millisecond
	watchPause = 20
	watchMost  = 2 * time.Second
)

// NewWatch returns a watch over the runner's runs.
func NewWatch(r *Runner) *Watch {
	return &Watch{read: r.Snapshot, every: watchEvery, logger: r.logger, runs: map[view]*watched{}}
}

// Follow sends the run's snapshots, as far as the actor reaches, until it has ended or the context ends, then closes the channel. A slow
// reader misses snapshots in between, never the last one. The first one comes at once.
func (w *Watch) Follow(ctx context.Context, actor access.Actor, run int64) <-chan Snapshot {
	id := view{run, fmt.Sprintf("%q", actor.Scope)}
	c := make(chan Snapshot, 1)
	w.guard.Lock()
	defer w.guard.Unlock()
	seen, found := w.runs[id]
	if !found {
		background, stop := context.WithCancel(context.Background())
		seen = &watched{watchers: map[chan Snapshot]struct{}{}, stop: stop}
		w.runs[id] = seen
		go w.loop(background, actor, id, seen)
	}
	seen.watchers[c] = struct{}{}
	if seen.last != nil {
		c <- *seen.last
	}
	context.AfterFunc(ctx, func() { w.leave(id, seen, c) })
	return c
}

func (w *Watch) leave(id view, run *watched, c chan Snapshot) {
	w.guard.Lock()
	defer w.guard.Unlock()
	if _, found := run.watchers[c]; !found {
		return
	}
	delete(run.watchers, c)
	close(c)
	if len(run.watchers) == 0 {
		w.end(id, run)
	}
}

// end stops reading the run. The guard is held.
func (w *Watch) end(id view, run *watched) {
	run.stop()
	if w.runs[id] == run {
		delete(w.runs, id)
	}
}

func (w *Watch) loop(ctx context.Context, actor access.Actor, id view, run *watched) {
	failing := false
	for {
		began := time.Now()
		s, err := w.readSafely(ctx, actor, id.run)
		pause := max(w.every, min(watchPause*time.Since(began), watchMost))
		if ctx.Err() != nil {
			return
		}
		if err == nil && w.tell(id, run, s) {
			return
		}
		if errors.Is(err, ErrNoRun) {
			w.dismiss(id, run)
			return
		}
		if err != nil && !failing { // once for each time that it begins to fail
			w.logger.ErrorContext(ctx, "a watched run could not be read", "run", id.run, "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// readSafely reads the run. A panic is an error like any other.
func (w *Watch) readSafely(ctx context.Context, actor access.Actor, run int64) (s Snapshot, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("runs: panic: %v", caught)
		}
	}()
	return w.read(ctx, actor, run)
}

// tell gives the snapshot to every watcher, in place of one that was not read yet, and tells whether it was the last.
func (w *Watch) tell(id view, run *watched, s Snapshot) bool {
	w.guard.Lock()
	defer w.guard.Unlock()
	run.last = &s
	for c := range run.watchers {
		select {
		case <-c:
		default:
		}
		c <- s
	}
	if s.Run.Ended() {
		w.release(id, run)
	}
	return s.Run.Ended()
}

// dismiss lets the watchers of a run go that is not theirs to see any more.
func (w *Watch) dismiss(id view, run *watched) {
	w.guard.Lock()
	defer w.guard.Unlock()
	w.release(id, run)
}

// release lets all watchers go. The guard is held.
func (w *Watch) release(id view, run *watched) {
	for c := range run.watchers {
		delete(run.watchers, c)
		close(c)
	}
	w.end(id, run)
}
