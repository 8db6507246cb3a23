package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/droverhq/drover/internal/metrics"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
)

// errNotStored ends a target whose beginning could not be stored: nothing is sent then.
var errNotStored = errors.New("engine: what happens could not be stored")

// errCancelled tells a target that its run was cancelled before it could begin.
var errCancelled = errors.New("engine: the run was cancelled")

// errOutsideScope tells a target that who started the run has no access to its site any more. For everything else it is as if the run was cancelled.
var errOutsideScope = fmt.Errorf("%w: the site is outside the scope of who started it", errCancelled)

// message is what a target tells the writer. With acknowledged, the target waits until it is stored.
type message struct {
	begin        int64
	withdraw     int64
	attempt      *runs.TargetAttempt
	end          *runs.Target
	observed     *sites.Observed
	acknowledged chan error
}

// writer stores what happens in a batch: one goroutine, many targets to a transaction, so that the number of transactions follows
// the speed of the disk and not the number of sites.
type writer struct {
	lease    *lease
	metrics  *metrics.Metrics
	messages chan message
	stopped  chan struct{}
	failed   error // set before stopped is closed

	observations []sites.Observed // what answers told of their sites, until it is stored
	since        time.Time        // when that was last stored
}

// gathered bounds the messages of one transaction. Transactions begin storeEvery apart: a lone target waits for nothing, and many share one.
// Measured over 5,000 targets on a busy machine, with 250 targets to a batch and no pause: 4.1 s of processor time in transactions; with both: 2.7 s.
const (
	gathered   = 1024
	storeEvery = 25 * time.Millisecond
)

// What answers tell of their sites is stored observeEvery apart, since nobody waits for it. A crash in between loses no outcome.
const observeEvery = 250 * time.Millisecond

// storeFor is how long the writer tries to store when the database does not answer. Nothing new is sent meanwhile.
const storeFor = 60 * time.Second

func newWriter(ctx context.Context, l *lease, m *metrics.Metrics) *writer {
	w := &writer{lease: l, metrics: m, messages: make(chan message, gathered), stopped: make(chan struct{})}
	go w.loop(ctx)
	return w
}

// close waits until everything is stored, and returns why not if something is not.
func (w *writer) close() error {
	close(w.messages)
	<-w.stopped
	return w.failed
}

// begin stores that the target is about to be sent, and returns errCancelled when it may not be.
func (w *writer) begin(ctx context.Context, target int64) error {
	acknowledged := make(chan error, 1)
	w.messages <- message{begin: target, acknowledged: acknowledged}
	select {
	case err := <-acknowledged:
		if err != nil && !errors.Is(err, errCancelled) {
			return fmt.Errorf("%w: %w", errNotStored, err)
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// withdraw stores that a target that was about to be sent was not.
func (w *writer) withdraw(target int64) { w.messages <- message{withdraw: target} }

func (w *writer) attempt(target int64, a runs.Attempt) {
	w.messages <- message{attempt: &runs.TargetAttempt{Target: target, Attempt: a}}
}

func (w *writer) end(t runs.Target) { w.messages <- message{end: &t} }

func (w *writer) observed(o sites.Observed) { w.messages <- message{observed: &o} }

func (w *writer) loop(ctx context.Context) {
	defer close(w.stopped)
	var last time.Time
	for {
		first, open := w.next()
		if !open {
			break
		}
		var batch []message
		if first != nil {
			batch = w.gather(*first, last.Add(storeEvery))
		}
		if w.failed == nil {
			last = time.Now()
			w.failed = w.storeSafely(ctx, batch)
			continue
		}
		for _, m := range batch {
			m.acknowledge(w.failed)
		}
	}
	if w.failed == nil && len(w.observations) > 0 {
		w.since = time.Time{}
		w.failed = w.storeSafely(ctx, nil)
	}
}

// next waits for a message. It is nil where it is time to store what answers told of their sites.
func (w *writer) next() (first *message, open bool) {
	var due <-chan time.Time
	if len(w.observations) > 0 && w.failed == nil {
		due = time.After(time.Until(w.since.Add(observeEvery)))
	}
	select {
	case m, open := <-w.messages:
		return &m, open
	case <-due:
		return nil, true
	}
}

// gather takes what has come in the meantime, and what comes until the time.
func (w *writer) gather(first message, until time.Time) []message {
	all := []message{first}
	timer := time.NewTimer(time.Until(until)) // one that is over fires at once
	defer timer.Stop()
	for len(all) < gathered {
		select {
		case m, open := <-w.messages:
			if !open {
				return all
			}
			all = append(all, m)
		case <-timer.C:
			return w.drain(all)
		}
	}
	return all
}

// drain adds what has come already.
func (w *writer) drain(all []message) []message {
	for len(all) < gathered {
		select {
		case m, open := <-w.messages:
			if !open {
				return all
			}
			all = append(all, m)
		default:
			return all
		}
	}
	return all
}

// storeSafely is store, but a panic in it is an error, which everybody who waits is told.
func (w *writer) storeSafely(ctx context.Context, batch []message) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("engine: panic: %v", caught)
			for _, m := range batch {
				m.acknowledge(err)
			}
		}
	}()
	return w.store(ctx, batch)
}

func (w *writer) store(ctx context.Context, batch []message) error {
	var p runs.Progress
	for _, m := range batch {
		switch {
		case m.attempt != nil:
			p.Attempts = append(p.Attempts, *m.attempt)
		case m.end != nil:
			p.Ended = append(p.Ended, *m.end)
		case m.observed != nil:
			w.observations = append(w.observations, *m.observed)
		case m.withdraw != 0:
			p.Withdrawn = append(p.Withdrawn, m.withdraw)
		default:
			p.Begun = append(p.Begun, m.begin)
		}
	}
	if now := time.Now(); len(w.observations) > 0 && now.Sub(w.since) >= observeEvery {
		p.Observed, w.observations, w.since = w.observations, nil, now
	}
	refused, err := w.persist(ctx, p)
	no := make(map[int64]bool, len(refused))
	for _, id := range refused {
		no[id] = true
	}
	for _, m := range batch {
		if err == nil && m.begin != 0 && no[m.begin] {
			m.acknowledge(errCancelled)
		} else {
			m.acknowledge(err)
		}
	}
	return err
}

// persist stores the progress, and retries while the database does not answer: an outcome that is known must not be lost.
func (w *writer) persist(ctx context.Context, p runs.Progress) (refused []int64, err error) {
	deadline := time.Now().Add(storeFor)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		began := time.Now()
		refused, err = w.lease.store.StoreProgress(ctx, w.lease.batch, w.lease.owner, began.Add(leaseTime), p)
		if err == nil {
			w.lease.renewed(began)
			count(w.metrics, p)
		}
		if err == nil || errors.Is(err, runs.ErrLeaseLost) || time.Now().After(deadline) {
			return refused, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// count counts what was stored.
func count(m *metrics.Metrics, p runs.Progress) {
	for _, a := range p.Attempts {
		m.Attempt(string(a.Attempt.Outcome), a.Attempt.Took, a.Attempt.Waited)
	}
	for _, t := range p.Ended {
		m.Target(string(t.Outcome), string(t.Reason))
	}
}

func (m message) acknowledge(err error) {
	if m.acknowledged != nil {
		m.acknowledged <- err
	}
}
