package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"

	"github.com/droverhq/drover/internal/access"
	"github.com/droverhq/drover/internal/operation"
	"github.com/droverhq/drover/internal/runs"
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// work works one batch. An error is a failure of Drover's own, never of a site.
func (e *Engine) work(ctx context.Context, id int64) error {
	l := &lease{store: e.store, batch: id, owner: rand.Text(), cancelled: make(chan struct{})}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	e.capacity.taking.Lock()
	if e.capacity.full() {
		e.capacity.taking.Unlock()
		return offerLater()
	}
	mine, err := e.store.TakeBatch(ctx, id, l.owner, time.Now().Add(leaseTime))
	if err != nil || !mine {
		e.capacity.taking.Unlock()
		return err
	}
	e.working.Store(id, true)
	defer e.working.Delete(id)
	go l.keep(ctx, func() { stop(runs.ErrLeaseLost) })
	b, targets, err := e.open(ctx, l)
	e.capacity.taking.Unlock()
	if err == nil {
		err = b.work(ctx, targets)
	}
	if err != nil && !errors.Is(err, runs.ErrLeaseLost) {
		e.logger.ErrorContext(ctx, "a batch could not be worked to its end; it is taken up again", "err", err, "batch", id)
		return e.store.ReturnBatch(context.WithoutCancel(ctx), id, l.owner)
	}
	return nil
}

// open reads what a leased batch needs, and estimates its load.
func (e *Engine) open(ctx context.Context, l *lease) (*batch, []runs.Target, error) {
	stored, err := e.store.Batch(ctx, l.batch)
	if err != nil {
		return nil, nil, err
	}
	run, targets := stored.Run, stored.Targets
	if err := e.store.BeginRun(ctx, run.ID); err != nil {
		return nil, nil, err
	}
	b := &batch{engine: e, lease: l, run: run.ID, plan: stored.Plan, limits: run.Spec.Limits, verify: run.Spec.Verify && stored.Plan.Purges}
	if b.limits.AtOnce > 0 {
		b.places = make(chan struct{}, b.limits.AtOnce)
	}
	if err := b.connect(ctx, targets); err != nil {
		return nil, nil, err
	}
	b.estimate(targets)
	return b, targets, nil
}

// estimate tells the process how much the batch has before it.
func (b *batch) estimate(targets []runs.Target) {
	_, perAddress := b.engine.registry.Limits()
	servers := map[string]int{}
	for _, t := range targets {
		s := b.sites[t.SiteID]
		servers[cmp.Or(s.Address, s.Host)]++
	}
	b.load = b.engine.capacity.add(servers, cmp.Or(b.limits.PerAddress, perAddress))
}

func (b *batch) work(ctx context.Context, targets []runs.Target) error {
	defer b.load.drop()
	b.writer = newWriter(ctx, b.lease)
	b.send(ctx, targets)
	if err := b.writer.close(); err != nil {
		return err
	}
	select {
	case <-b.engine.drain:
		if b.left {
			return b.engine.store.ReturnBatch(context.WithoutCancel(ctx), b.lease.batch, b.lease.owner)
		}
	default:
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return b.engine.store.FinishBatch(ctx, b.run, b.lease.batch, b.lease.owner)
}

// batch is a batch under way.
type batch struct {
	engine  *Engine
	lease   *lease
	load    *load
	run     int64
	plan    operation.Plan
	writer  *writer
	sites   map[int64]sites.Site
	clients map[int64]*wordpress.Client
	limits  runs.Limits
	places  chan struct{} // of the run's own limit, nil without one
	verify  bool

	guard sync.Mutex
	left  bool // some target has not ended since the process stops
}

func (b *batch) connect(ctx context.Context, targets []runs.Target) error {
	ids := make([]int64, len(targets))
	for i, t := range targets {
		ids[i] = t.SiteID
	}
	chosen, err := b.engine.registry.Select(ctx, access.System(), sites.Selection{IDs: ids})
	if err != nil {
		return err
	}
	b.sites = make(map[int64]sites.Site, len(chosen))
	for _, s := range chosen {
		b.sites[s.ID] = s
	}
	b.clients, err = b.engine.registry.DialAll(ctx, chosen)
	return err
}

// send works all targets side by side. The network decides how many requests are under way at once, in all and for each server.
func (b *batch) send(ctx context.Context, targets []runs.Target) {
	var group sync.WaitGroup
	for _, t := range targets {
		group.Go(func() {
			defer b.load.ended()
			if !b.safely(ctx, t) {
				b.guard.Lock()
				b.left = true
				b.guard.Unlock()
			}
		})
	}
	group.Wait()
}

// safely is target, but a fault of Drover's own at one site, such as over an answer that nobody thought of, ends neither the process nor the
// other targets. Were it left to the queue, it would come again and again.
func (b *batch) safely(ctx context.Context, t runs.Target) (ended bool) {
	defer func() {
		if caught := recover(); caught != nil {
			b.engine.logger.ErrorContext(ctx, "panic", "err", fmt.Sprint(caught), "stack", string(debug.Stack()), "run", t.RunID, "site", t.SiteID)
			b.end(t, wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff, Note: "Drover itself failed while it worked this site, so what came of it is not known. The log says more."})
			ended = true
		}
	}()
	return b.target(ctx, t)
}

