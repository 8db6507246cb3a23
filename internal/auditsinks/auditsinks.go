// Package forward keeps copies of the audit log elsewhere while it is written: in a file, at a syslog server, at an HTTPS hook. Nobody who
// acts waits for it: it reads what was committed, remembers how far the other side has come, and tries again until it is taken. The
// other side gets every entry, in order, at least once. What an entry means is not known here.
package auditsinks

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/audit"
	"github.com/droverhq/drover/internal/database"
)

// Sink is where a stream leads. Send returns once the other side has all of the entries, or an error when it may not; what it was sent
// already may come again.
type Sink interface {
	Send(context.Context, []audit.Line) error
}

// Sinks sends the audit log to sinks.
type Sinks struct {
	store  store
	log    *audit.Log
	logger *slog.Logger
	owner  string
	pace   pace

	stop context.CancelFunc
	done sync.WaitGroup
}

// pace is how fast a stream goes.
type pace struct {
	idle, lease, least, most time.Duration
	batch                    int
}

var usual = pace{idle: time.Second, lease: 30 * time.Second, least: time.Second, most: time.Minute, batch: 200}

// State is how far a stream has come.
type State struct {
	Name     string
	Seq      int64 // every entry up to this one was taken
	SentAt   time.Time
	FailedAt time.Time // zero while all is well
	Problem  string
}

// New returns streams of the audit log that are not started yet.
func New(db *database.DB, log *audit.Log, logger *slog.Logger) *Sinks {
	return &Sinks{store: store{db.Gorm}, log: log, logger: logger, owner: rand.Text(), pace: usual}
}

// Start begins to send to the sinks, by name. Of several processes on one database, one at a time serves a name; the others take over
// when it is gone.
func (s *Sinks) Start(sinks map[string]Sink) {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	for name, sink := range sinks {
		s.done.Go(func() { s.serve(ctx, name, sink) })
	}
}

// Stop ends the streams and waits for them; what is left is sent after the next start.
func (s *Sinks) Stop() {
	if s.stop != nil {
		s.stop()
	}
	s.done.Wait()
}

// States tells how far the streams have come, by name.
func (s *Sinks) States(ctx context.Context) ([]State, error) { return s.store.states(ctx) }

// serve sends until the context ends. After a failure it waits, longer each time.
func (s *Sinks) serve(ctx context.Context, name string, sink Sink) {
	wait := s.pace.least
	for {
		more, err := s.step(ctx, name, sink)
		pause := s.pace.idle
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.failed(ctx, name, err)
			pause, wait = wait, min(2*wait, s.pace.most)
		case more:
			pause, wait = 0, s.pace.least
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// step sends the next entries, and tells whether there may be more.
func (s *Sinks) step(ctx context.Context, name string, sink Sink) (more bool, err error) {
	seq, mine, err := s.store.hold(ctx, name, s.owner, time.Now(), s.pace.lease)
	if err != nil || !mine {
		return false, err
	}
	entries, err := s.log.After(ctx, seq, s.pace.batch)
	if err != nil || len(entries) == 0 {
		return false, err
	}
	lines := make([]audit.Line, len(entries))
	for i, e := range entries {
		lines[i] = e.Line()
	}
	sending, cancel := context.WithTimeout(ctx, s.pace.lease/2)
	defer cancel()
	if err := sink.Send(sending, lines); err != nil {
		return false, err
	}
	last := entries[len(entries)-1].Seq
	return len(entries) == s.pace.batch, s.store.advance(ctx, name, s.owner, last, time.Now())
}

func (s *Sinks) failed(ctx context.Context, name string, err error) {
	s.logger.ErrorContext(ctx, "an audit sink did not accept the entries; waiting to retry", "stream", name, "err", err)
	if err := s.store.failed(ctx, name, s.owner, err.Error(), time.Now()); err != nil && !errors.Is(err, context.Canceled) {
		s.logger.ErrorContext(ctx, "the state of an audit sink could not be stored", "stream", name, "err", err)
	}
}
