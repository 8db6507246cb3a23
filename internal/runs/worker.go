package runs

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
	"github.com/droverhq/drover/internal/sites"
	"github.com/droverhq/drover/internal/wordpress"
)

// Work begins to work queued batches, and queues those again whose worker is gone, until Stop.
func (r *Runner) Work(ctx context.Context) error {
	if err := r.queue.Start(ctx); err != nil {
		return fmt.Errorf("runs: queue: %w", err)
	}
	r.sweeper.Add(1)
	go r.sweep(ctx)
	r.holder.Go(func() { r.holds.keep(r.holding) })
	return nil
}

// Stop sends no further target, waits until those under way have ended, and gives unfinished batches back to the queue. When the
// context ends first, what is under way is cut off.
func (r *Runner) Stop(ctx context.Context) error {
	r.drained.Do(func() { close(r.drain) })
	r.sweeper.Wait()
	err := r.queue.Stop(ctx)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if ctx.Err() != nil {
		err = r.queue.StopAndCancel(grace)
	}
	r.letGo()
	r.holder.Wait()
	return errors.Join(err, r.holds.close(grace))
}

// errDrained stops a target that has not begun when the process stops.
var errDrained = errors.New("runs: the process is stopping")

// work works one batch. An error is a failure of Drover's own, never of a site.
func (r *Runner) work(ctx context.Context, id int64) error {
	l := &lease{store: r.store, batch: id, owner: rand.Text(), cancelled: make(chan struct{})}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.share.taking.Lock()
	if r.share.full() {
		r.share.taking.Unlock()
		return offerLater()
	}
	mine, err := r.store.take(ctx, id, l.owner, time.Now().Add(leaseTime))
	if err != nil || !mine {
		r.share.taking.Unlock()
		return err
	}
	r.working.Store(id, true)
	defer r.working.Delete(id)
	go l.keep(ctx, func() { stop(errLeaseLost) })
	b, targets, err := r.open(ctx, l)
	r.share.taking.Unlock()
	if err == nil {
		err = b.work(ctx, targets)
	}
	if err != nil && !errors.Is(err, errLeaseLost) {
		r.logger.ErrorContext(ctx, "a batch could not be finished and will be retried", "err", err, "batch", id)
		return r.store.giveBack(context.WithoutCancel(ctx), id, l.owner)
	}
	return nil
}

// open reads what a leased batch needs, and weighs it.
func (r *Runner) open(ctx context.Context, l *lease) (*batch, []Target, error) {
	run, targets, err := r.store.batch(ctx, l.batch)
	if err != nil {
		return nil, nil, err
	}
	made, err := planOf(run.Spec)
	if err != nil {
		return nil, nil, err
	}
	if err := r.store.begin(ctx, run.ID); err != nil {
		return nil, nil, err
	}
	b := &batch{runner: r, lease: l, run: run.ID, plan: made, limits: run.Spec.Limits, verify: run.Spec.Verify && made.purges}
	if b.limits.AtOnce > 0 {
		b.places = make(chan struct{}, b.limits.AtOnce)
	}
	if err := b.connect(ctx, targets); err != nil {
		return nil, nil, err
	}
	b.weigh(targets)
	return b, targets, nil
}

// weigh tells the process how much the batch has before it.
func (b *batch) weigh(targets []Target) {
	_, perAddress := b.runner.registry.Limits()
	servers := map[string]int{}
	for _, t := range targets {
		s := b.sites[t.SiteID]
		servers[cmp.Or(s.Address, s.Host)]++
	}
	b.load = b.runner.share.add(servers, cmp.Or(b.limits.PerAddress, perAddress))
}