// target works one target and tells whether it has ended.
func (b *batch) target(ctx context.Context, t runs.Target) bool {
	if verdict, over := b.withoutSending(t); over {
		b.end(t, verdict)
		return true
	}
	request, _ := b.plan.Request(b.sites[t.SiteID].Planned())
	if b.plan.Exceeded(request) {
		b.end(t, wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable, Note: "Not sent: the site's values changed after the run was started, and make another request of it, which does more."})
		return true
	}
	free, err := b.place(ctx)
	if err != nil {
		return false
	}
	free = sync.OnceFunc(free)
	defer free()
	request.PerAddress, request.Hold = b.limits.PerAddress, b.leaseHost
	var pages *sampling
	if b.verify {
		pages = b.before(ctx, t, b.clients[t.SiteID], request)
	}
	begun := false
	request.Ready = func() error {
		if begun {
			return nil
		}
		if err := b.begin(ctx, t.ID); err != nil {
			return err
		}
		begun = true
		return nil
	}
	verdict, final := b.sendWithRetries(ctx, &t, b.clients[t.SiteID], request)
	free()
	if !final {
		return t.State == runs.TargetDone
	}
	if pages != nil && verdict.Outcome == wordpress.OK {
		verdict = pages.after(ctx, &t, verdict)
	}
	b.end(t, verdict)
	return true
}

// leaseHost waits until this process may speak to the server, see wordpress.Request.
func (b *batch) leaseHost(ctx context.Context, address netip.Addr) (release func(), err error) {
	return b.engine.hosts.acquire(ctx, address, b.lease.cancelled, b.engine.drain)
}

// place waits until the run's own limit lets another target be worked.
func (b *batch) place(ctx context.Context) (free func(), err error) {
	if b.places == nil {
		return func() {}, nil
	}
	select {
	case b.places <- struct{}{}:
		return func() { <-b.places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// withoutSending decides the targets to which nothing may be sent.
func (b *batch) withoutSending(t runs.Target) (wordpress.Verdict, bool) {
	s, found := b.sites[t.SiteID]
	switch {
	case t.State == runs.TargetRunning && !b.plan.Idempotent:
		return wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff,
			Note: "Drover was stopped while this request was under way. It may have been carried out; it was not sent again."}, true
	case !found:
		return wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable, Note: "Not sent: the site was retired after the run was started."}, true
	case s.Home != t.Home:
		return wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable, Note: "Not sent: the site's address was changed after the run was started."}, true
	case b.clients[t.SiteID] == nil:
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonNotAuthenticated, Note: "Not sent: no credential is stored for this site."}, true
	}
	return wordpress.Verdict{}, false
}

// begin stores that the target is about to be sent: a crash from here on means that it may have been.
func (b *batch) begin(ctx context.Context, target int64) error {
	select {
	case <-b.engine.drain:
		return errDrained
	case <-b.lease.cancelled:
		return errCancelled
	default:
	}
	if err := b.writer.begin(target); err != nil {
		return err
	}
	return ctx.Err()
}

func (b *batch) end(t runs.Target, v wordpress.Verdict) {
	t.State, t.EndedAt = runs.TargetDone, time.Now().UTC()
	t.Outcome, t.Reason, t.Status = v.Outcome, v.Reason, v.Status
	t.Code, t.Message, t.Note, t.Location = v.Code, v.Message, v.Note, v.Location
	b.writer.end(t)
}

// attempt is an exchange as it is kept.
func (b *batch) attempt(n int, x wordpress.Exchange, v wordpress.Verdict) runs.Attempt {
	a := runs.Attempt{
		N: n, Method: x.Method, URL: x.URL, Override: x.Override, RequestBody: string(x.RequestBody), Sent: x.Sent, Status: x.Status, Header: x.Header,
		Body: x.Body, BodyCut: x.TooLarge, Outcome: v.Outcome, Reason: v.Reason, StartedAt: x.Started, Took: x.Took, Waited: x.Waited,
	}
	longest := runs.MaxBody
	if b.plan.Reads() {
		longest = runs.MaxReadBody
	}
	if len(a.Body) > longest {
		a.Body, a.BodyCut = a.Body[:longest], true
	}
	if x.Fault != nil {
		a.Fault = x.Fault.Error()
	}
	if x.Address.IsValid() {
		a.Address = x.Address.String()
	}
	return a
}
