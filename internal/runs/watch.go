package runs

import (
	"context"
	"sync"
	"time"
)

// Watch reads watched runs a few times a second, each once however many people watch, and tells all of them. The truth is in the
// database, so it does not matter which process works the run.
type Watch struct {
	read  func(context.Context, int64) (Snapshot, error)
	every time.Duration

	guard sync.Mutex
	runs  map[int64]*watched
}

type watched struct {
	watchers map[chan Snapshot]struct{}
	stop     context.CancelFunc
}

// watchEvery is how often a watched run is read.
const watchEvery = 250 * time.Millisecond

// NewWatch returns a watch over the runner's runs.
func NewWatch(r *Runner) *Watch {
	return &Watch{read: r.Snapshot, every: watchEvery, runs: map[int64]*watched{}}
}

// Follow sends the run's snapshots until it has ended or the context ends, then closes the channel. A slow reader misses snapshots
// in between, never the last one. The first one comes at once.
func (w *Watch) Follow(ctx context.Context, id int64) <-chan Snapshot {
	c := make(chan Snapshot, 1)
	w.guard.Lock()
	defer w.guard.Unlock()
	run, found := w.runs[id]
	if !found {
		background, stop := context.WithCancel(context.Background())
		run = &watched{watchers: map[chan Snapshot]struct{}{}, stop: stop}
		w.runs[id] = run
		go w.loop(background, id, run)
	}
	run.watchers[c] = struct{}{}
	context.AfterFunc(ctx, func() { w.leave(id, run, c) })
	return c
}

func (w *Watch) leave(id int64, run *watched, c chan Snapshot) {
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
func (w *Watch) end(id int64, run *watched) {
	run.stop()
	if w.runs[id] == run {
		delete(w.runs, id)
	}
}

func (w *Watch) loop(ctx context.Context, id int64, run *watched) {
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		s, err := w.read(ctx, id)
		if ctx.Err() != nil {
			return
		}
		if err == nil && w.tell(id, run, s) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tell gives the snapshot to every watcher, in place of one that was not read yet, and tells whether it was the last.
func (w *Watch) tell(id int64, run *watched, s Snapshot) bool {
	w.guard.Lock()
	defer w.guard.Unlock()
	for c := range run.watchers {
		select {
		case <-c:
		default:
		}
		c <- s
	}
	if !s.Run.Ended() {
		return false
	}
	for c := range run.watchers {
		delete(run.watchers, c)
		close(c)
	}
	w.end(id, run)
	return true
}