func (b *batch) work(ctx context.Context, targets []Target) error {
	defer b.load.drop()
	b.writer = newWriter(ctx, b.lease)
	b.send(ctx, targets)
	if err := b.writer.close(); err != nil {
		return err
	}
	select {
	case <-b.runner.drain:
		if b.left {
			return b.runner.store.giveBack(context.WithoutCancel(ctx), b.lease.batch, b.lease.owner)
		}
	default:
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return b.runner.store.finish(ctx, b.run, b.lease.batch, b.lease.owner)
}

// batch is a batch under way.
type batch struct {
	runner  *Runner
	lease   *lease
	load    *load
	run     int64
	plan    plan
	writer  *writer
	sites   map[int64]sites.Site
	clients map[int64]*wordpress.Client
	limits  Limits
	places  chan struct{} // of the run's own limit, nil without one
	verify  bool

	guard sync.Mutex
	left  bool // some target has not ended since the process stops
}

func (b *batch) connect(ctx context.Context, targets []Target) error {
	ids := make([]int64, len(targets))
	for i, t := range targets {
		ids[i] = t.SiteID
	}
	chosen, err := b.runner.registry.Select(ctx, access.System(), sites.Selection{IDs: ids})
	if err != nil {
		return err
	}
	b.sites = make(map[int64]sites.Site, len(chosen))
	for _, s := range chosen {
		b.sites[s.ID] = s
	}
	b.clients, err = b.runner.registry.DialAll(ctx, chosen)
	return err
}

// send works all targets side by side. The network decides how many requests are under way at once, in all and for each server.
func (b *batch) send(ctx context.Context, targets []Target) {
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
func (b *batch) safely(ctx context.Context, t Target) (ended bool) {
	defer func() {
		if caught := recover(); caught != nil {
			b.runner.logger.ErrorContext(ctx, "panic", "err", fmt.Sprint(caught), "stack", string(debug.Stack()), "run", t.RunID, "site", t.SiteID)
			b.end(t, wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff, Note: "Drover failed while it worked on this site, so the outcome is unknown. Drover's log has the details."})
			ended = true
		}
	}()
	return b.target(ctx, t)
}

// target works one target and tells whether it has ended.
func (b *batch) target(ctx context.Context, t Target) bool {
	if verdict, over := b.withoutSending(t); over {
		b.end(t, verdict)
		return true
	}
	request, _ := b.plan.request(b.sites[t.SiteID])
	free, err := b.place(ctx)
	if err != nil {
		return false
	}
	free = sync.OnceFunc(free)
	defer free()
	request.PerAddress, request.Hold = b.limits.PerAddress, b.hold
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
	verdict, final := b.tries(ctx, &t, b.clients[t.SiteID], request)
	free()
	if !final {
		return t.State == TargetDone
	}
	if pages != nil && verdict.Outcome == wordpress.OK {
		verdict = pages.after(ctx, &t, verdict)
	}
	b.end(t, verdict)
	return true
}

// hold waits until this process may speak to the server, see wordpress.Request.
func (b *batch) hold(ctx context.Context, address netip.Addr) (release func(), err error) {
	return b.runner.holds.hold(ctx, address, b.lease.cancelled, b.runner.drain)
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
func (b *batch) withoutSending(t Target) (wordpress.Verdict, bool) {
	s, found := b.sites[t.SiteID]
	switch {
	case t.State == TargetRunning && !b.plan.idempotent:
		return wordpress.Verdict{Outcome: wordpress.Unknown, Reason: wordpress.ReasonCutOff,
			Note: "Drover was stopped while this request was running. It may have taken effect. It was not sent again."}, true
	case !found:
		return wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable, Note: "Not sent: the site was retired after the run started."}, true
	case s.Home != t.Home:
		return wordpress.Verdict{Outcome: wordpress.Skipped, Reason: wordpress.ReasonNotApplicable, Note: "Not sent: the site's URL was changed after the run started."}, true
	case b.clients[t.SiteID] == nil:
		return wordpress.Verdict{Outcome: wordpress.Failed, Reason: wordpress.ReasonNotAuthenticated, Note: "Not sent: no credential is stored for this site."}, true
	}
	return wordpress.Verdict{}, false
}

// begin stores that the target is about to be sent: a crash from here on means that it may have been.
func (b *batch) begin(ctx context.Context, target int64) error {
	select {
	case <-b.runner.drain:
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

func (b *batch) end(t Target, v wordpress.Verdict) {
	t.State, t.EndedAt = TargetDone, time.Now().UTC()
	t.Outcome, t.Reason, t.Status = v.Outcome, v.Reason, v.Status
	t.Code, t.Message, t.Note, t.Location = v.Code, v.Message, v.Note, v.Location
	b.writer.end(t)
}

func (p plan) attempt(n int, x wordpress.Exchange, v wordpress.Verdict) Attempt {
	a := Attempt{
		N: n, Method: x.Method, URL: x.URL, Override: x.Override, RequestBody: string(x.RequestBody), Sent: x.Sent, Status: x.Status, Header: x.Header,
		Body: x.Body, BodyCut: x.TooLarge, Outcome: v.Outcome, Reason: v.Reason, StartedAt: x.Started, Took: x.Took, Waited: x.Waited,
	}
	longest := longestBody
	if p.effect == Read {
		longest = longestRead
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
